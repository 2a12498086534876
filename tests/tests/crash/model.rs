//! What must be true of the ledger, from what was signed and answered alone. It shares no code with the
//! sequencer: it knows balances, nonces and fees, and judges every reply and every block against them.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Address, B256};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use spillway_tests::accounts;

use crate::load::{Reply, Verdict};
use crate::plan::{self, Effect, Planned};
use crate::site::fee_account;

/// Units of the test token that each funded account begins with: 1,000,000 of 6 decimals.
const INITIAL_UNITS: u128 = 1_000_000_000_000;

/// What the model holds of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) wei: u128,
    pub(crate) units: u128,
    pub(crate) nonce: u64,
}

/// Where a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) block: u64,
    pub(crate) index: u64,
}

#[derive(Debug)]
struct Issued {
    sender: Address,
    nonce: u64,
    /// Taken when it is applied: what was applied once cannot be again.
    effect: Option<Effect>,
    gas: u64,
    /// Whether it was answered as durable.
    promised: bool,
    place: Option<Place>,
}

/// The ledger as it must be.
#[derive(Debug)]
pub(crate) struct Model {
    issued: HashMap<B256, Issued>,
    holdings: BTreeMap<Address, Holding>,
    withdrawn_wei: u128,
    withdrawals: u64,
    included: u64,
}

impl Model {
    /// A development chain after its deposits.
    pub(crate) fn new() -> Self {
        let mut holdings: BTreeMap<_, _> = plan::all_addresses()
            .into_iter()
            .chain([fee_account()])
            .map(|address| (address, Holding::default()))
            .collect();
        for account in 0..accounts::COUNT {
            let funds = Holding {
                wei: accounts::INITIAL_BALANCE,
                units: INITIAL_UNITS,
                nonce: 0,
            };
            holdings.insert(plan::funded_address(account), funds);
        }
        Self {
            issued: HashMap::new(),
            holdings,
            withdrawn_wei: 0,
            withdrawals: 0,
            included: 0,
        }
    }

    /// Takes in replies, and judges each. `refusals` are the error codes that may have come.
    ///
    /// # Panics
    /// If one is not what it may be.
    pub(crate) fn hear(&mut self, replies: &[Reply], refusals: &[i64]) {
        for reply in replies {
            let Reply {
                planned,
                verdict,
                early,
            } = reply;
            let issued = self
                .issued
                .entry(planned.hash)
                .or_insert_with(|| issue(planned));
            match verdict {
                Verdict::Durable => issued.promised = true,
                Verdict::Held => assert!(*early, "held without a gap: {planned:?}"),
                Verdict::Refused(error) => {
                    assert!(refusals.contains(&error.code), "{error}: {planned:?}");
                }
                Verdict::Unanswered => {}
            }
        }
    }

    /// Applies a transaction that a block holds, given the block's base fee.
    ///
    /// # Panics
    /// If nobody signed it, it was applied before, or it is not its sender's next one.
    pub(crate) fn include(&mut self, hash: B256, place: Place, base_fee: u128, gas_used: u64) {
        let issued = self.issued.get_mut(&hash);
        let issued = issued.unwrap_or_else(|| panic!("{place:?} holds {hash}, which nobody sent"));
        let Some(effect) = issued.effect.take() else {
            panic!(
                "{hash} is at {place:?}, and before that at {:?}",
                issued.place
            );
        };
        assert_eq!(gas_used, issued.gas, "gas of {effect:?}");
        issued.place = Some(place);
        let (sender, nonce, fee) = (issued.sender, issued.nonce, u128::from(gas_used) * base_fee);
        let account = self.holding(sender);
        assert_eq!(account.nonce, nonce, "{sender} at {place:?}");
        account.nonce += 1;
        account.wei -= fee;
        self.holding(fee_account()).wei += fee;
        self.apply(sender, &effect);
        self.included += 1;
    }

    fn apply(&mut self, sender: Address, effect: &Effect) {
        match effect {
            Effect::Transfer { to, wei } => self.pay(sender, *to, *wei),
            Effect::Payout(payees) => {
                for payee in payees {
                    self.pay(sender, payee.recipient, payee.amount);
                }
            }
            Effect::Token { to, units } => {
                self.holding(sender).units -= units;
                self.holding(*to).units += units;
            }
            Effect::Withdraw { wei } => {
                self.holding(sender).wei -= wei;
                self.withdrawn_wei += wei;
                self.withdrawals += 1;
            }
        }
    }

    fn pay(&mut self, from: Address, to: Address, wei: u128) {
        self.holding(from).wei -= wei;
        self.holding(to).wei += wei;
    }

    fn holding(&mut self, address: Address) -> &mut Holding {
        self.holdings
            .get_mut(&address)
            .expect("an account of the plan")
    }

    /// Checks that every promise is kept, and that nothing was made or lost.
    ///
    /// # Panics
    /// If not.
    pub(crate) fn check(&self) {
        let broken = self
            .issued
            .iter()
            .filter(|(_, one)| one.promised && one.place.is_none());
        let broken: Vec<_> = broken
            .map(|(hash, one)| (hash, one.sender, one.nonce))
            .collect();
        assert!(broken.is_empty(), "acknowledged and lost: {broken:?}");
        let wei = self.holdings.values().map(|holding| holding.wei).sum();
        let units = self.holdings.values().map(|holding| holding.units).sum();
        assert_eq!(
            (wei, units),
            self.supplies(),
            "deposits = balances + withdrawals"
        );
    }

    /// Every account, by address.
    pub(crate) fn holdings(&self) -> &BTreeMap<Address, Holding> {
        &self.holdings
    }

    /// The nonce that an account signs with next.
    pub(crate) fn nonce(&self, address: Address) -> u64 {
        self.holdings
            .get(&address)
            .map_or(0, |holding| holding.nonce)
    }

    /// Where a transaction is.
    pub(crate) fn place(&self, hash: B256) -> Option<Place> {
        self.issued.get(&hash)?.place
    }

    /// The transactions that were answered as durable.
    pub(crate) fn promised(&self) -> impl Iterator<Item = B256> {
        self.issued
            .iter()
            .filter(|(_, one)| one.promised)
            .map(|(hash, _)| *hash)
    }

    /// So many of them, drawn.
    pub(crate) fn some_promised(&self, rng: &mut StdRng, count: usize) -> Vec<B256> {
        let mut all: Vec<_> = self.promised().collect();
        // The order of a hash map differs from run to run.
        all.sort_unstable();
        all.choose_multiple(rng, count).copied().collect()
    }

    /// Transactions in blocks so far.
    pub(crate) fn included(&self) -> u64 {
        self.included
    }

    /// ETH and test tokens on this chain: what was deposited, less what was withdrawn.
    pub(crate) fn supplies(&self) -> (u128, u128) {
        let count = u128::from(accounts::COUNT);
        let deposited = count * accounts::INITIAL_BALANCE;
        (deposited - self.withdrawn_wei, count * INITIAL_UNITS)
    }

    /// Withdrawals so far.
    pub(crate) fn withdrawals(&self) -> u64 {
        self.withdrawals
    }
}

fn issue(planned: &Planned) -> Issued {
    Issued {
        sender: planned.sender,
        nonce: planned.nonce,
        gas: planned.effect.gas(),
        effect: Some(planned.effect.clone()),
        promised: false,
        place: None,
    }
}
