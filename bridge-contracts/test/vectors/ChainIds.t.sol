// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Vectors} from "./Vectors.sol";

contract ChainIdVectorsTest is Vectors {
    struct ChainId {
        uint64 chain_id;
        uint64 l1_chain_id;
        address rollup;
    }

    /// @dev The rule alone: no test can put a rollup at a given address. That `Rollup` follows it, its own tests show.
    function test_chainIds() public {
        load("chain_ids");
        ChainId[] memory ids = abi.decode(
            objects(".chain_ids", "ChainIdJson(uint64 chain_id,uint64 l1_chain_id,address rollup)"), (ChainId[])
        );
        atLeast(ids.length, 4);
        for (uint256 i = 0; i < ids.length; ++i) {
            bytes32 place = keccak256(abi.encodePacked(ids[i].l1_chain_id, ids[i].rollup));
            vm.assertEq(2 ** 32 + uint256(place) % 2 ** 50, ids[i].chain_id);
        }
    }
}
