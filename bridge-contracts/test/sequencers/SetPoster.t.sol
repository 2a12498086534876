// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISequencerSet} from "../../contracts/interfaces/ISequencerSet.sol";
import {BatchHeader} from "../../contracts/libraries/Batches.sol";
import {System} from "../base/System.sol";

contract SetPosterTest is System {
    function testFuzz_allowsAndForbids(address poster) public {
        vm.assume(poster != operator);
        vm.assertFalse(rollup.isPoster(operator, poster));
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(address(rollup));
            emit ISequencerSet.PosterSet(operator, poster, i == 0);
            vm.prank(operator);
            rollup.setPoster(poster, i == 0);
            vm.assertEq(rollup.isPoster(operator, poster), i == 0);
        }
    }

    function test_theBondOfTheSequencerAnswers() public {
        vm.prank(operator);
        rollup.setPoster(alice, true);
        BatchHeader memory header = nextHeader();
        vm.prank(alice);
        rollup.submitCalldata(operator, header, new bytes(496));
        (uint96 bond,,) = rollup.sequencer(alice);
        vm.assertEq(bond, 0);

        vm.prank(operator);
        rollup.setPoster(alice, false);
        header = nextHeader();
        vm.expectRevert(abi.encodeWithSelector(ISequencerSet.NotPoster.selector, operator, alice));
        vm.prank(alice);
        rollup.submitCalldata(operator, header, new bytes(496));
    }

    function testFuzz_everyoneIsItsOwnPoster(address account_) public {
        vm.prank(account_);
        rollup.setPoster(account_, false);
        vm.assertTrue(rollup.isPoster(account_, account_));
    }

    function testFuzz_speaksForTheCallerAlone(address caller) public {
        vm.assume(caller != operator && caller != alice);
        vm.prank(caller);
        rollup.setPoster(alice, true);
        vm.assertTrue(rollup.isPoster(caller, alice));
        vm.assertFalse(rollup.isPoster(operator, alice));
    }
}
