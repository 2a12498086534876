//! Vectors of whole chunks: each executed on a small state, with the root after it or why it is invalid.

use alloy_primitives::{Address, B256, Bytes};
use spillway_protocol::account::{Account, TokenBalance, TokenBalances};
use spillway_protocol::chunk::{self, Chunk, ChunkError};
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::limits::{CHUNK_BYTES, CHUNK_OPERATION_BYTES, CHUNK_ROOT_BYTES};
use spillway_protocol::operation::Operation;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::{Counters, State};
use spillway_protocol::token::TokenId;
use spillway_protocol::transition;
use spillway_protocol::withdrawal::Withdrawal;

use crate::setting::{
    ALICE, BOB, CAROL, ETHER, FEE, account_row, counters_row, token_rows, tokens, variant,
};
use crate::{chunk_cases, schema};

pub(crate) const BASE_FEE: u64 = 1_000;
/// Too poor for a fee.
const POOR: Address = Address::repeat_byte(0x0f);

pub(crate) const LEDGER: u32 = 0;
pub(crate) const GENESIS: u32 = 1;
pub(crate) const CROWD: u32 = 2;

/// A state before a chunk.
struct Before {
    name: &'static str,
    state: State,
    withdrawal_leaves: Vec<B256>,
}

impl Before {
    fn tree(&self) -> StateTree {
        StateTree::build(&self.state, self.withdrawal_leaves.iter().copied()).unwrap()
    }

    fn row(&self) -> schema::State {
        let indices = 0..self.state.account_count();
        schema::State {
            accounts: indices
                .filter_map(|index| self.state.account(index))
                .map(|account| account_row(&account))
                .collect(),
            counters: counters_row(self.state.counters()),
            name: self.name.into(),
            root: self.tree().root(&self.state),
            withdrawal_leaves: self.withdrawal_leaves.clone(),
        }
    }
}

fn account(address: Address, nonce: u64, eth: u128, tokens: &[(TokenId, u128)]) -> Account {
    let entries = tokens
        .iter()
        .map(|(token, amount)| TokenBalance {
            token: *token,
            amount: *amount,
        })
        .collect();
    Account {
        address,
        nonce,
        locked: false,
        eth,
        tokens: TokenBalances::from_entries(entries).unwrap(),
    }
}

/// The states, in the order of [`LEDGER`], [`GENESIS`] and [`CROWD`].
fn states() -> Vec<Before> {
    let counters = Counters {
        withdrawal_count: 1,
        inbox_count: 4,
        authorised_count: 9,
        block_number: 12,
        timestamp: 1_700_000_000,
        base_fee: BASE_FEE,
    };
    let mut ledger = vec![
        account(FEE, 0, 5_000_000, &[]),
        account(ALICE, 3, 10 * ETHER, &[(1, 500_000_000), (8, ETHER)]),
        account(BOB, 0, ETHER, &[(2, 7)]),
        account(CAROL, 1, ETHER, &[]),
        account(POOR, 0, 100, &[(1, 5)]),
    ];
    ledger[3].locked = true;
    let earlier = Withdrawal {
        account: ALICE,
        recipient: ALICE,
        token: 0,
        amount: ETHER,
    };
    // Five tokens each, so that a token transfer between two of them counts 11 token entries.
    let crowd = (0..120u8).map(|n| {
        let tokens: Vec<_> = (1..=5).map(|token| (token, 10)).collect();
        account(Address::repeat_byte(n + 1), 0, ETHER, &tokens)
    });
    let none = Counters {
        withdrawal_count: 0,
        ..counters
    };
    vec![
        Before {
            name: "ledger",
            state: State::import(ledger.into_iter(), counters).unwrap(),
            withdrawal_leaves: vec![earlier.leaf(0)],
        },
        Before {
            name: "genesis",
            state: State::genesis(FEE),
            withdrawal_leaves: vec![],
        },
        Before {
            name: "crowd",
            state: State::import(crowd, none).unwrap(),
            withdrawal_leaves: vec![],
        },
    ]
}

/// A piece of a chunk.
#[derive(Clone)]
pub(crate) enum Piece {
    Operation(Operation),
    Bytes(&'static str),
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) state: u32,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) messages: Vec<InboxMessage>,
    /// Nothing when the chunk is valid.
    pub(crate) error: &'static str,
}

pub(crate) fn chunks() -> schema::Chunks {
    let states = states();
    schema::Chunks {
        chunks: chunk_cases::all()
            .into_iter()
            .map(|case| case.row(&states[case.state as usize]))
            .collect(),
        states: states.iter().map(Before::row).collect(),
        tokens: token_rows(),
    }
}

impl Case {
    fn row(&self, before: &Before) -> schema::ChunkCase {
        let operations = self.operations(&before.state);
        let mut chunk = [0; CHUNK_BYTES];
        chunk[CHUNK_ROOT_BYTES..][..operations.len()].copy_from_slice(&operations);

        let (root, error, offset) = match self.execute(before, &chunk) {
            Ok(root) => (root, String::new(), 0),
            Err(error) => (B256::ZERO, name(&error), offset(&error)),
        };
        assert_eq!(error, self.error, "{}", self.name);
        // An invalid chunk claims what an honest one without its last operation might.
        let claimed = if error.is_empty() {
            root
        } else {
            before.tree().root(&before.state)
        };
        chunk[..CHUNK_ROOT_BYTES].copy_from_slice(claimed.as_slice());
        schema::ChunkCase {
            chunk: Bytes::copy_from_slice(&chunk),
            error,
            messages: self
                .messages
                .iter()
                .map(|message| Bytes::copy_from_slice(message.encode().as_bytes()))
                .collect(),
            name: self.name.into(),
            offset,
            root,
            state: self.state,
            valid: !root.is_zero(),
        }
    }

    /// The bytes of the pieces, each in the scope that those before it leave.
    fn operations(&self, before: &State) -> Vec<u8> {
        let tokens = tokens();
        let mut state = before.clone();
        let mut messages = self.messages.iter();
        let mut bytes = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(hex) => bytes.extend(hex::decode(hex).unwrap()),
                Piece::Operation(operation) => {
                    let scope = Scope::of(&state, &tokens);
                    codec::encode(operation, &scope, &mut bytes).unwrap();
                    let message = match operation {
                        Operation::Inbox { .. } => messages.next(),
                        _ => None,
                    };
                    // The last one may be meant to be invalid.
                    let _ = transition::apply(&mut state, operation, message);
                }
            }
        }
        assert!(bytes.len() <= CHUNK_OPERATION_BYTES, "{}", self.name);
        bytes
    }

    fn execute(&self, before: &Before, chunk: &Chunk) -> Result<B256, ChunkError> {
        let (mut state, mut tree) = (before.state.clone(), before.tree());
        let mut messages = self.messages.iter();
        chunk::execute(&mut state, &mut tree, chunk, &mut messages, &tokens())
    }
}

/// `Reason/Detail`.
fn name(error: &ChunkError) -> String {
    match error {
        ChunkError::Padding(_) | ChunkError::Tree(_) => variant(error),
        ChunkError::Undecodable(_, inner) => format!("Undecodable/{}", variant(inner)),
        ChunkError::Limit(_, inner) => format!("Limit/{}", variant(inner)),
        ChunkError::Invalid(_, inner) => format!("Invalid/{}", variant(inner)),
    }
}

fn offset(error: &ChunkError) -> u32 {
    let at = match error {
        ChunkError::Padding(at)
        | ChunkError::Undecodable(at, _)
        | ChunkError::Limit(at, _)
        | ChunkError::Invalid(at, _) => *at,
        ChunkError::Tree(_) => 0,
    };
    at as u32
}
