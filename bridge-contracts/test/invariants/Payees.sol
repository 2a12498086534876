// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Token} from "../base/Token.sol";

/// @title A token that refuses to pay whom its issuer has blocked
contract BlockingToken is Token {
    mapping(address holder => bool) public blocked;

    error Blocked(address holder);

    constructor(uint8 decimals_) Token(decimals_) {}

    function setBlocked(address holder, bool value) external {
        blocked[holder] = value;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (blocked[to]) revert Blocked(to);
        super._update(from, to, value);
    }
}

/// @title A contract that takes ETH, or does not, in the ways that matter to who pays; and that consents to everything
contract Payee is IERC1271 {
    enum Mode {
        Takes,
        /// Reverts.
        Refuses,
        /// Uses more gas than a claim gives, then takes.
        Burns,
        /// Calls the payer again, then takes.
        Reenters
    }

    uint256 private constant BURNT_GAS = 400_000;

    Mode public mode;
    address private _target;
    bytes private _call;

    error Refused();

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    /// @notice What to call when paid in the mode `Reenters`.
    function setCall(address target, bytes calldata input) external {
        _target = target;
        _call = input;
    }

    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return IERC1271.isValidSignature.selector;
    }

    receive() external payable {
        if (mode == Mode.Refuses) revert Refused();
        if (mode == Mode.Burns) {
            uint256 start = gasleft();
            while (start - gasleft() < BURNT_GAS) {}
        }
        if (mode == Mode.Reenters) {
            // Whether that succeeds is not its concern: the books of the handler say whether funds moved.
            (bool ok,) = _target.call(_call);
            ok;
        }
    }
}
