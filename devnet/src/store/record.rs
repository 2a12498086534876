//! What the log holds: everything that the chain was told and that cannot be computed again.

use alloy_consensus::TxEnvelope;
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};

use crate::chain::{Block, Fees, Grant, PastBlock};

/// A record of the log. Its first byte is its kind, the rest its RLP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// The first one: which chain this is.
    Genesis(GenesisRecord),
    /// A block that was mined.
    Block(BlockRecord),
    /// A balance that was set.
    Balance(BalanceRecord),
    /// A reorg, whole, so that no crash leaves half of one.
    Reorg(ReorgRecord),
    /// Code that was set.
    Code(CodeRecord),
}

#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(super) struct GenesisRecord {
    pub(super) timestamp: u64,
    /// Of everything that replaying depends on.
    pub(super) fingerprint: B256,
}

#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(super) struct BlockRecord {
    timestamp: u64,
    base_fee: u64,
    excess_blob_gas: u64,
    fork: u64,
    hash: B256,
    transactions: Vec<Bytes>,
}

#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(super) struct BalanceRecord {
    pub(super) address: Address,
    pub(super) balance: U256,
}

#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(super) struct CodeRecord {
    pub(super) address: Address,
    pub(super) code: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(super) struct ReorgRecord {
    pub(super) depth: u64,
    pub(super) blocks: Vec<BlockRecord>,
}

impl BlockRecord {
    /// The record of a block of a chain with so many reorgs.
    pub(super) fn of(block: &Block, fork: u64) -> Self {
        let transactions = block.transactions.iter();
        Self {
            timestamp: block.header.timestamp,
            base_fee: block.base_fee(),
            excess_blob_gas: block.excess_blob_gas(),
            fork,
            hash: block.hash,
            transactions: transactions
                .map(|one| one.transaction.encoded_2718().into())
                .collect(),
        }
    }

    /// What the chain replays.
    pub(super) fn past(&self) -> alloy_rlp::Result<PastBlock> {
        let decode = |raw: &Bytes| TxEnvelope::decode_2718_exact(raw);
        let transactions = self.transactions.iter().map(decode);
        Ok(PastBlock {
            timestamp: self.timestamp,
            fees: Fees {
                base_fee: self.base_fee,
                excess_blob_gas: self.excess_blob_gas,
            },
            fork: self.fork,
            hash: self.hash,
            transactions: transactions
                .collect::<Result<_, _>>()
                .map_err(|_| alloy_rlp::Error::Custom("a transaction that is none"))?,
        })
    }
}

impl Record {
    /// Of what was set.
    pub(super) fn of(grant: &Grant) -> Self {
        match grant.clone() {
            Grant::Balance(address, balance) => Self::Balance(BalanceRecord { address, balance }),
            Grant::Code(address, code) => Self::Code(CodeRecord { address, code }),
        }
    }

    /// Its bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let (kind, body): (u8, &dyn Encodable) = match self {
            Self::Genesis(body) => (0, body),
            Self::Block(body) => (1, body),
            Self::Balance(body) => (2, body),
            Self::Reorg(body) => (3, body),
            Self::Code(body) => (4, body),
        };
        let mut bytes = vec![kind];
        body.encode(&mut bytes);
        bytes
    }

    /// Reads what [`Self::encode`] wrote.
    pub(super) fn decode(bytes: &[u8]) -> alloy_rlp::Result<Self> {
        let (kind, mut body) = bytes.split_first().ok_or(alloy_rlp::Error::InputTooShort)?;
        let body = &mut body;
        let record = match kind {
            0 => Self::Genesis(Decodable::decode(body)?),
            1 => Self::Block(Decodable::decode(body)?),
            2 => Self::Balance(Decodable::decode(body)?),
            3 => Self::Reorg(Decodable::decode(body)?),
            4 => Self::Code(Decodable::decode(body)?),
            _ => return Err(alloy_rlp::Error::Custom("no kind of record")),
        };
        if !body.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength);
        }
        Ok(record)
    }
}
