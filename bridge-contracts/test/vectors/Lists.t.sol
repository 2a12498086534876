// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ListRoot} from "../../contracts/libraries/ListRoot.sol";
import {ListProofs} from "../base/ListProofs.sol";
import {Vectors} from "./Vectors.sol";

contract ListVectorsTest is Vectors {
    struct List {
        bytes32[] hashes;
        bytes32 root;
    }

    struct Proof {
        uint32 count;
        uint32 index;
        bytes32 leaf;
        bytes32[] proof;
        bytes32 root;
        bool valid;
        string why;
    }

    function setUp() public override {
        load("lists");
    }

    function test_roots() public view {
        List[] memory lists = abi.decode(objects(".lists", "ListJson(bytes32[] hashes,bytes32 root)"), (List[]));
        atLeast(lists.length, 9);
        for (uint256 i = 0; i < lists.length; ++i) {
            vm.assertEq(ListRoot.root(lists[i].hashes), lists[i].root);
        }
    }

    function test_proofs() public view {
        Proof[] memory proofs = abi.decode(
            objects(
                ".proofs",
                "ProofJson(uint32 count,uint32 index,bytes32 leaf,bytes32[] proof,bytes32 root,bool valid,string why)"
            ),
            (Proof[])
        );
        atLeast(proofs.length, 11);
        uint256 valid = 0;
        for (uint256 i = 0; i < proofs.length; ++i) {
            Proof memory p = proofs[i];
            vm.assertEq(this.contains(p.root, p.count, p.index, p.leaf, p.proof), p.valid, p.why);
            if (p.valid) ++valid;
        }
        atLeast(valid, 5);
        atLeast(proofs.length - valid, 6);
    }

    function testFuzz_everyEntryHasItsProofAndNoOther(uint8 size, uint8 index, uint8 other) public view {
        size = uint8(bound(size, 1, 40));
        index = uint8(bound(index, 0, size - 1));
        other = uint8(bound(other, 0, 60));
        bytes32[] memory hashes = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) {
            hashes[i] = keccak256(abi.encode(i));
        }
        bytes32[] memory proof = ListProofs.proofOf(hashes, index);
        bytes32 leaf_ = hashes[index];
        bytes32 root = ListRoot.root(hashes);
        vm.assertEq(this.contains(root, size, other, leaf_, proof), other == index);
    }

    /// @dev External, because the library takes calldata.
    function contains(bytes32 root, uint32 count, uint32 index, bytes32 leaf_, bytes32[] calldata proof)
        external
        pure
        returns (bool)
    {
        return ListRoot.contains(root, count, index, leaf_, proof);
    }
}
