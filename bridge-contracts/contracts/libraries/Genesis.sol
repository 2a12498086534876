// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {State, States} from "./States.sol";

/// @title The state before the first batch
/// @dev docs/protocol.md, "State": the fee account alone, empty, and every counter zero. L1 computes the root itself, so that
/// there is no root to trust.
library Genesis {
    /// @notice The state root of genesis with this fee account.
    function stateRoot(address feeAccount) internal pure returns (bytes32) {
        bytes32 accounts =
            keccak256(abi.encodePacked(bytes1(0), feeAccount, uint64(0), uint8(0), uint128(0), bytes32(0)));
        bytes32 zero = 0;
        for (uint256 level = 0; level < 32; ++level) {
            accounts = Hashes.efficientKeccak256(accounts, zero);
            zero = Hashes.efficientKeccak256(zero, zero);
        }
        // All that is not set here is zero.
        // slither-disable-next-line uninitialized-local
        State memory state;
        state.accountsRoot = accounts;
        state.withdrawalsRoot = zero;
        state.accountCount = 1;
        return States.root(state);
    }
}
