// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Demand} from "../../contracts/libraries/Demands.sol";
import {AuthorisationDisputes} from "../../contracts/AuthorisationDisputes.sol";
import {IAuthorisationDisputes} from "../../contracts/interfaces/IAuthorisationDisputes.sol";
import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Kind, Payment} from "../../contracts/libraries/transaction/Calls.sol";
import {Fault, InvalidTransaction} from "../../contracts/libraries/transaction/Faults.sol";
import {Signed} from "../../contracts/libraries/transaction/WalletTransactions.sol";
import {Authorising} from "../base/Authorising.sol";
import {ListProofs} from "../base/ListProofs.sol";
import {Refuser} from "../base/Recipients.sol";
import {Wallet} from "../base/Wallet.sol";

contract AnswerTest is Authorising {
    uint64 private number;
    bytes[] private raws;

    function setUp() public override {
        super.setUp();
        raws.push(transfer(7));
        raws.push(sign(KEY, draft(address(token), 0, transferCall(bob, 5))));
        raws.push(sign(KEY, draft(WITHDRAW_PREDEPLOY, 5, abi.encodeWithSignature("withdraw(address)", bob))));
        Payment[] memory payments = new Payment[](2);
        (payments[0], payments[1]) = (Payment(alice, 3), Payment(bob, 2));
        raws.push(sign(KEY, draft(PAYOUT_PREDEPLOY, 5, payoutCall(payments))));
        raws.push(sign(KEY, draft(PAYOUT_PREDEPLOY, 0, payoutTokenCall(address(token), payments))));
        number = postAuthorised(raws);
    }

    function test_theTransactionEarnsTheBond() public {
        for (uint32 place = 0; place < raws.length; ++place) {
            IAuthorisationDisputes.Challenge memory opened = challenge(number, demandOf(place, raws[place]));
            uint256 before = authorisations.balance(answerer);
            vm.expectEmit(address(authorisations));
            emit IAuthorisationDisputes.Answered(idOf(opened), answerer, raws[place]);
            vm.expectEmit(address(rollup));
            emit IRollup.ChallengeClosed(opened.batchHash, 0);
            answer(opened, raws);
            vm.assertEq(authorisations.balance(answerer), before + opened.bond);
            vm.assertEq(authorisations.record(idOf(opened)), bytes32(uint256(1)));
        }
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        rollup.finalize(number, batches[number]);
    }

    /// @dev By the design of the digest, field by field, apart from the library.
    function test_theDigestIsThatOfWhatWasSigned() public {
        Payment[] memory payments = new Payment[](2);
        (payments[0], payments[1]) = (Payment(alice, 3), Payment(bob, 2));
        bytes32 digest = keccak256(abi.encode(signer, uint64(7), uint8(2), address(token), payments));
        answer(challenge(number, Demand(4, digest, BASE_FEE)), raws);
        payments = new Payment[](1);
        payments[0] = Payment(bob, AMOUNT);
        digest = keccak256(abi.encode(signer, uint64(7), uint8(0), address(0), payments));
        answer(challenge(number, Demand(0, digest, BASE_FEE)), raws);
    }

    function test_strictlyBeforeTheDeadline() public {
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demandOf(0, raws[0]));
        vm.assertEq(opened.deadline, block.timestamp + RESPONSE_WINDOW);
        bytes memory late = abi.encodeWithSelector(IAuthorisationDisputes.TooLate.selector, opened.deadline);
        vm.warp(opened.deadline);
        reverts(opened, raws[0], late);
        vm.warp(opened.deadline + 1000 days);
        reverts(opened, raws[0], late);
        vm.warp(opened.deadline - 1);
        answer(opened, raws);
    }

    function testFuzz_revertsForAnyOtherOperation(uint8 what) public {
        Signed memory signed = authorisations.decode(raws[3]);
        what = uint8(bound(what, 0, 6));
        if (what == 0) signed.sender = bob;
        if (what == 1) signed.nonce += 1;
        if (what == 2) signed.kind = Kind.Withdraw;
        if (what == 3) signed.token = address(token);
        if (what == 4) signed.payments[1].amount += 1;
        if (what == 5) signed.payments[0].recipient = bob;
        if (what == 6) (signed.payments[0], signed.payments[1]) = (signed.payments[1], signed.payments[0]);
        Demand memory demand = Demand(3, digestOf(signed), BASE_FEE);
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demand);
        bytes32 said = digestOf(authorisations.decode(raws[3]));
        reverts(opened, raws[3], abi.encodeWithSelector(IAuthorisationDisputes.OtherOperation.selector, said));
    }

    function test_revertsIfTheSenderDidNotOfferTheBaseFee() public {
        Demand memory demand = demandOf(0, raws[0]);
        demand.baseFee = 2 * BASE_FEE + 1;
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demand);
        bytes4 reason = IAuthorisationDisputes.FeeBelowBaseFee.selector;
        reverts(opened, raws[0], abi.encodeWithSelector(reason, 2 * BASE_FEE, demand.baseFee));
        demand = demandOf(1, raws[1]);
        demand.baseFee = 2 * BASE_FEE;
        answer(challenge(number, demand), raws);
    }

    function test_revertsForATransactionThatIsNotAtThePlace() public {
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demandOf(0, raws[0]));
        bytes memory reason = abi.encodeWithSelector(IAuthorisationDisputes.NotInAuthRoot.selector);
        reverts(opened, raws[1], reason);
        reverts(opened, bytes.concat(raws[0], hex"00"), reason);
        bytes32[] memory elsewhere = ListProofs.proofOf(hashesOf(raws), 1);
        vm.expectRevert(reason);
        authorisations.answer(opened, raws[1], elsewhere);
        vm.expectRevert(reason);
        authorisations.answer(opened, raws[0], new bytes32[](0));
    }

    /// @dev A batch can claim any hash. One of bytes that are no transaction authorises nothing.
    function test_revertsForBytesThatAreNoTransaction() public {
        Demand memory demand = demandOf(1, raws[1]);
        raws[1] = bytes.concat(raws[1], hex"00");
        number = postAuthorised(raws);
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demand);
        reverts(opened, raws[1], abi.encodeWithSelector(InvalidTransaction.selector, Fault.TrailingBytes));
    }

    /// @dev What was signed for another rollup authorises nothing here.
    function test_revertsForAnotherChain() public {
        Demand memory demand = demandOf(1, raws[1]);
        Wallet.Draft memory elsewhere = draft(address(token), 0, transferCall(bob, 5));
        elsewhere.chainId += 1;
        raws[1] = sign(KEY, elsewhere);
        number = postAuthorised(raws);
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demand);
        reverts(opened, raws[1], abi.encodeWithSelector(InvalidTransaction.selector, Fault.WrongChain));
    }

    function test_revertsTheSecondTime() public {
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demandOf(0, raws[0]));
        answer(opened, raws);
        reverts(opened, raws[0], abi.encodeWithSelector(IAuthorisationDisputes.NotOpen.selector, idOf(opened)));
    }

    function testFuzz_revertsForAChallengeWithAnyOtherField(uint8 field) public {
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demandOf(0, raws[0]));
        challenge(number, demandOf(1, raws[1]));
        field = uint8(bound(field, 0, 9));
        if (field == 0) opened.number += 1;
        if (field == 1) opened.batchHash = keccak256("another");
        if (field == 2) opened.place += 1;
        if (field == 3) opened.authRoot = keccak256("another");
        if (field == 4) opened.authCount += 1;
        if (field == 5) opened.digest = keccak256("another");
        if (field == 6) opened.baseFee -= 1;
        if (field == 7) opened.deadline += 1;
        if (field == 8) opened.bond += 1;
        if (field == 9) opened.challenger = answerer;
        reverts(opened, raws[0], abi.encodeWithSelector(IAuthorisationDisputes.NotOpen.selector, idOf(opened)));
    }

    /// @dev No receiver can hold up an answer: the bond waits for it.
    function test_anAnswererThatRefusesMoneyAnswersAllTheSame() public {
        address refuser = address(new Refuser());
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demandOf(0, raws[0]));
        bytes32[] memory proof = ListProofs.proofOf(hashesOf(raws), 0);
        vm.startPrank(refuser);
        authorisations.answer(opened, raws[0], proof);
        authorisations.withdraw(payable(bob));
        vm.assertEq(bob.balance, opened.bond);
    }

    /// @dev The operation was authorised, whatever else was wrong with its batch.
    function test_answersForAFallenBatchAsWell() public {
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demandOf(0, raws[0]));
        revertFrom(number);
        answer(opened, raws);
        vm.assertEq(authorisations.balance(answerer), opened.bond);
        vm.expectRevert(abi.encodeWithSelector(IAuthorisationDisputes.NotOpen.selector, idOf(opened)));
        authorisations.refund(opened);
    }

    /// @dev With any gas it answers or reverts; it is never taken for a transaction without a sender.
    function testFuzz_tooLittleGasIsNoVerdict(uint256 gas) public {
        IAuthorisationDisputes.Challenge memory opened = challenge(number, demandOf(0, raws[0]));
        bytes32[] memory proof = ListProofs.proofOf(hashesOf(raws), 0);
        gas = bound(gas, 1000, 120_000);
        try authorisations.answer{gas: gas}(opened, raws[0], proof) {
            vm.assertEq(authorisations.balance(address(this)), opened.bond);
        } catch (bytes memory reason) {
            vm.assertEq(reason.length, 0);
        }
    }

    function draft(address to, uint128 value, bytes memory data) private view returns (Wallet.Draft memory) {
        return Wallet.Draft(rollup.L2_CHAIN_ID(), 7, 2 * BASE_FEE, 100_000, to, value, data);
    }

    /// @dev With a proof that is right for the challenged place.
    function reverts(IAuthorisationDisputes.Challenge memory opened, bytes memory raw, bytes memory reason) private {
        bytes32[] memory proof = ListProofs.proofOf(hashesOf(raws), opened.place);
        vm.expectRevert(reason);
        vm.prank(answerer);
        authorisations.answer(opened, raw, proof);
    }
}
