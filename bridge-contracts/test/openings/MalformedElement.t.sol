// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../../contracts/libraries/Batches.sol";
import {Kzg} from "../../contracts/libraries/Kzg.sol";
import {Openings} from "../../contracts/libraries/Openings.sol";
import {Cases} from "./Cases.sol";
import {Opener} from "./Opener.sol";

/// @title Proving that a batch has a malformed element
/// @dev A case takes milliseconds.
/// forge-config: default.fuzz.runs = 128
contract MalformedElementTest is Cases {
    uint256 private constant MODULUS = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    function test_malformedOnesAreProvenAndOthersAreNot() public view {
        ElementCase[] memory cases = elementCases();
        uint256 malformed = 0;
        for (uint256 i = 0; i < cases.length; ++i) {
            ElementCase memory c = cases[i];
            (bool success, bytes memory answer) = prove(c);
            vm.assertEq(success, c.malformed, c.name);
            if (success) ++malformed;
            else failed(success, answer, Openings.WellFormed.selector, c.name);
        }
        vm.assertGe(malformed, 2, "vectors are missing");
        vm.assertGe(cases.length - malformed, 3, "vectors are missing");
    }

    /// @dev A well-formed element is none with another top byte, nor with the field's order added.
    function testFuzz_aWellFormedOneHasNoOtherValue(uint8 top) public view {
        ElementCase memory c = elementCase(false);
        c.value |= bytes32(bytes1(top == 0 ? 1 : top));
        refused(c, Kzg.PrecompileFailed.selector, "top byte");
    }

    function test_aValueThatIsNotReduced() public view {
        ElementCase memory c = elementCase(false);
        c.value = bytes32(uint256(c.value) + MODULUS);
        refused(c, Kzg.PrecompileFailed.selector, "well-formed");
        c = elementCase(true);
        c.value = bytes32(uint256(c.value) + MODULUS);
        refused(c, Kzg.PrecompileFailed.selector, "malformed");
    }

    function testFuzz_anotherNumber(uint32 number) public view {
        ElementCase memory c = elementCase(true);
        number %= 8192;
        if (number == c.number) ++number;
        c.number = number;
        refused(c, Kzg.PrecompileFailed.selector, "number");
    }

    function testFuzz_anotherByte(uint256 position, uint8 by) public view {
        ElementCase memory c = elementCase(true);
        if (by == 0) by = 1;
        position %= 96;
        if (position < 48) c.commitment = flipped(c.commitment, position, by);
        else c.proof = flipped(c.proof, position - 48, by);
        refused(c, Kzg.PrecompileFailed.selector, "point");
    }

    function test_afterTheLastChunk() public view {
        ElementCase memory c = elementCase(true);
        c.chunk_count = uint16(c.number / 16);
        refused(c, Openings.NoSuchChunk.selector, "the first after it");
        ++c.chunk_count;
        (bool success,) = prove(c);
        vm.assertTrue(success, "the last chunk");
    }

    function test_ofAnotherBatch() public {
        ElementCase memory c = elementCase(true);
        Batch memory batch = inBlobs(c.versioned_hashes, c.chunk_count);
        c.versioned_hashes[0] ^= bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(Openings.WrongData.selector, batch.dataCommitment));
        opener.malformedElement(batch, c.number, proofOf(c));
        (batch,,,) = inCalldata(5, 0);
        vm.expectRevert(abi.encodeWithSelector(Openings.WrongData.selector, batch.dataCommitment));
        opener.malformedElement(batch, 3, proofOf(c));
    }

    /// @dev No hashes are no blobs.
    function test_inCalldata() public {
        (Batch memory batch,,,) = inCalldata(5, 0);
        ElementCase memory c = elementCase(true);
        c.versioned_hashes = new bytes32[](0);
        vm.expectRevert(abi.encodeWithSelector(Openings.WrongData.selector, batch.dataCommitment));
        opener.malformedElement(batch, 3, proofOf(c));
    }

    function refused(ElementCase memory c, bytes4 selector, string memory what) private view {
        (bool success, bytes memory answer) = prove(c);
        failed(success, answer, selector, what);
    }

    function prove(ElementCase memory c) private view returns (bool, bytes memory) {
        Batch memory batch = inBlobs(c.versioned_hashes, c.chunk_count);
        return address(opener).staticcall(abi.encodeCall(Opener.malformedElement, (batch, c.number, proofOf(c))));
    }
}
