//! What contracts logged, block by block, whatever forks there are.
//!
//! [`Follower`] is the core, a state machine that asks one question at a time; [`EventReader`] asks a node for it.
//! [`Cursor`] is where a reader is: the owner keeps it together with what it made of the events.
//!
//! **Invariant.** Replaying the items in order, and taking back what a rollback takes back, gives the logs of the
//! chain: no block is left out, and none comes twice without a rollback in between.

mod contracts;
mod cursor;
mod dialogue;
mod follower;
mod reader;
mod search;

pub use contracts::{ContractAddresses, ContractEvent, DecodeError};
pub use cursor::Cursor;
pub use dialogue::{
    Answer, Block, Finality, ForkedTooDeep, Header, Item, LogFilter, Markers, Progress, Question,
};
pub use follower::Follower;
pub use reader::{EventReader, ReaderSettings, markers};
pub use search::newest;

#[cfg(test)]
mod tests;
