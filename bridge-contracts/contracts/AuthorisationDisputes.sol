// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {DataDispute} from "./DataDispute.sol";
import {IAuthorisationDisputes} from "./interfaces/IAuthorisationDisputes.sol";
import {IPostedData} from "./interfaces/IPostedData.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {Batch, Batches} from "./libraries/Batches.sol";
import {Demand, OperationProof} from "./libraries/Demands.sol";
import {ListRoot} from "./libraries/ListRoot.sol";
import {ChunkProof, RootProof} from "./libraries/Openings.sol";
import {Signed, WalletTransactions} from "./libraries/transaction/WalletTransactions.sol";

/// @title AuthorisationDisputes
/// @notice See `IAuthorisationDisputes`.
contract AuthorisationDisputes is DataDispute, IAuthorisationDisputes {
    /// @dev The record of a challenge that has ended. No hash of a challenge is that.
    bytes32 private constant ENDED = bytes32(uint256(1));
    /// @dev An answer must pay even if the base fee rises fourfold before it gets into a block.
    uint256 private constant BOND_FACTOR = 4;
    /// @inheritdoc IAuthorisationDisputes
    /// @dev Of a payout of a token to 64 recipients, with no zeros where there can be others, in a batch with as many operations as any can
    /// have: snapshots/Answers.json.
    uint256 public constant ANSWER_GAS = 260_000;

    /// @inheritdoc IAuthorisationDisputes
    uint128 public immutable BOND_FLOOR;
    uint64 private immutable _responseWindow;
    uint64 private immutable _chainId;

    /// @inheritdoc IAuthorisationDisputes
    mapping(bytes32 id => bytes32) public record;
    /// @inheritdoc IAuthorisationDisputes
    mapping(address account => uint256) public balance;

    /// @param rollup_ The rollup, deployed before with this contract's address.
    /// @param postedData_ What reads batches' data.
    /// @param bondFloor The least bond, in wei; not zero.
    constructor(address rollup_, address postedData_, uint128 bondFloor) DataDispute(rollup_, postedData_) {
        if (bondFloor == 0) revert NoBondFloor();
        BOND_FLOOR = bondFloor;
        _responseWindow = IRollup(rollup_).RESPONSE_WINDOW();
        _chainId = IRollup(rollup_).L2_CHAIN_ID();
    }

    /// @inheritdoc IAuthorisationDisputes
    function open(
        uint64 number,
        Batch calldata batch,
        Batch calldata parent,
        uint256 chunk,
        ChunkProof calldata opening,
        RootProof calldata before,
        OperationProof calldata operation
    ) external payable {
        if (number != 1) _checkParent(number - 1, parent);
        bytes32 rootAtBatch = _rootBefore(number, parent);
        _open(number, batch, IPostedData(postedData).demand(batch, rootAtBatch, chunk, opening, before, operation));
    }

    /// @inheritdoc IAuthorisationDisputes
    function answer(Challenge calldata challenge, bytes calldata raw, bytes32[] calldata proof) external {
        bytes32 id = _requireOpen(challenge);
        if (block.timestamp >= challenge.deadline) revert TooLate(challenge.deadline);
        bool claimed =
            ListRoot.contains(challenge.authRoot, challenge.authCount, challenge.place, keccak256(raw), proof);
        if (!claimed) revert NotInAuthRoot();
        _checkAuthorises(challenge, decode(raw));

        _end(id, msg.sender, challenge.bond);
        emit Answered(id, msg.sender, raw);
        IRollup(rollup).closeChallenge(challenge.batchHash);
    }

    /// @inheritdoc IAuthorisationDisputes
    function fell(Challenge calldata challenge, Batch calldata batch, Batch calldata parent) external {
        bytes32 id = _requireOpen(challenge);
        if (block.timestamp < challenge.deadline) revert TooEarly(challenge.deadline);
        // Or another batch that has taken the number would fall instead.
        if (!_stands(challenge)) revert HasFallen(challenge.batchHash);

        _end(id, challenge.challenger, challenge.bond);
        emit Unanswered(id, challenge.batchHash);
        IRollup(rollup).revertFrom(challenge.number, batch, parent, challenge.challenger);
    }

    /// @inheritdoc IAuthorisationDisputes
    function refund(Challenge calldata challenge) external {
        bytes32 id = _requireOpen(challenge);
        if (_stands(challenge)) revert Stands(challenge.batchHash);

        _end(id, challenge.challenger, challenge.bond);
        emit Refunded(id);
    }

    /// @inheritdoc IAuthorisationDisputes
    function withdraw(address payable to) external {
        uint256 amount = balance[msg.sender];
        if (amount == 0) revert NothingToWithdraw();

        balance[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amount);
        Address.sendValue(to, amount);
    }

    /// @inheritdoc IAuthorisationDisputes
    function decode(bytes calldata raw) public view returns (Signed memory) {
        return WalletTransactions.decode(raw, _chainId);
    }

    /// @inheritdoc IAuthorisationDisputes
    function requiredBond() public view returns (uint256) {
        return Math.max(BOND_FLOOR, BOND_FACTOR * ANSWER_GAS * block.basefee);
    }

    /// @dev Opens a challenge of the caller's, who sent the bond with it. The rollup checks the batch, and that its window is open.
    function _open(uint64 number, Batch calldata batch, Demand memory demand) internal {
        uint256 required = requiredBond();
        if (msg.value < required) revert BondTooSmall(required);
        bytes32 batchHash = Batches.hash(batch);
        bytes32 id = _idOf(batchHash, demand.place);
        if (record[id] != 0) revert AlreadyChallenged(id);

        Challenge memory challenge = Challenge({
            number: number,
            batchHash: batchHash,
            place: demand.place,
            authRoot: batch.header.authRoot,
            authCount: batch.header.authCount,
            digest: demand.digest,
            baseFee: demand.baseFee,
            deadline: uint64(block.timestamp) + _responseWindow,
            // There are fewer wei than 2^128.
            bond: uint128(msg.value),
            challenger: msg.sender
        });
        record[id] = keccak256(abi.encode(challenge));
        emit Challenged(id, challenge);
        IRollup(rollup).openChallenge(number, batch);
    }

    function _checkParent(uint64 number, Batch calldata parent) private view {
        if (IRollup(rollup).batchHash(number) != Batches.hash(parent)) revert WrongParent(number);
    }

    function _requireOpen(Challenge calldata challenge) private view returns (bytes32 id) {
        id = _idOf(challenge.batchHash, challenge.place);
        if (record[id] != keccak256(abi.encode(challenge))) revert NotOpen(id);
    }

    /// @dev An ended challenge stays ended: each operation is challenged once a submission.
    function _end(bytes32 id, address payee, uint128 bond) private {
        record[id] = ENDED;
        balance[payee] += bond;
    }

    /// @dev Whether the batch is one of the standing chain. One that has fallen never stands again: its hash has the submission's id.
    function _stands(Challenge calldata challenge) private view returns (bool) {
        // The rest of the head does not matter.
        // slither-disable-next-line unused-return
        (uint64 newest,,,,) = IRollup(rollup).head();
        return challenge.number <= newest && IRollup(rollup).batchHash(challenge.number) == challenge.batchHash;
    }

    function _checkAuthorises(Challenge calldata challenge, Signed memory signed) private pure {
        bytes32 digest =
            WalletTransactions.digest(signed.sender, signed.nonce, signed.kind, signed.token, signed.payments);
        if (digest != challenge.digest) revert OtherOperation(digest);
        if (signed.maxFee < challenge.baseFee) revert FeeBelowBaseFee(signed.maxFee, challenge.baseFee);
    }

    function _idOf(bytes32 batchHash, uint32 place) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(batchHash, place));
    }
}
