//! A ledger of many accounts, and unsigned transfers among them: the material for measuring what
//! stands behind admission, where no signature is looked at any more.
//!
//! Senders and recipients are Zipf(1.0) over all accounts, and amounts have two to four digits, as in
//! the workload that the design's figures are stated for. Everything follows from the seed.

use crate::accounts::derive;
use crate::workload::{TRANSFER_GAS, draw_amount};
use crate::zipf::Zipf;
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Signature, TxKind, U256};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng, rngs::StdRng};
use reth_primitives_traits::Recovered;
use spillway_protocol::account::Account;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::Operation;
use spillway_protocol::state::{Counters, ImportError, State};
use spillway_protocol::token::ETH;
use spillway_protocol::transaction::{Asset, Intent};
use spillway_sequencer::admission::{Admitted, Transaction};
use spillway_sequencer::genesis::Genesis;

/// What each account begins with, in wei: enough for the busiest sender of a hundred million transfers.
pub const BALANCE_WEI: u128 = 1_000_000_000_000_000_000_000_000;

/// The fee cap of each transfer, in wei a unit of gas: well above the sequencer's floor.
const MAX_FEE: u128 = 1_000_000_000;

/// The chain of all in-process measurements.
pub const GENESIS: Genesis = Genesis {
    chain_id: 51_717,
    fee_account: Address::repeat_byte(0xfe),
};

/// Accounts by index, and an endless stream of transfers among them.
#[derive(Debug)]
pub struct Population {
    /// By account index; the fee account first.
    addresses: Vec<Address>,
    /// Transfers drawn so far of each account, which is its next nonce.
    nonces: Vec<u64>,
    zipf: Zipf,
    /// The account of each Zipf rank: shuffled, so that busy accounts are not neighbours in memory.
    by_rank: Vec<u32>,
    rng: StdRng,
}

impl Population {
    /// A fee account and `accounts >= 1` others.
    ///
    /// # Panics
    /// If `accounts` is zero: there would be nobody to pay.
    #[must_use]
    pub fn new(seed: u64, accounts: u32) -> Self {
        let mut rng = StdRng::from_seed(derive(seed, "population", accounts as usize).0);
        let others = (0..accounts).map(|_| Address::new(rng.random()));
        let addresses: Vec<_> = std::iter::once(GENESIS.fee_account).chain(others).collect();
        let mut by_rank: Vec<u32> = (1..=accounts).collect();
        by_rank.shuffle(&mut rng);
        Self {
            nonces: vec![0; addresses.len()],
            zipf: Zipf::new(by_rank.len()),
            addresses,
            by_rank,
            rng,
        }
    }

    /// The state at block 0 with all accounts in it, each but the fee account with [`BALANCE_WEI`].
    ///
    /// # Errors
    /// When two accounts share an address: take another seed.
    pub fn state(&self) -> Result<State, ImportError> {
        let account = |(index, address): (usize, &Address)| Account {
            address: *address,
            eth: if index == 0 { 0 } else { BALANCE_WEI },
            ..Account::default()
        };
        State::import(
            self.addresses.iter().enumerate().map(account),
            Counters::default(),
        )
    }

    /// The deposits that make the same accounts from genesis, in the order of their indices.
    pub fn deposits(&self) -> impl Iterator<Item = InboxMessage> + '_ {
        self.addresses
            .iter()
            .skip(1)
            .map(|to| InboxMessage::Deposit {
                to: *to,
                token: ETH,
                amount: BALANCE_WEI,
                lock: false,
            })
    }

    /// The next transfers as operations.
    pub fn operations(&mut self, count: usize) -> Vec<Operation> {
        let draw = |_| {
            let (from, to, amount) = self.draw();
            Operation::Transfer {
                from,
                to,
                token: ETH,
                amount,
            }
        };
        (0..count).map(draw).collect()
    }

    /// The next transfers as admission would hand them on: real type-2 encodings and nonces, with
    /// random bytes where the signature goes.
    pub fn transfers(&mut self, count: usize) -> Vec<Admitted> {
        (0..count).map(|_| self.transfer()).collect()
    }

    fn transfer(&mut self) -> Admitted {
        let (from, to, amount) = self.draw();
        let nonce = self.nonces[from as usize];
        self.nonces[from as usize] += 1;
        let recipient = self.addresses[to as usize];
        let unsigned = TxEip1559 {
            chain_id: GENESIS.chain_id,
            nonce,
            gas_limit: TRANSFER_GAS,
            max_fee_per_gas: MAX_FEE,
            to: TxKind::Call(recipient),
            value: U256::from(amount),
            ..Default::default()
        };
        let [r, s] = [(); 2].map(|()| U256::from_be_bytes(self.rng.random::<[u8; 32]>()));
        // Half of 2^256 at most: a low s, as wallets make it.
        let signed = unsigned.into_signed(Signature::new(r, s >> 1, false));
        let transaction = Transaction {
            raw: signed.encoded_2718().into(),
            hash: *signed.hash(),
            nonce,
            max_fee_per_gas: MAX_FEE,
            intent: Intent::Transfer {
                asset: Asset::Eth,
                recipient,
                amount,
            },
        };
        Recovered::new_unchecked(transaction, self.addresses[from as usize])
    }

    /// Sender, recipient and amount in wei.
    fn draw(&mut self) -> (u32, u32, u128) {
        let [from, to] = [(); 2].map(|()| self.by_rank[self.zipf.draw(&mut self.rng)]);
        (from, to, draw_amount(&mut self.rng))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::transaction::WalletTransaction;

    #[test]
    fn transfers_are_what_the_wallet_format_and_the_state_say() {
        let mut population = Population::new(5, 20);
        let state = population.state().unwrap();
        let mut nonces = [0; 21];
        for transfer in population.transfers(200) {
            let decoded = WalletTransaction::decode(&transfer.raw, GENESIS.chain_id).unwrap();
            assert_eq!(Intent::of(&decoded), Ok(transfer.intent.clone()));
            assert_eq!(decoded.hash(), transfer.hash);
            let sender = state.index_of(&transfer.signer()).unwrap() as usize;
            assert_eq!(transfer.nonce, nonces[sender]);
            nonces[sender] += 1;
        }
        assert_eq!(nonces[0], 0, "the fee account sends nothing");
    }

    #[test]
    fn deposits_name_every_account_but_the_first() {
        let population = Population::new(5, 20);
        let state = population.state().unwrap();
        for (index, message) in (1..).zip(population.deposits()) {
            let InboxMessage::Deposit { to, amount, .. } = message else {
                panic!("{message:?}")
            };
            assert_eq!(state.index_of(&to), Some(index));
            assert_eq!(state.balance(index, ETH), amount);
        }
        assert_eq!(population.deposits().count(), 20);
    }
}
