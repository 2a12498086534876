//! The contracts, as their documentation describes them to strangers.

use alloy_sol_types::sol;
use spillway_protocol::batch::{self, BatchHeader};

sol! {
    #[derive(Debug)]
    struct Header {
        bytes32 parent;
        bytes32 stateRoot;
        bytes32 authRoot;
        uint32 authCount;
        uint64 inboxCount;
        bytes24 inboxAccumulator;
        uint16 chunkCount;
        uint64 blockNumber;
        bytes32 blockHash;
        uint64 timestamp;
    }

    #[derive(Debug)]
    struct Batch {
        Header header;
        bytes32 dataCommitment;
        uint64 postedAt;
        uint64 submissionId;
        address poster;
    }

    event BatchSubmitted(
        uint64 indexed number, bytes32 indexed batchHash, Batch batch, bytes32[] versionedHashes, bytes chunks
    );
    event BatchesReverted(uint64 indexed number, bytes32 indexed batchHash, address indexed prover, uint64 forks);
    event MessageSent(
        uint64 indexed index, address indexed account, address indexed sender, bytes24 accumulator, bytes message
    );
    event TokenListed(uint8 indexed token, address indexed tokenAddress, uint8 decimals, uint8 baseExponent);

    function FEE_ACCOUNT() external view returns (address);
    function GENESIS_STATE_ROOT() external view returns (bytes32);
    function batchHash(uint64 number) external view returns (bytes32);
    function finalize(uint64 number, Batch calldata batch) external;
    function revertFrom(uint64 number, Batch calldata batch, Batch calldata parent, address prover) external;
    function depositBond(address account) external payable;
}

impl Header {
    /// The same in the protocol's words.
    pub(crate) fn decoded(&self) -> BatchHeader {
        BatchHeader {
            parent: self.parent,
            state_root: self.stateRoot,
            auth_root: self.authRoot,
            auth_count: self.authCount,
            inbox_count: self.inboxCount,
            inbox_accumulator: self.inboxAccumulator,
            chunk_count: self.chunkCount,
            block_number: self.blockNumber,
            block_hash: self.blockHash,
            timestamp: self.timestamp,
        }
    }
}

impl Batch {
    /// What L1 added to the header.
    pub(crate) fn submission(&self) -> batch::Submission {
        batch::Submission {
            data_commitment: self.dataCommitment,
            posted_at: self.postedAt,
            id: self.submissionId,
            poster: self.poster,
        }
    }
}
