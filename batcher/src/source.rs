//! What the batcher is fed.

use alloy_primitives::{Address, B256};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::inbox::InboxMessage;

/// A durable block, as the journal has it.
#[derive(Clone, Debug)]
pub struct SourceBlock {
    /// Its header, which its execution must lead to.
    pub header: BlockHeader,
    /// Its operations' bytes, the block operation first.
    pub operations: Vec<u8>,
    /// The inbox messages that it consumes, in order.
    pub messages: Vec<InboxMessage>,
    /// The tokens listed before it: address and decimals.
    pub listings: Vec<(Address, u8)>,
    /// The hashes of the signed transactions behind its authorised operations, in order.
    pub transaction_hashes: Vec<B256>,
}
