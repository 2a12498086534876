// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AuthorisationDisputes} from "../../contracts/AuthorisationDisputes.sol";
import {IAuthorisationDisputes} from "../../contracts/interfaces/IAuthorisationDisputes.sol";
import {BatchHeader} from "../../contracts/libraries/Batches.sol";
import {Payment} from "../../contracts/libraries/transaction/Calls.sol";
import {Authorising} from "../base/Authorising.sol";
import {ListProofs} from "../base/ListProofs.sol";
import {Wallet} from "../base/Wallet.sol";

/// @title What the answers to authorisation challenges cost
/// @dev Isolated, as in `Gas.t.sol`. The answerer has no bond to take yet, and the challenge is the only one of its batch unless the test says otherwise.
/// forge-config: default.isolate = true
contract AnswerGasTest is Authorising {
    /// A busy batch: 2^14 operations.
    uint32 private constant MANY = 16_384;
    /// As many as any batch can have: 154 transfers of 3 bytes in each of 1,536 chunks.
    uint32 private constant MOST = 236_544;
    uint64 private constant NONCE = 0x1234;

    bool private isChallengedTwice;

    function test_transferOfEth() public {
        uint256 used = measure("transfer of ETH", MANY, transfer(NONCE));
        vm.assertLe(used, 120_000, "the figure to reach");
    }

    function test_transferOfToken() public {
        Wallet.Draft memory draft = draftTo(address(token), 0, transferCall(bob, AMOUNT));
        measure("transfer of a token", MANY, sign(KEY, draft));
    }

    function test_payout() public {
        Payment[] memory payments = payees(AMOUNT);
        Wallet.Draft memory draft = draftTo(PAYOUT_PREDEPLOY, 64 * AMOUNT, payoutCall(payments));
        measure("payout of ETH to 64", MANY, sign(KEY, draft));
    }

    /// @dev The longest transaction that means something, dense, and in the largest batch: what `ANSWER_GAS` must cover.
    function test_costliest() public {
        Payment[] memory payments = payees(type(uint128).max / 64);
        Wallet.Draft memory draft = draftTo(PAYOUT_PREDEPLOY, 0, payoutTokenCall(address(token), payments));
        (draft.nonce, draft.maxFee, draft.gasLimit) = (type(uint64).max - 1, type(uint128).max, type(uint64).max);
        bytes memory raw = sign(KEY, draft);
        vm.snapshotValue("Answers", "costliest answer, bytes of the transaction", raw.length);
        // Another challenge of the batch stays open, so that no storage word is freed.
        isChallengedTwice = true;
        uint256 used = measure("costliest answer", MOST, raw);
        vm.assertLe(used, authorisations.ANSWER_GAS(), "the bond pays for the costliest answer");
    }

    function draftTo(address to, uint128 value, bytes memory data) private view returns (Wallet.Draft memory) {
        return Wallet.Draft(rollup.L2_CHAIN_ID(), NONCE, 2 * BASE_FEE, 1_000_000, to, value, data);
    }

    function payees(uint128 amount) private pure returns (Payment[] memory payments) {
        payments = new Payment[](64);
        for (uint256 i = 0; i < payments.length; ++i) {
            payments[i] = Payment(address(uint160(uint256(keccak256(abi.encode(i))))), amount);
        }
    }

    /// @dev In the middle of a batch of so many operations, which needs no more than a proof to exist.
    function measure(string memory name, uint32 count, bytes memory raw) private returns (uint256) {
        uint32 place = count / 2 + 1;
        uint256 depth = 0;
        while (uint256(1) << depth < count) ++depth;
        bytes32[] memory proof = new bytes32[](depth);
        for (uint256 i = 0; i < depth; ++i) {
            proof[i] = keccak256(abi.encode("sibling", i));
        }
        BatchHeader memory header = nextHeader();
        header.authCount = count;
        header.authRoot = ListProofs.rootFrom(keccak256(raw), place, count, proof);
        uint64 number = post(header);
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demandOf(place, raw));
        if (isChallengedTwice) challenge(number, demandOf(place + 1, raw));
        vm.prank(answerer);
        authorisations.answer(opened, raw, proof);
        return vm.snapshotGasLastCall("Answers", name);
    }
}
