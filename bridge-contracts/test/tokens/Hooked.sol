// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {WeirdToken} from "./Weird.sol";

/// @title Tells sender and receiver of a transfer, as ERC-777 does
contract HookedToken is WeirdToken {
    mapping(address account_ => bool) private registered;

    function register() external {
        registered[msg.sender] = true;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (registered[from]) Hook(payable(from)).told();
        super._update(from, to, value);
        if (registered[to]) Hook(payable(to)).told();
    }
}

/// @title A holder that makes a call the first time it is told of a transfer, and keeps what came of it
contract Hook {
    address private target;
    uint256 private value;
    bytes private data;
    uint256 public calls;
    bool public succeeded;
    bytes4 public failure;

    constructor(HookedToken token, address spender) payable {
        token.register();
        token.approve(spender, type(uint256).max);
    }

    function setUp(address target_, uint256 value_, bytes calldata data_) external {
        (target, value, data) = (target_, value_, data_);
        calls = 0;
    }

    /// @notice Does something in its own name.
    function run(address callee, bytes calldata input) external {
        (bool done, bytes memory answer) = callee.call(input);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
    }

    /// @dev Calls once, the first time after `setUp`.
    function told() external {
        if (target == address(0) || calls++ > 0) return;
        bytes memory answer;
        (succeeded, answer) = target.call{value: value}(data);
        failure = bytes4(answer);
    }

    receive() external payable {}
}
