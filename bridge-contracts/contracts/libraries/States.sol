// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice The preimage of a state root, in the order of docs/protocol.md, "State root".
struct State {
    bytes32 accountsRoot;
    bytes32 withdrawalsRoot;
    uint32 accountCount;
    uint32 withdrawalCount;
    /// Inbox messages consumed so far.
    uint64 inboxCount;
    /// Authorised operations so far.
    uint64 authorisedCount;
    uint64 blockNumber;
    /// The newest block's timestamp, in seconds.
    uint64 timestamp;
    /// Its base fee, in wei a unit of gas.
    uint64 baseFee;
}

/// @notice A balance in an account's token list.
struct TokenAmount {
    uint8 token;
    uint128 amount;
}

/// @notice An account: its index, and the preimage of its leaf.
struct Account {
    uint32 index;
    address owner;
    uint64 nonce;
    /// Bit 0: locked.
    uint8 flags;
    /// Wei.
    uint128 eth;
    /// Balances of tokens other than ETH, strictly ascending by token, none zero.
    TokenAmount[] tokens;
}

/// @notice A withdrawal: the preimage of its leaf.
struct Withdrawal {
    uint32 index;
    /// The account that the funds left.
    address account;
    /// Who is paid on L1.
    address recipient;
    uint8 token;
    uint128 amount;
}

/// @title Hashes of state, accounts and withdrawals
/// @dev docs/protocol.md, "State" and "Withdrawals". No preimage has 64 bytes, so that no leaf passes for an inner node.
library States {
    bytes1 private constant ACCOUNT_PREFIX = 0x00;
    bytes1 private constant WITHDRAWAL_PREFIX = 0x01;
    bytes1 private constant STATE_PREFIX = 0x02;
    bytes1 private constant TOKENS_PREFIX = 0x03;

    /// @notice The state root.
    function root(State memory state) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                STATE_PREFIX,
                state.accountsRoot,
                state.withdrawalsRoot,
                state.accountCount,
                state.withdrawalCount,
                state.inboxCount,
                state.authorisedCount,
                state.blockNumber,
                state.timestamp,
                state.baseFee
            )
        );
    }

    /// @notice The leaf of an account.
    function leaf(Account calldata account) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                ACCOUNT_PREFIX, account.owner, account.nonce, account.flags, account.eth, tokensHash(account.tokens)
            )
        );
    }

    /// @notice The hash of an account's token list; zero for an empty one.
    function tokensHash(TokenAmount[] calldata tokens) internal pure returns (bytes32) {
        if (tokens.length == 0) return 0;
        bytes memory preimage = new bytes(1 + 17 * tokens.length);
        preimage[0] = TOKENS_PREFIX;
        for (uint256 i = 0; i < tokens.length; ++i) {
            bytes32 entry = bytes32((uint256(tokens[i].token) << 248) | (uint256(tokens[i].amount) << 120));
            uint256 offset = 33 + 17 * i;
            // An entry is 17 bytes of the word. The bytes beyond the last one fall into fresh memory, which is then given up.
            assembly ("memory-safe") {
                mstore(add(preimage, offset), entry)
            }
        }
        return keccak256(preimage);
    }

    /// @notice The leaf of a withdrawal.
    function leaf(Withdrawal calldata withdrawal) internal pure returns (bytes32) {
        return
            withdrawalLeaf(
                withdrawal.index, withdrawal.account, withdrawal.recipient, withdrawal.token, withdrawal.amount
            );
    }

    /// @notice The leaf of a withdrawal, from its fields.
    function withdrawalLeaf(uint32 index, address account, address recipient, uint8 token, uint128 amount)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(WITHDRAWAL_PREFIX, index, account, recipient, token, amount));
    }
}
