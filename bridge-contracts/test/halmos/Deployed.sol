// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bridge} from "../../contracts/Bridge.sol";
import {Inbox} from "../../contracts/Inbox.sol";
import {Rollup} from "../../contracts/Rollup.sol";
import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {AnyToken} from "./StandIns.sol";
import {Proof} from "./Svm.sol";

/// @title The three contracts as they are deployed, each with every content of its storage, at any time
abstract contract Deployed is Proof {
    uint64 internal constant CHALLENGE_WINDOW = 7 days;
    /// Where the rollup keeps its head.
    bytes32 private constant HEAD_SLOT = bytes32(uint256(3));

    Bridge internal bridge;
    Inbox internal inbox;
    Rollup internal rollup;

    function setUp() external {
        address governance = account("governance");
        address[] memory none = new address[](0);
        // Addresses of new contracts count up in halmos. If that changes, the rollup's constructor finds it out.
        uint160 last = uint160(address(new AnyToken()));
        inbox = new Inbox(address(last + 2), address(last + 3));
        bridge = new Bridge(address(inbox), address(last + 3), governance);
        rollup = new Rollup(address(inbox), address(bridge), governance, none, none, parameters());
        forgetBridge(address(bridge));
        svm.enableSymbolicStorage(address(inbox));
        forgetRollup();
        vm.deal(address(bridge), type(uint128).max);
        vm.warp(svm.createUint(56, "now"));
    }

    /// @notice Any value of ETH to send along.
    function anyValue() internal pure returns (uint256) {
        return svm.createUint256("value");
    }

    /// @dev The head is the one word that the rollup's constructor has written.
    function forgetRollup() private {
        svm.enableSymbolicStorage(address(rollup));
        bytes32 head = svm.createBytes32("head");
        vm.store(address(rollup), HEAD_SLOT, head);
        (uint64 number,,,,) = rollup.head();
        assert(number == uint64(uint256(head)));
    }

    function parameters() private returns (IRollup.Parameters memory) {
        return IRollup.Parameters({
            challengeWindow: CHALLENGE_WINDOW,
            responseWindow: 1 days,
            forceInclusionWindow: 1 days,
            escapeDelay: 3 days,
            maxStall: 30 days,
            sequencerDelay: 10 days,
            bond: 10 ether,
            feeAccount: account("fee account"),
            developmentChainId: 0
        });
    }
}
