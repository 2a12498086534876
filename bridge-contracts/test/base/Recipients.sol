// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A recipient that refuses ETH until it is told to accept it
contract Refuser {
    bool private accepting;

    error Refused();

    function accept() external {
        accepting = true;
    }

    receive() external payable {
        if (!accepting) revert Refused();
    }
}

/// @title A recipient that burns all gas that it gets
contract Burner {
    receive() external payable {
        assembly {
            invalid()
        }
    }
}

/// @title A recipient that reverts with as much data as its gas pays for
contract ReturnBomb {
    receive() external payable {
        assembly {
            revert(0, 200000)
        }
    }
}

/// @title A recipient that uses nearly as much gas as a payment may: 12 new storage words
contract Heavy {
    mapping(uint256 slot => uint256) public words;

    receive() external payable {
        for (uint256 i = 0; i < 12; ++i) {
            words[i] = gasleft();
        }
    }
}

/// @title A recipient that notes how much gas it got
contract Meter {
    uint256 public gas;

    receive() external payable {
        gas = gasleft();
    }
}

/// @title A recipient that makes a call when it is paid, and keeps what came of it
contract Caller {
    address private target;
    uint256 private value;
    bytes private data;
    bool public called;
    bool public succeeded;
    bytes4 public failure;

    function setUp(address target_, uint256 value_, bytes calldata data_) external {
        (target, value, data) = (target_, value_, data_);
    }

    receive() external payable {
        bytes memory answer;
        called = true;
        (succeeded, answer) = target.call{value: value}(data);
        failure = bytes4(answer);
    }
}
