// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BatchHeader} from "../../contracts/libraries/Batches.sol";

/// @title What a transaction costs besides its execution
library Transaction {
    /// @notice The gas of a transaction whose execution used so much, by EIP-2028 and EIP-7623.
    function gasOf(bytes memory data, uint256 execution) internal pure returns (uint256) {
        uint256 used = 21_000 + 4 * tokens(data) + execution;
        uint256 least = floor(data);
        return used > least ? used : least;
    }

    /// @notice What a transaction pays at least, by EIP-7623: 10 gas a token of its calldata.
    function floor(bytes memory data) internal pure returns (uint256) {
        return 21_000 + 10 * tokens(data);
    }

    /// @notice Fills a header as densely as in use, because zeros are cheap.
    function dense(BatchHeader memory header) internal pure returns (BatchHeader memory) {
        header.authRoot = keccak256("auth root");
        header.blockHash = keccak256("block hash");
        header.authCount = 123_456;
        header.blockNumber = 0x1122334455;
        return header;
    }

    /// @dev A zero byte is one token, every other one four.
    function tokens(bytes memory data) private pure returns (uint256 count) {
        for (uint256 i = 0; i < data.length; ++i) {
            count += data[i] == 0 ? 1 : 4;
        }
    }
}
