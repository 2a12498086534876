//! The transactions of a load: drawn from a seed, signed, and with what each must do to the ledger.

use std::sync::LazyLock;

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address};
use alloy_signer_local::PrivateKeySigner;
use rand::rngs::StdRng;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use spillway_protocol::limits::{MEMO_BYTES_MAX, PAYEES_MAX};
use spillway_protocol::transaction::{
    PAYOUT_PREDEPLOY, Payee, WITHDRAW_PREDEPLOY, encode_payout_call, encode_transfer_call,
    encode_withdraw_call,
};
use spillway_tests::accounts::{self, Transfer};

/// The test token of a development chain: the first contract of the first account of a fresh L1.
pub(crate) const TOKEN: Address = address!("5FbDB2315678afecb367f032d93F642f64180aa3");

/// Accounts that only receive.
const RECIPIENTS: u64 = 256;

/// What a transaction does to the ledger, fee and nonce aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// ETH moves.
    Transfer { to: Address, wei: u128 },
    /// Units of the test token move.
    Token { to: Address, units: u128 },
    /// ETH moves to many.
    Payout(Vec<Payee>),
    /// ETH leaves.
    Withdraw { wei: u128 },
}

impl Effect {
    /// What it costs, as docs/rpc.md says; written out rather than taken from the code under test.
    pub(crate) fn gas(&self) -> u64 {
        match self {
            Self::Transfer { .. } => 21_000,
            Self::Token { .. } => 30_000,
            Self::Withdraw { .. } => 60_000,
            Self::Payout(payees) => 21_000 + 12_000 * payees.len() as u64,
        }
    }
}

/// A signed transaction with what it means.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) raw: Vec<u8>,
    pub(crate) hash: B256,
    pub(crate) sender: Address,
    pub(crate) nonce: u64,
    pub(crate) effect: Effect,
}

/// Which transactions a [`Wallet`] makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kinds {
    /// Everything that is not a withdrawal: those overtake the rest, so that a bulk of both has nonce gaps.
    Payments,
    /// Withdrawals.
    Withdrawals,
    /// Payouts to as many as possible: over 4 KiB each, so that the journal grows fast.
    LargePayouts,
    /// Transfers of ETH with the longest memo.
    LongMemos,
}

/// A funded account that signs what its generator draws.
#[derive(Debug)]
pub(crate) struct Wallet {
    signer: PrivateKeySigner,
    next_nonce: u64,
    kinds: Kinds,
    rng: StdRng,
}

impl Wallet {
    /// The wallet of a funded account.
    pub(crate) fn new(account: u32, next_nonce: u64, kinds: Kinds, seed: u64) -> Self {
        Self {
            signer: accounts::funded(account),
            next_nonce,
            kinds,
            rng: StdRng::seed_from_u64(seed ^ (u64::from(account) << 48)),
        }
    }

    pub(crate) fn address(&self) -> Address {
        self.signer.address()
    }

    /// The next transaction, with the next nonce.
    pub(crate) fn sign(&mut self) -> Planned {
        let effect = self.draw();
        let (to, value, input) = self.call(&effect);
        let nonce = self.next_nonce;
        self.next_nonce += 1;
        let transfer = Transfer {
            value: U256::from(value),
            gas_limit: effect.gas(),
            input,
            to: TxKind::Call(to),
            ..Transfer::to(to, 0, nonce)
        };
        let signed = transfer.sign(&self.signer);
        Planned {
            raw: signed.raw,
            hash: signed.hash,
            sender: self.address(),
            nonce,
            effect,
        }
    }

    /// Several, in the order of their nonces.
    pub(crate) fn sign_many(&mut self, count: usize) -> Vec<Planned> {
        (0..count).map(|_| self.sign()).collect()
    }

    fn draw(&mut self) -> Effect {
        let wei = u128::from(self.rng.random_range(0..1_000_000_000_000u64));
        match (self.kinds, self.rng.random_range(0..10)) {
            (Kinds::Withdrawals, _) => Effect::Withdraw { wei },
            (Kinds::LargePayouts, _) => self.large_payout(),
            (Kinds::Payments, 0..=1) => Effect::Token {
                to: self.recipient(),
                units: u128::from(self.rng.random_range(1..1_000u32)),
            },
            (Kinds::Payments, 2) => {
                let payees = self.rng.random_range(1..=8);
                self.payout(payees)
            }
            (Kinds::Payments | Kinds::LongMemos, _) => {
                // Zero to a new account is not valid.
                let wei = wei + 1;
                let to = self.recipient();
                Effect::Transfer { to, wei }
            }
        }
    }

    fn payout(&mut self, payees: usize) -> Effect {
        let payees = (0..payees).map(|_| Payee {
            recipient: self.recipient(),
            amount: u128::from(self.rng.random_range(1..1_000_000u32)),
        });
        Effect::Payout(payees.collect())
    }

    /// To as many as possible. Amounts of two digits and accounts that exist, as the operation must fit a chunk.
    fn large_payout(&mut self) -> Effect {
        let payees = (0..PAYEES_MAX).map(|_| Payee {
            recipient: funded_address(self.rng.random_range(0..accounts::COUNT)),
            amount: u128::from(self.rng.random_range(1..100u32)) * 1_000_000_000,
        });
        Effect::Payout(payees.collect())
    }

    /// Mostly an account that only receives, at times one that sends too, itself included.
    fn recipient(&mut self) -> Address {
        if self.rng.random_ratio(1, 4) {
            return funded_address(self.rng.random_range(0..accounts::COUNT));
        }
        recipient_address(self.rng.random_range(0..RECIPIENTS))
    }

    fn call(&mut self, effect: &Effect) -> (Address, u128, Bytes) {
        match effect {
            Effect::Transfer { to, wei } => (*to, *wei, self.memo()),
            Effect::Token { to, units } => (TOKEN, 0, encode_transfer_call(*to, *units).into()),
            Effect::Payout(payees) => {
                let sum = payees.iter().map(|payee| payee.amount).sum();
                (PAYOUT_PREDEPLOY, sum, encode_payout_call(payees).into())
            }
            Effect::Withdraw { wei } => {
                let to_self = encode_withdraw_call(self.address());
                (WITHDRAW_PREDEPLOY, *wei, to_self.into())
            }
        }
    }

    fn memo(&mut self) -> Bytes {
        let len = match self.kinds {
            Kinds::LongMemos => MEMO_BYTES_MAX,
            _ if self.rng.random_ratio(1, 4) => self.rng.random_range(1..=MEMO_BYTES_MAX),
            _ => 0,
        };
        let mut memo = vec![0; len];
        self.rng.fill_bytes(&mut memo);
        // So that no memo is a token's `transfer` by chance.
        if let Some(first) = memo.first_mut() {
            *first = 0;
        }
        memo.into()
    }
}

/// Every account that a load may touch, those of the funded senders included.
pub(crate) fn all_addresses() -> Vec<Address> {
    let funded = (0..accounts::COUNT).map(funded_address);
    funded
        .chain((0..RECIPIENTS).map(recipient_address))
        .collect()
}

/// The address of a funded account. Deriving a key takes milliseconds, so they are kept.
pub(crate) fn funded_address(account: u32) -> Address {
    static FUNDED: LazyLock<Vec<Address>> = LazyLock::new(|| {
        let accounts = 0..accounts::COUNT;
        accounts
            .map(|index| accounts::funded(index).address())
            .collect()
    });
    FUNDED[account as usize]
}

/// Addresses that nobody has a key of.
fn recipient_address(place: u64) -> Address {
    Address::from_word(alloy_primitives::keccak256(place.to_be_bytes()))
}
