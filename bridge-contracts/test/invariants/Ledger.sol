// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Account, TokenAmount, Withdrawal} from "../../contracts/libraries/States.sol";
import {System} from "../base/System.sol";

/// @title A small L2: what an honest sequencer does with the inbox and its users' operations
/// @dev `accounts` and `withdrawals` (of `System`) are its newest state, batches that were posted and operations that were not. A copy of the
/// accounts is kept at each batch, so that the state can go back to it. Withdrawals need no copy: those of a batch are a prefix.
abstract contract Ledger is System {
    enum Kind {
        Deposit,
        ForcedWithdrawal,
        Lock,
        Unlock
    }

    /// @dev A message as it was sent. `owner` is the receiver of a deposit, the sender of the others.
    struct Message {
        Kind kind;
        address owner;
        uint32 account;
        uint8 token;
        uint128 amount;
        bool locked;
        address recipient;
        uint64 sentAt;
    }

    uint8 internal constant TOKENS = 3;
    uint8 private constant LOCKED = 1;

    Message[] internal messages;
    /// Messages that the newest state has consumed.
    uint64 internal consumed;
    /// The accounts after each standing batch. Genesis is 0.
    mapping(uint64 number => Account[]) internal books;

    function setUp() public virtual override {
        super.setUp();
        accountOf(feeAccount);
        keepBook(0);
    }

    /// @notice Executes messages until so many are consumed.
    function consumeTo(uint64 count) internal {
        for (; consumed < count; ++consumed) {
            execute(messages[consumed]);
        }
    }

    /// @notice A withdrawal by the account's owner, if the account can pay it.
    function withdrawSigned(uint32 from, uint8 token_, uint128 amount, address recipient) internal {
        Account storage sender = accounts[from];
        if (sender.flags == LOCKED || amount == 0 || balance(sender, token_) < amount) return;
        sender.nonce += 1;
        setBalance(sender, token_, balance(sender, token_) - amount);
        withdraw(sender.owner, recipient, token_, amount);
    }

    /// @notice A transfer with a fee of one wei, if the account can pay it.
    function transferSigned(uint32 from, uint32 to, uint8 token_, uint128 amount) internal {
        Account storage sender = accounts[from];
        if (sender.flags == LOCKED || balance(sender, 0) == 0) return;
        sender.nonce += 1;
        setBalance(sender, 0, balance(sender, 0) - 1);
        setBalance(accounts[0], 0, balance(accounts[0], 0) + 1);
        uint128 held = balance(sender, token_);
        uint128 moved = held < amount ? held : amount;
        setBalance(sender, token_, held - moved);
        setBalance(accounts[to], token_, balance(accounts[to], token_) + moved);
    }

    /// @notice The account of an address. Makes it if there is none.
    function accountOf(address owner) internal returns (Account storage) {
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (accounts[i].owner == owner) return accounts[i];
        }
        Account storage made = accounts.push();
        made.index = uint32(accounts.length - 1);
        made.owner = owner;
        return made;
    }

    function balance(Account storage account_, uint8 token_) internal view returns (uint128) {
        if (token_ == 0) return account_.eth;
        for (uint256 i = 0; i < account_.tokens.length; ++i) {
            if (account_.tokens[i].token == token_) return account_.tokens[i].amount;
        }
        return 0;
    }

    /// @dev Writes the list anew: ascending, without zeros.
    function setBalance(Account storage account_, uint8 token_, uint128 amount) internal {
        if (token_ == 0) {
            account_.eth = amount;
            return;
        }
        uint128[TOKENS] memory amounts;
        for (uint8 i = 1; i < TOKENS; ++i) {
            amounts[i] = balance(account_, i);
        }
        amounts[token_] = amount;
        delete account_.tokens;
        for (uint8 i = 1; i < TOKENS; ++i) {
            if (amounts[i] != 0) account_.tokens.push(TokenAmount(i, amounts[i]));
        }
    }

    /// @notice Keeps the newest state as that after batch `number`.
    function keepBook(uint64 number) internal {
        copy(accounts, books[number]);
    }

    /// @notice Goes back to the state after batch `number`.
    function restoreBook(uint64 number) internal {
        copy(books[number], accounts);
        while (withdrawals.length > states[number].withdrawalCount) withdrawals.pop();
        consumed = batches[number].header.inboxCount;
    }

    /// @notice Of a token, what all accounts hold after batch `number`.
    function supply(uint64 number, uint8 token_) internal view returns (uint256 sum) {
        Account[] storage book = books[number];
        for (uint256 i = 0; i < book.length; ++i) {
            sum += balance(book[i], token_);
        }
    }

    function execute(Message storage message) private {
        if (message.kind == Kind.Deposit) {
            Account storage receiver = accountOf(message.owner);
            setBalance(receiver, message.token, balance(receiver, message.token) + message.amount);
            if (message.locked) receiver.flags = LOCKED;
            return;
        }
        if (message.account >= accounts.length || accounts[message.account].owner != message.owner) return;
        Account storage own = accounts[message.account];
        if (message.kind == Kind.ForcedWithdrawal) {
            executeForced(message, own);
        } else {
            own.flags = message.kind == Kind.Lock ? LOCKED : 0;
        }
    }

    function executeForced(Message storage message, Account storage own) private {
        uint128 held = balance(own, message.token);
        uint128 amount = held < message.amount ? held : message.amount;
        if (amount == 0) return;
        setBalance(own, message.token, held - amount);
        withdraw(own.owner, message.recipient, message.token, amount);
    }

    function copy(Account[] storage from, Account[] storage to) private {
        while (to.length > 0) to.pop();
        for (uint256 i = 0; i < from.length; ++i) {
            to.push(from[i]);
        }
    }
}
