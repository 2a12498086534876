// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

/// @title What a listed token looks like on L2, to calls that are simulated
/// @notice A node runs this code at the address that the token has on L1, when it answers `eth_call`. Nothing runs when a
/// transaction is executed: a call of `transfer` is then an operation of the ledger, by the same rules.
/// @dev The storage is the ledger, which serves the slots read and takes none of the writes back:
/// `account` is what the account holds; `2^160 + account` its flags; the variables below begin at `2^255`.
// The payable functions revert, always.
// slither-disable-next-line locked-ether
contract TokenFacade layout at 2 ** 255 is IERC20Metadata, IERC20Errors {
    /// @inheritdoc IERC20Metadata
    string public override name;
    /// @inheritdoc IERC20Metadata
    string public override symbol;
    /// @notice The sum of all balances on L2: what was deposited, less what was withdrawn.
    uint256 public override totalSupply;
    /// @inheritdoc IERC20Metadata
    uint8 public override decimals;

    /// @dev Beside an account's address, the slot of its flags.
    uint256 private constant FLAGS = 1 << 160;
    /// @dev The account was locked on L1: no signed operation moves its funds.
    uint256 private constant LOCKED = 1;
    /// @dev The account exists.
    uint256 private constant EXISTS = 2;

    /// @notice ETH sent to a token's address would be lost: nobody has its key.
    receive() external payable {
        revert("the address of a token takes no ETH: nobody could move it again");
    }

    /// @notice A token has no other functions here.
    fallback() external payable {
        revert("no such function of a token on this chain: transfer and the views of ERC-20 are there");
    }

    /// @notice Moves the sender's tokens. Any recipient is possible, the zero address included.
    /// @dev Reverts when the sender is locked, holds none of the token or less than `amount`, or would make an account with
    /// nothing.
    function transfer(address to, uint256 amount) external override returns (bool) {
        require(_flags(msg.sender) & LOCKED == 0, "account is locked on L1");
        uint256 balance = balanceOf(msg.sender);
        require(balance != 0 && amount <= balance, ERC20InsufficientBalance(msg.sender, balance, amount));
        require(amount != 0 || _flags(to) & EXISTS != 0, "amount is zero");
        unchecked {
            _store(_word(msg.sender), balance - amount);
            // The supply is below 2^128, and so is what anybody holds.
            _store(_word(to), balanceOf(to) + amount);
        }
        _store(FLAGS | _word(to), _flags(to) | EXISTS);
        emit Transfer(msg.sender, to, amount);
        return true;
    }

    /// @notice Always reverts: there are no allowances.
    function approve(address, uint256) external pure override returns (bool) {
        revert("no allowances on this chain: the holder sends transfer itself");
    }

    /// @notice Always reverts: there are no allowances.
    function transferFrom(address, address, uint256) external pure override returns (bool) {
        revert("no allowances on this chain: the holder sends transfer itself");
    }

    /// @notice Always 0: there are no allowances.
    function allowance(address, address) external pure override returns (uint256) {
        return 0;
    }

    /// @notice What an account holds on L2.
    function balanceOf(address account) public view override returns (uint256) {
        return _load(_word(account));
    }

    function _flags(address account) private view returns (uint256) {
        return _load(FLAGS | _word(account));
    }

    function _load(uint256 slot) private view returns (uint256 value) {
        assembly ("memory-safe") {
            value := sload(slot)
        }
    }

    function _store(uint256 slot, uint256 value) private {
        assembly ("memory-safe") {
            sstore(slot, value)
        }
    }

    function _word(address account) private pure returns (uint256) {
        return uint160(account);
    }
}
