// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../base/Test.sol";
import {Handler} from "./Handler.sol";

/// @title What holds whatever happens
/// @dev Longer: `FOUNDRY_INVARIANT_RUNS=2000 FOUNDRY_INVARIANT_DEPTH=500 forge test --match-contract Invariants`. A failure names the
/// calls that led to it; forge also keeps them, and tries them first the next time.
contract Invariants is Test {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler internal handler;

    function setUp() external {
        handler = new Handler();
        handler.setUp();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @notice What the runs are made of. What is named more often happens more often.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors());
    }

    function invariant_books() external view {
        handler.checkCustody();
        handler.checkClaims();
        handler.checkPointers();
        handler.checkFinality();
        handler.checkBonds();
    }

    function afterInvariant() external {
        handler.checkDepth();
        handler.windDown();
        this.invariant_books();
    }

    /// @notice The handler can advance. Of random runs one in fifty does not: few accounts consent, and what they withdraw is soon paid.
    function test_theHandlerAdvancesAWithdrawal() external {
        handler.advance(0, 1);
        vm.assertEq(handler.counts().advances, 1);
        this.invariant_books();
    }

    /// @dev Each action as often as it shall be drawn.
    function selectors() private view returns (bytes4[] memory list) {
        list = new bytes4[](88);
        uint256 end = 0;
        end = repeat(list, end, handler.deposit.selector, 6);
        end = repeat(list, end, handler.forceWithdrawal.selector, 1);
        end = repeat(list, end, handler.setLock.selector, 1);
        end = repeat(list, end, handler.transfer.selector, 2);
        end = repeat(list, end, handler.withdrawOnL2.selector, 6);
        end = repeat(list, end, handler.setPayee.selector, 1);
        end = repeat(list, end, handler.setBlocked.selector, 1);
        end = repeat(list, end, handler.donate.selector, 1);
        end = repeat(list, end, handler.postHonest.selector, 6);
        end = repeat(list, end, handler.postWrong.selector, 1);
        end = repeat(list, end, handler.revertWrong.selector, 8);
        end = repeat(list, end, handler.revertAny.selector, 1);
        end = repeat(list, end, handler.finalize.selector, 4);
        end = repeat(list, end, handler.openChallenge.selector, 1);
        end = repeat(list, end, handler.closeChallenge.selector, 2);
        end = repeat(list, end, handler.slash.selector, 1);
        end = repeat(list, end, handler.withdrawReward.selector, 1);
        end = repeat(list, end, handler.passTime.selector, 12);
        end = repeat(list, end, handler.escape.selector, 1);
        end = repeat(list, end, handler.escapeStalled.selector, 1);
        end = repeat(list, end, handler.advance.selector, 6);
        end = repeat(list, end, handler.advanceUnsigned.selector, 1);
        end = repeat(list, end, handler.claim.selector, 4);
        end = repeat(list, end, handler.claimUnpaid.selector, 4);
        end = repeat(list, end, handler.exit.selector, 5);
        end = repeat(list, end, handler.refund.selector, 3);
        end = repeat(list, end, handler.claimTampered.selector, 1);
        end = repeat(list, end, handler.claimTwiceAtOnce.selector, 1);
        end = repeat(list, end, handler.claimFallen.selector, 1);
        end = repeat(list, end, handler.claimInvented.selector, 1);
        end = repeat(list, end, handler.exitOfAnother.selector, 1);
        end = repeat(list, end, handler.trespass.selector, 1);
        end = repeat(list, end, handler.postInvalid.selector, 1);
    }

    function repeat(bytes4[] memory list, uint256 from, bytes4 selector, uint256 times) private pure returns (uint256) {
        for (uint256 i = 0; i < times; ++i) {
            list[from + i] = selector;
        }
        return from + times;
    }
}
