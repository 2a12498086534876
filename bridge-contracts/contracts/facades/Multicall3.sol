// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IMulticall3} from "../interfaces/IMulticall3.sol";

/// @title Many calls in one
/// @notice A node runs this code at Multicall3's usual address when it answers `eth_call`.
contract Multicall3 is IMulticall3 {
    /// @inheritdoc IMulticall3
    function aggregate(Call[] calldata calls)
        external
        payable
        override
        returns (uint256 blockNumber, bytes[] memory returnData)
    {
        returnData = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            returnData[i] = _call(calls[i].target, false, 0, calls[i].callData).returnData;
        }
        return (block.number, returnData);
    }

    /// @inheritdoc IMulticall3
    function tryBlockAndAggregate(bool requireSuccess, Call[] calldata calls)
        external
        payable
        override
        returns (uint256 blockNumber, bytes32 blockHash, Result[] memory returnData)
    {
        return (block.number, blockhash(block.number), tryAggregate(requireSuccess, calls));
    }

    /// @inheritdoc IMulticall3
    function blockAndAggregate(Call[] calldata calls)
        external
        payable
        override
        returns (uint256 blockNumber, bytes32 blockHash, Result[] memory returnData)
    {
        return (block.number, blockhash(block.number), tryAggregate(true, calls));
    }

    /// @inheritdoc IMulticall3
    function aggregate3(Call3[] calldata calls) external payable override returns (Result[] memory returnData) {
        returnData = new Result[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            Call3 calldata call = calls[i];
            returnData[i] = _call(call.target, call.allowFailure, 0, call.callData);
        }
    }

    /// @inheritdoc IMulticall3
    function aggregate3Value(Call3Value[] calldata calls)
        external
        payable
        override
        returns (Result[] memory returnData)
    {
        returnData = new Result[](calls.length);
        uint256 sent = 0;
        for (uint256 i = 0; i < calls.length; ++i) {
            Call3Value calldata call = calls[i];
            sent += call.value;
            returnData[i] = _call(call.target, call.allowFailure, call.value, call.callData);
        }
        require(sent == msg.value, "Multicall3: value mismatch");
    }

    /// @inheritdoc IMulticall3
    function getBlockHash(uint256 blockNumber) external view override returns (bytes32 blockHash) {
        return blockhash(blockNumber);
    }

    /// @inheritdoc IMulticall3
    function getLastBlockHash() external view override returns (bytes32 blockHash) {
        // Block 0 has none before it; its number wraps around, and the hash of the number that comes out is zero.
        unchecked {
            return blockhash(block.number - 1);
        }
    }

    /// @inheritdoc IMulticall3
    function getBlockNumber() external view override returns (uint256 blockNumber) {
        return block.number;
    }

    /// @inheritdoc IMulticall3
    function getCurrentBlockCoinbase() external view override returns (address coinbase) {
        return block.coinbase;
    }

    /// @inheritdoc IMulticall3
    function getCurrentBlockDifficulty() external view override returns (uint256 difficulty) {
        return block.prevrandao;
    }

    /// @inheritdoc IMulticall3
    function getCurrentBlockGasLimit() external view override returns (uint256 gaslimit) {
        return block.gaslimit;
    }

    /// @inheritdoc IMulticall3
    function getCurrentBlockTimestamp() external view override returns (uint256 timestamp) {
        return block.timestamp;
    }

    /// @inheritdoc IMulticall3
    function getEthBalance(address addr) external view override returns (uint256 balance) {
        return addr.balance;
    }

    /// @inheritdoc IMulticall3
    function getBasefee() external view override returns (uint256 basefee) {
        return block.basefee;
    }

    /// @inheritdoc IMulticall3
    function getChainId() external view override returns (uint256 chainid) {
        return block.chainid;
    }

    /// @inheritdoc IMulticall3
    function tryAggregate(bool requireSuccess, Call[] calldata calls)
        public
        payable
        override
        returns (Result[] memory returnData)
    {
        returnData = new Result[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            returnData[i] = _call(calls[i].target, !requireSuccess, 0, calls[i].callData);
        }
    }

    function _call(address target, bool allowFailure, uint256 value, bytes calldata data)
        private
        returns (Result memory result)
    {
        // What is sent is the caller's, in a call that is simulated.
        // slither-disable-next-line arbitrary-send-eth
        (result.success, result.returnData) = target.call{value: value}(data);
        require(result.success || allowFailure, "Multicall3: call failed");
    }
}
