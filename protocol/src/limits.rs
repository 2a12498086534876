//! Every limit of the protocol, in one place. Changing one changes what L1 accepts.

/// Bytes of a signed wallet transaction, at most.
pub const TRANSACTION_BYTES_MAX: usize = 8_192;
/// Bytes of memo that a transfer may carry, at most.
pub const MEMO_BYTES_MAX: usize = 256;
/// Recipients of one payout, at most. At least one is needed.
pub const PAYEES_MAX: usize = 64;
/// Tokens that L1 can list, ETH (token 0) included.
pub const TOKENS_MAX: usize = 256;

/// Bytes of a chunk: 16 field elements of 31 bytes.
pub const CHUNK_BYTES: usize = CHUNK_FIELD_ELEMENTS * FIELD_ELEMENT_PAYLOAD_BYTES;
/// Field elements of a chunk.
pub const CHUNK_FIELD_ELEMENTS: usize = 16;
/// Bytes that a field element carries: its top byte stays zero, so that it is below the BLS modulus.
pub const FIELD_ELEMENT_PAYLOAD_BYTES: usize = 31;
/// Bytes of a field element.
pub const FIELD_ELEMENT_BYTES: usize = 32;
/// Bytes of the state root that a chunk begins with.
pub const CHUNK_ROOT_BYTES: usize = 32;
/// Bytes of operations that a chunk holds, at most.
pub const CHUNK_OPERATION_BYTES: usize = CHUNK_BYTES - CHUNK_ROOT_BYTES;
/// Chunks in a blob (EIP-4844: 4,096 field elements).
pub const BLOB_CHUNKS: usize = 256;
/// Bytes of a blob.
pub const BLOB_BYTES: usize = BLOB_CHUNKS * CHUNK_FIELD_ELEMENTS * FIELD_ELEMENT_BYTES;
/// Blobs in a batch, at most.
pub const BATCH_BLOBS_MAX: usize = 6;
/// Chunks that a block's operations fill, at most, when it begins with a new one: the sequencer's rule, so that
/// any block fits a batch whatever its accounts hold. L1 does not know it.
pub const BLOCK_CHUNKS_MAX: usize = 256;
/// Chunks in a batch that is posted as calldata, at most.
pub const CALLDATA_CHUNKS_MAX: usize = 60;

/// Accounts that the operations of a chunk may touch, the fee account included.
pub const CHUNK_ACCOUNTS_MAX: usize = 112;
/// Token entries that the operations of a chunk may touch: see [`crate::chunk::ChunkLimits`].
pub const CHUNK_TOKEN_ENTRIES_MAX: usize = 512;
/// Inbox operations of a chunk, at most.
pub const CHUNK_INBOX_OPERATIONS_MAX: usize = 32;

const _: () = assert!(CHUNK_BYTES == 496 && CHUNK_OPERATION_BYTES == 464);
const _: () = assert!(BLOB_BYTES == 131_072);
