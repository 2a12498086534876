//! Random chains, packed with random cuts, must replay from their chunks alone to the same state.

use alloy_primitives::{Address, B256};
use proptest::prelude::*;
use spillway_batcher::SourceBlock;
use spillway_batcher::batch::SealedBatch;
use spillway_batcher::packer::{PackError, Packer};
use spillway_protocol::batch::header_hash;
use spillway_protocol::block::BlockHeader;
use spillway_protocol::chunk::{self, ChunkBuilder};
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::limits::CHUNK_ROOT_BYTES;
use spillway_protocol::operation::{DepositTarget, Operation, Payee, Target};
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::token::{ETH, TokenTable};
use spillway_protocol::transition;
use spillway_protocol::tree::list_root;

const FEE: Address = Address::repeat_byte(0xfe);
const TOKEN: Address = Address::repeat_byte(0x70);

fn address(number: u32) -> Address {
    Address::left_padding_from(&(number + 1).to_be_bytes())
}

/// What happens in a block. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Event {
    Deposit {
        to: u32,
        token: bool,
        amount: u64,
    },
    Lock {
        account: u32,
    },
    Transfer {
        from: u32,
        to: u32,
        token: bool,
        amount: u64,
    },
    TransferNew {
        from: u32,
        to: u32,
        amount: u64,
    },
    Withdraw {
        from: u32,
        amount: u64,
    },
    Payout {
        from: u32,
        to: Vec<u32>,
        amount: u64,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let (account, amount) = (0_u32..300, 1_u64..10_000_000);
    prop_oneof![
        2 => (account.clone(), any::<bool>(), amount.clone())
            .prop_map(|(to, token, amount)| Event::Deposit { to, token, amount }),
        1 => account.clone().prop_map(|account| Event::Lock { account }),
        12 => (account.clone(), account.clone(), any::<bool>(), amount.clone())
            .prop_map(|(from, to, token, amount)| Event::Transfer { from, to, token, amount }),
        2 => (account.clone(), account.clone(), amount.clone())
            .prop_map(|(from, to, amount)| Event::TransferNew { from, to, amount }),
        1 => (account.clone(), amount.clone())
            .prop_map(|(from, amount)| Event::Withdraw { from, amount }),
        1 => (account.clone(), proptest::collection::vec(account, 1..20), amount)
            .prop_map(|(from, to, amount)| Event::Payout { from, to, amount }),
    ]
}

/// A sequencer of few words.
struct Chain {
    state: State,
    tokens: TokenTable,
    head: BlockHeader,
    transactions: u64,
}

impl Chain {
    fn new() -> Self {
        Self {
            state: State::genesis(FEE),
            tokens: TokenTable::default(),
            head: BlockHeader::genesis(),
            transactions: 0,
        }
    }

    fn block(&mut self, events: &[Event]) -> SourceBlock {
        let mut block = SourceBlock {
            header: BlockHeader::genesis(),
            operations: Vec::new(),
            messages: Vec::new(),
            listings: Vec::new(),
            transaction_hashes: Vec::new(),
        };
        if self.head.number == 0 {
            block.listings.push((TOKEN, 6));
            self.tokens.list(TOKEN, 6).unwrap();
        }
        let begin = Operation::Block {
            seconds: 1,
            base_fee: 3,
        };
        assert!(self.apply(&begin, None, &mut block));
        for event in events {
            self.event(event, &mut block);
        }
        block.header = self
            .head
            .next(self.state.counters(), &block.messages, &block.operations);
        self.head = block.header;
        block
    }

    fn event(&mut self, event: &Event, block: &mut SourceBlock) {
        let count = self.state.account_count();
        let token = |token: bool| u8::from(token);
        match event.clone() {
            Event::Deposit {
                to,
                token: of,
                amount,
            } => {
                let to = address(to);
                let target = match self.state.index_of(&to) {
                    Some(index) => DepositTarget::Index(index),
                    None => DepositTarget::New,
                };
                let amount = u128::from(amount) * 1_000_000;
                let message = InboxMessage::Deposit {
                    to,
                    token: token(of),
                    amount,
                    lock: false,
                };
                self.consume(Some(target), message, block);
            }
            Event::Lock { account } => {
                let message = InboxMessage::Lock {
                    sender: address(account),
                    account: account % count,
                };
                self.consume(None, message, block);
            }
            Event::Transfer {
                from,
                to,
                token: of,
                amount,
            } => {
                let operation = Operation::Transfer {
                    from: from % count,
                    to: to % count,
                    token: token(of),
                    amount: amount.into(),
                };
                self.sign(&operation, block);
            }
            Event::TransferNew { from, to, amount } => {
                let operation = Operation::TransferNew {
                    from: from % count,
                    to: address(to),
                    token: ETH,
                    amount: amount.into(),
                };
                self.sign(&operation, block);
            }
            Event::Withdraw { from, amount } => {
                let operation = Operation::Withdraw {
                    from: from % count,
                    token: ETH,
                    amount: amount.into(),
                    recipient: None,
                };
                self.sign(&operation, block);
            }
            Event::Payout { from, to, amount } => {
                let payees = to
                    .iter()
                    .map(|to| Payee {
                        target: Target::Index(to % count),
                        amount: amount.into(),
                    })
                    .collect();
                let operation = Operation::Payout {
                    from: from % count,
                    token: ETH,
                    payees,
                };
                self.sign(&operation, block);
            }
        }
    }

    fn consume(
        &mut self,
        target: Option<DepositTarget>,
        message: InboxMessage,
        block: &mut SourceBlock,
    ) {
        assert!(self.apply(&Operation::Inbox { target }, Some(&message), block));
        block.messages.push(message);
    }

    fn sign(&mut self, operation: &Operation, block: &mut SourceBlock) {
        if self.apply(operation, None, block) {
            self.transactions += 1;
            block
                .transaction_hashes
                .push(B256::left_padding_from(&self.transactions.to_be_bytes()));
        }
    }

    fn apply(
        &mut self,
        operation: &Operation,
        message: Option<&InboxMessage>,
        block: &mut SourceBlock,
    ) -> bool {
        let start = block.operations.len();
        codec::encode(
            operation,
            &Scope::of(&self.state, &self.tokens),
            &mut block.operations,
        )
        .unwrap();
        let bytes = &block.operations[start..];
        let alone = ChunkBuilder::default().push(operation, bytes, &self.state, message);
        let fits = alone.is_ok();
        let applied = fits && transition::apply(&mut self.state, operation, message).is_ok();
        if !applied {
            block.operations.truncate(start);
        }
        applied
    }
}

fn packer() -> Packer {
    let state = State::genesis(FEE);
    let tree = StateTree::build(&state, std::iter::empty()).unwrap();
    Packer::new(
        state,
        tree,
        TokenTable::default(),
        BlockHeader::genesis(),
        B256::ZERO,
    )
}

/// Executes batches from genesis on, with nothing but what L1 would have.
fn replay(batches: &[SealedBatch], messages: &[InboxMessage]) -> B256 {
    let mut state = State::genesis(FEE);
    let mut tree = StateTree::build(&state, std::iter::empty()).unwrap();
    let mut tokens = TokenTable::default();
    tokens.list(TOKEN, 6).unwrap();
    let mut messages = messages.iter();
    let mut root = tree.root(&state);
    let mut parent = B256::ZERO;
    for batch in batches {
        assert_eq!(batch.header.parent, parent);
        assert_eq!(usize::from(batch.header.chunk_count), batch.chunks.len());
        let authorised = state.counters().authorised_count;
        for bytes in &batch.chunks {
            root = chunk::execute(&mut state, &mut tree, bytes, &mut messages, &tokens).unwrap();
            assert_eq!(chunk::claimed_root(bytes), root);
        }
        let counters = state.counters();
        assert_eq!(batch.header.state_root, root);
        assert_eq!(batch.header.inbox_count, counters.inbox_count);
        assert_eq!(batch.header.block_number, counters.block_number);
        assert_eq!(batch.header.timestamp, counters.timestamp);
        assert_eq!(
            u64::from(batch.header.auth_count),
            counters.authorised_count - authorised
        );
        parent = header_hash(&batch.header);
    }
    assert_eq!(messages.len(), 0);
    root
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn batches_replay_to_the_state_that_made_them(
        blocks in proptest::collection::vec(
            (proptest::collection::vec(event(), 0..400), any::<bool>()),
            1..12,
        ),
    ) {
        let mut chain = Chain::new();
        let mut packer = packer();
        let (mut batches, mut messages, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
        for (events, seal) in &blocks {
            let block = chain.block(events);
            packer.push(&block).unwrap();
            messages.extend(block.messages);
            hashes.extend(block.transaction_hashes);
            if *seal {
                let chunks = packer.chunks();
                let batch = packer.seal().unwrap();
                prop_assert_eq!(batch.chunks.len(), chunks);
                prop_assert_eq!(batch.header.auth_root, list_root(&std::mem::take(&mut hashes)));
                prop_assert_eq!(batch.header.block_hash, block.header.hash());
                batches.push(batch);
            }
        }
        if !packer.is_empty() {
            batches.push(packer.seal().unwrap());
        }
        let root = replay(&batches, &messages);
        let tree = StateTree::build(&chain.state, withdrawals(&packer)).unwrap();
        prop_assert_eq!(root, tree.root(&chain.state));
    }
}

/// The withdrawals' leaves, which the chain does not keep.
fn withdrawals(packer: &Packer) -> impl Iterator<Item = B256> + '_ {
    packer.tree().withdrawals().leaves().iter().copied()
}

fn busy_block(chain: &mut Chain) -> SourceBlock {
    let mut events = vec![Event::Deposit {
        to: 1,
        token: false,
        amount: u64::MAX / 2_000_000,
    }];
    events.extend((0..200).map(|amount| Event::Transfer {
        from: 1,
        to: 0,
        token: false,
        amount: amount + 1,
    }));
    chain.block(&events)
}

#[test]
fn what_is_not_the_next_block_is_refused_and_changes_nothing() {
    let mut chain = Chain::new();
    let mut packer = packer();
    let (first, second) = (busy_block(&mut chain), busy_block(&mut chain));
    let out_of_order = PackError::OutOfOrder {
        expected: 1,
        found: 2,
    };
    assert_eq!(packer.push(&second), Err(out_of_order));
    packer.push(&first).unwrap();
    packer.push(&second).unwrap();
    assert_eq!(packer.head(), &second.header);
}

#[test]
fn a_block_that_says_something_else_than_it_does_ends_the_packer() {
    type Change = fn(&mut SourceBlock);
    let changes: [(Change, &str); 4] = [
        (|block| block.header.timestamp += 1, "its header differs"),
        (|block| block.messages[0] = LOCK, "at byte"),
        (
            |block| _ = block.transaction_hashes.pop(),
            "199 transactions for 200 authorised operations",
        ),
        (
            |block| block.operations.truncate(13),
            "1 inbox messages were not consumed",
        ),
    ];
    for (change, expected) in changes {
        let mut block = busy_block(&mut Chain::new());
        change(&mut block);
        let error = packer().push(&block).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

const LOCK: InboxMessage = InboxMessage::Lock {
    sender: FEE,
    account: 0,
};

#[test]
fn nothing_cannot_be_sealed() {
    assert_eq!(packer().seal(), Err(PackError::Empty));
}

#[test]
fn the_roots_are_in_the_chunks_and_the_padding_is_zero() {
    let mut packer = packer();
    packer.push(&busy_block(&mut Chain::new())).unwrap();
    let batch = packer.seal().unwrap();
    assert!(batch.chunks.len() > 1);
    let last = batch.chunks.last().unwrap();
    assert_eq!(last[..CHUNK_ROOT_BYTES], batch.header.state_root[..]);
    assert_eq!(last.last(), Some(&0), "the last chunk is not full");
}
