//! The shape of the files in `protocol/vectors/`: each is an object of arrays of objects.
//!
//! Made for Solidity's tests as much as for Rust's. Bytes are 0x-prefixed hex. An integer of more than
//! 32 bits is a decimal string, a smaller one a number. All objects of an array have the same keys; one
//! that a case has no use for holds zero or nothing. The generator writes keys in byte order, the order
//! in which forge's `vm.parseJson` decodes an object into a struct.

use alloy_primitives::{Address, B256, Bytes, FixedBytes};
use serde::{Deserialize, Serialize};

/// An integer as a decimal string: JSON numbers are exact to 2^53 only.
pub(crate) mod decimal {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// Declares objects: the derives, and no key that the struct does not know.
macro_rules! objects {
    ($($(#[$outer:meta])* struct $name:ident { $($(#[$inner:meta])* $field:ident: $kind:ty,)* })*) => {
        $(
            $(#[$outer])*
            #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
            #[serde(deny_unknown_fields)]
            pub(crate) struct $name {
                $($(#[$inner])* pub(crate) $field: $kind,)*
            }
        )*
    };
}

objects! {
    /// A listed token.
    struct Token {
        address: Address,
        base_exponent: u8,
        decimals: u8,
        token: u8,
    }

    struct TokenAmount {
        #[serde(with = "decimal")]
        amount: u128,
        token: u8,
    }

    /// `amounts.json`
    struct Amounts {
        base_exponents: Vec<BaseExponent>,
        invalid: Vec<InvalidAmount>,
        valid: Vec<Amount>,
    }
    struct BaseExponent {
        base_exponent: u8,
        decimals: u8,
    }
    struct Amount {
        #[serde(with = "decimal")]
        amount: u128,
        base_exponent: u8,
        code: u16,
        encoded: Bytes,
    }
    struct InvalidAmount {
        base_exponent: u8,
        encoded: Bytes,
        why: String,
    }

    /// `account_leaves.json`
    struct AccountLeaves {
        accounts: Vec<AccountLeaf>,
    }
    struct AccountLeaf {
        account: Account,
        leaf: B256,
        preimage: Bytes,
        tokens_hash: B256,
    }
    struct Account {
        address: Address,
        #[serde(with = "decimal")]
        eth: u128,
        locked: bool,
        #[serde(with = "decimal")]
        nonce: u64,
        tokens: Vec<TokenAmount>,
    }

    /// `withdrawal_leaves.json`
    struct WithdrawalLeaves {
        /// The root of the tree of the first so many withdrawals.
        roots: Vec<CountedRoot>,
        /// Proofs are against the root of all of them.
        withdrawals: Vec<WithdrawalLeaf>,
    }
    struct CountedRoot {
        count: u32,
        root: B256,
    }
    struct WithdrawalLeaf {
        account: Address,
        #[serde(with = "decimal")]
        amount: u128,
        index: u32,
        leaf: B256,
        proof: Vec<B256>,
        recipient: Address,
        token: u8,
    }

    /// `state_roots.json`
    struct StateRoots {
        genesis: Vec<Genesis>,
        roots: Vec<StateRoot>,
    }
    struct Genesis {
        fee_account: Address,
        root: B256,
    }
    struct StateRoot {
        account_count: u32,
        accounts_root: B256,
        counters: Counters,
        root: B256,
        withdrawals_root: B256,
    }
    struct Counters {
        #[serde(with = "decimal")]
        authorised_count: u64,
        #[serde(with = "decimal")]
        base_fee: u64,
        #[serde(with = "decimal")]
        block_number: u64,
        #[serde(with = "decimal")]
        inbox_count: u64,
        #[serde(with = "decimal")]
        timestamp: u64,
        withdrawal_count: u32,
    }

    /// `inbox.json`
    struct Inbox {
        invalid: Vec<InvalidMessage>,
        /// In the order of one chain, which begins at zero.
        messages: Vec<Message>,
    }
    struct Message {
        account: u32,
        accumulator: FixedBytes<24>,
        #[serde(with = "decimal")]
        amount: u128,
        encoded: Bytes,
        /// `deposit`, `forced_withdrawal`, `lock` or `unlock`.
        kind: String,
        lock: bool,
        recipient: Address,
        sender: Address,
        to: Address,
        token: u8,
    }
    struct InvalidMessage {
        encoded: Bytes,
        why: String,
    }

    /// `operations.json`
    struct Operations {
        blocks: Vec<Block>,
        inbox: Vec<InboxOperation>,
        invalid: Vec<InvalidOperation>,
        payouts: Vec<Payout>,
        tokens: Vec<Token>,
        transfers: Vec<Transfer>,
        transfers_to_new: Vec<TransferNew>,
        withdrawals: Vec<Withdraw>,
    }
    /// What the bytes of an operation depend on, besides the tokens.
    struct Scope {
        account_count: u32,
        #[serde(with = "decimal")]
        base_fee: u64,
    }
    struct Block {
        #[serde(with = "decimal")]
        base_fee: u64,
        encoded: Bytes,
        scope: Scope,
        seconds: u32,
    }
    struct Transfer {
        #[serde(with = "decimal")]
        amount: u128,
        encoded: Bytes,
        from: u32,
        scope: Scope,
        to: u32,
        token: u8,
    }
    struct TransferNew {
        #[serde(with = "decimal")]
        amount: u128,
        encoded: Bytes,
        from: u32,
        scope: Scope,
        to: Address,
        token: u8,
    }
    struct Withdraw {
        #[serde(with = "decimal")]
        amount: u128,
        encoded: Bytes,
        from: u32,
        has_recipient: bool,
        recipient: Address,
        scope: Scope,
        token: u8,
    }
    struct InboxOperation {
        encoded: Bytes,
        scope: Scope,
        /// `none`, `index` or `new`.
        target: String,
        target_index: u32,
    }
    struct Payout {
        encoded: Bytes,
        from: u32,
        payees: Vec<PayoutPayee>,
        scope: Scope,
        token: u8,
    }
    struct PayoutPayee {
        address: Address,
        #[serde(with = "decimal")]
        amount: u128,
        index: u32,
        is_new: bool,
    }
    struct InvalidOperation {
        encoded: Bytes,
        error: String,
        scope: Scope,
    }

    /// `blocks.json`
    struct Blocks {
        /// A chain from genesis on.
        headers: Vec<Header>,
        signatures: Vec<HeaderDigest>,
    }
    struct Header {
        #[serde(with = "decimal")]
        base_fee: u64,
        hash: B256,
        inbox_accumulator: FixedBytes<24>,
        #[serde(with = "decimal")]
        inbox_count: u64,
        #[serde(with = "decimal")]
        number: u64,
        operations: Bytes,
        operations_hash: B256,
        parent: B256,
        #[serde(with = "decimal")]
        timestamp: u64,
    }
    struct HeaderDigest {
        block_hash: B256,
        #[serde(with = "decimal")]
        chain_id: u64,
        digest: B256,
        #[serde(with = "decimal")]
        fork_id: u64,
        transaction_hashes: Vec<B256>,
        tx_root: B256,
    }

    /// `chain_ids.json`
    struct ChainIds {
        chain_ids: Vec<ChainId>,
    }
    struct ChainId {
        #[serde(with = "decimal")]
        chain_id: u64,
        #[serde(with = "decimal")]
        l1_chain_id: u64,
        rollup: Address,
    }

    /// `fast_withdrawals.json`
    struct FastWithdrawals {
        consents: Vec<FastWithdrawal>,
    }
    /// What is signed, where, and its hash.
    struct FastWithdrawal {
        account: Address,
        #[serde(with = "decimal")]
        amount: u128,
        bridge: Address,
        #[serde(with = "decimal")]
        deadline: u64,
        #[serde(with = "decimal")]
        fee: u128,
        index: u32,
        #[serde(with = "decimal")]
        l1_chain_id: u64,
        recipient: Address,
        signing_hash: B256,
        token: u8,
    }

    /// `chunks.json`
    struct Chunks {
        chunks: Vec<ChunkCase>,
        states: Vec<State>,
        tokens: Vec<Token>,
    }
    struct State {
        accounts: Vec<Account>,
        counters: Counters,
        name: String,
        root: B256,
        withdrawal_leaves: Vec<B256>,
    }
    struct ChunkCase {
        chunk: Bytes,
        /// Why it is invalid, `Reason/Detail`; nothing for a valid one.
        error: String,
        /// Messages that wait, encoded, the next one first.
        messages: Vec<Bytes>,
        name: String,
        /// The byte of the chunk at which the invalid operation, or its padding, begins.
        offset: u32,
        /// The state root after the chunk, zero for an invalid one.
        root: B256,
        /// The place in `states` of the state before it.
        state: u32,
        valid: bool,
    }

    /// `batch.json`
    struct Batches {
        batches: Vec<Batch>,
        blob_commitments: Vec<BlobCommitment>,
        calldata_commitments: Vec<CalldataCommitment>,
        field_elements: Vec<FieldElements>,
    }
    struct Batch {
        auth_count: u32,
        auth_root: B256,
        block_hash: B256,
        #[serde(with = "decimal")]
        block_number: u64,
        chunk_count: u16,
        data_commitment: B256,
        hash: B256,
        header: Bytes,
        header_hash: B256,
        inbox_accumulator: FixedBytes<24>,
        #[serde(with = "decimal")]
        inbox_count: u64,
        parent: B256,
        #[serde(with = "decimal")]
        posted_at: u64,
        poster: Address,
        state_root: B256,
        #[serde(with = "decimal")]
        submission_id: u64,
        #[serde(with = "decimal")]
        timestamp: u64,
    }
    struct BlobCommitment {
        commitment: B256,
        versioned_hashes: Vec<B256>,
    }
    struct CalldataCommitment {
        chunk_hashes: Vec<B256>,
        chunks: Vec<Bytes>,
        commitment: B256,
    }
    struct FieldElements {
        chunk: Bytes,
        elements: Vec<B256>,
    }

    /// `lists.json`
    struct Lists {
        lists: Vec<List>,
        proofs: Vec<ListProof>,
    }
    struct List {
        hashes: Vec<B256>,
        root: B256,
    }
    struct ListProof {
        count: u32,
        index: u32,
        leaf: B256,
        proof: Vec<B256>,
        root: B256,
        valid: bool,
        why: String,
    }

    /// `multiproofs.json`
    struct Multiproofs {
        invalid: Vec<InvalidMultiproof>,
        proofs: Vec<Multiproof>,
    }
    struct Multiproof {
        /// Leaves of the tree.
        count: u32,
        indices: Vec<u32>,
        /// Those at the indices.
        leaves: Vec<B256>,
        root: B256,
        siblings: Vec<B256>,
    }
    struct InvalidMultiproof {
        count: u32,
        indices: Vec<u32>,
        leaves: Vec<B256>,
        /// A true root of `count` leaves that this is no proof for.
        root: B256,
        siblings: Vec<B256>,
        why: String,
    }

    /// `transactions.json`
    struct Transactions {
        invalid: Vec<InvalidTransaction>,
        valid: Vec<Transaction>,
    }
    struct Transaction {
        /// Zero for ETH.
        asset: Address,
        #[serde(with = "decimal")]
        chain_id: u64,
        data: Bytes,
        /// What it takes, not what it allows.
        #[serde(with = "decimal")]
        gas: u64,
        #[serde(with = "decimal")]
        gas_limit: u64,
        hash: B256,
        /// `transfer`, `withdraw` or `payout`.
        intent: String,
        #[serde(with = "decimal")]
        max_fee: u128,
        #[serde(with = "decimal")]
        nonce: u64,
        /// One, unless it is a payout.
        payees: Vec<Payee>,
        r: B256,
        raw: Bytes,
        s: B256,
        sender: Address,
        signing_hash: B256,
        to: Address,
        transaction_type: u8,
        #[serde(with = "decimal")]
        value: u128,
        y_parity: bool,
    }
    struct Payee {
        #[serde(with = "decimal")]
        amount: u128,
        recipient: Address,
    }
    struct InvalidTransaction {
        #[serde(with = "decimal")]
        chain_id: u64,
        error: String,
        raw: Bytes,
    }
}
