// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridge} from "../interfaces/IBridge.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {ForcedMessage, Deposit, Messages} from "./Messages.sol";
import {Frontier} from "./Frontier.sol";
import {Entry, Ledger, Table} from "./Ledger.sol";
import {Limits} from "./Limits.sol";
import {Kind, Operation, Operations, Payee, Scope} from "./Operations.sol";
import {Reader} from "./Reader.sol";
import {State, States} from "./States.sol";
import {TokenList, TokenLists} from "./TokenLists.sol";

/// @notice What an execution of a chunk needs of the state before it. docs/disputes.md, "Witness", has the bytes.
struct Witness {
    /// The preimage of the state root before the chunk.
    State state;
    /// The accounts that the chunk touches, packed, strictly ascending by index, the fee account first.
    bytes accounts;
    /// The multiproof of these accounts and, where the chunk is valid, of those that it creates.
    bytes32[] siblings;
    /// The inbox messages that it consumes, in order.
    bytes[] messages;
    /// The withdrawal tree's peaks, lowest first, where the chunk withdraws something.
    bytes32[] peaks;
    /// The place among the accounts, those created so far included, of one whose address the chunk gives to a new account. Any
    /// other number where there is none.
    uint256 holder;
}

/// @title Execution of a chunk
/// @dev docs/protocol.md, "Chunks" and "What operations do". Total: with a right witness any bytes give a new root or the verdict
/// that they are invalid. A witness that is wrong, or lacks an item, reverts; so does a call with too little gas.
library Chunks {
    using Ledger for Table;
    using Operations for Operation;
    using Reader for Reader.Cursor;
    using TokenLists for TokenList;

    /// @notice The witness is of another state.
    error WrongState(bytes32 expected, bytes32 given);
    /// @notice The accounts or the siblings are not those under the state root.
    error WrongAccounts(bytes32 expected, bytes32 given);
    /// @notice The messages are not those of the inbox.
    error WrongMessages(bytes24 expected, bytes24 given);
    /// @notice The witness lacks a message that the chunk consumes.
    error MessageMissing(uint256 consumed);
    /// @notice The peaks are not those of the withdrawal tree.
    error WrongPeaks(bytes32 expected, bytes32 given);

    /// @dev Bytes of a chunk that are its root.
    uint256 private constant ROOT_BYTES = 32;

    /// @dev An execution under way.
    struct Run {
        State state;
        Table table;
        Scope scope;
        Operation operation;
        uint256 inboxEnd;
        /// Inbox operations so far, and the chain's value after their messages.
        uint256 consumed;
        bytes24 accumulator;
        /// Withdrawals before and since; empty until the first one.
        Frontier.Tree withdrawals;
        uint256 withdrawn;
        uint256 holder;
    }

    /// @notice Executes a chunk after the state with this root.
    /// @param chunk Its 496 bytes. The root that they claim is not looked at.
    /// @param inboxEnd The inbox messages that its batch says it has consumed at its end: the chunk cannot consume a later one.
    /// @return valid Whether every operation is valid.
    /// @return root The state root after it; zero if it is invalid.
    function execute(
        bytes32 rootBefore,
        bytes calldata chunk,
        uint256 inboxEnd,
        Witness calldata witness,
        IInbox inbox,
        IBridge bridge
    ) internal view returns (bool valid, bytes32 root) {
        // All that is not set here is zero.
        // slither-disable-next-line uninitialized-local
        Run memory run;
        run.state = witness.state;
        bytes32 given = States.root(run.state);
        if (given != rootBefore) revert WrongState(rootBefore, given);
        run.table = Ledger.read(witness.accounts, run.state.accountCount);
        run.scope = Operations.scope(bridge);
        run.operation = Operations.room();
        run.inboxEnd = inboxEnd;
        run.holder = witness.holder;
        if (witness.messages.length != 0) run.accumulator = _accumulator(inbox, run.state.inboxCount);

        valid = _operations(run, chunk, witness);
        // What was believed so far is held against L1 and the root before the chunk, whatever came out.
        _checkMessages(run, witness, inbox);
        if (!valid) {
            bytes32 found = run.table.rootBefore(witness.state.accountCount, witness.siblings);
            if (found != witness.state.accountsRoot) revert WrongAccounts(witness.state.accountsRoot, found);
            return (false, 0);
        }
        return (true, _rootAfter(run, witness));
    }

    /// @notice Whether the first operation of a chunk, which there must be, begins a block.
    function beginsBlock(bytes calldata chunk) internal pure returns (bool) {
        return uint8(chunk[ROOT_BYTES]) >> 4 == 1;
    }

    function _rootAfter(Run memory run, Witness calldata witness) private pure returns (bytes32) {
        State memory state = run.state;
        bytes32 found;
        (found, state.accountsRoot) = run.table.roots(witness.siblings);
        if (found != witness.state.accountsRoot) revert WrongAccounts(witness.state.accountsRoot, found);
        state.accountCount = uint32(run.table.accountCount);
        if (run.withdrawn != 0) state.withdrawalsRoot = Frontier.root(run.withdrawals);
        return States.root(state);
    }

    function _checkMessages(Run memory run, Witness calldata witness, IInbox inbox) private view {
        if (run.consumed == 0) return;
        bytes24 expected = _accumulator(inbox, witness.state.inboxCount + uint64(run.consumed));
        if (run.accumulator != expected) revert WrongMessages(expected, run.accumulator);
    }

    function _accumulator(IInbox inbox, uint64 consumed) private view returns (bytes24 accumulator) {
        // When the next message was sent does not matter here.
        // slither-disable-next-line unused-return
        (accumulator,) = inbox.checkpoint(consumed);
    }

    /// @dev Each operation in turn; false at the first that is invalid.
    function _operations(Run memory run, bytes calldata chunk, Witness calldata witness) private view returns (bool) {
        Reader.Cursor memory cursor = Reader.over(chunk, ROOT_BYTES);
        Scope memory scope = run.scope;
        Operation memory operation = run.operation;
        while (cursor.place < chunk.length) {
            if (chunk[cursor.place] == 0) return cursor.restIsZero();
            scope.accountCount = run.table.accountCount;
            scope.baseFee = run.state.baseFee;
            operation.decode(cursor, scope);
            if (cursor.failed || !_apply(run, witness)) return false;
        }
        return true;
    }

    function _apply(Run memory run, Witness calldata witness) private pure returns (bool) {
        Operation memory operation = run.operation;
        Kind kind = operation.kind;
        if (kind == Kind.Block) return _block(run);
        if (run.state.blockNumber == 0) return false;
        if (kind == Kind.Inbox) return _inbox(run, witness);
        (uint256 place, bool within) = run.table.touch(operation.from, operation.token != 0);
        if (!within) return false;
        Entry memory sender = run.table.entries[place];
        if (!_charge(run, sender)) return false;
        return kind == Kind.Withdraw ? _withdraw(run, sender, witness) : _pay(run);
    }

    function _block(Run memory run) private pure returns (bool) {
        State memory state = run.state;
        uint256 timestamp = state.timestamp + run.operation.elapsed;
        if (state.blockNumber == type(uint64).max || timestamp > type(uint64).max) return false;
        state.blockNumber += 1;
        state.timestamp = uint64(timestamp);
        state.baseFee = uint64(run.operation.baseFee);
        return true;
    }

    /// @dev Takes amount and fee from the sender, gives the fee to the fee account and counts the operation.
    function _charge(Run memory run, Entry memory sender) private pure returns (bool) {
        State memory state = run.state;
        Operation memory operation = run.operation;
        if (sender.locked) return false;
        if (sender.nonce == type(uint64).max || state.authorisedCount == type(uint64).max) return false;
        // Gas is below 2^20 and the base fee below 2^64; an amount is below 64 times 2^128. What is taken is there, and what is counted not at its end.
        unchecked {
            uint256 fee = operation.gas() * state.baseFee;
            uint256 eth = fee;
            if (operation.token == 0) {
                eth += operation.amount;
            } else {
                (uint256 held, uint256 place) = sender.tokens.find(operation.token);
                if (held == 0 || operation.amount > held) return false;
                sender.tokens.set(place, operation.token, held - operation.amount);
            }
            if (eth > sender.eth) return false;
            sender.eth -= eth;
            sender.nonce += 1;
            state.authorisedCount += 1;
            return _credit(run.table.entries[0], 0, fee);
        }
    }

    function _withdraw(Run memory run, Entry memory sender, Witness calldata witness) private pure returns (bool) {
        Operation memory operation = run.operation;
        if (operation.amount == 0) return false;
        if (operation.hasRecipient && operation.recipient == sender.owner) return false;
        address recipient = operation.hasRecipient ? operation.recipient : sender.owner;
        return _leave(run, sender.owner, recipient, operation.token, operation.amount, witness);
    }

    function _pay(Run memory run) private pure returns (bool) {
        Operation memory operation = run.operation;
        Table memory table = run.table;
        uint256 token = operation.token;
        uint256 count = operation.payeeCount;
        for (uint256 i = 0; i < count; ++i) {
            Payee memory payee = operation.payees[i];
            (uint256 to, bool within) = payee.isNew
                ? _create(run, payee.recipient, token != 0, payee.amount)
                : table.touch(payee.to, token != 0);
            if (!within || !_countCredit(table, token != 0)) return false;
            if (!_credit(table.entries[to], token, payee.amount)) return false;
        }
        return true;
    }

    /// @dev A new account; none for nothing, none for an address that has one, none beyond the last index.
    function _create(Run memory run, address owner, bool token, uint256 amount) private pure returns (uint256, bool) {
        Table memory table = run.table;
        if (amount == 0 || table.holds(run.holder, owner) || table.accountCount == type(uint32).max) {
            return (0, false);
        }
        return table.create(owner, token);
    }

    /// @dev Each credit of a token counts as an entry, because it may lengthen the list.
    function _countCredit(Table memory table, bool token) private pure returns (bool) {
        if (!token) return true;
        return ++table.tokenEntries <= Limits.CHUNK_TOKEN_ENTRIES;
    }

    /// @dev Custody of a token on L1 is below 2^128, so no credit overflows.
    function _credit(Entry memory entry, uint256 token, uint256 amount) private pure returns (bool) {
        (uint256 balance, uint256 place) = token == 0 ? (entry.eth, 0) : entry.tokens.find(token);
        // A balance and an amount are below 2^128, and so is a fee.
        unchecked {
            balance += amount;
        }
        if (balance > type(uint128).max) return false;
        if (token == 0) entry.eth = balance;
        else entry.tokens.set(place, token, balance);
        return true;
    }

    function _leave(
        Run memory run,
        address account,
        address recipient,
        uint256 token,
        uint256 amount,
        Witness calldata witness
    ) private pure returns (bool) {
        State memory state = run.state;
        if (state.withdrawalCount == type(uint32).max) return false;
        if (run.withdrawn++ == 0) {
            run.withdrawals = Frontier.read(state.withdrawalCount, witness.peaks);
            bytes32 found = Frontier.root(run.withdrawals);
            if (found != state.withdrawalsRoot) revert WrongPeaks(state.withdrawalsRoot, found);
        }
        bytes32 leaf = States.withdrawalLeaf(state.withdrawalCount, account, recipient, uint8(token), uint128(amount));
        Frontier.append(run.withdrawals, leaf);
        state.withdrawalCount += 1;
        return true;
    }

    function _inbox(Run memory run, Witness calldata witness) private pure returns (bool) {
        State memory state = run.state;
        if (state.inboxCount >= run.inboxEnd || run.consumed == Limits.CHUNK_INBOX_OPERATIONS) return false;
        if (run.consumed == witness.messages.length) revert MessageMissing(run.consumed);
        bytes calldata message = witness.messages[run.consumed++];
        run.accumulator = Messages.accumulate(run.accumulator, message);
        state.inboxCount += 1;
        if (Messages.isDeposit(message)) return _deposit(run, Messages.readDeposit(message));
        if (run.operation.hasTarget) return false;
        return _forced(run, Messages.readForced(message), witness);
    }

    function _deposit(Run memory run, Deposit memory deposit) private pure returns (bool) {
        Operation memory operation = run.operation;
        if (!operation.hasTarget) return false;
        bool token = deposit.token != 0;
        (uint256 place, bool within) =
            operation.isNew ? _create(run, deposit.to, token, deposit.amount) : run.table.touch(operation.target, token);
        if (!within || !_countCredit(run.table, token)) return false;
        Entry memory to = run.table.entries[place];
        if (to.owner != deposit.to) return false;
        if (deposit.locked) to.locked = true;
        return _credit(to, deposit.token, deposit.amount);
    }

    /// @dev A message of somebody who is not the account's owner is consumed without effect.
    function _forced(Run memory run, ForcedMessage memory message, Witness calldata witness)
        private
        pure
        returns (bool)
    {
        if (message.account >= run.table.accountCount) return true;
        bool withdraws = Messages.withdraws(message);
        (uint256 place, bool within) = run.table.touch(message.account, withdraws && message.token != 0);
        if (!within) return false;
        Entry memory entry = run.table.entries[place];
        if (entry.owner != message.sender) return true;
        if (withdraws) return _forceWithdrawal(run, entry, message, witness);
        entry.locked = Messages.locks(message);
        return true;
    }

    /// @dev Takes what there is of the amount. Of nothing there is no withdrawal.
    function _forceWithdrawal(
        Run memory run,
        Entry memory entry,
        ForcedMessage memory message,
        Witness calldata witness
    ) private pure returns (bool) {
        (uint256 held, uint256 place) = message.token == 0 ? (entry.eth, 0) : entry.tokens.find(message.token);
        uint256 amount = message.amount < held ? message.amount : held;
        if (amount == 0) return true;
        if (message.token == 0) entry.eth = held - amount;
        else entry.tokens.set(place, message.token, held - amount);
        return _leave(run, entry.owner, message.recipient, message.token, amount, witness);
    }
}
