// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../../contracts/libraries/Batches.sol";
import {Account, State, TokenAmount} from "../../contracts/libraries/States.sol";
import {AnyRollup, AnyToken, OpenBridge} from "./StandIns.sol";
import {Proof} from "./Svm.sol";

/// @title An account's balance of a token leaves once
/// @dev From every content of the bridge's storage, under every settled root. The state has one account, which holds ETH and one token: the
/// bounds of the loops.
contract ExitOnce is Proof {
    OpenBridge internal bridge;

    /// @dev What is fixed of an account is the length of its token list.
    struct Holder {
        address owner;
        uint64 nonce;
        uint8 flags;
        uint128 eth;
        TokenAmount held;
    }

    function setUp() external {
        bridge = new OpenBridge(account("inbox"), address(new AnyRollup()), account("governance"));
        new AnyToken();
        forgetBridge(address(bridge));
        vm.deal(address(bridge), type(uint128).max);
    }

    function check_exitOnce(
        Batch calldata batch,
        State memory state,
        Holder memory holder,
        Batch calldata laterBatch,
        State memory laterState,
        Holder memory later,
        uint8 token,
        address recipient
    ) external {
        exit(batch, state, holder, token, recipient);
        assert(bridge.exited(0, token));
        try this.exit(laterBatch, laterState, later, token, recipient) {
            assert(false);
        } catch {}
    }

    /// @dev A balance leaves by the account's will, or to its own address.
    function check_exitToOwner(
        Batch calldata batch,
        State memory state,
        Holder memory holder,
        uint8 token,
        address recipient,
        address caller
    ) external {
        vm.assume(caller != address(bridge));
        vm.prank(caller);
        exit(batch, state, holder, token, recipient);
        assert(recipient == holder.owner || caller == holder.owner);
    }

    function exit(Batch calldata batch, State memory state, Holder memory holder, uint8 token, address recipient)
        public
    {
        state.accountCount = 1;
        TokenAmount[] memory tokens = new TokenAmount[](1);
        tokens[0] = holder.held;
        uint8[] memory ids = new uint8[](1);
        ids[0] = token;
        Account memory leaving = Account(0, holder.owner, holder.nonce, holder.flags, holder.eth, tokens);
        bridge.exit(batch, state, leaving, new bytes32[](0), ids, recipient);
    }
}
