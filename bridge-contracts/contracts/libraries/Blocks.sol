// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice A block of L2. The fields are in the order of the 120 bytes of docs/protocol.md, "Blocks".
struct BlockHeader {
    /// The hash of the block before it.
    bytes32 parent;
    uint64 number;
    /// In seconds.
    uint64 timestamp;
    /// In wei a unit of gas.
    uint64 baseFee;
    /// Inbox messages consumed up to its end.
    uint64 inboxCount;
    /// The inbox's hash chain after them.
    bytes24 inboxAccumulator;
    /// The hash of its operations.
    bytes32 operationsHash;
}

/// @notice A block header with what its sequencer signed.
struct SignedHeader {
    BlockHeader header;
    /// Reverts on L1 before it.
    uint64 forkId;
    /// List root of the hashes of the block's transactions.
    bytes32 txRoot;
    /// r, s and v: 65 bytes.
    bytes signature;
}

/// @title Block headers and their signatures
/// @dev docs/protocol.md, "Blocks".
library Blocks {
    bytes15 private constant DOMAIN = "spillway/header";

    /// @notice The block hash.
    function hash(BlockHeader calldata header) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                header.parent,
                header.number,
                header.timestamp,
                header.baseFee,
                header.inboxCount,
                header.inboxAccumulator,
                header.operationsHash
            )
        );
    }

    /// @notice Who signed a header for that chain. Reverts if nobody did.
    function signer(SignedHeader calldata signed, uint64 chainId) internal pure returns (address) {
        bytes32 digest = keccak256(abi.encodePacked(DOMAIN, chainId, signed.forkId, hash(signed.header), signed.txRoot));
        return ECDSA.recover(digest, signed.signature);
    }
}
