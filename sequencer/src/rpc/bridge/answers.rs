//! What is answered about the bridge, as JSON has it. Amounts are quantities in the token's smallest unit, times are seconds
//! since 1970 and, like all counts, JSON numbers.

use alloy_primitives::{Address, B256, Bytes, FixedBytes, U128};
use serde::Serialize;

/// A deposit and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deposit {
    /// Its place in the inbox.
    pub index: u64,
    /// The account of L2 that it is for.
    pub to: Address,
    /// The token's id; 0 for ETH.
    pub token: u8,
    /// Its contract on L1; null for ETH, and for one that L2 has not listed yet.
    pub token_address: Option<Address>,
    /// The amount.
    pub amount: U128,
    /// The block of L1 that holds it.
    pub l1_block: u64,
    /// The transaction on L1.
    pub transaction_hash: B256,
    /// How far it is.
    #[serde(flatten)]
    pub stage: DepositStage,
}

/// How far a deposit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum DepositStage {
    /// In L1's newest block.
    Seen,
    /// Not deep enough on L1.
    Confirming {
        /// Blocks on top of its own.
        confirmations: u64,
        /// Blocks that it needs.
        needed: u64,
    },
    /// Deep enough.
    Confirmed,
    /// The account has it.
    Credited,
    /// Paid back on L1, after an escape.
    Refunded,
}

/// A withdrawal and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Withdrawal {
    /// Its index.
    pub index: u32,
    /// The account that it left.
    pub account: Address,
    /// Whom L1 pays.
    pub recipient: Address,
    /// The token's id; 0 for ETH.
    pub token: u8,
    /// Its contract on L1; null for ETH.
    pub token_address: Option<Address>,
    /// The amount.
    pub amount: U128,
    /// The block of L2 that made it.
    pub block_number: u64,
    /// How far it is.
    #[serde(flatten)]
    pub stage: WithdrawalStage,
    /// How it failed to be paid, if it did.
    pub failure: Option<FailedPayment>,
    /// The pool's advance of it; null if nobody asked for one.
    pub advance: Option<Advance>,
}

/// How far a withdrawal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum WithdrawalStage {
    /// On the disk of this node, and in no batch that stands.
    Durable,
    /// In a batch that can be challenged.
    Posted {
        /// The batch.
        batch: u64,
        /// When it can be claimed unless a challenge is open.
        claimable_at: u64,
    },
    /// Anybody can claim it.
    Claimable {
        /// The batch.
        batch: u64,
    },
    /// The relayer's claim is under way.
    Claiming,
    /// L1 has paid it.
    Paid {
        /// Where.
        payment: Payment,
    },
}

/// A payment on L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// The transaction.
    pub transaction_hash: B256,
    /// Its block.
    pub l1_block: u64,
    /// Who was paid: the recipient, or who had advanced the withdrawal.
    pub to: Address,
}

/// A withdrawal that a pool pays before it can be claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advance {
    /// How far it is.
    pub status: AdvanceStage,
    /// What the pool keeps of the amount.
    pub fee: U128,
    /// Until when the account's consent holds; null if only L1 remembers it.
    pub deadline: Option<u64>,
    /// The newest transaction on L1 that pays the recipient.
    pub transaction_hash: Option<B256>,
    /// Why it is refused.
    pub reason: Option<String>,
}

/// How far an advance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvanceStage {
    /// The order is on disk, and waits for the withdrawal to be safe.
    Accepted,
    /// The transaction is under way.
    Paying,
    /// The recipient has the amount less the fee.
    Advanced,
    /// It is not paid early. The withdrawal is claimed as any other.
    Refused,
}

/// What the pool asks for an advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FastWithdrawalQuote {
    /// What it keeps of the amount.
    pub fee: U128,
    /// The deadline to sign for.
    pub deadline: u64,
    /// The account that pays.
    pub pool: Address,
    /// The contract in whose domain is signed.
    pub bridge: Address,
    /// Its chain.
    pub l1_chain_id: u64,
}

/// An order for an advance was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FastWithdrawalTaken {
    /// Always accepted: the order is on disk.
    pub status: AdvanceStage,
}

/// How a payment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FailedPayment {
    /// So many times.
    pub times: u32,
    /// The last time.
    pub kind: FailureKind,
    /// When it is tried again; null if only others try.
    pub retry_at: Option<u64>,
}

/// What makes a payment fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// A call shows that it would.
    WouldFail,
    /// It did, in a transaction.
    Failed,
    /// The whole claim did.
    ClaimFailed,
}

/// The batch that something is proven under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BatchRef {
    /// Its number.
    #[serde(rename = "batch")]
    pub number: u64,
    /// The root that L1 pays against.
    pub state_root: B256,
    /// Its header.
    pub header: BatchHeaderAnswer,
    /// The commitment to its data.
    pub data_commitment: B256,
    /// When L1 took it.
    pub posted_at: u64,
    /// Its submission's id.
    pub submission_id: u64,
    /// Whose bond answers for it.
    pub poster: Address,
}

/// A batch's header: docs/protocol.md, "Batches".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names are those of the format")]
pub struct BatchHeaderAnswer {
    pub parent: B256,
    pub state_root: B256,
    pub auth_root: B256,
    pub auth_count: u32,
    pub inbox_count: u64,
    pub inbox_accumulator: FixedBytes<24>,
    pub chunk_count: u16,
    pub block_number: u64,
    pub block_hash: B256,
    pub timestamp: u64,
}

/// The preimage of a state root: docs/protocol.md, "State".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names are those of the format")]
pub struct StateAnswer {
    pub accounts_root: B256,
    pub withdrawals_root: B256,
    pub account_count: u32,
    pub withdrawal_count: u32,
    pub inbox_count: u64,
    pub authorised_count: u64,
    pub block_number: u64,
    pub timestamp: u64,
    pub base_fee: u64,
}

/// What L1 needs to pay a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WithdrawalProof {
    /// `Bridge` on L1.
    pub to: Address,
    /// The call of its `claim`, for this withdrawal alone.
    pub data: Bytes,
    /// The batch.
    #[serde(flatten)]
    pub batch: BatchRef,
    /// What its state root commits to.
    pub state: StateAnswer,
    /// What is proven.
    pub withdrawal: WithdrawalLeaf,
    /// The multiproof of its leaf.
    pub siblings: Vec<B256>,
}

/// What a withdrawal's leaf commits to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WithdrawalLeaf {
    /// Its index.
    pub index: u32,
    /// The account that it left.
    pub account: Address,
    /// Whom L1 pays.
    pub recipient: Address,
    /// The token's id.
    pub token: u8,
    /// The amount.
    pub amount: U128,
}

/// An account as L1 has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountProof {
    /// The batch.
    #[serde(flatten)]
    pub batch: BatchRef,
    /// What its state root commits to.
    pub state: StateAnswer,
    /// The account.
    pub account: ProvenAccount,
    /// The multiproof of its leaf.
    pub siblings: Vec<B256>,
}

/// What an account's leaf commits to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProvenAccount {
    /// Its index.
    pub index: u32,
    /// Its address.
    pub address: Address,
    /// Its nonce.
    pub nonce: u64,
    /// Bit 0: locked.
    pub flags: u8,
    /// Its ETH, in wei.
    pub eth: U128,
    /// Its tokens, ascending.
    pub tokens: Vec<TokenAmount>,
}

/// An amount of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TokenAmount {
    /// The token's id.
    pub token: u8,
    /// The amount.
    pub amount: U128,
}
