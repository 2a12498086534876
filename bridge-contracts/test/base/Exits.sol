// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../../contracts/libraries/Batches.sol";
import {Account, State, TokenAmount} from "../../contracts/libraries/States.sol";
import {Claims} from "./Claims.sol";
import {Tree} from "./Tree.sol";

/// @title Exits of accounts
/// @dev Prepared and sent apart, as claims are.
abstract contract Exits is Claims {
    struct Exit {
        Batch batch;
        State state;
        Account account;
        bytes32[] siblings;
        uint8[] tokens;
        address recipient;
    }

    /// @notice Adds an account to the state that the next batch claims.
    function open(address owner, uint128 eth) internal returns (uint32 index) {
        index = uint32(accounts.length);
        Account storage made = accounts.push();
        made.index = index;
        made.owner = owner;
        made.eth = eth;
    }

    /// @notice Adds to an account's token list.
    function hold(uint32 index, uint8 token_, uint128 amount) internal {
        accounts[index].tokens.push(TokenAmount(token_, amount));
    }

    /// @notice The exit of account `index` with one token under batch `number`, to the account's own address.
    function prepareExit(uint64 number, uint32 index, uint8 token_) internal view returns (Exit memory) {
        uint8[] memory tokens = new uint8[](1);
        tokens[0] = token_;
        return prepareExit(number, index, tokens);
    }

    /// @notice The same with several tokens.
    function prepareExit(uint64 number, uint32 index, uint8[] memory tokens) internal view returns (Exit memory made) {
        made.batch = batches[number];
        made.state = states[number];
        made.account = accounts[index];
        made.siblings = Tree.siblings(accountLeaves(), index);
        made.tokens = tokens;
        made.recipient = made.account.owner;
    }

    function send(Exit memory made) internal {
        bridge.exit(made.batch, made.state, made.account, made.siblings, made.tokens, made.recipient);
    }
}
