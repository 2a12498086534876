// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bridge} from "../../contracts/Bridge.sol";
import {Batch} from "../../contracts/libraries/Batches.sol";
import {Withdrawal} from "../../contracts/libraries/States.sol";
import {Svm} from "./Svm.sol";

/// @title A rollup under which every root is final and settled
/// @dev Whatever the real one lets through, this one does as well.
contract AnyRollup {
    function finalStateRoot(uint64, Batch calldata batch) external pure returns (bytes32) {
        return batch.header.stateRoot;
    }

    function settledStateRoot(Batch calldata batch) external pure returns (bytes32) {
        return batch.header.stateRoot;
    }
}

/// @title A token that does as it likes: it answers each call with any word
contract AnyToken {
    Svm private constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));

    fallback(bytes calldata) external returns (bytes memory) {
        return abi.encode(svm.createUint256("answer"));
    }
}

/// @title The bridge with its inner payment in the open
contract OpenBridge is Bridge {
    constructor(address inbox_, address rollup_, address governance_) Bridge(inbox_, rollup_, governance_) {}

    function payOnce(Withdrawal calldata withdrawal) external returns (bool) {
        return _payOnce(withdrawal);
    }
}
