//! What clients are told of deposits and withdrawals, as soon as there is a relayer that knows.

use std::fmt::Debug;
use std::sync::Arc;

use alloy_primitives::{Address, U128};
use parking_lot::RwLock;
use spillway_l1::payments::Claim;
use spillway_relayer::Book;
use spillway_relayer::advances::FastWithdrawals;
use spillway_relayer::l2::L2;
use spillway_relayer::withdrawals::{PostedBatch, WithdrawalStatus};
use spillway_sequencer::rpc::bridge::{
    AccountProof, Bridge, BridgeError, Deposit, FastWithdrawalOrder, FastWithdrawalQuote, Selector,
    Withdrawal, WithdrawalProof,
};
use spillway_sequencer::settled::SettledError;
use tokio::runtime::Handle;

use super::l2::DurableL2;
use super::words;

/// Where clients ask. It outlives relayers: what they ask is answered by the newest one. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Desk(Arc<RwLock<Option<Arc<Served>>>>);

/// What a relayer knows.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub(super) book: Book,
    pub(super) l2: Arc<DurableL2>,
    /// `Bridge` on L1.
    pub(super) bridge: Address,
    /// Its chain.
    pub(super) l1_chain_id: u64,
    /// None without a pool, and while it does not run.
    pub(super) fast: Option<FastWithdrawals>,
}

impl Desk {
    /// From now on that is what is known.
    pub(super) fn serve(&self, served: Served) {
        *self.0.write() = Some(Arc::new(served));
    }

    fn served(&self) -> Result<Arc<Served>, BridgeError> {
        let served = self.0.read().clone();
        served.ok_or_else(|| {
            BridgeError::NotNow("the relayer has not reached L1 yet; ask again soon".to_owned())
        })
    }
}

impl Bridge for Desk {
    fn deposits(&self, of: Selector, max: usize) -> Result<Vec<Deposit>, BridgeError> {
        let served = self.served()?;
        let found = match of {
            Selector::Account(account) => served.book.deposits_of(account, max),
            Selector::Index(index) => served.book.deposit(index).into_iter().take(max).collect(),
        };
        let answers = found.iter();
        Ok(answers
            .map(|deposit| words::deposit(deposit, served.l2.token_address(deposit.deposit.token)))
            .collect())
    }

    fn withdrawals(&self, of: Selector, max: usize) -> Result<Vec<Withdrawal>, BridgeError> {
        let served = self.served()?;
        let found = match of {
            Selector::Account(account) => served.book.withdrawals_of(account, max),
            Selector::Index(index) => {
                let index = u32::try_from(index).ok();
                let found = index.and_then(|index| served.book.withdrawal(index));
                found.into_iter().take(max).collect()
            }
        };
        let answers = found.iter();
        Ok(answers.map(|status| served.withdrawal(status)).collect())
    }

    fn withdrawal_proof(&self, index: u32) -> Result<WithdrawalProof, BridgeError> {
        let served = self.served()?;
        if served.book.is_paid(index) {
            return Err(refused("it is paid"));
        }
        let batch = served.claimable_batch()?;
        let block = batch.header.block_number;
        let proof = served.l2.prove(block, &[index]);
        let proof = proof.map_err(|error| match error.downcast_ref() {
            Some(SettledError::NotThere(_)) => refused(
                "no batch that can be claimed against has it yet: spillway_withdrawals tells how far it is",
            ),
            Some(SettledError::Busy) => BridgeError::NotNow(error.to_string()),
            _ => BridgeError::Internal(error),
        })?;
        let claim = Claim {
            batch: batch.number,
            header: &batch.header,
            submission: &batch.submission,
            state: &proof.state,
            withdrawals: &proof.withdrawals,
            siblings: &proof.siblings,
        };
        words::withdrawal_proof(served.bridge, claim.call(), &batch, &proof)
            .ok_or_else(|| refused("there is no such withdrawal"))
    }

    fn quote(&self, token: u8, amount: u128) -> Result<FastWithdrawalQuote, BridgeError> {
        let served = self.served()?;
        let fast = served.fast()?;
        let quote = fast.quote(token, amount).map_err(words::no_quote)?;
        Ok(FastWithdrawalQuote {
            fee: U128::from(quote.fee),
            deadline: quote.deadline,
            pool: fast.pool(),
            bridge: fast.bridge(),
            l1_chain_id: served.l1_chain_id,
        })
    }

    fn order(&self, order: FastWithdrawalOrder) -> Result<(), BridgeError> {
        let served = self.served()?;
        let FastWithdrawalOrder {
            index,
            fee,
            deadline,
            signature,
        } = order;
        let taken = served.fast()?.accept(index, fee, deadline, signature);
        // The server calls from a thread that may block.
        Handle::current().block_on(taken).map_err(words::not_taken)
    }

    fn account_proof(&self, address: &Address) -> Result<Option<AccountProof>, BridgeError> {
        let served = self.served()?;
        let batch = served.claimable_batch()?;
        let proven = served.l2.account(batch.header.block_number, address);
        let proven = proven.map_err(|error| match error {
            SettledError::Busy => BridgeError::NotNow(error.to_string()),
            error => BridgeError::Internal(error.into()),
        })?;
        Ok(proven.map(|proven| words::account_proof(&batch, &proven)))
    }
}

impl Served {
    fn withdrawal(&self, status: &WithdrawalStatus) -> Withdrawal {
        let withdrawal = &status.made.withdrawal;
        let advance = match &self.fast {
            Some(fast) => fast.status(status.index, withdrawal),
            None => None,
        };
        let token = self.l2.token_address(withdrawal.token);
        words::withdrawal(status, token, advance)
    }

    fn fast(&self) -> Result<&FastWithdrawals, BridgeError> {
        let fast = self.fast.as_ref();
        fast.ok_or_else(|| {
            refused("this node has no pool for fast withdrawals: wait for the claim")
        })
    }

    fn claimable_batch(&self) -> Result<PostedBatch, BridgeError> {
        self.book.claimable_batch().ok_or_else(|| {
            refused("no batch on L1 can be claimed against yet: the challenge window of the first one is open")
        })
    }
}

fn refused(reason: &str) -> BridgeError {
    BridgeError::Refused(reason.to_owned())
}
