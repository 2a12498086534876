// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IBridge} from "../../contracts/interfaces/IBridge.sol";
import {Weird, WeirdToken} from "./Weird.sol";

/// @title Transfers answer nothing, as USDT's do
contract NoAnswer {
    uint8 public constant decimals = 6;
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @title Transfers that fail answer false and do not revert
contract FalseAnswer is WeirdToken {
    bool private failing;

    function fail(bool failing_) external {
        failing = failing_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return !failing && balanceOf(msg.sender) >= amount && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return !failing && balanceOf(from) >= amount && super.transferFrom(from, to, amount);
    }
}

/// @title Says that it transferred, and does not
contract TrueAnswer is WeirdToken {
    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return true;
    }
}

/// @title Refuses transfers from the bridge with as much data as gas can pay for, or by burning all gas
contract Bomb is WeirdToken {
    bool private burns;

    function burn(bool burns_) external {
        burns = burns_;
    }

    function transfer(address, uint256) public view override returns (bool) {
        if (!burns) {
            assembly {
                revert(0, 200000)
            }
        }
        assembly {
            invalid()
        }
    }
}

/// @dev Supported: an answer is checked only if there is one.
contract NoAnswerTest is Weird {
    function make() internal override returns (address) {
        return address(new NoAnswer());
    }

    function test_depositsAndPays() public {
        deposit(AMOUNT);
        vm.assertEq(bridge.custody(weird), AMOUNT);
        paysAll(claimBetween(AMOUNT));
    }
}

/// @dev Harmless: false is as good as a revert.
contract FalseAnswerTest is Weird {
    function make() internal override returns (address) {
        return address(new FalseAnswer());
    }

    function test_depositsThatFailAreRefused() public {
        FalseAnswer(weird).fail(true);
        fund(AMOUNT);
        depositReverts(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, weird));
    }

    function test_paymentsThatFailFailAloneAndArePaidLater() public {
        deposit(AMOUNT);
        Claim memory made = claimBetween(AMOUNT);
        FalseAnswer(weird).fail(true);
        failsAlone(made);
        FalseAnswer(weird).fail(false);
        vm.assertEq(send(made), 1);
        vm.assertEq(IERC20(weird).balanceOf(alice), AMOUNT);
    }
}

/// @dev Refused: the bridge believes balances, not answers.
contract TrueAnswerTest is Weird {
    function make() internal override returns (address) {
        return address(new TrueAnswer());
    }

    function test_depositsOfNothingAreRefused() public {
        fund(AMOUNT);
        depositReverts(abi.encodeWithSelector(IBridge.WrongReceipt.selector, AMOUNT, 0));
    }
}

/// @dev Harmless: a payment has a gas limit, and its data is not copied.
contract BombTest is Weird {
    function make() internal override returns (address) {
        return address(new Bomb());
    }

    function test_hugeDataFailsAlone() public {
        deposit(AMOUNT);
        Claim memory made = claimBetween(AMOUNT);
        uint256 before = gasleft();
        failsAlone(made);
        vm.assertLe(before - gasleft(), bridge.PAYOUT_GAS() + 300_000, "the bomb's data was copied");
    }

    function test_burningAllGasFailsAlone() public {
        deposit(AMOUNT);
        Claim memory made = claimBetween(AMOUNT);
        Bomb(weird).burn(true);
        failsAlone(made);
    }
}
