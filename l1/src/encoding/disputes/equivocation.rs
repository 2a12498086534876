//! Calls of `EquivocationDisputes`: what a sequencer has signed.

use alloy_primitives::{B256, Bytes, Signature};
use alloy_sol_types::SolCall;
use spillway_bridge_contracts::EquivocationDisputes::{
    self, proveContradictionCall, proveTwoHeadersCall,
};
use spillway_protocol::block::BlockHeader;

use crate::batches::SubmittedBatch;
use crate::encoding::equivocation_batch;

/// A block header as the sequencer has signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedHeader {
    /// The header.
    pub header: BlockHeader,
    /// Reverts before the block was made.
    pub fork_id: u64,
    /// The list root of the hashes of the block's transactions.
    pub transactions_root: B256,
    /// Over [`signing_digest`](spillway_protocol::block::signing_digest).
    pub signature: Signature,
}

/// The call that slashes who signed two headers of one number and fork.
#[must_use]
pub fn two_headers(one: &SignedHeader, other: &SignedHeader) -> Bytes {
    let call = proveTwoHeadersCall {
        one: signed(one),
        other: signed(other),
    };
    call.abi_encode().into()
}

/// The call that slashes the sequencer of a standing batch which signed another block than it posted. `later` are the headers
/// from the batch's last block back to the one after the block that was signed; none if that is the last.
#[must_use]
pub fn contradiction(
    batch: &SubmittedBatch,
    signed_header: &SignedHeader,
    later: &[BlockHeader],
) -> Bytes {
    let call = proveContradictionCall {
        number: batch.number,
        batch: equivocation_batch(&batch.header, &batch.submission),
        signed: signed(signed_header),
        later: later.iter().map(block_header).collect(),
    };
    call.abi_encode().into()
}

fn signed(header: &SignedHeader) -> EquivocationDisputes::SignedHeader {
    EquivocationDisputes::SignedHeader {
        header: block_header(&header.header),
        forkId: header.fork_id,
        txRoot: header.transactions_root,
        signature: header.signature.as_bytes().into(),
    }
}

fn block_header(header: &BlockHeader) -> EquivocationDisputes::BlockHeader {
    EquivocationDisputes::BlockHeader {
        parent: header.parent,
        number: header.number,
        timestamp: header.timestamp,
        baseFee: header.base_fee,
        inboxCount: header.inbox_count,
        inboxAccumulator: header.inbox_accumulator,
        operationsHash: header.operations_hash,
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;
    use alloy_sol_types::SolValue;

    use super::*;

    #[test]
    fn headers_keep_every_field() {
        let header = BlockHeader {
            parent: B256::repeat_byte(1),
            number: 2,
            timestamp: 3,
            base_fee: 4,
            inbox_count: 5,
            inbox_accumulator: [6; 24].into(),
            operations_hash: B256::repeat_byte(7),
        };
        let packed = block_header(&header).abi_encode_packed();
        assert_eq!(keccak256(packed), header.hash());
    }
}
