// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Deployed} from "./Deployed.sol";

/// @title The inbox only grows
/// @dev `index` is any number of messages, and so stands for each.
contract InboxWords is Deployed {
    function check_wordsStay(address caller, uint64 index) external {
        bytes memory input = svm.createCalldata("Inbox");
        uint64 count = inbox.count();
        vm.assume(index <= count);
        (bytes24 accumulator, uint64 timestamp) = inbox.checkpoint(index);
        vm.prank(caller);
        (bool ok,) = address(inbox).call{value: anyValue()}(input);
        if (!ok) return;
        assert(inbox.count() >= count);
        (bytes24 later, uint64 laterTimestamp) = inbox.checkpoint(index);
        assert(later == accumulator);
        assert(index == count || laterTimestamp == timestamp);
    }
}
