// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Messages} from "../../contracts/libraries/Messages.sol";
import {Token} from "../base/Token.sol";
import {Vectors} from "./Vectors.sol";

contract InboxVectorsTest is Vectors {
    struct Message {
        uint32 account;
        bytes24 accumulator;
        uint128 amount;
        bytes encoded;
        string kind;
        bool lock;
        address recipient;
        address sender;
        address to;
        uint8 token;
    }

    bytes32 private constant DEPOSIT = keccak256("deposit");
    bytes32 private constant FORCED_WITHDRAWAL = keccak256("forced_withdrawal");
    bytes32 private constant LOCK = keccak256("lock");
    bytes32 private constant UNLOCK = keccak256("unlock");

    function setUp() public override {
        super.setUp();
        load("inbox");
    }

    function test_messagesAndTheirChain() public view {
        Message[] memory messages = read();
        bytes24 accumulator = 0;
        for (uint256 i = 0; i < messages.length; ++i) {
            Message memory m = messages[i];
            vm.assertEq(encode(m), m.encoded);
            accumulator = Messages.accumulate(accumulator, m.encoded);
            vm.assertEq(bytes32(accumulator), bytes32(m.accumulator));
        }
    }

    function test_theInboxMakesTheSameChain() public {
        Message[] memory messages = read();
        for (uint256 i = 2; i < 256; ++i) {
            address listed = address(new Token(18));
            vm.prank(address(timelock));
            bridge.listToken(listed);
        }
        for (uint64 i = 0; i < messages.length; ++i) {
            send(messages[i]);
            (bytes24 accumulator,) = inbox.checkpoint(i + 1);
            vm.assertEq(bytes32(accumulator), bytes32(messages[i].accumulator));
        }
    }

    function read() private view returns (Message[] memory messages) {
        messages = abi.decode(
            objects(
                ".messages",
                "MessageJson(uint32 account,bytes24 accumulator,uint128 amount,bytes encoded,string kind,bool lock,"
                "address recipient,address sender,address to,uint8 token)"
            ),
            (Message[])
        );
        atLeast(messages.length, 6);
    }

    function encode(Message memory m) private pure returns (bytes memory) {
        bytes32 kind = keccak256(bytes(m.kind));
        if (kind == DEPOSIT) return Messages.deposit(m.to, m.token, m.amount, m.lock);
        if (kind == LOCK) return Messages.lock(m.sender, m.account);
        if (kind == UNLOCK) return Messages.unlock(m.sender, m.account);
        vm.assertTrue(kind == FORCED_WITHDRAWAL, m.kind);
        return Messages.forcedWithdrawal(m.sender, m.account, m.token, m.amount, m.recipient);
    }

    /// @dev A deposit comes from the receiver itself, so that it may lock.
    function send(Message memory m) private {
        bytes32 kind = keccak256(bytes(m.kind));
        address asset = bridge.tokenAddress(m.token);
        if (kind == DEPOSIT) return deposit(m, asset);
        vm.prank(m.sender);
        if (kind == FORCED_WITHDRAWAL) inbox.forceWithdrawal(m.account, asset, m.amount, m.recipient);
        if (kind == LOCK) inbox.lock(m.account);
        if (kind == UNLOCK) inbox.unlock(m.account);
    }

    function deposit(Message memory m, address asset) private {
        if (asset == address(0)) {
            vm.deal(m.to, m.amount);
            vm.prank(m.to);
            inbox.depositEth{value: m.amount}(m.to, m.lock);
            return;
        }
        Token(asset).mint(m.to, m.amount);
        vm.startPrank(m.to);
        Token(asset).approve(address(bridge), m.amount);
        inbox.depositToken(asset, m.to, m.amount, m.lock);
        vm.stopPrank();
    }
}
