//! A chain on which everything happens that leaves logs, and what whoever made it happen expects of each.

use std::collections::BTreeMap;

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, keccak256};
use alloy_signer::SignerSync;
use alloy_sol_types::SolEvent;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::transaction::{
    PAYOUT_PREDEPLOY, Payee, WITHDRAW_PREDEPLOY, encode_payout_call, encode_payout_token_call,
    encode_transfer_call, encode_withdraw_call, encode_withdraw_token_call,
};

use crate::Sequencer;
use crate::block::Listing;
use crate::config::Config;
use crate::lanes::L1Event;
use crate::logs::{
    Deposit, ForcedWithdrawal, INBOX_ADDRESS, Lock, MEMO_ADDRESS, Memo, Payout, Transfer,
    Withdrawal,
};
use crate::rollback::tests::{CHAIN_ID, ETHER, GENESIS, signer};

/// The two tokens that are listed.
pub(in crate::rpc) const TOKENS: [Address; 2] =
    [Address::repeat_byte(0x60), Address::repeat_byte(0x61)];
/// Accounts that sign.
pub(in crate::rpc) const SIGNERS: u8 = 4;

/// Unless a seed is given, it is another one in each run.
pub(in crate::rpc) fn seed() -> u64 {
    let given = std::env::var("SPILLWAY_SEED").ok();
    given.map_or_else(rand::random, |seed| seed.parse().unwrap())
}

pub(in crate::rpc) struct World {
    pub(in crate::rpc) sequencer: Sequencer,
    pub(in crate::rpc) config: Config,
    pub(in crate::rpc) random: StdRng,
    nonces: [u64; SIGNERS as usize],
    messages: u64,
    withdrawals: u32,
    /// What each signed transaction logs.
    pub(in crate::rpc) expected: BTreeMap<B256, Vec<Log>>,
    /// What the messages of L1 log, in order.
    pub(in crate::rpc) expected_of_messages: Vec<Log>,
}

fn log(address: Address, event: &impl SolEvent) -> Log {
    Log {
        address,
        data: event.encode_log_data(),
    }
}

fn moved(token: Address, from: Address, to: Address, amount: u128) -> Option<Log> {
    let value = U256::from(amount);
    (token != Address::ZERO).then(|| log(token, &Transfer { from, to, value }))
}

/// The address of a signer, from 1 on.
pub(in crate::rpc) fn account(number: u8) -> Address {
    signer(number).address()
}

impl World {
    /// Every signer has ether and both tokens.
    pub(in crate::rpc) async fn new(config: Config, seed: u64) -> Self {
        println!("seed {seed}");
        let sequencer = Sequencer::start(&config).unwrap();
        let mut world = Self {
            sequencer,
            config,
            random: StdRng::seed_from_u64(seed),
            nonces: [0; SIGNERS as usize],
            messages: 0,
            withdrawals: 0,
            expected: BTreeMap::new(),
            expected_of_messages: Vec::new(),
        };
        let listings = TOKENS.map(|address| {
            L1Event::Listing(Listing {
                address,
                decimals: 6,
            })
        });
        world.sequencer.deliver(listings);
        for number in 1..=SIGNERS {
            for (token, amount) in [(0, ETHER), (1, 1_000_000), (2, 1_000_000)] {
                world.deposit(number, token, amount).await;
            }
        }
        world
    }

    pub(in crate::rpc) fn config(dir: &tempfile::TempDir) -> Config {
        let mut config = Config::new(GENESIS, dir.path().to_owned());
        config.blocks.interval_max = std::time::Duration::from_secs(3_600);
        config
    }

    async fn message(&mut self, message: InboxMessage) {
        let mut newest = self.sequencer.view().newest();
        let before = *newest.borrow_and_update();
        self.messages += 1;
        self.sequencer.deliver([L1Event::Message(message)]);
        newest.wait_for(|newest| *newest > before).await.unwrap();
    }

    pub(in crate::rpc) async fn deposit(&mut self, number: u8, token: u8, amount: u128) {
        let to = account(number);
        let address = token_address(token);
        let message = self.messages;
        self.expected_of_messages
            .extend(moved(address, Address::ZERO, to, amount));
        let deposit = Deposit {
            message,
            to,
            token: address,
            amount,
            lock: false,
        };
        self.expected_of_messages.push(log(INBOX_ADDRESS, &deposit));
        self.message(InboxMessage::Deposit {
            to,
            token,
            amount,
            lock: false,
        })
        .await;
    }

    /// By the account's owner or by somebody else, who gets nothing. `taken` is what there is to take.
    pub(in crate::rpc) async fn force(
        &mut self,
        number: u8,
        by: u8,
        token: u8,
        amount: u128,
        taken: u128,
    ) {
        let (sender, recipient) = (account(by), account(9));
        let address = token_address(token);
        let index = u32::from(number);
        let message = self.messages;
        if taken > 0 {
            self.expect_withdrawal_of_message(sender, recipient, address, taken);
        }
        let forced = ForcedWithdrawal {
            message,
            sender,
            recipient,
            account: index,
            token: address,
            requested: amount,
            amount: taken,
        };
        self.expected_of_messages.push(log(INBOX_ADDRESS, &forced));
        self.message(InboxMessage::ForcedWithdrawal {
            sender,
            account: index,
            token,
            amount,
            recipient,
        })
        .await;
    }

    fn expect_withdrawal_of_message(
        &mut self,
        account: Address,
        recipient: Address,
        token: Address,
        amount: u128,
    ) {
        let logs = self.withdrawal(account, recipient, token, amount);
        self.expected_of_messages.extend(logs);
    }

    fn withdrawal(
        &mut self,
        account: Address,
        recipient: Address,
        token: Address,
        amount: u128,
    ) -> Vec<Log> {
        let index = self.withdrawals;
        self.withdrawals += 1;
        let burnt = moved(token, account, Address::ZERO, amount);
        let withdrawal = Withdrawal {
            index,
            account,
            recipient,
            token,
            amount,
        };
        burnt
            .into_iter()
            .chain([log(WITHDRAW_PREDEPLOY, &withdrawal)])
            .collect()
    }

    /// By the account's owner.
    pub(in crate::rpc) async fn lock(&mut self, number: u8) {
        self.message(InboxMessage::Lock {
            sender: account(number),
            account: u32::from(number),
        })
        .await;
    }

    /// A lock that is somebody else's wish has no effect.
    pub(in crate::rpc) async fn lock_in_vain(&mut self, number: u8, by: u8) {
        let lock = Lock {
            message: self.messages,
            sender: account(by),
            account: u32::from(number),
            locked: true,
            effective: false,
        };
        self.expected_of_messages.push(log(INBOX_ADDRESS, &lock));
        self.message(InboxMessage::Lock {
            sender: account(by),
            account: u32::from(number),
        })
        .await;
    }

    fn sign(&mut self, from: u8, to: Address, value: u128, input: Vec<u8>) -> Bytes {
        let nonce = &mut self.nonces[usize::from(from) - 1];
        let transaction = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce: *nonce,
            gas_limit: 100_000,
            max_fee_per_gas: 1_000_000_000,
            to: TxKind::Call(to),
            value: U256::from(value),
            input: input.into(),
            ..TxEip1559::default()
        };
        *nonce += 1;
        let hash = transaction.signature_hash();
        let signature = signer(from).sign_hash_sync(&hash).unwrap();
        TxEnvelope::from(transaction.into_signed(signature))
            .encoded_2718()
            .into()
    }

    /// A transfer of ETH (token zero) or of a token.
    pub(in crate::rpc) fn transfer(
        &mut self,
        from: u8,
        to: Address,
        token: Address,
        amount: u128,
        memo: &[u8],
    ) -> Bytes {
        let raw = if token == Address::ZERO {
            self.sign(from, to, amount, memo.to_vec())
        } else {
            let call = encode_transfer_call(to, amount);
            self.sign(from, token, 0, [&call, memo].concat())
        };
        let mut logs: Vec<_> = moved(token, account(from), to, amount)
            .into_iter()
            .collect();
        if !memo.is_empty() {
            let memo = Memo {
                from: account(from),
                to,
                memoHash: keccak256(memo),
                token,
                amount,
                memo: memo.to_vec().into(),
            };
            logs.push(log(MEMO_ADDRESS, &memo));
        }
        self.expect(raw, logs)
    }

    pub(in crate::rpc) fn payout(&mut self, from: u8, token: Address, to: &[Address]) -> Bytes {
        let payees: Vec<_> = (5..)
            .zip(to)
            .map(|(amount, recipient)| Payee {
                recipient: *recipient,
                amount,
            })
            .collect();
        let sum = payees.iter().map(|payee| payee.amount).sum();
        let raw = if token == Address::ZERO {
            self.sign(from, PAYOUT_PREDEPLOY, sum, encode_payout_call(&payees))
        } else {
            let call = encode_payout_token_call(token, &payees);
            self.sign(from, PAYOUT_PREDEPLOY, 0, call)
        };
        let mut logs = Vec::new();
        for payee in payees {
            let (account, amount) = (account(from), payee.amount);
            logs.extend(moved(token, account, payee.recipient, amount));
            let payout = Payout {
                account,
                recipient: payee.recipient,
                token,
                amount,
            };
            logs.push(log(PAYOUT_PREDEPLOY, &payout));
        }
        self.expect(raw, logs)
    }

    pub(in crate::rpc) fn withdraw(
        &mut self,
        from: u8,
        token: Address,
        amount: u128,
        to: Address,
    ) -> Bytes {
        let raw = if token == Address::ZERO {
            self.sign(from, WITHDRAW_PREDEPLOY, amount, encode_withdraw_call(to))
        } else {
            let call = encode_withdraw_token_call(token, amount, to);
            self.sign(from, WITHDRAW_PREDEPLOY, 0, call)
        };
        let logs = self.withdrawal(account(from), to, token, amount);
        self.expect(raw, logs)
    }

    fn expect(&mut self, raw: Bytes, logs: Vec<Log>) -> Bytes {
        self.expected.insert(keccak256(&raw), logs);
        raw
    }

    /// Sends transactions together, which are durable when this returns.
    pub(in crate::rpc) async fn send(&self, raw: Vec<Bytes>) {
        let hashes: Vec<_> = raw.iter().map(keccak256).collect();
        let view = self.sequencer.view();
        let mut newest = view.newest();
        for answer in self.sequencer.submitter().submit_all(raw).await {
            answer.unwrap();
        }
        for hash in hashes {
            while view.transaction(&hash).unwrap().is_none() {
                newest.changed().await.unwrap();
            }
        }
    }

    /// Something random, alone or with others.
    pub(in crate::rpc) async fn step(&mut self) {
        let from = self.random.random_range(1..=SIGNERS);
        let token = [Address::ZERO, TOKENS[0], TOKENS[1]][self.random.random_range(0..3)];
        match self.random.random_range(0..8) {
            0 => {
                let token = self.random.random_range(0..3);
                self.deposit(from, token, 1_000).await;
            }
            1 => {
                let by = self.random.random_range(1..=SIGNERS);
                let taken = if by == from { 10 } else { 0 };
                self.force(from, by, 1, 10, taken).await;
            }
            2 => self.lock_in_vain(from, from % SIGNERS + 1).await,
            3 => {
                let to = [account(from), account(9)][self.random.random_range(0..2)];
                let raw = self.withdraw(from, token, 7, to);
                self.send(vec![raw]).await;
            }
            4 => {
                let to = [account(2), account(3), account(2)];
                let raw = self.payout(from, token, &to);
                self.send(vec![raw]).await;
            }
            _ => {
                let mut together = Vec::new();
                for _ in 0..self.random.random_range(1..6) {
                    let to = account(self.random.random_range(1..8));
                    let memo: &[u8] =
                        [&b""[..], b"invoice 7", b"x"][self.random.random_range(0..3)];
                    together.push(self.transfer(from, to, token, 3, memo));
                }
                self.send(together).await;
            }
        }
    }
}

fn token_address(token: u8) -> Address {
    match token {
        0 => Address::ZERO,
        token => TOKENS[usize::from(token) - 1],
    }
}
