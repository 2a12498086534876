// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Exits} from "../base/Exits.sol";

/// @title A token that anyone may mint, to be made weird
abstract contract WeirdToken is ERC20("Weird token", "WEIRD") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @title A weird token beside ETH and a sound one, which must never notice
abstract contract Weird is Exits {
    uint128 internal constant AMOUNT = 1000;

    address internal weird;
    uint8 internal weirdId;

    function setUp() public virtual override {
        super.setUp();
        weird = make();
        vm.prank(address(timelock));
        weirdId = bridge.listToken(weird);
        depositEth(bob, 50);
        depositToken(bob, 70);
    }

    /// @notice Deploys the token.
    function make() internal virtual returns (address);

    /// @notice Mints to alice, who allows the bridge all of it.
    function fund(uint256 amount) internal {
        WeirdToken(weird).mint(alice, amount);
        vm.prank(alice);
        WeirdToken(weird).approve(address(bridge), amount);
    }

    /// @notice Alice deposits.
    function deposit(uint128 amount) internal returns (uint64) {
        fund(amount);
        vm.prank(alice);
        return inbox.depositToken(weird, alice, amount, false);
    }

    /// @notice A claim of all that bob has in sound tokens, with a withdrawal of the weird one to alice between.
    function claimBetween(uint128 amount) internal returns (Claim memory) {
        withdraw(bob, bob, 0, 50);
        withdraw(alice, alice, weirdId, amount);
        withdraw(bob, bob, tokenId, 70);
        return prepare(postFinal(), 0, 2);
    }

    /// @notice The withdrawal of the weird token fails, the others are paid, and the weird custody is as it was.
    function failsAlone(Claim memory made) internal {
        uint128 before = bridge.custody(weird);
        vm.assertEq(send(made), 2);
        vm.assertFalse(bridge.claimed(1));
        vm.assertEq(bridge.custody(weird), before);
        othersWerePaid();
    }

    /// @notice All three withdrawals are paid.
    function paysAll(Claim memory made) internal {
        vm.assertEq(send(made), 3);
        vm.assertTrue(bridge.claimed(1));
        vm.assertEq(WeirdToken(weird).balanceOf(alice), made.withdrawals[1].amount);
        othersWerePaid();
    }

    function othersWerePaid() internal view {
        vm.assertEq(bob.balance, 50);
        vm.assertEq(token.balanceOf(bob), 70);
        vm.assertEq(bridge.custody(address(0)), 0);
        vm.assertEq(bridge.custody(address(token)), 0);
    }

    /// @notice A deposit reverts for this reason and leaves no trace.
    function depositReverts(bytes memory reason) internal {
        uint64 count = inbox.count();
        uint128 before = bridge.custody(weird);
        vm.expectRevert(reason);
        vm.prank(alice);
        inbox.depositToken(weird, alice, AMOUNT, false);
        vm.assertEq(inbox.count(), count);
        vm.assertEq(bridge.custody(weird), before);
    }
}
