// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Kzg} from "../../contracts/libraries/Kzg.sol";
import {Cases} from "./Cases.sol";
import {Opener} from "./Opener.sol";

/// @title Where the precompiles do not exist, nothing is proven
/// @dev A call to them succeeds there and returns nothing.
/// forge-config: default.evm_version = "cancun"
contract NoPrecompilesTest is Cases {
    function test_chunk() public view {
        ChunkCase memory c = chunkCase("full: chunk 128");
        bytes memory data =
            abi.encodeCall(Opener.chunk, (inBlobs(c.versioned_hashes, c.chunk_count), c.number, proofOf(c)));
        (bool success, bytes memory answer) = address(opener).staticcall(data);
        failed(success, answer, Kzg.PrecompileFailed.selector, "chunk");
    }
}
