// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch, BatchHeader} from "../libraries/Batches.sol";

/// @title The chain of batches
/// @notice Sequencers append batches. A batch is *pending* until it is final or falls. It is final once `CHALLENGE_WINDOW` has passed since it was
/// posted, no challenge in it or before it is open, and somebody said so (`finalize`; `IBridge.claim` does). It falls, with all
/// later ones, when a dispute contract proves it wrong. The first batch has the number 1; genesis stands for batch 0.
/// @dev L1 keeps a hash a batch. Whoever wants something of a batch brings the preimage, which the event has.
interface IRollup {
    /// @notice What is fixed at deployment. Times are in seconds.
    struct Parameters {
        /// How long a batch can be challenged.
        uint64 challengeWindow;
        /// How long a challenge can be answered.
        uint64 responseWindow;
        /// A message older than this, by the batch's own clock, must be consumed.
        uint64 forceInclusionWindow;
        /// After so long without a batch while a message waits, or with a message unconsumed, anyone can switch to escape mode.
        uint64 escapeDelay;
        /// And after so long with a message that no final batch consumed.
        uint64 maxStall;
        /// Between the timelock's call and its effect on the sequencer set.
        uint64 sequencerDelay;
        /// What a sequencer stakes, in wei.
        uint96 bond;
        /// Account 0, which receives the fees.
        address feeAccount;
        /// The L2 chain id on a development chain (L1 chain id 31337); zero elsewhere, where it is derived.
        uint64 developmentChainId;
    }

    /// @notice That contract may fell batches, from deployment on and for ever.
    event DisputesAllowed(address indexed disputes);
    /// @notice A batch was posted. All that derivation needs, but the blobs.
    /// @param versionedHashes The blobs' versioned hashes in order, or nothing if the batch is in calldata.
    /// @param chunks The whole chunks, or nothing if the batch is in blobs.
    event BatchSubmitted(
        uint64 indexed number, bytes32 indexed batchHash, Batch batch, bytes32[] versionedHashes, bytes chunks
    );
    /// @notice That batch and all before it are final.
    event BatchFinalized(uint64 indexed number, bytes32 indexed batchHash, bytes32 stateRoot);
    /// @notice That batch and all later ones have fallen.
    /// @param forks Reverts so far.
    event BatchesReverted(uint64 indexed number, bytes32 indexed batchHash, address indexed prover, uint64 forks);
    /// @notice A challenge against that batch was opened.
    event ChallengeOpened(uint64 indexed number, bytes32 indexed batchHash, uint64 open);
    /// @notice A challenge against the batch with this hash was answered.
    event ChallengeClosed(bytes32 indexed batchHash, uint64 open);
    /// @notice Nothing can be posted any more.
    event Escaped(uint64 head);

    /// @notice The parameters contradict each other, or a time is longer than ten years: see the constructor. Panics if their sums overflow.
    error InvalidParameters();
    /// @notice The inbox, the bridge and the rollup do not name each other.
    error WrongWiring();
    /// @notice The rollup is in escape mode.
    error InEscapeMode();
    /// @notice The batch does not continue the newest standing one.
    error WrongParent(bytes32 expected, bytes32 given);
    /// @notice A batch has 1 to 1,536 chunks in blobs, 1 to 60 in calldata.
    error WrongChunkCount(uint256 chunks);
    /// @notice The transaction carries fewer blobs than the batch fills, or more.
    error WrongBlobCount(uint256 expected);
    /// @notice The calldata is not the batch's chunks: 496 bytes each.
    error WrongCalldataLength(uint256 expected, uint256 given);
    /// @notice The last block is more than 60 seconds ahead of L1.
    error TimestampAhead(uint64 timestamp);
    /// @notice A batch consumes no fewer messages than its parent.
    error InboxCountFalls(uint64 parent, uint64 given);
    /// @notice The inbox's hash chain has another value there: the batch was built on an L1 fork that is gone.
    error WrongAccumulator(bytes24 expected, bytes24 given);
    /// @notice A message is older than `FORCE_INCLUSION_WINDOW` and must be consumed, or 1,024 messages by this batch.
    error MessageIgnored(uint64 index, uint64 timestamp);
    /// @notice There is no such pending batch: it is final, has fallen or was never posted.
    error NotPending(uint64 number);
    /// @notice There is no such final batch.
    error NotFinal(uint64 number);
    /// @notice That is not the batch's preimage.
    error WrongBatch(uint64 number);
    /// @notice The batch can be challenged until then.
    error WindowOpen(uint256 until);
    /// @notice The batch could be challenged until then.
    error WindowClosed(uint256 since);
    /// @notice A challenge against that batch is open.
    error ChallengePending(uint64 number);
    /// @notice No challenge against that batch is open.
    error NoChallenge(bytes32 batchHash);
    /// @notice Only a dispute contract may do that.
    error NotDisputes(address caller);
    /// @notice No message waits, so nobody is held up.
    error NoMessageWaits();
    /// @notice It is too early to escape.
    error TooEarly(uint256 until);
    /// @notice The oldest pending batch can be made final: do that instead.
    error CanBeFinal(uint64 number);
    /// @notice The rollup is not in escape mode, or a batch is still pending.
    error NotSettled();

    /// @notice Posts a batch in this transaction's blobs.
    /// @param sequencer In whose name: the caller, or a sequencer that made the caller its poster.
    function submitBlobs(address sequencer, BatchHeader calldata header) external;

    /// @notice Posts a batch in calldata.
    /// @param sequencer In whose name: the caller, or a sequencer that made the caller its poster.
    /// @param chunks The chunks, 496 bytes each.
    function submitCalldata(address sequencer, BatchHeader calldata header, bytes calldata chunks) external;

    /// @notice Makes a pending batch, and all before it, final. Anyone may, when it can be. Looks at each batch up to the last one challenged:
    /// where those are thousands, go in steps.
    function finalize(uint64 number, Batch calldata batch) external;

    /// @notice The state root of a final batch. Makes it final first if it can be.
    function finalStateRoot(uint64 number, Batch calldata batch) external returns (bytes32);

    /// @notice Fells a pending batch and all later ones, and slashes its sequencer. Only a dispute contract, with a proof.
    /// @param batch The wrong batch.
    /// @param parent The one before it; anything for the first.
    /// @param prover Who gets the reward.
    function revertFrom(uint64 number, Batch calldata batch, Batch calldata parent, address prover) external;

    /// @notice Slashes a sequencer that contradicted itself off the chain of batches. Only a dispute contract, with a proof.
    function slash(address sequencer, address prover) external;

    /// @notice Notes one more open challenge against a pending batch, within its challenge window. Only a dispute contract.
    function openChallenge(uint64 number, Batch calldata batch) external;

    /// @notice Notes that a challenge was answered. Only a dispute contract. `batchHash` may have fallen in the meantime.
    function closeChallenge(bytes32 batchHash) external;

    /// @notice Switches to escape mode, for good, when a message waited for `ESCAPE_DELAY`; or when no batch was posted for that long and a
    /// message waited for `FORCE_INCLUSION_WINDOW`. Not within a day of a revert, unless the message has waited for so long that reverts must
    /// be the reason. Anyone may.
    function escape() external;

    /// @notice Switches to escape mode, for good, when a message waits for `MAX_STALL` that no final batch consumed, and nothing can be made
    /// final. Anyone may.
    /// @param oldestPending The oldest batch that is not final; anything if there is none.
    function escapeStalled(Batch calldata oldestPending) external;

    /// @notice The state root of the last final batch, once the rollup has escaped and no batch is pending. Reverts before.
    function settledStateRoot(Batch calldata batch) external view returns (bytes32);

    /// @notice Whether the rollup has escaped and no batch is pending; and the messages that final batches have consumed.
    function settlement() external view returns (bool settled, uint64 consumed);

    /// @notice Reverts unless `batch` is the pending batch of that number.
    function requirePending(uint64 number, Batch calldata batch) external view;

    /// @notice The newest standing batch.
    /// @return number Its number; 0 is genesis.
    /// @return inboxCount Messages that standing batches have consumed.
    /// @return submissions Submissions so far, fallen ones included: the next submission's id.
    /// @return postedAt When it was posted; for genesis, when the contract was deployed.
    /// @return escaped Whether the rollup is in escape mode.
    function head()
        external
        view
        returns (uint64 number, uint64 inboxCount, uint64 submissions, uint64 postedAt, bool escaped);

    /// @notice The header hash of the newest standing batch, which the next one must name as its parent; zero for genesis.
    function headHeaderHash() external view returns (bytes32);

    /// @notice The newest final batch's number, and the messages that final batches have consumed.
    function finality() external view returns (uint64 number, uint64 inboxCount);

    /// @notice The hash of the batch that had this number last; zero for genesis and for numbers never taken. A number above `head`'s
    /// keeps the hash of a batch that fell.
    function batchHash(uint64 number) external view returns (bytes32);

    /// @notice Open challenges against the batch with this hash.
    function openChallenges(bytes32 hash) external view returns (uint64);

    /// @notice Reverts so far: the fork id of docs/protocol.md, "Blocks".
    function forks() external view returns (uint64);

    /// @notice The fork id that blocks posted by a submission were signed with: reverts before it. Looks at each revert since.
    function forkOf(uint64 submissionId) external view returns (uint64);

    /// @notice Whether that contract may fell batches. Fixed at deployment.
    function isDisputes(address account) external view returns (bool);

    /// @notice The L2 chain id.
    function L2_CHAIN_ID() external view returns (uint64);

    /// @notice The state root before the first batch.
    function GENESIS_STATE_ROOT() external view returns (bytes32);

    /// @notice Account 0.
    function FEE_ACCOUNT() external view returns (address);

    /// @notice See `Parameters`.
    function CHALLENGE_WINDOW() external view returns (uint64);
    /// @notice See `Parameters`.
    function RESPONSE_WINDOW() external view returns (uint64);
    /// @notice See `Parameters`.
    function FORCE_INCLUSION_WINDOW() external view returns (uint64);
    /// @notice See `Parameters`.
    function ESCAPE_DELAY() external view returns (uint64);
    /// @notice See `Parameters`.
    function MAX_STALL() external view returns (uint64);

    /// @notice The queue of messages.
    function inbox() external view returns (address);

    /// @notice The contract that holds the funds.
    function bridge() external view returns (address);
}
