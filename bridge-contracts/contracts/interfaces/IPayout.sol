// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The payout predeploy on L2, at 0x5350000000000000000000000000000000000002
/// @notice A transaction to it pays many recipients on L2, all or none. There is no code; a node answers `eth_call` and
/// `eth_estimateGas` of it by the ledger's rules. A call has to be in canonical ABI encoding.
/// @dev A simulated call that a transaction would be refused for reverts with `Error(string)`, in the words that the sender of the
/// transaction would read: docs/rpc.md, "Calls". Too little of a token reverts as in the token itself.
interface IPayout {
    /// @notice Who gets how much.
    struct Payee {
        /// @notice The account on L2. It is made if there is none, by an amount that is not zero.
        address recipient;
        /// @notice In the asset's smallest unit, below 2^128.
        uint256 amount;
    }

    /// @notice The sender holds less of the token (ERC-6093).
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);

    /// @notice Pays ETH. Exactly the sum has to be sent.
    /// @param payees 1 to 64, and no more than fit a chunk: about 20 whose accounts are new.
    function payout(Payee[] calldata payees) external payable;

    /// @notice Pays a token.
    /// @param token Its address on L1.
    /// @param payees As for ETH.
    function payoutToken(address token, Payee[] calldata payees) external;
}
