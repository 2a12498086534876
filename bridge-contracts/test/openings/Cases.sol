// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch, Batches} from "../../contracts/libraries/Batches.sol";
import {ListRoot} from "../../contracts/libraries/ListRoot.sol";
import {ChunkProof, ElementProof, RootProof} from "../../contracts/libraries/Openings.sol";
import {Test} from "../base/Test.sol";
import {Opener} from "./Opener.sol";

/// @title Openings that hold, to be changed
/// @dev `cargo run -p spillway-l1 --example openings` writes them. The fields of an object are in alphabetical order, in the file as here.
abstract contract Cases is Test {
    struct ChunkCase {
        bytes chunk;
        uint16 chunk_count;
        bytes commitment;
        string name;
        uint16 number;
        bytes proof;
        bytes32[] versioned_hashes;
    }

    struct ElementCase {
        uint16 chunk_count;
        bytes commitment;
        bool malformed;
        string name;
        uint32 number;
        bytes proof;
        bytes32 value;
        bytes32[] versioned_hashes;
    }

    struct RootCase {
        uint16 chunk_count;
        bytes commitment;
        string name;
        uint16 number;
        bytes proofs;
        bytes32 root;
        bytes start;
        bytes32[] versioned_hashes;
    }

    Opener internal opener;
    string internal json;

    function setUp() public virtual {
        json = vm.readFile("test/vectors/openings.json");
        opener = new Opener();
    }

    function chunkCases() internal view returns (ChunkCase[] memory) {
        string memory types =
            "ChunkJson(bytes chunk,uint16 chunk_count,bytes commitment,string name,uint16 number,bytes proof,bytes32[] versioned_hashes)";
        return abi.decode(vm.parseJsonTypeArray(json, ".chunks", types), (ChunkCase[]));
    }

    function elementCases() internal view returns (ElementCase[] memory) {
        string memory types =
            "ElementJson(uint16 chunk_count,bytes commitment,bool malformed,string name,uint32 number,bytes proof,bytes32 value,bytes32[] versioned_hashes)";
        return abi.decode(vm.parseJsonTypeArray(json, ".elements", types), (ElementCase[]));
    }

    function rootCases() internal view returns (RootCase[] memory) {
        string memory types =
            "RootJson(uint16 chunk_count,bytes commitment,string name,uint16 number,bytes proofs,bytes32 root,bytes start,bytes32[] versioned_hashes)";
        return abi.decode(vm.parseJsonTypeArray(json, ".roots", types), (RootCase[]));
    }

    /// @notice The case of that name.
    function chunkCase(string memory name) internal view returns (ChunkCase memory) {
        ChunkCase[] memory cases = chunkCases();
        for (uint256 i = 0; i < cases.length; ++i) {
            if (keccak256(bytes(cases[i].name)) == keccak256(bytes(name))) return cases[i];
        }
        revert(name);
    }

    /// @notice A malformed element, or a well-formed one.
    function elementCase(bool malformed) internal view returns (ElementCase memory) {
        ElementCase[] memory cases = elementCases();
        for (uint256 i = 0; i < cases.length; ++i) {
            if (cases[i].malformed == malformed) return cases[i];
        }
        revert("no such case");
    }

    function proofOf(ChunkCase memory c) internal pure returns (ChunkProof memory) {
        return ChunkProof(c.chunk, c.versioned_hashes, c.commitment, c.proof, 0, new bytes32[](0));
    }

    function proofOf(RootCase memory c) internal pure returns (RootProof memory) {
        return RootProof(c.start, c.versioned_hashes, c.commitment, c.proofs, 0, new bytes32[](0));
    }

    function proofOf(ElementCase memory c) internal pure returns (ElementProof memory) {
        return ElementProof(c.value, c.versioned_hashes, c.commitment, c.proof);
    }

    /// @notice A batch in these blobs.
    function inBlobs(bytes32[] memory versionedHashes, uint16 count) internal pure returns (Batch memory batch) {
        batch.header.chunkCount = count;
        batch.dataCommitment = Batches.blobCommitment(versionedHashes);
    }

    /// @notice A batch of so many chunks in calldata, with the list root and the path of one of them.
    function inCalldata(uint16 count, uint256 number)
        internal
        view
        returns (Batch memory batch, bytes memory chunk, bytes32 listRoot, bytes32[] memory path)
    {
        bytes memory all = new bytes(uint256(count) * 496);
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = bytes1(uint8(i ^ (i >> 8)));
        }
        batch.header.chunkCount = count;
        batch.dataCommitment = opener.calldataCommitment(all);
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            bytes memory one = slice(all, i * 496, 496);
            if (i == number) chunk = one;
            hashes[i] = keccak256(one);
        }
        path = pathOf(hashes, number);
        listRoot = ListRoot.root(hashes);
    }

    /// @notice A copy of `length` bytes from `start`.
    function slice(bytes memory from, uint256 start, uint256 length) internal pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = from[start + i];
        }
    }

    /// @notice A copy with one byte changed.
    function flipped(bytes memory from, uint256 position, uint8 by) internal pure returns (bytes memory changed) {
        changed = bytes.concat(from);
        changed[position] ^= bytes1(by);
    }

    /// @notice That a call failed with that error, arguments aside.
    function failed(bool success, bytes memory answer, bytes4 selector, string memory what) internal pure {
        vm.assertFalse(success, what);
        vm.assertEq(bytes32(bytes4(answer)), bytes32(selector), what);
    }

    /// @dev By whole levels, apart from the library.
    function pathOf(bytes32[] memory hashes, uint256 number) private pure returns (bytes32[] memory path) {
        uint256 depth = 0;
        while ((uint256(1) << depth) < hashes.length) {
            ++depth;
        }
        bytes32[] memory level = new bytes32[](uint256(1) << depth);
        for (uint256 i = 0; i < hashes.length; ++i) {
            level[i] = hashes[i];
        }
        path = new bytes32[](depth);
        for (uint256 height = 0; height < depth; ++height) {
            path[height] = level[(number >> height) ^ 1];
            for (uint256 i = 0; i < level.length >> (height + 1); ++i) {
                level[i] = keccak256(bytes.concat(level[2 * i], level[2 * i + 1]));
            }
        }
    }
}
