//! A sequencer of few words, and the batcher's own packer behind it.

use alloy_primitives::{Address, B256};
use proptest::prelude::*;
use spillway_batcher::SourceBlock;
use spillway_batcher::batch::SealedBatch;
use spillway_batcher::packer::Packer;
use spillway_protocol::block::BlockHeader;
use spillway_protocol::chunk::ChunkBuilder;
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::{DepositTarget, Operation, Payee, Target};
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;
use spillway_protocol::transition;

pub(crate) const FEE_ACCOUNT: Address = Address::repeat_byte(0xfe);
pub(crate) const TOKEN: Address = Address::repeat_byte(0x70);
pub(crate) const TOKEN_DECIMALS: u8 = 6;

/// What happens in a block. Numbers are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    kind: u8,
    from: u32,
    to: u32,
    token: bool,
    amount: u64,
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let fields = (
        0_u8..16,
        0_u32..200,
        0_u32..200,
        any::<bool>(),
        1_u64..10_000_000,
    );
    fields.prop_map(|(kind, from, to, token, amount)| Event {
        kind,
        from,
        to,
        token,
        amount,
    })
}

/// The events of one block, and whether a batch ends with it.
pub(crate) type Plan = Vec<(Vec<Event>, bool)>;

pub(crate) fn plan(blocks: usize, events: usize) -> impl Strategy<Value = Plan> {
    let block = (proptest::collection::vec(event(), 0..events), any::<bool>());
    proptest::collection::vec(block, 1..blocks)
}

/// A chain, cut into batches, and what it consumed of L1.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    pub(crate) batches: Vec<SealedBatch>,
    pub(crate) messages: Vec<InboxMessage>,
    pub(crate) tokens: TokenTable,
    /// The state root after the last batch, as the sequencer has it.
    pub(crate) root: B256,
}

pub(crate) fn build(plan: &Plan) -> Built {
    let mut chain = Chain::new();
    let mut packer = packer();
    let (mut batches, mut messages) = (Vec::new(), Vec::new());
    for (number, (events, seal)) in plan.iter().enumerate() {
        let block = chain.block(events);
        messages.extend_from_slice(&block.messages);
        packer.push(&block).unwrap();
        if *seal || number + 1 == plan.len() {
            batches.push(packer.seal().unwrap());
        }
    }
    let withdrawals = packer.tree().withdrawals().leaves().iter().copied();
    let tree = StateTree::build(&chain.state, withdrawals).unwrap();
    Built {
        batches,
        messages,
        tokens: chain.tokens,
        root: tree.root(&chain.state),
    }
}

/// A chain with something of everything, in three batches of several chunks.
pub(crate) fn busy() -> Built {
    let event = |kind: u32, n: u32| Event {
        kind: kind as u8,
        from: n % 40,
        to: (n * 7) % 60,
        token: n.is_multiple_of(3),
        amount: u64::from(n) * 31 + 1,
    };
    let mut blocks = vec![((0..40).map(|n| event(0, n)).collect::<Vec<_>>(), false)];
    blocks.extend((0..6_u32).map(|block| {
        let events = (0..60).map(|n| event((n + block) % 16, n + block));
        (events.collect(), block % 2 == 1)
    }));
    build(&blocks)
}

/// A batch that takes two blobs.
pub(crate) fn large() -> Built {
    let event = |n: u32| Event {
        kind: if n < 300 { 0 } else { 9 },
        from: n % 211,
        to: (n * 7) % 257,
        token: false,
        amount: u64::from(n) + 1,
    };
    build(&vec![((0..30_000).map(event).collect(), true)])
}

fn packer() -> Packer {
    let state = State::genesis(FEE_ACCOUNT);
    let tree = StateTree::build(&state, std::iter::empty()).unwrap();
    let mut tokens = TokenTable::default();
    tokens.list(TOKEN, TOKEN_DECIMALS).unwrap();
    Packer::new(state, tree, tokens, BlockHeader::genesis(), B256::ZERO)
}

fn address(number: u32) -> Address {
    Address::left_padding_from(&(number + 1).to_be_bytes())
}

#[derive(Debug)]
struct Chain {
    state: State,
    tokens: TokenTable,
    head: BlockHeader,
    transactions: u64,
}

impl Chain {
    fn new() -> Self {
        let mut tokens = TokenTable::default();
        tokens.list(TOKEN, TOKEN_DECIMALS).unwrap();
        Self {
            state: State::genesis(FEE_ACCOUNT),
            tokens,
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
        let begin = Operation::Block {
            seconds: 1,
            base_fee: 3,
        };
        assert!(self.apply(&begin, None, &mut block));
        for event in events {
            self.event(*event, &mut block);
        }
        let counters = self.state.counters();
        block.header = self.head.next(counters, &block.messages, &block.operations);
        self.head = block.header;
        block
    }

    fn event(&mut self, event: Event, block: &mut SourceBlock) {
        let count = self.state.account_count();
        let (from, to) = (event.from % count, event.to % count);
        let (token, amount) = (u8::from(event.token), u128::from(event.amount));
        let target = |state: &State| match state.index_of(&address(event.to)) {
            Some(index) => DepositTarget::Index(index),
            None => DepositTarget::New,
        };
        let operation = match event.kind {
            0 | 1 => {
                let message = InboxMessage::Deposit {
                    to: address(event.to),
                    token,
                    amount: amount * 1_000_000,
                    lock: false,
                };
                return self.consume(Some(target(&self.state)), message, block);
            }
            2 => {
                let sender = self.state.address(from).unwrap();
                let message = InboxMessage::ForcedWithdrawal {
                    sender,
                    account: from,
                    token,
                    amount,
                    recipient: address(event.to),
                };
                return self.consume(None, message, block);
            }
            3 => Operation::TransferNew {
                from,
                to: address(event.to),
                token,
                amount,
            },
            4 => Operation::Withdraw {
                from,
                token,
                amount,
                recipient: None,
            },
            5 => Operation::Payout {
                from,
                token,
                payees: (to..count.min(to + 9))
                    .map(|to| Payee {
                        target: Target::Index(to),
                        amount,
                    })
                    .collect(),
            },
            _ => Operation::Transfer {
                from,
                to,
                token,
                amount,
            },
        };
        if self.apply(&operation, None, block) {
            self.transactions += 1;
            let hash = B256::left_padding_from(&self.transactions.to_be_bytes());
            block.transaction_hashes.push(hash);
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

    /// Applies an operation if it is valid.
    fn apply(
        &mut self,
        operation: &Operation,
        message: Option<&InboxMessage>,
        block: &mut SourceBlock,
    ) -> bool {
        let start = block.operations.len();
        let scope = Scope::of(&self.state, &self.tokens);
        codec::encode(operation, &scope, &mut block.operations).unwrap();
        let bytes = &block.operations[start..];
        let alone = ChunkBuilder::default().push(operation, bytes, &self.state, message);
        let applied =
            alone.is_ok() && transition::apply(&mut self.state, operation, message).is_ok();
        if !applied {
            block.operations.truncate(start);
        }
        applied
    }
}
