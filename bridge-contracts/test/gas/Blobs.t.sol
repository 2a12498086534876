// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BatchHeader} from "../../contracts/libraries/Batches.sol";
import {System} from "../base/System.sol";
import {Transaction} from "./Transaction.sol";

/// @title What a batch in blobs costs
/// @dev An isolated transaction cannot carry blobs, because forge gives it no blob fee. So execution is measured, and the rest of the
/// transaction's gas added. Each case is a test of its own, and prepared in `setUp`, which is a transaction apart: the measured
/// call finds storage cold, as it would on L1. Gas of the blobs themselves is priced apart.
contract BlobGasTest is System {
    BatchHeader private header;
    bytes32[] private hashes;

    function setUp() public override {
        super.setUp();
        depositEth(alice, 1 ether);
        postFinal();
        post();
        header = Transaction.dense(nextHeader());
        for (uint256 i = 0; i < 6; ++i) {
            hashes.push(bytes32((uint256(1) << 248) | (uint256(keccak256(abi.encode(i))) >> 8)));
        }
    }

    function test_oneBlob() public {
        measure("batch in 1 blob", 1);
    }

    function test_sixBlobs() public {
        measure("batch in 6 blobs", 6);
    }

    function measure(string memory name, uint16 count) private {
        BatchHeader memory header_ = header;
        header_.chunkCount = 256 * count;
        bytes32[] memory carried = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            carried[i] = hashes[i];
        }
        bytes memory data = abi.encodeCall(rollup.submitBlobs, (operator, header_));

        vm.blobhashes(carried);
        vm.prank(operator);
        rollup.submitBlobs(operator, header_);
        vm.snapshotValue("Blobs", name, Transaction.gasOf(data, vm.lastCallGas().gasTotalUsed));
    }
}
