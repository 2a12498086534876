// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IDispute} from "./IDispute.sol";

/// @title What disputes about a batch's data have in common
/// @notice A pending batch that is proven wrong falls, with all later ones, and its sequencer is slashed.
/// @dev `number` and `batch` are the batch; `parent` is the one before it, and anything for the first.
interface IDataDispute is IDispute {
    /// @notice The contract that reads batches' data.
    function postedData() external view returns (address);
}
