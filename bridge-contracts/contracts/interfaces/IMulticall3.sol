// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Many calls in one
/// @notice The interface that wallets and their libraries expect at 0xcA11bde05977b3631167028862bE2a173976CA11. On L2 it answers
/// `eth_call` alone. Every call comes from the contract, and all of them see one block.
interface IMulticall3 {
    /// @notice A call that has to succeed.
    struct Call {
        address target;
        bytes callData;
    }

    /// @notice A call that says itself whether it may fail.
    struct Call3 {
        address target;
        bool allowFailure;
        bytes callData;
    }

    /// @notice The same, with ETH.
    struct Call3Value {
        address target;
        bool allowFailure;
        uint256 value;
        bytes callData;
    }

    /// @notice What a call came to.
    struct Result {
        bool success;
        bytes returnData;
    }

    /// @notice Calls all; reverts when one fails.
    function aggregate(Call[] calldata calls) external payable returns (uint256 blockNumber, bytes[] memory returnData);

    /// @notice Calls all; reverts when one fails, if success is required.
    function tryAggregate(bool requireSuccess, Call[] calldata calls)
        external
        payable
        returns (Result[] memory returnData);

    /// @notice `tryAggregate`, and of which block. The hash is zero: a block does not know its own.
    function tryBlockAndAggregate(bool requireSuccess, Call[] calldata calls)
        external
        payable
        returns (uint256 blockNumber, bytes32 blockHash, Result[] memory returnData);

    /// @notice `tryBlockAndAggregate`, success required.
    function blockAndAggregate(Call[] calldata calls)
        external
        payable
        returns (uint256 blockNumber, bytes32 blockHash, Result[] memory returnData);

    /// @notice Calls all; reverts when one fails that may not.
    function aggregate3(Call3[] calldata calls) external payable returns (Result[] memory returnData);

    /// @notice The same with ETH, of which exactly the sum has to be sent.
    function aggregate3Value(Call3Value[] calldata calls) external payable returns (Result[] memory returnData);

    /// @notice The hash of one of the 256 blocks before this one, else zero.
    function getBlockHash(uint256 blockNumber) external view returns (bytes32 blockHash);

    /// @notice The hash of the block before this one.
    function getLastBlockHash() external view returns (bytes32 blockHash);

    /// @notice The block's number.
    function getBlockNumber() external view returns (uint256 blockNumber);

    /// @notice Who gets the block's fees.
    function getCurrentBlockCoinbase() external view returns (address coinbase);

    /// @notice The block's `prevrandao`, by its old name.
    function getCurrentBlockDifficulty() external view returns (uint256 difficulty);

    /// @notice The block's gas limit.
    function getCurrentBlockGasLimit() external view returns (uint256 gaslimit);

    /// @notice The block's timestamp, in seconds.
    function getCurrentBlockTimestamp() external view returns (uint256 timestamp);

    /// @notice What an account holds, in wei.
    function getEthBalance(address addr) external view returns (uint256 balance);

    /// @notice The block's base fee, in wei a unit of gas.
    function getBasefee() external view returns (uint256 basefee);

    /// @notice The chain's id.
    function getChainId() external view returns (uint256 chainid);
}
