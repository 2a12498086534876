// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The withdraw predeploy on L2, at 0x5350000000000000000000000000000000000001
/// @notice A transaction to it is a withdrawal: an operation of the ledger, paid on L1 once its batch is final. There is no code; a
/// node answers `eth_call` and `eth_estimateGas` of it by the ledger's rules. A call has to be in canonical ABI encoding.
/// @dev A simulated call that a transaction would be refused for reverts with `Error(string)`, in the words that the sender of the
/// transaction would read: docs/rpc.md, "Calls". Too little of a token reverts as in the token itself.
interface IWithdraw {
    /// @notice The sender holds less of the token (ERC-6093).
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);

    /// @notice Withdraws the ETH sent.
    /// @param recipient Who is paid on L1.
    function withdraw(address recipient) external payable;

    /// @notice Withdraws a token.
    /// @param token Its address on L1.
    /// @param amount In the token's smallest unit, 1 to 2^128 - 1.
    /// @param recipient Who is paid on L1.
    function withdrawToken(address token, uint256 amount, address recipient) external;
}
