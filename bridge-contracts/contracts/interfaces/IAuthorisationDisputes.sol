// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../libraries/Batches.sol";
import {OperationProof} from "../libraries/Demands.sol";
import {ChunkProof, RootProof} from "../libraries/Openings.sol";
import {Signed} from "../libraries/transaction/WalletTransactions.sol";
import {IDataDispute} from "./IDataDispute.sol";

/// @title Disputes about who signed what
/// @notice Anyone who stakes a bond can demand of a pending batch the signed transaction behind one of its authorised operations. Whoever shows it
/// in time earns the bond. If nobody does, the batch falls, and the challenger gets the bond back and the reward of a prover. The owner
/// of an account needs nothing but this to keep it: no L2 data, and no help.
/// @dev L1 keeps a hash a challenge. Whoever wants something of one brings the preimage, which the event `Challenged` has. Bonds are credited and then
/// withdrawn, so that an answer never depends on whether anyone takes money.
interface IAuthorisationDisputes is IDataDispute {
    /// @notice One demand, as long as it is open.
    struct Challenge {
        /// The number of the batch.
        uint64 number;
        /// Its hash, which no other submission ever has.
        bytes32 batchHash;
        /// The place of the operation among the batch's authorised ones, from 0: that of its transaction's hash in `authRoot`.
        uint32 place;
        /// From the batch's header.
        bytes32 authRoot;
        /// From the batch's header.
        uint32 authCount;
        /// What the transaction must say: keccak256 of the ABI encoding of sender (`address`), nonce (`uint64`), kind (`uint8`: transfer, withdraw, payout),
        /// token (`address` on L1, zero for ETH) and payments (`(address, uint128)[]`).
        bytes32 digest;
        /// The base fee that the operation paid, in wei a unit of gas.
        uint64 baseFee;
        /// From this second on it is too late for an answer.
        uint64 deadline;
        /// Wei.
        uint128 bond;
        address challenger;
    }

    /// @notice Somebody demands a transaction.
    /// @param id keccak256 of the batch's hash and `place` in 4 bytes.
    event Challenged(bytes32 indexed id, Challenge challenge);
    /// @notice The transaction was shown, and the answerer earned the bond.
    /// @param raw The transaction, for those who miss it: they read events alone.
    event Answered(bytes32 indexed id, address indexed answerer, bytes raw);
    /// @notice Nobody answered, and the batch fell.
    event Unanswered(bytes32 indexed id, bytes32 indexed batchHash);
    /// @notice The batch had fallen otherwise, and the challenger got the bond back.
    event Refunded(bytes32 indexed id);
    /// @notice Bonds earned or returned were taken.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice Without a floor, demands are free whenever the base fee is zero.
    error NoBondFloor();
    /// @notice The ETH sent is less than `requiredBond`.
    error BondTooSmall(uint256 required);
    /// @notice That operation of that submission was challenged before.
    error AlreadyChallenged(bytes32 id);
    /// @notice There is no such challenge, or it has ended.
    error NotOpen(bytes32 id);
    /// @notice The challenge could be answered until then.
    error TooLate(uint256 since);
    /// @notice The challenge can be answered until then.
    error TooEarly(uint256 until);
    /// @notice The batch did not claim this transaction, or not at this place.
    error NotInAuthRoot();
    /// @notice The transaction is a valid one and says something else than the operation: its digest.
    error OtherOperation(bytes32 digest);
    /// @notice The sender was not ready to pay the base fee that the operation paid.
    error FeeBelowBaseFee(uint128 maxFee, uint64 baseFee);
    /// @notice The batch has fallen already: `refund` returns the bond.
    error HasFallen(bytes32 batchHash);
    /// @notice The batch stands: the challenge will be answered, or fell it.
    error Stands(bytes32 batchHash);
    /// @notice That is not the preimage of the batch before.
    error WrongParent(uint64 number);
    /// @notice There is nothing to take.
    error NothingToWithdraw();

    /// @notice Demands the signed transaction behind an authorised operation of a pending batch, while the batch's window is open. The ETH sent with it is
    /// the bond. Each operation can be challenged once.
    /// @param chunk The place in the batch of the chunk that holds the operation, from 0.
    /// @param opening The chunk.
    /// @param before The root that the chunk before it claims; anything for the first one.
    /// @param operation Which operation it is, and whose.
    function open(
        uint64 number,
        Batch calldata batch,
        Batch calldata parent,
        uint256 chunk,
        ChunkProof calldata opening,
        RootProof calldata before,
        OperationProof calldata operation
    ) external payable;

    /// @notice Shows the transaction that a challenge demands, before its deadline. Anyone may, and earns the bond. It works for a batch that has
    /// fallen in the meantime as well, as long as nobody asked for the refund.
    /// @dev Reverts with `InvalidTransaction` if the bytes are no wallet transaction of this chain.
    /// @param raw The signed transaction, as `eth_sendRawTransaction` takes it.
    /// @param proof That its hash is in the batch's auth root: docs/protocol.md, "Trees", list root.
    function answer(Challenge calldata challenge, bytes calldata raw, bytes32[] calldata proof) external;

    /// @notice Fells a pending batch of which a challenge was not answered, from its deadline on. Anyone may; the bond and the reward are the
    /// challenger's.
    /// @param batch The challenged batch.
    /// @param parent The one before it; anything for the first.
    function fell(Challenge calldata challenge, Batch calldata batch, Batch calldata parent) external;

    /// @notice Returns the bond of a challenge whose batch has fallen otherwise. Anyone may; it is the challenger's.
    function refund(Challenge calldata challenge) external;

    /// @notice Takes the caller's bonds, earned and returned.
    function withdraw(address payable to) external;

    /// @notice What L1 reads in a wallet transaction. Reverts with `InvalidTransaction` where the sequencer must refuse it.
    function decode(bytes calldata raw) external view returns (Signed memory);

    /// @notice The bond that a challenge takes in this block, in wei: four times what the costliest answer would pay for its gas, so that an answer pays
    /// even after the base fee has risen, and at least the floor. A node that runs calls with a base fee of zero says the floor.
    function requiredBond() external view returns (uint256);

    /// @notice Zero for an operation that was never challenged, the hash of the open challenge, or 1 when it has ended.
    function record(bytes32 id) external view returns (bytes32);

    /// @notice Bonds earned or returned that the account has not taken, in wei.
    function balance(address account) external view returns (uint256);

    /// @notice The least bond, in wei.
    function BOND_FLOOR() external view returns (uint128);

    /// @notice The gas of the costliest answer, all of its transaction, rounded up.
    function ANSWER_GAS() external view returns (uint256);
}
