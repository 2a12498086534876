// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Multiproof} from "../../contracts/libraries/Multiproof.sol";
import {Vectors} from "./Vectors.sol";

contract MultiproofVectorsTest is Vectors {
    struct Proof {
        uint32 count;
        uint256[] indices;
        bytes32[] leaves;
        bytes32 root;
        bytes32[] siblings;
    }

    struct InvalidProof {
        uint32 count;
        uint256[] indices;
        bytes32[] leaves;
        bytes32 root;
        bytes32[] siblings;
        string why;
    }

    function setUp() public override {
        load("multiproofs");
    }

    function test_proofs() public view {
        Proof[] memory proofs = abi.decode(
            objects(
                ".proofs", "ProofJson(uint32 count,uint256[] indices,bytes32[] leaves,bytes32 root,bytes32[] siblings)"
            ),
            (Proof[])
        );
        atLeast(proofs.length, 10);
        for (uint256 i = 0; i < proofs.length; ++i) {
            Proof memory p = proofs[i];
            vm.assertEq(this.rootOf(p.indices, p.leaves, p.count, p.siblings), p.root);
        }
    }

    /// @dev An invalid proof reverts for its length, or leads to another root.
    function test_invalidProofs() public view {
        InvalidProof[] memory proofs = abi.decode(
            objects(
                ".invalid",
                "InvalidProofJson(uint32 count,uint256[] indices,bytes32[] leaves,bytes32 root,bytes32[] siblings,string why)"
            ),
            (InvalidProof[])
        );
        atLeast(proofs.length, 6);
        uint256 missing = 0;
        uint256 leftOver = 0;
        uint256 otherRoot = 0;
        for (uint256 i = 0; i < proofs.length; ++i) {
            InvalidProof memory p = proofs[i];
            try this.rootOf(p.indices, p.leaves, p.count, p.siblings) returns (bytes32 root) {
                vm.assertTrue(root != p.root, p.why);
                ++otherRoot;
            } catch (bytes memory reason) {
                if (bytes4(reason) == Multiproof.SiblingMissing.selector) ++missing;
                if (bytes4(reason) == Multiproof.SiblingsLeftOver.selector) ++leftOver;
            }
        }
        vm.assertEq(missing + leftOver + otherRoot, proofs.length);
        atLeast(missing, 1);
        atLeast(leftOver, 1);
        atLeast(otherRoot, 3);
    }

    /// @dev External, because the library takes calldata.
    function rootOf(uint256[] memory indices, bytes32[] memory nodes, uint32 count, bytes32[] calldata siblings)
        external
        pure
        returns (bytes32)
    {
        return Multiproof.root(indices, nodes, count, siblings);
    }
}
