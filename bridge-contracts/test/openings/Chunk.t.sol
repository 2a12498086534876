// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../../contracts/libraries/Batches.sol";
import {Kzg} from "../../contracts/libraries/Kzg.sol";
import {Openings} from "../../contracts/libraries/Openings.sol";
import {Cases} from "./Cases.sol";
import {Opener} from "./Opener.sol";

/// @title Opening a chunk of a batch in blobs
/// @dev A case takes milliseconds.
/// forge-config: default.fuzz.runs = 128
contract ChunkTest is Cases {
    /// The order of the field of coordinates, as 64 bytes.
    bytes private constant P =
        hex"000000000000000000000000000000001a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

    ChunkCase private honest;

    function setUp() public override {
        super.setUp();
        honest = chunkCase("the last chunk is partial: chunk 256");
    }

    function test_everyHonestOpeningOpens() public view {
        ChunkCase[] memory cases = chunkCases();
        vm.assertGe(cases.length, 16, "vectors are missing");
        for (uint256 i = 0; i < cases.length; ++i) {
            ChunkCase memory c = cases[i];
            vm.assertEq(opener.chunk(inBlobs(c.versioned_hashes, c.chunk_count), c.number, proofOf(c)), c.chunk);
        }
    }

    /// @dev Infinity, as commitment and as quotient, is among the honest openings.
    function test_infinityIsAmongThem() public view {
        vm.assertEq(chunkCase("zero: chunk 255").commitment, new bytes(128));
        vm.assertEq(chunkCase("zero: chunk 255").proof, new bytes(128));
        vm.assertEq(chunkCase("uniform: chunk 17").proof, new bytes(128));
    }

    function testFuzz_anotherByte(uint256 which, uint256 position, uint8 by) public view {
        ChunkCase[] memory cases = chunkCases();
        ChunkCase memory c = cases[which % cases.length];
        c.chunk = flipped(c.chunk, position % 496, by == 0 ? 1 : by);
        refused(c, Kzg.WrongOpening.selector, c.name);
    }

    function testFuzz_anotherNumber(uint16 number) public view {
        ChunkCase memory c = chunkCase("full: chunk 128");
        c.number = number % 256;
        if (c.number == 128) ++c.number;
        refused(c, Kzg.WrongOpening.selector, "number");
    }

    function testFuzz_anotherByteOfAPoint(uint256 position, uint8 by) public view {
        ChunkCase memory c = honest;
        if (by == 0) by = 1;
        position %= 256;
        if (position < 128) c.commitment = flipped(c.commitment, position, by);
        else c.proof = flipped(c.proof, position - 128, by);
        refused(c, Kzg.PrecompileFailed.selector, "point");
    }

    function test_anotherTopBitOfEachElement() public view {
        for (uint256 element = 0; element < 16; ++element) {
            ChunkCase memory c = honest;
            c.chunk = flipped(c.chunk, 31 * element, 0x80);
            refused(c, Kzg.WrongOpening.selector, "element");
        }
    }

    function test_anotherBlob() public view {
        ChunkCase memory c = chunkCase("full: chunk 0");
        ChunkCase memory other = chunkCase("the last chunk is partial: chunk 256");
        c.commitment = other.commitment;
        refused(c, Kzg.WrongCommitment.selector, "commitment alone");
        c.proof = other.proof;
        c.chunk = other.chunk;
        refused(c, Kzg.WrongCommitment.selector, "all of another blob");
    }

    /// @dev Chunk 256 of the batch is chunk 0 of its second blob.
    function test_theSameChunkOfTheFirstBlob() public view {
        ChunkCase memory c = honest;
        c.number = 0;
        refused(c, Kzg.WrongCommitment.selector, "first blob");
    }

    function test_negatedPoints() public view {
        ChunkCase memory c = honest;
        c.commitment = negated(c.commitment);
        refused(c, Kzg.WrongCommitment.selector, "commitment");
        c = honest;
        c.proof = negated(c.proof);
        refused(c, Kzg.WrongOpening.selector, "proof");
    }

    function test_infinityInPlaceOfAPoint() public view {
        ChunkCase memory c = honest;
        c.commitment = new bytes(128);
        refused(c, Kzg.WrongCommitment.selector, "commitment");
        c = honest;
        c.proof = new bytes(128);
        refused(c, Kzg.WrongOpening.selector, "proof");
    }

    function test_pointInPlaceOfInfinity() public view {
        ChunkCase memory c = chunkCase("zero: chunk 0");
        c.proof = honest.proof;
        refused(c, Kzg.WrongOpening.selector, "proof");
        c = chunkCase("zero: chunk 0");
        c.commitment = honest.commitment;
        refused(c, Kzg.WrongCommitment.selector, "commitment");
    }

    /// @dev The flags of a compressed infinity, on uncompressed ones.
    function test_infinityWithFlags() public view {
        ChunkCase memory c = chunkCase("zero: chunk 0");
        c.commitment[16] = 0xc0;
        refused(c, Kzg.PrecompileFailed.selector, "commitment");
        c = chunkCase("zero: chunk 0");
        c.proof[0] = 0x40;
        refused(c, Kzg.PrecompileFailed.selector, "proof");
    }

    function test_coordinatesThatAreNotReduced() public view {
        for (uint256 coordinate = 0; coordinate < 2; ++coordinate) {
            ChunkCase memory c = honest;
            c.commitment = raised(c.commitment, 64 * coordinate);
            refused(c, Kzg.PrecompileFailed.selector, "commitment");
            c = honest;
            c.proof = raised(c.proof, 64 * coordinate);
            refused(c, Kzg.PrecompileFailed.selector, "proof");
            // Infinity is zero, and not p.
            c = chunkCase("zero: chunk 0");
            c.commitment = raised(c.commitment, 64 * coordinate);
            refused(c, Kzg.PrecompileFailed.selector, "infinity");
        }
    }

    /// @dev (0, 2) is on the curve, and has order 3.
    function test_pointsOutsideTheGroup() public view {
        ChunkCase memory c = honest;
        c.proof = new bytes(128);
        c.proof[127] = 0x02;
        refused(c, Kzg.PrecompileFailed.selector, "proof");
        c = honest;
        c.commitment = new bytes(128);
        c.commitment[127] = 0x02;
        refused(c, Kzg.PrecompileFailed.selector, "commitment");
    }

    function test_pointsOfAnotherLength() public view {
        ChunkCase memory c = honest;
        c.commitment = slice(c.commitment, 0, 127);
        refused(c, Kzg.WrongPointLength.selector, "short");
        c = honest;
        c.commitment = bytes.concat(c.commitment, hex"00");
        refused(c, Kzg.WrongPointLength.selector, "long");
        c = honest;
        c.proof = "";
        refused(c, Kzg.WrongPointLength.selector, "none");
        // Together they have the right length.
        c = honest;
        c.proof = bytes.concat(slice(c.commitment, 127, 1), c.proof);
        c.commitment = slice(c.commitment, 0, 127);
        refused(c, Kzg.WrongPointLength.selector, "shifted");
    }

    function test_chunkOfAnotherLength() public view {
        ChunkCase memory c = honest;
        c.chunk = slice(c.chunk, 0, 495);
        refused(c, Openings.WrongChunkLength.selector, "short");
        c = honest;
        c.chunk = bytes.concat(c.chunk, hex"00");
        refused(c, Openings.WrongChunkLength.selector, "long");
    }

    function test_otherVersionedHashes() public view {
        Batch memory batch = inBlobs(honest.versioned_hashes, honest.chunk_count);
        ChunkCase memory c = honest;
        (c.versioned_hashes[0], c.versioned_hashes[1]) = (c.versioned_hashes[1], c.versioned_hashes[0]);
        refused(batch, c, Openings.WrongData.selector, "order");
        c = honest;
        c.versioned_hashes[0] ^= bytes32(uint256(1));
        refused(batch, c, Openings.WrongData.selector, "another");
        bytes32 only = honest.versioned_hashes[1];
        c.versioned_hashes = new bytes32[](1);
        c.versioned_hashes[0] = only;
        refused(batch, c, Openings.WrongData.selector, "one is missing");
        c.versioned_hashes = new bytes32[](3);
        (c.versioned_hashes[0], c.versioned_hashes[1]) = (honest.versioned_hashes[0], only);
        refused(batch, c, Openings.WrongData.selector, "one too many");
        c.versioned_hashes = new bytes32[](0);
        refused(batch, c, Openings.WrongData.selector, "none, as in calldata");
    }

    /// @dev A batch whose blob has another commitment scheme, should there be one.
    function test_anotherVersion() public view {
        ChunkCase memory c = honest;
        c.versioned_hashes[1] ^= bytes32(bytes1(0x03));
        refused(c, Kzg.WrongCommitment.selector, "version");
    }

    function test_beyondTheBatch() public {
        ChunkCase memory c = chunkCase("the last chunk is partial: chunk 258");
        c.chunk_count = 258;
        refused(c, Openings.NoSuchChunk.selector, "chunk");
        c.chunk_count = 0;
        refused(c, Openings.NoSuchChunk.selector, "empty");
        Batch memory batch = inBlobs(c.versioned_hashes, 259);
        vm.expectRevert(abi.encodeWithSelector(Openings.NoSuchChunk.selector, uint256(1) << 200, 259));
        opener.chunk(batch, uint256(1) << 200, proofOf(c));
    }

    /// @dev Another chunk's own opening, under the number of this one.
    function test_everyOtherOpening() public view {
        ChunkCase[] memory cases = chunkCases();
        for (uint256 i = 0; i < cases.length; ++i) {
            ChunkCase memory c = cases[i];
            if (keccak256(c.chunk) == keccak256(honest.chunk)) continue;
            (c.number, c.chunk_count, c.versioned_hashes) = (honest.number, honest.chunk_count, honest.versioned_hashes);
            (bool success,) = open(inBlobs(c.versioned_hashes, c.chunk_count), c);
            vm.assertFalse(success, c.name);
        }
    }

    function refused(ChunkCase memory c, bytes4 selector, string memory what) private view {
        refused(inBlobs(c.versioned_hashes, c.chunk_count), c, selector, what);
    }

    function refused(Batch memory batch, ChunkCase memory c, bytes4 selector, string memory what) private view {
        (bool success, bytes memory answer) = open(batch, c);
        failed(success, answer, selector, what);
    }

    function open(Batch memory batch, ChunkCase memory c) private view returns (bool, bytes memory) {
        return address(opener).staticcall(abi.encodeCall(Opener.chunk, (batch, c.number, proofOf(c))));
    }

    /// @dev (x, p - y).
    function negated(bytes memory point) private pure returns (bytes memory changed) {
        changed = bytes.concat(point);
        uint256 borrow = 0;
        for (uint256 i = 64; i > 0; --i) {
            uint256 difference = 256 + uint256(uint8(P[i - 1])) - uint256(uint8(point[63 + i])) - borrow;
            borrow = difference < 256 ? 1 : 0;
            changed[63 + i] = bytes1(uint8(difference));
        }
    }

    /// @dev The coordinate at that offset, and p.
    function raised(bytes memory point, uint256 offset) private pure returns (bytes memory changed) {
        changed = bytes.concat(point);
        uint256 carry = 0;
        for (uint256 i = 64; i > 0; --i) {
            uint256 sum = uint256(uint8(P[i - 1])) + uint256(uint8(point[offset + i - 1])) + carry;
            carry = sum >> 8;
            changed[offset + i - 1] = bytes1(uint8(sum));
        }
    }
}
