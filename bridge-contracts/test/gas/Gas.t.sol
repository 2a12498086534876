// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BatchHeader} from "../../contracts/libraries/Batches.sol";
import {Advances} from "../base/Advances.sol";
import {Exits} from "../base/Exits.sol";
import {Token} from "../base/Token.sol";
import {Transaction} from "./Transaction.sol";

/// @title What each use of the contracts costs
/// @dev Isolated: each call is a transaction of its own, so a figure is that of the whole transaction, 21,000 and calldata included. All is measured in the middle of a rollup's life: storage words that users share are written before, recipients
/// hold something already, trees have hundreds of leaves. The figures are in `snapshots/`.
/// forge-config: default.isolate = true
contract GasTest is Exits, Advances {
    uint32 private constant MANY = 256;

    Token private second;
    Token private third;

    function setUp() public override {
        super.setUp();
        second = list();
        third = list();
        hasSome(alice);
        depositEth(alice, 1 ether);
        depositToken(alice, 1_000_000);
        fund(second);
        fund(third);
        postFinal();
    }

    function test_depositEth() public {
        vm.deal(alice, 2 ether);
        vm.prank(alice);
        inbox.depositEth{value: 1 ether}(alice, false);
        measure("deposit of ETH");
    }

    /// @dev The depositor keeps a balance and an allowance.
    function test_depositToken() public {
        token.mint(alice, 1000);
        vm.prank(alice);
        token.approve(address(bridge), 1000);
        vm.prank(alice);
        inbox.depositToken(address(token), alice, 500, false);
        measure("deposit of a token");
    }

    function test_forceWithdrawal() public {
        vm.prank(alice);
        inbox.forceWithdrawal(1000, address(0), 1 ether, alice);
        measure("forced withdrawal");
    }

    function test_lock() public {
        vm.prank(alice);
        inbox.lock(1000);
        measure("lock");
    }

    /// @dev Dense: no byte of a chunk is zero.
    function test_submitCalldata() public {
        post();
        bytes memory chunks = new bytes(60 * 496);
        for (uint256 i = 0; i < chunks.length; ++i) {
            chunks[i] = 0xaa;
        }
        BatchHeader memory header = Transaction.dense(nextHeader());
        header.chunkCount = 60;
        uint256 least = Transaction.floor(abi.encodeCall(rollup.submitCalldata, (operator, header, chunks)));
        vm.prank(operator);
        rollup.submitCalldata(operator, header, chunks);
        uint256 used = measure("batch of 60 chunks in calldata");
        vm.assertGe(used, least, "below the floor of EIP-7623");
        vm.snapshotValue("Gas", "batch of 60 chunks in calldata: floor of EIP-7623", least);
    }

    function test_finalize() public {
        uint64 number = post();
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        rollup.finalize(number, batches[number]);
        measure("finality of a batch");
    }

    function test_claim() public {
        many();
        uint64 number = postFinal();
        // The bitmap's word has been written to.
        send(prepare(number, 0, 1));
        send(prepare(number, 100));
        measure("claim of 1 in ETH");
        send(prepare(number, 101));
        measure("claim of 1 in a token");
        Claim memory made = prepare(number, 102, 151);
        vm.assertEq(send(made), 50);
        uint256 all = measure("claim of 50, half in ETH and half in a token");
        vm.snapshotValue("Gas", "claim of 50, each", all / 50);
    }

    /// @dev Of an ordinary key's withdrawals, by a pool that has advanced before and keeps funds and allowance.
    function test_advance() public {
        for (uint8 i = 0; i < 4; ++i) {
            withdraw(signer, bob, i % 2 == 0 ? 0 : tokenId, 100);
        }
        hasSome(bob);
        vm.deal(pool, 1000);
        token.mint(pool, 1000);
        vm.prank(pool);
        token.approve(address(bridge), 1000);
        send(consent(withdrawals[0], 1));
        send(consent(withdrawals[2], 1));
        measure("advance of ETH");
        send(consent(withdrawals[1], 1));
        send(consent(withdrawals[3], 1));
        measure("advance of a token");

        many();
        uint64 number = postFinal();
        send(prepare(number, 0));
        send(prepare(number, 2));
        measure("claim of 1 in ETH that was advanced");
    }

    function test_exit() public {
        uint64 number = populated();
        escapeNow();
        send(prepareExit(number, 7, 0));
        measure("exit with ETH");
        uint8[] memory tokens = new uint8[](3);
        (tokens[0], tokens[1], tokens[2]) = (1, 2, 3);
        send(prepareExit(number, 100, tokens));
        measure("exit with 3 tokens");
    }

    function test_refund() public {
        depositEth(alice, 5);
        uint64 inEth = depositEth(bob, 7);
        uint64 inToken = depositToken(alice, 9);
        hasSome(bob);
        escapeNow();
        inbox.refund(inEth - 1, alice, 0, 5, false);
        inbox.refund(inEth, bob, 0, 7, false);
        measure("refund of ETH");
        inbox.refund(inToken, alice, tokenId, 9, false);
        measure("refund of a token");
    }

    function measure(string memory name) private returns (uint256) {
        return vm.snapshotGasLastCall("Gas", name);
    }

    /// @dev Withdrawals of ETH and of the token in turn, each to a recipient of its own.
    function many() private {
        for (uint160 i = 0; i < MANY; ++i) {
            address recipient = address(uint160(alice) + i);
            hasSome(recipient);
            withdraw(alice, recipient, i % 2 == 0 ? 0 : tokenId, 1000);
        }
    }

    /// @dev Accounts with ETH; number 100 has three tokens too.
    function populated() private returns (uint64) {
        for (uint160 i = 0; i < MANY; ++i) {
            address owner = address(uint160(alice) + i);
            uint32 index = open(owner, 1000);
            if (index != 100) continue;
            hasSome(owner);
            hold(index, 1, 1000);
            hold(index, 2, 1000);
            hold(index, 3, 1000);
        }
        hasSome(accounts[7].owner);
        return postFinal();
    }

    function list() private returns (Token made) {
        made = new Token(18);
        vm.prank(address(timelock));
        bridge.listToken(address(made));
    }

    function fund(Token made) private {
        made.mint(alice, 1_000_000);
        vm.startPrank(alice);
        made.approve(address(bridge), 1_000_000);
        inbox.depositToken(address(made), alice, 1_000_000, false);
        vm.stopPrank();
    }

    /// @dev Something of everything, so that a payment makes no new word or account.
    function hasSome(address recipient) private {
        vm.deal(recipient, recipient.balance + 1);
        token.mint(recipient, 1);
        second.mint(recipient, 1);
        third.mint(recipient, 1);
    }
}
