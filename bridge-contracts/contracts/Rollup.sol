// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SequencerSet} from "./SequencerSet.sol";
import {IBridge} from "./interfaces/IBridge.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {Batch, BatchHeader, Batches} from "./libraries/Batches.sol";
import {Genesis} from "./libraries/Genesis.sol";

/// @title Rollup
/// @notice See `IRollup`.
contract Rollup is IRollup, SequencerSet {
    /// @dev The newest standing batch and most of what a submission changes, in one word.
    struct Head {
        uint64 number;
        uint64 inboxCount;
        uint64 submissions;
        uint56 postedAt;
        bool escaped;
    }

    /// @dev What finality depends on, in one word.
    struct Finality {
        uint64 number;
        uint64 inboxCount;
        /// No pending batch above this number has an open challenge.
        uint64 lastChallenged;
        /// Reverts so far.
        uint64 forks;
    }

    /// @dev Seconds that a batch's timestamp may be ahead of L1.
    uint64 private constant MAX_LEAD = 60;
    /// @dev A batch that consumes so many messages may leave old ones to the next.
    uint64 private constant MAX_FORCED = 1024;
    /// @dev Seconds after a revert in which sequencers can post again before anyone can escape.
    uint64 private constant REVERT_GRACE = 1 days;
    /// @dev The longest time that can be chosen, so that no sum of times overflows later.
    uint64 private constant MAX_TIME = 3650 days;
    /// @dev The L1 chain id of development chains.
    uint256 private constant DEVELOPMENT_L1 = 31337;

    /// @inheritdoc IRollup
    address public immutable inbox;
    /// @inheritdoc IRollup
    address public immutable bridge;
    /// @inheritdoc IRollup
    uint64 public immutable L2_CHAIN_ID;
    /// @inheritdoc IRollup
    bytes32 public immutable GENESIS_STATE_ROOT;
    /// @inheritdoc IRollup
    address public immutable FEE_ACCOUNT;
    /// @inheritdoc IRollup
    uint64 public immutable CHALLENGE_WINDOW;
    /// @inheritdoc IRollup
    uint64 public immutable RESPONSE_WINDOW;
    /// @inheritdoc IRollup
    uint64 public immutable FORCE_INCLUSION_WINDOW;
    /// @inheritdoc IRollup
    uint64 public immutable ESCAPE_DELAY;
    /// @inheritdoc IRollup
    uint64 public immutable MAX_STALL;
    uint64 private immutable _deployedAt;

    Head private _head;
    /// @inheritdoc IRollup
    bytes32 public headHeaderHash;
    Finality private _finality;
    /// @dev Nobody can escape before, because of a revert.
    uint64 private _graceUntil;
    /// @inheritdoc IRollup
    mapping(uint64 number => bytes32) public batchHash;
    /// @inheritdoc IRollup
    mapping(bytes32 hash => uint64) public openChallenges;
    /// @inheritdoc IRollup
    mapping(address account => bool) public isDisputes;
    /// @dev By fork id, from 1: the submissions before the revert that began it.
    mapping(uint64 fork => uint64) private _submissionsBefore;

    modifier onlyDisputes() {
        if (!isDisputes[msg.sender]) revert NotDisputes(msg.sender);
        _;
    }

    /// @param inbox_ The inbox, deployed before with this contract's address.
    /// @param bridge_ The bridge, deployed before with this contract's address.
    /// @param governance_ The timelock.
    /// @param disputes The contracts that may fell batches.
    /// @param sequencers The first sequencers, who may post as soon as they have staked.
    /// @param parameters `maxStall` must be longer than forced inclusion, a challenge and its answer together, a change of the sequencer
    /// set must take longer than a challenge and its answer, and escape longer than forced inclusion. No time is zero or above ten years.
    constructor(
        address inbox_,
        address bridge_,
        address governance_,
        address[] memory disputes,
        address[] memory sequencers,
        Parameters memory parameters
    )
        SequencerSet(
            governance_,
            parameters.bond,
            parameters.sequencerDelay,
            parameters.sequencerDelay + parameters.challengeWindow + parameters.responseWindow,
            sequencers
        )
    {
        _checkParameters(parameters);
        _checkWiring(inbox_, bridge_, governance_);
        inbox = inbox_;
        bridge = bridge_;
        L2_CHAIN_ID = _chainId(parameters.developmentChainId);
        GENESIS_STATE_ROOT = Genesis.stateRoot(parameters.feeAccount);
        FEE_ACCOUNT = parameters.feeAccount;
        CHALLENGE_WINDOW = parameters.challengeWindow;
        RESPONSE_WINDOW = parameters.responseWindow;
        FORCE_INCLUSION_WINDOW = parameters.forceInclusionWindow;
        ESCAPE_DELAY = parameters.escapeDelay;
        MAX_STALL = parameters.maxStall;
        _deployedAt = uint64(block.timestamp);
        _head.postedAt = uint56(block.timestamp);
        for (uint256 i = 0; i < disputes.length; ++i) {
            isDisputes[disputes[i]] = true;
            emit DisputesAllowed(disputes[i]);
        }
    }

    /// @inheritdoc IRollup
    function submitBlobs(address sequencer_, BatchHeader calldata header) external {
        uint256 chunks = header.chunkCount;
        uint256 blobs = Math.ceilDiv(chunks, Batches.CHUNKS_IN_BLOB);
        if (blobs == 0 || blobs > Batches.MAX_BLOBS) revert WrongChunkCount(chunks);
        bytes32[] memory hashes = new bytes32[](blobs);
        for (uint256 i = 0; i < blobs; ++i) {
            hashes[i] = blobhash(i);
            if (hashes[i] == 0) revert WrongBlobCount(blobs);
        }
        if (blobhash(blobs) != 0) revert WrongBlobCount(blobs);
        _submit(sequencer_, header, Batches.blobCommitment(hashes), hashes, "");
    }

    /// @inheritdoc IRollup
    function submitCalldata(address sequencer_, BatchHeader calldata header, bytes calldata chunks) external {
        uint256 count = header.chunkCount;
        if (count == 0 || count > Batches.MAX_CALLDATA_CHUNKS) revert WrongChunkCount(count);
        uint256 length = count * Batches.CHUNK_BYTES;
        if (chunks.length != length) revert WrongCalldataLength(length, chunks.length);
        // The event repeats the chunks, so that derivation reads nothing but events, whoever called this contract. For full chunks it
        // costs nothing: below the floor price of calldata (EIP-7623) computation is free, and the event is.
        _submit(sequencer_, header, Batches.calldataCommitment(chunks), new bytes32[](0), chunks);
    }

    /// @inheritdoc IRollup
    function finalize(uint64 number, Batch calldata batch) external {
        _finalize(number, batch);
    }

    /// @inheritdoc IRollup
    function finalStateRoot(uint64 number, Batch calldata batch) external returns (bytes32) {
        if (number > _finality.number) {
            _finalize(number, batch);
        } else if (number == 0) {
            revert NotFinal(number);
        } else {
            _checkHash(number, batch);
        }
        return batch.header.stateRoot;
    }

    /// @inheritdoc IRollup
    function revertFrom(uint64 number, Batch calldata batch, Batch calldata parent, address prover)
        external
        onlyDisputes
    {
        requirePending(number, batch);
        _returnTo(number - 1, parent);
        _finality.forks += 1;
        _submissionsBefore[_finality.forks] = _head.submissions;
        if (_finality.lastChallenged >= number) _finality.lastChallenged = number - 1;
        _graceUntil = uint64(block.timestamp) + REVERT_GRACE;
        emit BatchesReverted(number, batchHash[number], prover, _finality.forks);
        _slash(batch.poster, prover);
    }

    /// @inheritdoc IRollup
    function slash(address sequencer_, address prover) external onlyDisputes {
        _slash(sequencer_, prover);
    }

    /// @inheritdoc IRollup
    function openChallenge(uint64 number, Batch calldata batch) external onlyDisputes {
        requirePending(number, batch);
        uint256 end = uint256(batch.postedAt) + CHALLENGE_WINDOW;
        if (block.timestamp >= end) revert WindowClosed(end);

        bytes32 hash = batchHash[number];
        openChallenges[hash] += 1;
        if (_finality.lastChallenged < number) _finality.lastChallenged = number;
        emit ChallengeOpened(number, hash, openChallenges[hash]);
    }

    /// @inheritdoc IRollup
    function closeChallenge(bytes32 hash) external onlyDisputes {
        if (openChallenges[hash] == 0) revert NoChallenge(hash);
        openChallenges[hash] -= 1;
        emit ChallengeClosed(hash, openChallenges[hash]);
    }

    /// @inheritdoc IRollup
    function escape() external {
        Head memory head_ = _head;
        // Who has waited is the question, not the chain's value.
        // slither-disable-next-line unused-return
        (, uint64 waitingSince) = IInbox(inbox).checkpoint(head_.inboxCount);
        // Zero means that there is no such message.
        // slither-disable-next-line incorrect-equality
        if (waitingSince == 0) revert NoMessageWaits();
        // Whatever stood still before, a message gets the time in which a batch has to consume it: nobody ends an idle or
        // recovering rollup by sending one.
        uint256 silent = uint256(Math.min(head_.postedAt, waitingSince)) + ESCAPE_DELAY;
        uint256 ignored = uint256(waitingSince) + FORCE_INCLUSION_WINDOW;
        // Each revert gives sequencers a day to post again. One that has its own batches felled one by one gains no more than this.
        uint256 longest = uint256(waitingSince) + ESCAPE_DELAY + CHALLENGE_WINDOW + RESPONSE_WINDOW + 2 * REVERT_GRACE;
        uint256 from = Math.max(Math.max(silent, ignored), Math.min(_graceUntil, longest));
        if (block.timestamp < from) revert TooEarly(from);
        _escape();
    }

    /// @inheritdoc IRollup
    function escapeStalled(Batch calldata oldestPending) external {
        // As in `escape`.
        // slither-disable-next-line unused-return
        (, uint64 waitingSince) = IInbox(inbox).checkpoint(_finality.inboxCount);
        // slither-disable-next-line incorrect-equality
        if (waitingSince == 0) revert NoMessageWaits();
        uint256 from = uint256(waitingSince) + MAX_STALL;
        if (block.timestamp < from) revert TooEarly(from);
        (uint64 number, uint64 postedAt) = _oldestPending(oldestPending);
        bool open = number == 0 || block.timestamp < uint256(postedAt) + CHALLENGE_WINDOW;
        if (!open && openChallenges[batchHash[number]] == 0) revert CanBeFinal(number);
        _escape();
    }

    /// @inheritdoc IRollup
    function settledStateRoot(Batch calldata batch) external view returns (bytes32) {
        if (!_settled()) revert NotSettled();
        uint64 number = _finality.number;
        if (number == 0) revert NotFinal(number);
        _checkHash(number, batch);
        return batch.header.stateRoot;
    }

    /// @inheritdoc IRollup
    function settlement() external view returns (bool, uint64) {
        return (_settled(), _finality.inboxCount);
    }

    /// @inheritdoc IRollup
    function head() external view returns (uint64, uint64, uint64, uint64, bool) {
        Head memory head_ = _head;
        return (head_.number, head_.inboxCount, head_.submissions, head_.postedAt, head_.escaped);
    }

    /// @inheritdoc IRollup
    function finality() external view returns (uint64, uint64) {
        return (_finality.number, _finality.inboxCount);
    }

    /// @inheritdoc IRollup
    function forks() external view returns (uint64) {
        return _finality.forks;
    }

    /// @inheritdoc IRollup
    function forkOf(uint64 submissionId) external view returns (uint64) {
        uint64 fork = _finality.forks;
        while (fork != 0 && _submissionsBefore[fork] > submissionId) --fork;
        return fork;
    }

    /// @inheritdoc IRollup
    function requirePending(uint64 number, Batch calldata batch) public view {
        if (number <= _finality.number || number > _head.number) revert NotPending(number);
        _checkHash(number, batch);
    }

    function _submit(
        address sequencer_,
        BatchHeader calldata header,
        bytes32 commitment,
        bytes32[] memory versionedHashes,
        bytes memory chunks
    ) private {
        Head memory head_ = _head;
        if (head_.escaped) revert InEscapeMode();
        _checkPoster(sequencer_);
        if (header.parent != headHeaderHash) revert WrongParent(headHeaderHash, header.parent);
        if (header.timestamp > block.timestamp + MAX_LEAD) revert TimestampAhead(header.timestamp);
        _checkInbox(head_.inboxCount, header);

        Batch memory batch = Batch(header, commitment, uint64(block.timestamp), head_.submissions, sequencer_);
        bytes32 hash = Batches.hash(batch);
        uint64 number = head_.number + 1;
        batchHash[number] = hash;
        headHeaderHash = Batches.headerHash(header);
        _head = Head(number, header.inboxCount, head_.submissions + 1, uint56(block.timestamp), false);
        emit BatchSubmitted(number, hash, batch, versionedHashes, chunks);
    }

    /// @dev The batch has consumed what L1 says is in the inbox, no less than its parent, and all that has waited too long.
    function _checkInbox(uint64 consumed, BatchHeader calldata header) private view {
        uint64 count = header.inboxCount;
        if (count < consumed) revert InboxCountFalls(consumed, count);
        (bytes24 accumulator, uint64 nextTimestamp) = IInbox(inbox).checkpoint(count);
        if (header.inboxAccumulator != accumulator) revert WrongAccumulator(accumulator, header.inboxAccumulator);
        bool overdue = nextTimestamp != 0 && uint256(nextTimestamp) + FORCE_INCLUSION_WINDOW < header.timestamp;
        if (overdue && count - consumed < MAX_FORCED) revert MessageIgnored(count, nextTimestamp);
    }

    function _finalize(uint64 number, Batch calldata batch) private {
        requirePending(number, batch);
        uint256 end = uint256(batch.postedAt) + CHALLENGE_WINDOW;
        if (block.timestamp < end) revert WindowOpen(end);
        Finality memory finality_ = _finality;
        uint256 last = Math.min(number, finality_.lastChallenged);
        for (uint64 i = finality_.number + 1; i <= last; ++i) {
            if (openChallenges[batchHash[i]] != 0) revert ChallengePending(i);
        }

        _finality.number = number;
        _finality.inboxCount = batch.header.inboxCount;
        emit BatchFinalized(number, batchHash[number], batch.header.stateRoot);
    }

    function _escape() private {
        if (_head.escaped) revert InEscapeMode();
        _head.escaped = true;
        emit Escaped(_head.number);
        IInbox(inbox).close();
    }

    function _settled() private view returns (bool) {
        // Both count batches, and the final one is never above the head.
        // slither-disable-next-line incorrect-equality
        return _head.escaped && _head.number == _finality.number;
    }

    function _checkHash(uint64 number, Batch calldata batch) private view {
        if (Batches.hash(batch) != batchHash[number]) revert WrongBatch(number);
    }

    /// @dev Makes batch `number` the newest standing one again.
    function _returnTo(uint64 number, Batch calldata batch) private {
        bool genesis = number == 0;
        if (!genesis) _checkHash(number, batch);
        headHeaderHash = genesis ? bytes32(0) : Batches.headerHash(batch.header);
        _head.number = number;
        _head.inboxCount = genesis ? 0 : batch.header.inboxCount;
        _head.postedAt = uint56(genesis ? _deployedAt : batch.postedAt);
    }

    function _oldestPending(Batch calldata batch) internal view override returns (uint64, uint64) {
        uint64 number = _finality.number + 1;
        if (number > _head.number) return (0, 0);
        _checkHash(number, batch);
        return (number, batch.postedAt);
    }

    function _checkParameters(Parameters memory p) private pure {
        bool windows = p.challengeWindow > 0 && p.responseWindow > 0 && p.forceInclusionWindow > 0;
        bool exits = p.escapeDelay > p.forceInclusionWindow
            && p.maxStall > p.forceInclusionWindow + p.challengeWindow + p.responseWindow;
        bool changes = p.sequencerDelay > p.challengeWindow + p.responseWindow;
        // The other times are below one of these.
        bool bounded = p.escapeDelay <= MAX_TIME && p.maxStall <= MAX_TIME && p.sequencerDelay <= MAX_TIME;
        if (!windows || !exits || !changes || !bounded) revert InvalidParameters();
        if (p.bond == 0 || p.feeAccount == address(0)) revert InvalidParameters();
    }

    function _checkWiring(address inbox_, address bridge_, address governance_) private view {
        bool agree = IInbox(inbox_).rollup() == address(this) && IInbox(inbox_).bridge() == bridge_
            && IBridge(bridge_).rollup() == address(this) && IBridge(bridge_).inbox() == inbox_
            && IBridge(bridge_).governance() == governance_;
        if (!agree) revert WrongWiring();
    }

    /// @dev Derived from where the rollup is, so that no signature is good on another one: docs/protocol.md, "Chain id".
    function _chainId(uint64 development) private view returns (uint64) {
        if (development != 0) {
            if (block.chainid != DEVELOPMENT_L1) revert InvalidParameters();
            return development;
        }
        bytes32 place = keccak256(abi.encodePacked(uint64(block.chainid), address(this)));
        return uint64(2 ** 32 + uint256(place) % 2 ** 50);
    }
}
