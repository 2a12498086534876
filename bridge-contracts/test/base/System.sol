// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {Bridge} from "../../contracts/Bridge.sol";
import {Inbox} from "../../contracts/Inbox.sol";
import {Rollup} from "../../contracts/Rollup.sol";
import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Batch, BatchHeader, Batches} from "../../contracts/libraries/Batches.sol";
import {Account, State, States, Withdrawal} from "../../contracts/libraries/States.sol";
import {Test} from "./Test.sol";
import {Token} from "./Token.sol";
import {Tree} from "./Tree.sol";

/// @title All contracts deployed as `spillway deploy` does, and an L2 to post batches of
/// @dev The L2 here is what a test says it is: `withdrawals` and `accounts` are the state that the next batch claims.
abstract contract System is Test {
    uint64 internal constant CHALLENGE_WINDOW = 7 days;
    uint64 internal constant RESPONSE_WINDOW = 1 days;
    uint64 internal constant FORCE_INCLUSION_WINDOW = 1 days;
    uint64 internal constant ESCAPE_DELAY = 3 days;
    uint64 internal constant MAX_STALL = 30 days;
    uint64 internal constant SEQUENCER_DELAY = 10 days;
    uint96 internal constant BOND = 10 ether;

    address internal immutable operator = account("operator");
    address internal immutable disputes = account("disputes");
    address internal immutable feeAccount = account("fee account");
    address internal immutable alice = account("alice");
    address internal immutable bob = account("bob");

    TimelockController internal timelock;
    Inbox internal inbox;
    Bridge internal bridge;
    Rollup internal rollup;
    Token internal token;
    uint8 internal tokenId;

    /// The state that the next batch claims.
    Account[] internal accounts;
    Withdrawal[] internal withdrawals;
    /// Batches posted, by number; fallen ones are overwritten.
    mapping(uint64 number => Batch) internal batches;
    mapping(uint64 number => State) internal states;

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        deploy(parameters());
        token = new Token(6);
        vm.prank(address(timelock));
        tokenId = bridge.listToken(address(token));
        stake(operator);
    }

    function parameters() internal view returns (IRollup.Parameters memory) {
        return IRollup.Parameters({
            challengeWindow: CHALLENGE_WINDOW,
            responseWindow: RESPONSE_WINDOW,
            forceInclusionWindow: FORCE_INCLUSION_WINDOW,
            escapeDelay: ESCAPE_DELAY,
            maxStall: MAX_STALL,
            sequencerDelay: SEQUENCER_DELAY,
            bond: BOND,
            feeAccount: feeAccount,
            developmentChainId: 0
        });
    }

    /// @notice The four contracts, each with the addresses that the later ones will have.
    function deploy(IRollup.Parameters memory p) internal virtual {
        uint256 nonce = vm.getNonce(address(this));
        address bridgeAt = vm.computeCreateAddress(address(this), nonce + 2);
        address rollupAt = vm.computeCreateAddress(address(this), nonce + 3);
        timelock = new TimelockController(1 days, one(operator), one(address(0)), address(0));
        inbox = new Inbox(bridgeAt, rollupAt);
        bridge = new Bridge(address(inbox), rollupAt, address(timelock));
        rollup = new Rollup(address(inbox), address(bridge), address(timelock), disputeContracts(), one(operator), p);
    }

    /// @notice Who may fell batches.
    function disputeContracts() internal view virtual returns (address[] memory) {
        return one(disputes);
    }

    function stake(address sequencer) internal {
        vm.deal(address(this), BOND);
        rollup.depositBond{value: BOND}(sequencer);
    }

    /// @notice The state that `accounts` and `withdrawals` make, with the counters that a batch consuming `inboxCount` messages would have.
    function currentState(uint64 inboxCount) internal view returns (State memory state) {
        state.accountsRoot = Tree.root(accountLeaves());
        state.withdrawalsRoot = Tree.root(withdrawalLeaves());
        state.accountCount = uint32(accounts.length);
        state.withdrawalCount = uint32(withdrawals.length);
        state.inboxCount = inboxCount;
        state.timestamp = uint64(block.timestamp);
    }

    /// @notice A header on top of the newest standing batch that consumes every message and claims the current state.
    function nextHeader() internal view returns (BatchHeader memory) {
        return nextHeader(inbox.count());
    }

    /// @notice The same, consuming messages up to `inboxCount`.
    function nextHeader(uint64 inboxCount) internal view returns (BatchHeader memory header) {
        (uint64 number,,,,) = rollup.head();
        (bytes24 accumulator,) = inbox.checkpoint(inboxCount);
        header.parent = rollup.headHeaderHash();
        header.stateRoot = States.root(currentState(inboxCount));
        header.inboxCount = inboxCount;
        header.inboxAccumulator = accumulator;
        header.chunkCount = 1;
        header.blockNumber = number + 1;
        header.timestamp = uint64(block.timestamp);
    }

    /// @notice Posts the current state as a batch of one chunk in calldata, consuming every message.
    function post() internal returns (uint64 number) {
        return post(nextHeader());
    }

    /// @notice Posts a header with one chunk of zeros in calldata, and remembers the batch.
    function post(BatchHeader memory header) internal returns (uint64 number) {
        bytes memory chunks = new bytes(uint256(header.chunkCount) * 496);
        (,, uint64 submission,,) = rollup.head();
        vm.prank(operator);
        rollup.submitCalldata(operator, header, chunks);
        (number,,,,) = rollup.head();
        batches[number] = Batch(header, this.commitment(chunks), uint64(block.timestamp), submission, operator);
        states[number] = currentState(header.inboxCount);
    }

    /// @notice Posts the current state, lets the window pass and makes the batch final.
    function postFinal() internal returns (uint64 number) {
        number = post();
        vm.warp(block.timestamp + CHALLENGE_WINDOW);
        rollup.finalize(number, batches[number]);
    }

    /// @dev External, because the library takes calldata.
    function commitment(bytes calldata chunks) external pure returns (bytes32) {
        return Batches.calldataCommitment(chunks);
    }

    function withdraw(address owner, address recipient, uint8 token_, uint128 amount) internal returns (uint32 index) {
        index = uint32(withdrawals.length);
        withdrawals.push(Withdrawal(index, owner, recipient, token_, amount));
    }

    function withdrawalLeaves() internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](withdrawals.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = this.leaf(withdrawals[i]);
        }
    }

    function accountLeaves() internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](accounts.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = this.leaf(accounts[i]);
        }
    }

    /// @dev External, because the library takes calldata.
    function leaf(Withdrawal calldata withdrawal) external pure returns (bytes32) {
        return States.leaf(withdrawal);
    }

    /// @dev External, because the library takes calldata.
    function leaf(Account calldata account_) external pure returns (bytes32) {
        return States.leaf(account_);
    }

    function depositEth(address to, uint128 amount) internal returns (uint64) {
        vm.deal(to, to.balance + amount);
        vm.prank(to);
        return inbox.depositEth{value: amount}(to, false);
    }

    function depositToken(address to, uint128 amount) internal returns (uint64) {
        token.mint(to, amount);
        vm.startPrank(to);
        token.approve(address(bridge), amount);
        uint64 index = inbox.depositToken(address(token), to, amount, false);
        vm.stopPrank();
        return index;
    }

    function one(address only) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = only;
    }

    receive() external payable {}
}
