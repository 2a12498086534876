// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Multiproof} from "../../contracts/libraries/Multiproof.sol";
import {Withdrawal} from "../../contracts/libraries/States.sol";
import {Tree} from "../base/Tree.sol";
import {Vectors} from "./Vectors.sol";

contract WithdrawalVectorsTest is Vectors {
    struct CountedRoot {
        uint32 count;
        bytes32 root;
    }

    struct Leaf {
        address account;
        uint128 amount;
        uint32 index;
        bytes32 leaf;
        bytes32[] proof;
        address recipient;
        uint8 token;
    }

    CountedRoot[] private roots;
    Leaf[] private leaves;

    function setUp() public override {
        super.setUp();
        load("withdrawal_leaves");
        CountedRoot[] memory roots_ =
            abi.decode(objects(".roots", "CountedRootJson(uint32 count,bytes32 root)"), (CountedRoot[]));
        Leaf[] memory leaves_ = abi.decode(
            objects(
                ".withdrawals",
                "LeafJson(address account,uint128 amount,uint32 index,bytes32 leaf,bytes32[] proof,address recipient,uint8 token)"
            ),
            (Leaf[])
        );
        for (uint256 i = 0; i < roots_.length; ++i) {
            roots.push(roots_[i]);
        }
        for (uint256 i = 0; i < leaves_.length; ++i) {
            leaves.push(leaves_[i]);
        }
        atLeast(roots.length, 6);
        atLeast(leaves.length, 5);
    }

    function test_leaves() public view {
        for (uint256 i = 0; i < leaves.length; ++i) {
            Leaf memory l = leaves[i];
            vm.assertEq(this.leaf(Withdrawal(l.index, l.account, l.recipient, l.token, l.amount)), l.leaf);
        }
    }

    function test_roots() public view {
        for (uint256 i = 0; i < roots.length; ++i) {
            bytes32[] memory first = new bytes32[](roots[i].count);
            for (uint256 j = 0; j < first.length; ++j) {
                first[j] = leaves[j].leaf;
            }
            vm.assertEq(Tree.root(first), roots[i].root);
            if (first.length == 0) continue;
            uint256[] memory indices = new uint256[](first.length);
            for (uint256 j = 0; j < first.length; ++j) {
                indices[j] = j;
            }
            vm.assertEq(this.rootOf(indices, first, roots[i].count, new bytes32[](0)), roots[i].root);
        }
    }

    /// @dev The vectors have all 32 siblings; a multiproof leaves those out that are right of the last leaf.
    function test_proofs() public view {
        uint32 count = uint32(leaves.length);
        for (uint256 i = 0; i < count; ++i) {
            Leaf memory l = leaves[i];
            bytes32[] memory compact = new bytes32[](32);
            uint256 kept = 0;
            for (uint256 height = 0; height < 32; ++height) {
                bool beyond = ((l.index >> height) ^ 1) > (count - 1) >> height;
                if (beyond) vm.assertEq(l.proof[height], Tree.zero(height));
                else compact[kept++] = l.proof[height];
            }
            assembly ("memory-safe") {
                mstore(compact, kept)
            }
            uint256[] memory indices = new uint256[](1);
            bytes32[] memory nodes = new bytes32[](1);
            (indices[0], nodes[0]) = (l.index, l.leaf);
            vm.assertEq(this.rootOf(indices, nodes, count, compact), roots[count].root);
        }
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
