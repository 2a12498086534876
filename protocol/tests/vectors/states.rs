//! Whole chunks, executed.

use spillway_protocol::chunk::{self, ChunkError};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::{B256, token::TokenTable};

use crate::{account, counters, read, schema, token_table, variant};

#[test]
fn chunks() {
    let file: schema::Chunks = read("chunks.json");
    let tokens = token_table(&file.tokens);
    let states: Vec<_> = file.states.iter().map(state).collect();
    for row in &file.chunks {
        let before = &states[row.state as usize];
        let result = execute(row, before, &tokens);
        assert_eq!(result, expected(row), "{}", row.name);
    }
    assert!(file.chunks.iter().any(|row| row.valid) && file.chunks.iter().any(|row| !row.valid));
}

fn state(row: &schema::State) -> (State, StateTree) {
    let state = State::import(row.accounts.iter().map(account), counters(&row.counters)).unwrap();
    assert_eq!(
        row.withdrawal_leaves.len(),
        row.counters.withdrawal_count as usize
    );
    let tree = StateTree::build(&state, row.withdrawal_leaves.iter().copied()).unwrap();
    assert_eq!(tree.root(&state), row.root, "{}", row.name);
    (state, tree)
}

/// The root, or the error's name and its place.
type Verdict = Result<B256, (String, u32)>;

fn expected(row: &schema::ChunkCase) -> Verdict {
    assert_eq!(row.valid, row.error.is_empty(), "{}", row.name);
    if row.valid {
        assert_eq!(row.offset, 0, "{}", row.name);
        let chunk = row.chunk[..].try_into().expect("496 bytes");
        assert_eq!(chunk::claimed_root(&chunk), row.root, "{}", row.name);
        Ok(row.root)
    } else {
        assert_eq!(row.root, B256::ZERO, "{}", row.name);
        Err((row.error.clone(), row.offset))
    }
}

fn execute(row: &schema::ChunkCase, before: &(State, StateTree), tokens: &TokenTable) -> Verdict {
    let (mut state, mut tree) = before.clone();
    let chunk = row.chunk[..].try_into().expect("496 bytes");
    let decode = |bytes: &alloy_primitives::Bytes| InboxMessage::decode(bytes).expect("a message");
    let messages: Vec<_> = row.messages.iter().map(decode).collect();
    chunk::execute(&mut state, &mut tree, &chunk, &mut messages.iter(), tokens)
        .map_err(|error| name(&error))
}

fn name(error: &ChunkError) -> (String, u32) {
    let (reason, at) = match error {
        ChunkError::Padding(at) => ("Padding".into(), *at),
        ChunkError::Undecodable(at, inner) => (format!("Undecodable/{}", variant(inner)), *at),
        ChunkError::Limit(at, inner) => (format!("Limit/{}", variant(inner)), *at),
        ChunkError::Invalid(at, inner) => (format!("Invalid/{}", variant(inner)), *at),
        ChunkError::Tree(error) => panic!("the trees are the state's: {error}"),
    };
    (reason, at as u32)
}
