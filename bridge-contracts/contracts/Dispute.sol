// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IDispute} from "./interfaces/IDispute.sol";
import {IRollup} from "./interfaces/IRollup.sol";

/// @title Dispute
/// @notice See `IDispute`.
abstract contract Dispute is IDispute {
    /// @inheritdoc IDispute
    address public immutable rollup;

    /// @param rollup_ The rollup, deployed before with this contract's address.
    constructor(address rollup_) {
        if (!IRollup(rollup_).isDisputes(address(this))) revert NotListed();
        rollup = rollup_;
    }
}
