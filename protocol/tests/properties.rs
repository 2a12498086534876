//! Properties of the transition and its codecs over random histories, judged by an independent model.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::arithmetic_side_effects
)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use spillway_protocol::chunk::{self, ChunkBuilder, ChunkError};
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::gas;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::{DepositTarget, Operation, Payee, Target};
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;
use spillway_protocol::transition::apply;
use spillway_protocol::{Address, B256, block};

/// Listed tokens besides ETH: enough that both forms of a transfer's token byte come up.
const TOKENS: u8 = 9;

fn tokens() -> TokenTable {
    let mut table = TokenTable::default();
    for id in 1..=TOKENS {
        assert_eq!(table.list(Address::repeat_byte(id), id * 3), Ok(id));
    }
    table
}

/// What a history is made of: events that name accounts by chance, so that most of them are possible
/// on any state, and some are not.
#[derive(Clone, Debug)]
enum Event {
    Block {
        seconds: u32,
        base_fee: u64,
    },
    Transfer {
        from: Index,
        to: Index,
        token: u8,
        amount: u128,
    },
    TransferNew {
        from: Index,
        to: u8,
        token: u8,
        amount: u128,
    },
    Withdraw {
        from: Index,
        token: u8,
        amount: u128,
        recipient: Option<u8>,
    },
    Payout {
        from: Index,
        token: u8,
        payees: Vec<(Result<Index, u8>, u128)>,
    },
    Deposit {
        to: u8,
        token: u8,
        amount: u128,
        lock: bool,
    },
    Force {
        account: Index,
        right: bool,
        token: u8,
        amount: u128,
    },
    Lock {
        account: Index,
        right: bool,
        lock: bool,
    },
}

fn amount() -> impl Strategy<Value = u128> {
    prop_oneof![
        4 => (1u128..10_000, 0u32..20).prop_map(|(digits, zeros)| digits * 10u128.pow(zeros)),
        2 => 0u128..5,
        1 => any::<u128>(),
        1 => any::<u64>().prop_map(u128::from),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let token = || prop_oneof![3 => Just(0u8), 2 => 0..=TOKENS + 1];
    let payee = (
        prop_oneof![any::<Index>().prop_map(Ok), any::<u8>().prop_map(Err)],
        amount(),
    );
    prop_oneof![
        2 => (prop_oneof![0u32..20, any::<u32>()], prop_oneof![Just(1u64), 0..1_000u64])
            .prop_map(|(seconds, base_fee)| Event::Block { seconds, base_fee }),
        8 => (any::<Index>(), any::<Index>(), token(), amount())
            .prop_map(|(from, to, token, amount)| Event::Transfer { from, to, token, amount }),
        3 => (any::<Index>(), any::<u8>(), token(), amount())
            .prop_map(|(from, to, token, amount)| Event::TransferNew { from, to, token, amount }),
        2 => (any::<Index>(), token(), amount(), any::<Option<u8>>())
            .prop_map(|(from, token, amount, recipient)| Event::Withdraw { from, token, amount, recipient }),
        2 => (any::<Index>(), token(), prop::collection::vec(payee, 1..12))
            .prop_map(|(from, token, payees)| Event::Payout { from, token, payees }),
        6 => (any::<u8>(), token(), amount(), any::<bool>())
            .prop_map(|(to, token, amount, lock)| Event::Deposit { to, token, amount, lock: lock && to.is_multiple_of(7) }),
        1 => (any::<Index>(), any::<bool>(), token(), amount())
            .prop_map(|(account, right, token, amount)| Event::Force { account, right, token, amount }),
        1 => (any::<Index>(), any::<bool>(), any::<bool>())
            .prop_map(|(account, right, lock)| Event::Lock { account, right, lock }),
    ]
}

fn history() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(event(), 1..120)
}

fn address(name: u8) -> Address {
    Address::repeat_byte(name)
}

/// Turns an event into an operation, as it stands on this state.
fn operation(event: &Event, state: &State) -> (Operation, Option<InboxMessage>) {
    let pick = |index: &Index| u32::try_from(index.index(state.account_count() as usize)).unwrap();
    let message = |message| (Operation::Inbox { target: None }, Some(message));
    let sender = |account, right| match right {
        true => state.address(account).unwrap(),
        false => address(0xee),
    };
    match event {
        Event::Block { seconds, base_fee } => (
            Operation::Block {
                seconds: *seconds,
                base_fee: *base_fee,
            },
            None,
        ),
        Event::Transfer {
            from,
            to,
            token,
            amount,
        } => {
            let (from, to) = (pick(from), pick(to));
            (
                Operation::Transfer {
                    from,
                    to,
                    token: *token,
                    amount: *amount,
                },
                None,
            )
        }
        Event::TransferNew {
            from,
            to,
            token,
            amount,
        } => {
            let (from, to) = (pick(from), address(*to));
            (
                Operation::TransferNew {
                    from,
                    to,
                    token: *token,
                    amount: *amount,
                },
                None,
            )
        }
        Event::Withdraw {
            from,
            token,
            amount,
            recipient,
        } => {
            let (from, recipient) = (pick(from), recipient.map(address));
            (
                Operation::Withdraw {
                    from,
                    token: *token,
                    amount: *amount,
                    recipient,
                },
                None,
            )
        }
        Event::Payout {
            from,
            token,
            payees,
        } => {
            let payees = payees.iter().map(|(to, amount)| {
                let target = match to {
                    Ok(index) => Target::Index(pick(index)),
                    Err(name) => Target::New(address(*name)),
                };
                Payee {
                    target,
                    amount: *amount,
                }
            });
            (
                Operation::Payout {
                    from: pick(from),
                    token: *token,
                    payees: payees.collect(),
                },
                None,
            )
        }
        Event::Deposit {
            to,
            token,
            amount,
            lock,
        } => {
            let to = address(*to);
            let target = match state.index_of(&to) {
                Some(index) => DepositTarget::Index(index),
                None => DepositTarget::New,
            };
            let deposit = InboxMessage::Deposit {
                to,
                token: *token,
                amount: *amount,
                lock: *lock,
            };
            (
                Operation::Inbox {
                    target: Some(target),
                },
                Some(deposit),
            )
        }
        Event::Force {
            account,
            right,
            token,
            amount,
        } => {
            let account = pick(account);
            message(InboxMessage::ForcedWithdrawal {
                sender: sender(account, *right),
                account,
                token: *token,
                amount: *amount,
                recipient: address(0xdd),
            })
        }
        Event::Lock {
            account,
            right,
            lock,
        } => {
            let account = pick(account);
            let sender = sender(account, *right);
            message(match lock {
                true => InboxMessage::Lock { sender, account },
                false => InboxMessage::Unlock { sender, account },
            })
        }
    }
}

/// A second, naive ledger by address, which judges the first.
#[derive(Clone, Debug, Default)]
struct Model {
    balances: BTreeMap<(Address, u8), u128>,
    nonces: BTreeMap<Address, u64>,
    /// Deposits less withdrawals.
    supply: BTreeMap<u8, u128>,
}

impl Model {
    fn change(&mut self, who: Address, token: u8, add: u128, take: u128) {
        let balance = self.balances.entry((who, token)).or_default();
        *balance = balance.checked_add(add).unwrap().checked_sub(take).unwrap();
    }

    /// Follows an operation that was applied; `state` is the one before it.
    fn follow(&mut self, operation: &Operation, message: Option<&InboxMessage>, state: &State) {
        if let Some(from) = operation.sender() {
            let sender = state.address(from).unwrap();
            let kind = operation.gas_kind().unwrap();
            let fee = u128::from(gas::gas(kind)) * u128::from(state.counters().base_fee);
            self.change(sender, 0, 0, fee);
            self.change(state.address(0).unwrap(), 0, fee, 0);
            *self.nonces.entry(sender).or_default() += 1;
            self.follow_signed(operation, sender, state);
        }
        if let Some(message) = message {
            self.follow_message(message, state);
        }
    }

    fn follow_signed(&mut self, operation: &Operation, sender: Address, state: &State) {
        match operation {
            Operation::Transfer {
                to, token, amount, ..
            } => {
                self.change(sender, *token, 0, *amount);
                self.change(state.address(*to).unwrap(), *token, *amount, 0);
            }
            Operation::TransferNew {
                to, token, amount, ..
            } => {
                self.change(sender, *token, 0, *amount);
                self.change(*to, *token, *amount, 0);
            }
            Operation::Withdraw { token, amount, .. } => {
                self.change(sender, *token, 0, *amount);
                *self.supply.entry(*token).or_default() -= amount;
            }
            Operation::Payout { token, payees, .. } => {
                let mut new = Vec::new();
                let total: u128 = payees.iter().map(|payee| payee.amount).sum();
                self.change(sender, *token, 0, total);
                for payee in payees {
                    let to = match payee.target {
                        Target::New(address) => {
                            new.push(address);
                            address
                        }
                        Target::Index(index) => state
                            .address(index)
                            .unwrap_or_else(|| new[(index - state.account_count()) as usize]),
                    };
                    self.change(to, *token, payee.amount, 0);
                }
            }
            Operation::Block { .. } | Operation::Inbox { .. } => unreachable!("nobody signs them"),
        }
    }

    fn follow_message(&mut self, message: &InboxMessage, state: &State) {
        match *message {
            InboxMessage::Deposit {
                to, token, amount, ..
            } => {
                self.change(to, token, amount, 0);
                *self.supply.entry(token).or_default() += amount;
            }
            InboxMessage::ForcedWithdrawal {
                sender,
                account,
                token,
                amount,
                ..
            } => {
                if state.address(account) == Some(sender) {
                    let taken = amount.min(*self.balances.entry((sender, token)).or_default());
                    self.change(sender, token, 0, taken);
                    *self.supply.entry(token).or_default() -= taken;
                }
            }
            InboxMessage::Lock { .. } | InboxMessage::Unlock { .. } => {}
        }
    }

    fn check(&self, state: &State) {
        for index in 0..state.account_count() {
            let account = state.account(index).unwrap();
            assert_eq!(
                account.nonce,
                self.nonces.get(&account.address).copied().unwrap_or(0)
            );
            for token in 0..=TOKENS + 1 {
                let expected = self
                    .balances
                    .get(&(account.address, token))
                    .copied()
                    .unwrap_or(0);
                assert_eq!(
                    account.balance(token),
                    expected,
                    "{} token {token}",
                    account.address
                );
            }
        }
        for token in 0..=TOKENS + 1 {
            let balances: u128 = (0..state.account_count())
                .map(|index| state.balance(index, token))
                .sum();
            let expected = self.supply.get(&token).copied().unwrap_or(0);
            assert_eq!(expected, balances, "token {token} is conserved");
            assert_eq!(state.supply(token), balances);
        }
    }
}

fn begun() -> State {
    let mut state = State::genesis(address(0xff));
    apply(
        &mut state,
        &Operation::Block {
            seconds: 1,
            base_fee: 1,
        },
        None,
    )
    .unwrap();
    state
}

/// All that a state holds, for comparison.
fn contents(state: &State) -> (Vec<spillway_protocol::account::Account>, String) {
    let accounts = (0..state.account_count()).map(|index| state.account(index).unwrap());
    (accounts.collect(), format!("{:?}", state.counters()))
}

proptest! {
    #[test]
    fn the_ledger_agrees_with_the_model_and_conserves_every_token(events in history()) {
        let mut state = begun();
        let mut model = Model::default();
        for event in &events {
            let (operation, message) = operation(event, &state);
            let before = state.clone();
            match apply(&mut state, &operation, message.as_ref()) {
                Ok(()) => model.follow(&operation, message.as_ref(), &before),
                Err(_) => prop_assert_eq!(contents(&state), contents(&before), "a rejected operation changes nothing"),
            }
        }
        model.check(&state);
    }

    #[test]
    fn operations_round_trip_and_apply_the_same_after_it(events in history()) {
        let tokens = tokens();
        let mut state = begun();
        let mut other = state.clone();
        for event in &events {
            let (operation, message) = operation(event, &state);
            let mut bytes = Vec::new();
            let scope = Scope::of(&state, &tokens);
            if codec::encode(&operation, &scope, &mut bytes).is_err() {
                prop_assert!(bytes.is_empty());
                continue;
            }
            let decoded = codec::decode(&bytes, &scope);
            prop_assert_eq!(decoded, Ok((operation.clone(), bytes.len())));
            for cut in 0..bytes.len() {
                prop_assert!(codec::decode(&bytes[..cut], &scope).is_err(), "{} of {} bytes", cut, bytes.len());
            }
            let applied = apply(&mut state, &operation, message.as_ref());
            let (again, _) = codec::decode(&bytes, &Scope::of(&other, &tokens)).unwrap();
            prop_assert_eq!(apply(&mut other, &again, message.as_ref()), applied);
        }
        prop_assert_eq!(contents(&state), contents(&other));
    }

    #[test]
    fn what_decodes_is_canonical(bytes in prop::collection::vec(any::<u8>(), 1..80), account_count in prop_oneof![1u32..300, any::<u32>().prop_map(|count| count.max(1))], base_fee in 0u64..3) {
        let tokens = tokens();
        let scope = Scope { account_count, base_fee, tokens: &tokens };
        if let Ok((operation, len)) = codec::decode(&bytes, &scope) {
            let mut again = Vec::new();
            codec::encode(&operation, &scope, &mut again).unwrap();
            prop_assert_eq!(&again[..], &bytes[..len]);
        }
    }

    #[test]
    fn the_incremental_root_is_the_root_built_from_nothing(events in history()) {
        let mut state = begun();
        let changes = state.take_changes();
        let mut tree = StateTree::default();
        tree.update(&state, changes).unwrap();
        let mut withdrawals = Vec::<B256>::new();
        for (at, event) in events.iter().enumerate() {
            let (operation, message) = operation(event, &state);
            let _ = apply(&mut state, &operation, message.as_ref());
            // Many changes at once, and few.
            if at % 5 < 2 {
                let changes = state.take_changes();
                for withdrawal in &changes.withdrawals {
                    withdrawals.push(withdrawal.leaf(u32::try_from(withdrawals.len()).unwrap()));
                }
                tree.update(&state, changes).unwrap();
                let rebuilt = StateTree::build(&state, withdrawals.iter().copied()).unwrap();
                prop_assert_eq!(tree.root(&state), rebuilt.root(&state));
            }
        }
    }

    #[test]
    fn an_imported_state_is_the_same(events in history()) {
        let mut state = begun();
        for event in &events {
            let (operation, message) = operation(event, &state);
            let _ = apply(&mut state, &operation, message.as_ref());
        }
        let (accounts, _) = contents(&state);
        let imported = State::import(accounts.into_iter(), *state.counters()).unwrap();
        prop_assert_eq!(contents(&imported), contents(&state));
        for token in 0..=TOKENS {
            prop_assert_eq!(imported.supply(token), state.supply(token));
        }
    }

    #[test]
    fn chunks_and_blocks_execute_to_the_same_root(events in history()) {
        let tokens = tokens();
        let genesis = State::genesis(address(0xff));
        let mut state = genesis.clone();
        let mut tree = StateTree::default();
        let changes = state.take_changes();
        tree.update(&state, changes).unwrap();
        let (mut chunks, mut messages) = (Vec::new(), Vec::new());
        let mut builder = ChunkBuilder::default();
        let first = Event::Block { seconds: 7, base_fee: 3 };
        for event in [&first].into_iter().chain(&events) {
            let (operation, message) = operation(event, &state);
            let mut bytes = Vec::new();
            if codec::encode(&operation, &Scope::of(&state, &tokens), &mut bytes).is_err() {
                continue;
            }
            if ChunkBuilder::default().push(&operation, &bytes, &state, message.as_ref()).is_err()
                || apply(&mut state.clone(), &operation, message.as_ref()).is_err()
            {
                continue;
            }
            if builder.push(&operation, &bytes, &state, message.as_ref()).is_err() {
                let changes = state.take_changes();
                tree.update(&state, changes).unwrap();
                chunks.push(builder.finish(&tree.root(&state)));
                builder.push(&operation, &bytes, &state, message.as_ref()).unwrap();
            }
            apply(&mut state, &operation, message.as_ref()).unwrap();
            messages.extend(message);
        }
        let changes = state.take_changes();
        tree.update(&state, changes).unwrap();
        chunks.push(builder.finish(&tree.root(&state)));

        let mut replayed = genesis;
        let changes = replayed.take_changes();
        let mut replayed_tree = StateTree::default();
        replayed_tree.update(&replayed, changes).unwrap();
        let mut waiting = messages.iter();
        for chunk in &chunks {
            let root = chunk::execute(&mut replayed, &mut replayed_tree, chunk, &mut waiting, &tokens);
            prop_assert_eq!(root, Ok(chunk::claimed_root(chunk)));
        }
        prop_assert_eq!(waiting.len(), 0);
        prop_assert_eq!(contents(&replayed), contents(&state));
    }

    #[test]
    fn executing_any_bytes_as_a_chunk_is_total(events in history(), mut bytes in prop::collection::vec(any::<u8>(), 496), tail in 0usize..464, first in any::<Option<u8>>()) {
        let tokens = tokens();
        let mut state = begun();
        let mut messages = Vec::new();
        for event in &events {
            let (operation, message) = operation(event, &state);
            let _ = apply(&mut state, &operation, message.as_ref());
            messages.extend(message);
        }
        bytes[496 - tail..].fill(0);
        // Half of the chunks begin with a transfer, so that more than the first byte is looked at.
        if let Some(first) = first {
            bytes[32] = 0x80 | first;
        }
        let chunk: [u8; 496] = bytes.try_into().unwrap();
        let mut tree = StateTree::build(&state, std::iter::empty()).unwrap();
        state.take_changes();
        let verdict = chunk::execute(&mut state, &mut tree, &chunk, &mut messages.iter(), &tokens);
        prop_assert!(!matches!(verdict, Err(ChunkError::Tree(_))), "{:?}", verdict);
        let _ = block::execute(&mut begun(), &chunk[32..], &messages, &tokens);
    }
}
