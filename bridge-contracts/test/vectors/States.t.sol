// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Genesis} from "../../contracts/libraries/Genesis.sol";
import {Account, State, States, TokenAmount} from "../../contracts/libraries/States.sol";
import {Vectors} from "./Vectors.sol";

contract StateVectorsTest is Vectors {
    struct Amount {
        uint128 amount;
        uint8 token;
    }

    struct Owner {
        address address_;
        uint128 eth;
        bool locked;
        uint64 nonce;
        Amount[] tokens;
    }

    struct AccountLeaf {
        Owner account;
        bytes32 leaf;
        bytes preimage;
        bytes32 tokens_hash;
    }

    struct GenesisRoot {
        address fee_account;
        bytes32 root;
    }

    struct Counters {
        uint64 authorised_count;
        uint64 base_fee;
        uint64 block_number;
        uint64 inbox_count;
        uint64 timestamp;
        uint32 withdrawal_count;
    }

    struct StateRoot {
        uint32 account_count;
        bytes32 accounts_root;
        Counters counters;
        bytes32 root;
        bytes32 withdrawals_root;
    }

    function test_accountLeaves() public {
        load("account_leaves");
        AccountLeaf[] memory leaves = abi.decode(
            objects(
                ".accounts",
                "AccountLeafJson(OwnerJson account,bytes32 leaf,bytes preimage,bytes32 tokens_hash)"
                "OwnerJson(address address,uint128 eth,bool locked,uint64 nonce,AmountJson[] tokens)"
                "AmountJson(uint128 amount,uint8 token)"
            ),
            (AccountLeaf[])
        );
        atLeast(leaves.length, 6);
        for (uint256 i = 0; i < leaves.length; ++i) {
            Account memory account_ = accountOf(leaves[i].account);
            vm.assertEq(this.leaf(account_), leaves[i].leaf, "leaf");
            vm.assertEq(keccak256(leaves[i].preimage), leaves[i].leaf, "preimage");
            vm.assertEq(this.tokensHash(account_.tokens), leaves[i].tokens_hash, "tokens hash");
        }
    }

    function test_genesis() public {
        load("state_roots");
        GenesisRoot[] memory roots =
            abi.decode(objects(".genesis", "GenesisRootJson(address fee_account,bytes32 root)"), (GenesisRoot[]));
        atLeast(roots.length, 2);
        for (uint256 i = 0; i < roots.length; ++i) {
            vm.assertEq(Genesis.stateRoot(roots[i].fee_account), roots[i].root);
            if (roots[i].fee_account == address(0)) continue;
            IRollup.Parameters memory p = parameters();
            p.feeAccount = roots[i].fee_account;
            deploy(p);
            vm.assertEq(rollup.GENESIS_STATE_ROOT(), roots[i].root);
        }
    }

    function test_stateRoots() public {
        load("state_roots");
        StateRoot[] memory roots = abi.decode(
            objects(
                ".roots",
                "StateRootJson(uint32 account_count,bytes32 accounts_root,CountersJson counters,bytes32 root,bytes32 withdrawals_root)"
                "CountersJson(uint64 authorised_count,uint64 base_fee,uint64 block_number,uint64 inbox_count,uint64 timestamp,"
                "uint32 withdrawal_count)"
            ),
            (StateRoot[])
        );
        atLeast(roots.length, 3);
        for (uint256 i = 0; i < roots.length; ++i) {
            vm.assertEq(States.root(stateOf(roots[i])), roots[i].root);
        }
    }

    /// @dev External, because the library takes calldata.
    function tokensHash(TokenAmount[] calldata tokens) external pure returns (bytes32) {
        return States.tokensHash(tokens);
    }

    function accountOf(Owner memory owner) private pure returns (Account memory made) {
        made.owner = owner.address_;
        made.nonce = owner.nonce;
        made.flags = owner.locked ? 1 : 0;
        made.eth = owner.eth;
        made.tokens = new TokenAmount[](owner.tokens.length);
        for (uint256 i = 0; i < owner.tokens.length; ++i) {
            made.tokens[i] = TokenAmount(owner.tokens[i].token, owner.tokens[i].amount);
        }
    }

    function stateOf(StateRoot memory root) private pure returns (State memory) {
        return State({
            accountsRoot: root.accounts_root,
            withdrawalsRoot: root.withdrawals_root,
            accountCount: root.account_count,
            withdrawalCount: root.counters.withdrawal_count,
            inboxCount: root.counters.inbox_count,
            authorisedCount: root.counters.authorised_count,
            blockNumber: root.counters.block_number,
            timestamp: root.counters.timestamp,
            baseFee: root.counters.base_fee
        });
    }
}
