// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token for development networks: anyone may mint, so it is worth nothing
/// @notice `spillway deploy --development` deploys and lists it. Never list it elsewhere.
contract TestToken is ERC20 {
    uint8 private immutable _decimals;

    /// @param decimals_ Decimals of the amounts that wallets show.
    constructor(uint8 decimals_) ERC20("Spillway development token", "DEVT") {
        _decimals = decimals_;
    }

    /// @notice Makes tokens out of nothing.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return _decimals;
    }
}
