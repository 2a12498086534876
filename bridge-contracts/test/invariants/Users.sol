// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Advances} from "../base/Advances.sol";
import {System} from "../base/System.sol";
import {Token} from "../base/Token.sol";
import {Ledger} from "./Ledger.sol";
import {BlockingToken, Payee} from "./Payees.sol";

/// @title What users do: messages on L1, operations on L2, and taking payments or not
abstract contract Users is Ledger, Advances {
    uint256 private constant AMOUNT_MAX = 1e24;

    /// How often each thing happened in this run.
    struct Seen {
        uint256 calls;
        uint256 deposits;
        uint256 posts;
        uint256 wrongPosts;
        uint256 reverts;
        uint256 finals;
        uint256 challenges;
        uint256 advances;
        uint256 paid;
        uint256 failed;
        uint256 repeated;
        uint256 escapes;
        uint256 stalls;
        uint256 exits;
        uint256 refunds;
        uint256 refusals;
    }

    Seen internal seen;
    Payee internal payee;
    BlockingToken internal blocking;
    /// All who deposit and are paid. The first holds account 0.
    address[] internal actors;
    /// What went into custody, and what was given to the bridge past it.
    mapping(uint8 token => uint256) internal deposited;
    mapping(uint8 token => uint256) internal donated;

    modifier counted() {
        seen.calls += 1;
        _;
    }

    function setUp() public virtual override(Ledger, System) {
        super.setUp();
        blocking = new BlockingToken(18);
        vm.prank(address(timelock));
        bridge.listToken(address(blocking));
        payee = new Payee();
        actors = [feeAccount, alice, bob, address(payee), signer];
    }

    function deposit(uint256 from, uint256 to, uint256 token_, uint256 amount, bool locked) external counted {
        address sender = actor(from);
        address receiver = locked ? sender : actor(to);
        send(sender, receiver, uint8(token_ % TOKENS), uint128(bound(amount, 1, AMOUNT_MAX)), locked);
    }

    function forceWithdrawal(uint256 from, uint256 index, uint256 token_, uint256 amount, uint256 to) external counted {
        address sender = actor(from);
        uint32 named = accountNamed(sender, index);
        uint8 id = uint8(token_ % TOKENS);
        uint128 most = uint128(bound(amount, 1, AMOUNT_MAX));
        address recipient = actor(to);
        bytes memory input = abi.encodeCall(inbox.forceWithdrawal, (named, tokenAt(id), most, recipient));
        if (attempt(sender, address(inbox), 0, input, !inbox.closed())) {
            note(Message(Kind.ForcedWithdrawal, sender, named, id, most, false, recipient, uint64(block.timestamp)));
        }
    }

    function setLock(uint256 from, uint256 index, bool on) external counted {
        address sender = actor(from);
        uint32 named = accountNamed(sender, index);
        bytes memory input = on ? abi.encodeCall(inbox.lock, (named)) : abi.encodeCall(inbox.unlock, (named));
        if (attempt(sender, address(inbox), 0, input, !inbox.closed())) {
            Kind kind = on ? Kind.Lock : Kind.Unlock;
            note(Message(kind, sender, named, 0, 0, false, address(0), uint64(block.timestamp)));
        }
    }

    function transfer(uint256 from, uint256 to, uint256 token_, uint256 amount) external counted {
        uint32 sender = uint32(from % accounts.length);
        uint32 receiver = uint32(to % accounts.length);
        uint8 id = uint8(token_ % TOKENS);
        transferSigned(sender, receiver, id, uint128(bound(amount, 0, balance(accounts[sender], id))));
    }

    function withdrawOnL2(uint256 from, uint256 token_, uint256 amount, uint256 to) external counted {
        uint32 sender = uint32(from % accounts.length);
        uint8 id = uint8(token_ % TOKENS);
        withdrawSigned(sender, id, uint128(bound(amount, 0, balance(accounts[sender], id))), actor(to));
    }

    function setPayee(uint256 mode) external counted {
        payee.setMode(Payee.Mode(mode % 4));
    }

    function setBlocked(uint256 holder, bool value) external counted {
        blocking.setBlocked(actor(holder), value);
    }

    /// @notice Gives the bridge funds that no deposit brought. They are nobody's.
    function donate(uint256 token_, uint256 amount) external counted {
        uint8 id = uint8(token_ % TOKENS);
        uint256 given = bound(amount, 0, 1e9);
        if (id == 0) {
            vm.deal(address(bridge), address(bridge).balance + given);
        } else {
            Token(tokenAt(id)).mint(address(bridge), given);
        }
        donated[id] += given;
    }

    function send(address sender, address receiver, uint8 id, uint128 amount, bool locked) internal {
        bool open = !inbox.closed();
        bytes memory input;
        if (id == 0) {
            vm.deal(sender, sender.balance + amount);
            input = abi.encodeCall(inbox.depositEth, (receiver, locked));
        } else {
            provide(sender, id, amount);
            input = abi.encodeCall(inbox.depositToken, (tokenAt(id), receiver, amount, locked));
        }
        if (!attempt(sender, address(inbox), id == 0 ? amount : 0, input, open)) return;
        deposited[id] += amount;
        seen.deposits += 1;
        note(Message(Kind.Deposit, receiver, 0, id, amount, locked, address(0), uint64(block.timestamp)));
    }

    /// @notice Calls, and fails the run if that succeeds or reverts against expectation.
    function attempt(address sender, address target, uint256 value, bytes memory input, bool expected)
        internal
        returns (bool ok)
    {
        bytes memory output;
        vm.prank(sender);
        (ok, output) = target.call{value: value}(input);
        if (ok != expected && !ok) {
            // The revert's own reason says more than "false is not true".
            assembly ("memory-safe") {
                revert(add(output, 32), mload(output))
            }
        }
        vm.assertEq(ok, expected, "a call succeeded that must revert");
    }

    /// @notice Whether a payment would be taken. A claim gives each payment little gas.
    function takes(address to, uint8 id, bool byClaim) internal view returns (bool) {
        if (id == 2) return !blocking.blocked(to);
        if (id != 0 || to != address(payee)) return true;
        Payee.Mode mode = payee.mode();
        return mode != Payee.Mode.Refuses && !(mode == Payee.Mode.Burns && byClaim);
    }

    function held(address holder, uint8 id) internal view returns (uint256) {
        return id == 0 ? holder.balance : Token(tokenAt(id)).balanceOf(holder);
    }

    function tokenAt(uint8 id) internal view returns (address) {
        if (id == 0) return address(0);
        return id == 1 ? address(token) : address(blocking);
    }

    function actor(uint256 seed) internal view returns (address) {
        return actors[seed % actors.length];
    }

    /// @dev Mints, unless the issuer blocks the holder; then it is unblocked first.
    function provide(address sender, uint8 id, uint128 amount) private {
        if (id == 2) blocking.setBlocked(sender, false);
        Token(tokenAt(id)).mint(sender, amount);
        vm.prank(sender);
        Token(tokenAt(id)).approve(address(bridge), amount);
    }

    /// @dev Mostly the sender's own account; else one that is not, or that does not exist.
    function accountNamed(address sender, uint256 seed) private view returns (uint32) {
        if (seed % 4 == 0) return uint32(seed / 4 % (accounts.length + 1));
        for (uint32 i = 0; i < accounts.length; ++i) {
            if (accounts[i].owner == sender) return i;
        }
        return 0;
    }

    function note(Message memory message) private {
        messages.push(message);
    }
}
