// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ListRoot} from "../../contracts/libraries/ListRoot.sol";
import {Vectors} from "./Vectors.sol";

contract CalldataCommitmentVectorsTest is Vectors {
    struct CalldataCommitment {
        bytes32[] chunk_hashes;
        bytes[] chunks;
        bytes32 commitment;
    }

    function setUp() public override {
        load("batch");
    }

    function test_calldataCommitments() public view {
        CalldataCommitment[] memory commitments = abi.decode(
            objects(
                ".calldata_commitments",
                "CalldataCommitmentJson(bytes32[] chunk_hashes,bytes[] chunks,bytes32 commitment)"
            ),
            (CalldataCommitment[])
        );
        atLeast(commitments.length, 2);
        for (uint256 i = 0; i < commitments.length; ++i) {
            agrees(commitments[i]);
        }
    }

    function agrees(CalldataCommitment memory c) private view {
        bytes memory chunks;
        for (uint256 j = 0; j < c.chunks.length; ++j) {
            chunks = bytes.concat(chunks, c.chunks[j]);
            vm.assertEq(keccak256(c.chunks[j]), c.chunk_hashes[j]);
        }
        vm.assertEq(this.commitment(chunks), c.commitment);
        vm.assertEq(keccak256(bytes.concat(hex"06", ListRoot.root(c.chunk_hashes))), c.commitment);
    }
}
