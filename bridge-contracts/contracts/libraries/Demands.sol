// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../interfaces/IBridge.sol";
import {Entry, Ledger, Table} from "./Ledger.sol";
import {Kind as OperationKind, Operation, Operations, Payee, Scope} from "./Operations.sol";
import {Reader} from "./Reader.sol";
import {State, States} from "./States.sol";
import {Kind, Payment} from "./transaction/Calls.sol";
import {WalletTransactions} from "./transaction/WalletTransactions.sol";

/// @notice An authorised operation of a chunk, with what tells whose it is. docs/disputes.md, "Authorisation".
struct OperationProof {
    /// The operation's place among all of the chunk, from 0.
    uint256 operation;
    /// The preimages of the state roots before the batch, before the chunk and after the chunk.
    State atBatch;
    State before;
    State afterwards;
    /// The fee account, the sender and the recipients that have an index, as they are after the chunk; packed, ascending by index.
    bytes accounts;
    /// Their multiproof.
    bytes32[] siblings;
}

/// @notice What an authorised operation of a batch calls for.
struct Demand {
    /// Its place among the batch's authorised operations, from 0.
    uint32 place;
    /// See `IAuthorisationDisputes.Challenge`.
    bytes32 digest;
    /// Of the block that holds it, in wei a unit of gas.
    uint64 baseFee;
}

/// @title What a transaction must have said, from the operation that it authorised
/// @dev Nothing is executed. Accounts, nonces included, are read from the state that the chunk claims to lead to: if that is wrong, the chunk is,
/// and falls by a transition proof. All of it reverts where something does not fit.
library Demands {
    using Ledger for Table;
    using Operations for Operation;

    /// @notice That is not the preimage of the state root.
    error WrongState(bytes32 expected, bytes32 given);
    /// @notice The accounts or the siblings are not those under the state root.
    error WrongAccounts(bytes32 expected, bytes32 given);
    /// @notice The chunk has no such operation, or cannot be read up to its end.
    error NoSuchOperation(uint256 operation);
    /// @notice Nobody signs such an operation.
    error NotAuthorised(uint256 operation);

    uint256 private constant ROOT_BYTES = 32;

    /// @dev A walk over a chunk's operations.
    struct Walk {
        Reader.Cursor cursor;
        Scope scope;
        /// The operation asked for, once it is met.
        Operation target;
        /// Its block's base fee.
        uint256 baseFee;
        /// Authorised operations of the chunk before it.
        uint256 place;
        /// Those of its sender from it on, itself included.
        uint256 since;
    }

    /// @notice What the operation calls for.
    /// @param rootAtBatch The state root before the batch.
    /// @param rootBefore The state root before the chunk.
    /// @param chunk The chunk.
    function find(
        bytes32 rootAtBatch,
        bytes32 rootBefore,
        bytes calldata chunk,
        OperationProof calldata proof,
        IBridge bridge
    ) internal view returns (Demand memory demand) {
        _checkState(rootAtBatch, proof.atBatch);
        _checkState(rootBefore, proof.before);
        _checkState(bytes32(chunk[0:ROOT_BYTES]), proof.afterwards);
        Table memory table = Ledger.read(proof.accounts, proof.afterwards.accountCount);
        bytes32 root = table.rootBefore(proof.afterwards.accountCount, proof.siblings);
        if (root != proof.afterwards.accountsRoot) revert WrongAccounts(proof.afterwards.accountsRoot, root);

        Walk memory walk = _walk(chunk, proof, bridge);
        uint256 place = walk.place + proof.before.authorisedCount - proof.atBatch.authorisedCount;
        demand.place = uint32(place);
        demand.baseFee = uint64(walk.baseFee);
        demand.digest = _digest(walk, table, bridge);
    }

    /// @dev Reads all operations: those before the target for its place, those after it for its nonce.
    function _walk(bytes calldata chunk, OperationProof calldata proof, IBridge bridge)
        private
        view
        returns (Walk memory walk)
    {
        walk.cursor = Reader.over(chunk, ROOT_BYTES);
        walk.scope = Operations.scope(bridge);
        walk.scope.accountCount = proof.before.accountCount;
        walk.scope.baseFee = proof.before.baseFee;
        walk.target = Operations.room();
        Operation memory other = Operations.room();
        uint256 length = chunk.length;
        uint256 place = 0;
        for (; walk.cursor.place < length && chunk[walk.cursor.place] != 0; ++place) {
            Operation memory operation = place == proof.operation ? walk.target : other;
            operation.decode(walk.cursor, walk.scope);
            if (walk.cursor.failed) revert NoSuchOperation(place);
            _count(walk, operation, place, proof.operation);
        }
        if (place <= proof.operation) revert NoSuchOperation(proof.operation);
    }

    /// @dev Follows what the next operations' bytes depend on, and counts.
    function _count(Walk memory walk, Operation memory operation, uint256 place, uint256 target) private pure {
        if (operation.kind == OperationKind.Block) walk.scope.baseFee = operation.baseFee;
        if (operation.kind == OperationKind.Inbox && operation.hasTarget && operation.isNew) {
            walk.scope.accountCount += 1;
        }
        bool authorised = operation.isAuthorised();
        if (place == target) {
            if (!authorised) revert NotAuthorised(target);
            walk.baseFee = walk.scope.baseFee;
        }
        if (!authorised) return;
        for (uint256 i = 0; i < operation.payeeCount; ++i) {
            if (operation.payees[i].isNew) walk.scope.accountCount += 1;
        }
        if (place < target) walk.place += 1;
        else if (operation.from == walk.target.from) walk.since += 1;
    }

    function _digest(Walk memory walk, Table memory table, IBridge bridge) private view returns (bytes32) {
        Operation memory operation = walk.target;
        Entry memory sender = table.entries[table.placeOf(operation.from)];
        bool withdraws = operation.kind == OperationKind.Withdraw;
        Kind kind = withdraws ? Kind.Withdraw : operation.kind == OperationKind.Payout ? Kind.Payout : Kind.Transfer;
        Payment[] memory payments = withdraws ? _withdrawal(operation, sender) : _payments(operation, table);
        return WalletTransactions.digest(
            sender.owner,
            // The state after the chunk counts them all, or the chunk is wrong.
            uint64(sender.nonce - walk.since),
            kind,
            bridge.tokenAddress(uint8(operation.token)),
            payments
        );
    }

    function _withdrawal(Operation memory operation, Entry memory sender) private pure returns (Payment[] memory one) {
        one = new Payment[](1);
        address recipient = operation.hasRecipient ? operation.recipient : sender.owner;
        one[0] = Payment(recipient, uint128(operation.amount));
    }

    function _payments(Operation memory operation, Table memory table)
        private
        pure
        returns (Payment[] memory payments)
    {
        payments = new Payment[](operation.payeeCount);
        for (uint256 i = 0; i < operation.payeeCount; ++i) {
            Payee memory payee = operation.payees[i];
            address recipient = payee.isNew ? payee.recipient : table.entries[table.placeOf(payee.to)].owner;
            payments[i] = Payment(recipient, uint128(payee.amount));
        }
    }

    function _checkState(bytes32 root, State calldata state) private pure {
        bytes32 given = States.root(state);
        if (given != root) revert WrongState(root, given);
    }
}
