// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bridge} from "../../contracts/Bridge.sol";
import {Inbox} from "../../contracts/Inbox.sol";
import {Rollup} from "../../contracts/Rollup.sol";
import {Deployed} from "./Deployed.sol";

/// @title Custody falls by claims, exits and refunds, and by nothing else
/// @dev Any caller, any call, any value. `token` is any token, and so stands for each.
contract Custody is Deployed {
    /// @dev Claims and exits have their own proofs: `ClaimOnce`, `ExitOnce`.
    function check_bridge(address caller, address token) external {
        bytes memory input = svm.createCalldata("Bridge");
        bytes4 selector = bytes4(input);
        vm.assume(selector != Bridge.claim.selector && selector != Bridge.exit.selector);
        uint128 before = bridge.custody(token);
        // Listing writes a token's word anew.
        vm.assume(listed(token) || before == 0);
        vm.prank(caller);
        (bool ok,) = address(bridge).call{value: anyValue()}(input);
        assert(listed(token) || bridge.custody(token) == 0);
        if (!ok || bridge.custody(token) >= before) return;
        assert(
            (selector == Bridge.refund.selector && caller == address(inbox))
                || (selector == Bridge.pay.selector && caller == address(bridge))
        );
        assert(before - bridge.custody(token) == uint128(wordAt(input, 2)));
    }

    function check_inbox(address caller, address token) external {
        bytes memory input = svm.createCalldata("Inbox");
        uint128 before = bridge.custody(token);
        vm.prank(caller);
        (bool ok,) = address(inbox).call{value: anyValue()}(input);
        if (!ok || bridge.custody(token) >= before) return;
        assert(bytes4(input) == Inbox.refund.selector);
        assert(bridge.tokenAddress(uint8(wordAt(input, 2))) == token);
        assert(before - bridge.custody(token) == uint128(wordAt(input, 3)));
    }

    function check_rollup(address caller, address token) external {
        bytes memory input = svm.createCalldata("Rollup");
        vm.assume(bytes4(input) != Rollup.submitBlobs.selector);
        uint128 before = bridge.custody(token);
        vm.prank(caller);
        (bool ok,) = address(rollup).call{value: anyValue()}(input);
        assert(!ok || bridge.custody(token) == before);
    }

    function listed(address token) private view returns (bool) {
        try bridge.tokenId(token) {
            return true;
        } catch {
            return false;
        }
    }
}
