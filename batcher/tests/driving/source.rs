//! A journal in memory: a chain of zero transfers between the fee account and itself, which need no deposit.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use alloy_primitives::{Address, B256};
use spillway_batcher::SourceBlock;
use spillway_batcher::journal::{Blocks, Journal, JournalError, Ledger};
use spillway_protocol::block::{self, BlockHeader};
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::operation::Operation;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::token::{ETH, TokenTable};
use spillway_protocol::transition;

pub(super) const FEE_ACCOUNT: Address = Address::repeat_byte(0xfe);

/// The chain, which grows while batchers read it.
#[derive(Debug)]
pub(super) struct Source(Mutex<Chain>);

#[derive(Debug)]
struct Chain {
    state: State,
    head: BlockHeader,
    blocks: Vec<SourceBlock>,
    transactions: u64,
}

impl Source {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Chain {
            state: State::genesis(FEE_ACCOUNT),
            head: BlockHeader::genesis(),
            blocks: Vec::new(),
            transactions: 0,
        })))
    }

    /// Makes so many blocks with so many transfers each, stamped with the time. Answers the last one's number.
    pub(super) fn grow(&self, blocks: usize, transfers: usize) -> u64 {
        let mut chain = self.0.lock().unwrap();
        for _ in 0..blocks {
            chain.block(transfers);
        }
        chain.head.number
    }

    pub(super) fn head(&self) -> BlockHeader {
        self.0.lock().unwrap().head
    }

    pub(super) fn state_root(&self) -> B256 {
        let state = self.0.lock().unwrap().state.clone();
        StateTree::build(&state, std::iter::empty())
            .unwrap()
            .root(&state)
    }
}

impl Chain {
    fn block(&mut self, transfers: usize) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seconds = now.unwrap().as_secs().saturating_sub(self.head.timestamp);
        let mut block = SourceBlock {
            header: BlockHeader::genesis(),
            operations: Vec::new(),
            messages: Vec::new(),
            listings: Vec::new(),
            transaction_hashes: Vec::new(),
        };
        let begin = Operation::Block {
            seconds: seconds.try_into().unwrap(),
            base_fee: 0,
        };
        self.apply(&begin, &mut block);
        let transfer = Operation::Transfer {
            from: 0,
            to: 0,
            token: ETH,
            amount: 0,
        };
        for _ in 0..transfers {
            self.apply(&transfer, &mut block);
            self.transactions += 1;
            let hash = B256::left_padding_from(&self.transactions.to_be_bytes());
            block.transaction_hashes.push(hash);
        }
        block.header = self
            .head
            .next(self.state.counters(), &[], &block.operations);
        self.head = block.header;
        self.blocks.push(block);
    }

    fn apply(&mut self, operation: &Operation, block: &mut SourceBlock) {
        let tokens = TokenTable::default();
        let scope = Scope::of(&self.state, &tokens);
        codec::encode(operation, &scope, &mut block.operations).unwrap();
        transition::apply(&mut self.state, operation, None).unwrap();
    }
}

impl Source {
    fn ledger_after(&self, number: u64) -> Result<Ledger, JournalError> {
        let chain = self.0.lock().unwrap();
        let (mut state, tokens) = (State::genesis(FEE_ACCOUNT), TokenTable::default());
        let mut head = BlockHeader::genesis();
        for source in &chain.blocks[..usize::try_from(number)?] {
            block::execute(&mut state, &source.operations, &[], &tokens)?;
            head = source.header;
        }
        let tree = StateTree::build(&state, std::iter::empty())?;
        Ok(Ledger {
            state,
            tree,
            tokens,
            head,
        })
    }
}

/// The journal as one batcher reads it.
#[derive(Clone, Debug)]
pub(super) struct Reading(pub(super) Arc<Source>);

impl Journal for Reading {
    fn ledger_after(&self, block: u64) -> Result<Ledger, JournalError> {
        self.0.ledger_after(block)
    }

    fn blocks_after(&self, block: u64) -> Box<dyn Blocks> {
        Box::new(From(Arc::clone(&self.0), usize::try_from(block).unwrap()))
    }
}

struct From(Arc<Source>, usize);

impl Blocks for From {
    fn next_block(&mut self) -> Result<Option<SourceBlock>, JournalError> {
        let block = self.0.0.lock().unwrap().blocks.get(self.1).cloned();
        self.1 += usize::from(block.is_some());
        Ok(block)
    }
}
