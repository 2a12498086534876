// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../../contracts/libraries/Batches.sol";
import {Kzg} from "../../contracts/libraries/Kzg.sol";
import {Openings} from "../../contracts/libraries/Openings.sol";
import {Cases} from "./Cases.sol";
import {Opener} from "./Opener.sol";

/// @title The root that a chunk of a batch in blobs claims
/// @dev A case takes milliseconds.
/// forge-config: default.fuzz.runs = 128
contract ClaimedRootTest is Cases {
    RootCase private honest;

    function setUp() public override {
        super.setUp();
        honest = rootCases()[0];
    }

    function test_everyHonestProofHolds() public view {
        RootCase[] memory cases = rootCases();
        vm.assertGe(cases.length, 7, "vectors are missing");
        for (uint256 i = 0; i < cases.length; ++i) {
            RootCase memory c = cases[i];
            Batch memory batch = inBlobs(c.versioned_hashes, c.chunk_count);
            vm.assertEq(opener.claimedRoot(batch, c.number, proofOf(c)), c.root, c.name);
        }
    }

    function testFuzz_anotherByte(uint256 which, uint256 position, uint8 by) public view {
        RootCase[] memory cases = rootCases();
        RootCase memory c = cases[which % cases.length];
        if (by == 0) by = 1;
        position %= 62 + 48 + 96;
        if (position < 62) c.start = flipped(c.start, position, by);
        else if (position < 110) c.commitment = flipped(c.commitment, position - 62, by);
        else c.proofs = flipped(c.proofs, position - 110, by);
        refused(c, Kzg.PrecompileFailed.selector, c.name);
    }

    function testFuzz_anotherNumber(uint16 number) public view {
        RootCase memory c = honest;
        c.number = number % 256;
        if (c.number == honest.number) ++c.number;
        refused(c, Kzg.PrecompileFailed.selector, "number");
    }

    function test_proofsInTheOtherOrder() public view {
        RootCase memory c = honest;
        c.proofs = bytes.concat(slice(c.proofs, 48, 48), slice(c.proofs, 0, 48));
        refused(c, Kzg.PrecompileFailed.selector, "order");
    }

    function test_otherLengths() public view {
        RootCase memory c = honest;
        c.start = slice(c.start, 0, 32);
        refused(c, Openings.WrongChunkLength.selector, "start");
        c = honest;
        c.proofs = slice(c.proofs, 0, 48);
        refused(c, Kzg.WrongPointLength.selector, "one proof");
        // Together with the proof they have the right length.
        c = honest;
        c.commitment = bytes.concat(c.commitment, slice(c.proofs, 0, 1));
        refused(c, Kzg.WrongPointLength.selector, "commitment");
    }

    function test_otherBlobs() public view {
        RootCase memory c = honest;
        Batch memory batch = inBlobs(c.versioned_hashes, c.chunk_count);
        c.versioned_hashes[0] ^= bytes32(uint256(1));
        (bool success, bytes memory answer) = claim(batch, c);
        failed(success, answer, Openings.WrongData.selector, "hashes");
        c.chunk_count = 0;
        refused(c, Openings.NoSuchChunk.selector, "count");
    }

    function refused(RootCase memory c, bytes4 selector, string memory what) private view {
        (bool success, bytes memory answer) = claim(inBlobs(c.versioned_hashes, c.chunk_count), c);
        failed(success, answer, selector, what);
    }

    function claim(Batch memory batch, RootCase memory c) private view returns (bool, bytes memory) {
        return address(opener).staticcall(abi.encodeCall(Opener.claimedRoot, (batch, c.number, proofOf(c))));
    }
}
