//! What others ask the desk: quotes, orders, and how far an advance is.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::{Address, Bytes};
use spillway_protocol::fast_withdrawal::FastWithdrawal;
use spillway_protocol::token::TokenId;
use spillway_protocol::withdrawal::Withdrawal;
use tokio::task::spawn_blocking;

use super::Shared;
use super::trial::TrialError;
use crate::advances::desk::{AdvanceStatus, Quote};
use crate::advances::order::Order;
use crate::advances::refusal::{QuoteRefusal, Refusal};
use crate::advances::report::AdvanceReport;

/// What there is to say before the relayer knows L1 and L2.
const BEHIND: QuoteRefusal = QuoteRefusal::NotReady("it still reads L1");

/// The desk, for whoever asks. Cheap to clone; answers orders only while the desk runs.
#[derive(Clone, Debug)]
pub struct FastWithdrawals(pub(super) Arc<Shared>);

impl FastWithdrawals {
    /// The hot account, which pays.
    #[must_use]
    pub fn pool(&self) -> Address {
        self.0.pool
    }

    /// The bridge on L1, in whose domain accounts sign.
    #[must_use]
    pub fn bridge(&self) -> Address {
        self.0.bridge
    }

    /// What it costs now to have that amount of a token advanced (in its smallest unit), and which deadline to sign for.
    ///
    /// # Errors
    /// [`QuoteRefusal`]: there is no offer, and why.
    pub fn quote(&self, token: TokenId, amount: u128) -> Result<Quote, QuoteRefusal> {
        let desk = self.0.desk.read();
        let quoted = self
            .0
            .book
            .current(|withdrawals| desk.quote(withdrawals, token, amount));
        quoted.ok_or(BEHIND)?
    }

    /// Takes an order: the withdrawal with that index is advanced for that fee as soon as it is safe, with the signature of its
    /// account. When this returns, the order is on disk. Repeating it is answered the same.
    ///
    /// # Errors
    /// [`Refusal`]: nothing of it is kept.
    pub async fn accept(
        &self,
        index: u32,
        fee: u128,
        deadline: u64,
        signature: Bytes,
    ) -> Result<(), Refusal> {
        let shared = &self.0;
        let _place = shared.entrance.try_acquire().map_err(|_| Refusal::Busy)?;
        let withdrawal = self.made(index).await?;
        let consent = FastWithdrawal {
            index,
            withdrawal,
            fee,
            deadline,
        };
        let mut order = Order {
            consent,
            signature,
            accepted_at: 0,
        };
        if self.check(&order)?.is_none() {
            return Ok(());
        }
        shared
            .trial()
            .judge(&order)
            .await
            .map_err(|error| match error {
                TrialError::Refused(refusal) => refusal,
                TrialError::Unknown(reason) => Refusal::Unchecked(reason),
            })?;
        // Nobody else takes up a limit, or takes this order, from here on.
        let store = Arc::clone(&shared.store).lock_owned().await;
        if self.check(&order)?.is_none() {
            return Ok(());
        }
        order.accepted_at = shared.book.current(|w| w.now()).ok_or(BEHIND)?;
        let this = self.clone();
        // Not given up half way when the asker goes: what is on disk is in memory, too.
        let write = spawn_blocking(move || {
            let written = store.write(&order);
            written.map(|()| this.0.desk.write().on_accepted(order))
        });
        let written = write
            .await
            .map_err(|error| Refusal::Disk(error.to_string()))?;
        written.map_err(|error| Refusal::Disk(error.to_string()))?;
        let accepted = AdvanceReport::Accepted {
            index,
            token: withdrawal.token,
            amount: withdrawal.amount,
            fee,
        };
        shared.report(accepted).await;
        Ok(())
    }

    /// How far the advance of a withdrawal is; none if nobody asked the pool for one.
    #[must_use]
    pub fn status(&self, index: u32, withdrawal: &Withdrawal) -> Option<AdvanceStatus> {
        let desk = self.0.desk.read();
        let book = &self.0.book;
        book.known(|withdrawals| desk.status(withdrawals, index, withdrawal))
    }

    /// What the hot account has promised to pay and L1 does not show yet, by token, in its smallest unit.
    #[must_use]
    pub fn committed(&self) -> BTreeMap<TokenId, u128> {
        let desk = self.0.desk.read();
        let book = &self.0.book;
        book.known(|withdrawals| desk.committed(withdrawals))
    }

    fn check(&self, order: &Order) -> Result<Option<()>, Refusal> {
        let desk = self.0.desk.read();
        let checked = self
            .0
            .book
            .current(|withdrawals| desk.check(withdrawals, order));
        checked.ok_or(BEHIND)?
    }

    /// The withdrawal as L2 has it now.
    async fn made(&self, index: u32) -> Result<Withdrawal, Refusal> {
        let l2 = Arc::clone(&self.0.l2);
        let asked = spawn_blocking(move || l2.withdrawals(index, 1)).await;
        let made = asked.map_err(|error| Refusal::Unchecked(error.to_string()))?;
        let made = made.map_err(|error| Refusal::Unchecked(format!("L2: {error}")))?;
        let made = made.first().ok_or(Refusal::Unknown(index))?;
        Ok(made.withdrawal)
    }
}
