//! What the relayer knows, in the words of JSON-RPC.

use alloy_primitives::{Address, Bytes, U128};
use spillway_protocol::account::FLAG_LOCKED;
use spillway_protocol::root::StatePreimage;
use spillway_relayer::advances::{self, AdvanceStatus, QuoteRefusal, Refusal};
use spillway_relayer::deposits::{self, DepositStatus};
use spillway_relayer::proof;
use spillway_relayer::withdrawals::{self, PostedBatch, WithdrawalStatus};
use spillway_sequencer::rpc::bridge::{
    AccountProof, Advance, AdvanceStage, BatchHeaderAnswer, BatchRef, BridgeError, Deposit,
    DepositStage, FailedPayment, FailureKind, Payment, ProvenAccount, StateAnswer, TokenAmount,
    Withdrawal, WithdrawalLeaf, WithdrawalProof, WithdrawalStage,
};
use spillway_sequencer::settled;

/// A deposit.
pub(super) fn deposit(status: &DepositStatus, token_address: Option<Address>) -> Deposit {
    let deposit = &status.deposit;
    Deposit {
        index: deposit.index,
        to: deposit.to,
        token: deposit.token,
        token_address,
        amount: U128::from(deposit.amount),
        l1_block: deposit.l1_block,
        transaction_hash: deposit.transaction,
        stage: match status.stage {
            deposits::DepositStage::Seen => DepositStage::Seen,
            deposits::DepositStage::Confirming {
                confirmations,
                needed,
            } => DepositStage::Confirming {
                confirmations,
                needed,
            },
            deposits::DepositStage::Confirmed => DepositStage::Confirmed,
            deposits::DepositStage::Credited => DepositStage::Credited,
            deposits::DepositStage::Refunded => DepositStage::Refunded,
        },
    }
}

/// A withdrawal.
pub(super) fn withdrawal(
    status: &WithdrawalStatus,
    token_address: Option<Address>,
    advance: Option<AdvanceStatus>,
) -> Withdrawal {
    let withdrawal = &status.made.withdrawal;
    Withdrawal {
        index: status.index,
        account: withdrawal.account,
        recipient: withdrawal.recipient,
        token: withdrawal.token,
        token_address,
        amount: U128::from(withdrawal.amount),
        block_number: status.made.block,
        stage: stage(&status.stage),
        failure: status.failure.map(|failure| FailedPayment {
            times: failure.times,
            kind: match failure.kind {
                withdrawals::FailureKind::WouldFail => FailureKind::WouldFail,
                withdrawals::FailureKind::Failed => FailureKind::Failed,
                withdrawals::FailureKind::ClaimFailed => FailureKind::ClaimFailed,
            },
            retry_at: failure.retry_at,
        }),
        advance: advance.map(advance_of),
    }
}

fn advance_of(status: AdvanceStatus) -> Advance {
    let (stage, transaction_hash, reason) = match status.stage {
        advances::AdvanceStage::Accepted => (AdvanceStage::Accepted, None, None),
        advances::AdvanceStage::Paying { transaction } => (AdvanceStage::Paying, transaction, None),
        advances::AdvanceStage::Advanced { transaction } => {
            (AdvanceStage::Advanced, Some(transaction), None)
        }
        advances::AdvanceStage::Refused(reason) => {
            (AdvanceStage::Refused, None, Some(reason.to_string()))
        }
    };
    Advance {
        status: stage,
        fee: U128::from(status.fee),
        deadline: status.deadline,
        transaction_hash,
        reason,
    }
}

/// Why there is no quote.
pub(super) fn no_quote(reason: QuoteRefusal) -> BridgeError {
    match reason {
        QuoteRefusal::NotReady(_) => BridgeError::NotNow(reason.to_string()),
        reason => BridgeError::Refused(reason.to_string()),
    }
}

/// Why an order is not taken.
pub(super) fn not_taken(reason: Refusal) -> BridgeError {
    match reason {
        Refusal::Quote(reason) => no_quote(reason),
        Refusal::Busy | Refusal::Unchecked(_) => BridgeError::NotNow(reason.to_string()),
        Refusal::Disk(_) => BridgeError::Internal(reason.into()),
        reason => BridgeError::Refused(reason.to_string()),
    }
}

fn stage(stage: &withdrawals::WithdrawalStage) -> WithdrawalStage {
    use withdrawals::WithdrawalStage as Known;
    match *stage {
        Known::OnL2 => WithdrawalStage::Durable,
        Known::Posted {
            batch,
            claimable_at,
        } => WithdrawalStage::Posted {
            batch,
            claimable_at,
        },
        Known::Claimable { batch } => WithdrawalStage::Claimable { batch },
        Known::Claiming { .. } => WithdrawalStage::Claiming,
        Known::Paid(payment) => WithdrawalStage::Paid {
            payment: Payment {
                transaction_hash: payment.transaction,
                l1_block: payment.l1_block,
                to: payment.to,
            },
        },
    }
}

/// What pays one withdrawal; none if the proof is of none.
pub(super) fn withdrawal_proof(
    bridge: Address,
    call: Bytes,
    posted: &PostedBatch,
    proof: &proof::WithdrawalProof,
) -> Option<WithdrawalProof> {
    let (index, withdrawal) = proof.withdrawals.first()?;
    Some(WithdrawalProof {
        to: bridge,
        data: call,
        batch: batch(posted),
        state: state(&proof.state),
        withdrawal: WithdrawalLeaf {
            index: *index,
            account: withdrawal.account,
            recipient: withdrawal.recipient,
            token: withdrawal.token,
            amount: U128::from(withdrawal.amount),
        },
        siblings: proof.siblings.clone(),
    })
}

/// An account under a batch's root.
pub(super) fn account_proof(posted: &PostedBatch, proven: &settled::ProvenAccount) -> AccountProof {
    let account = &proven.account;
    let tokens = account.tokens.entries().iter();
    AccountProof {
        batch: batch(posted),
        state: state(&proven.state),
        account: ProvenAccount {
            index: proven.index,
            address: account.address,
            nonce: account.nonce,
            flags: if account.locked { FLAG_LOCKED } else { 0 },
            eth: U128::from(account.eth),
            tokens: tokens
                .map(|entry| TokenAmount {
                    token: entry.token,
                    amount: U128::from(entry.amount),
                })
                .collect(),
        },
        siblings: proven.siblings.clone(),
    }
}

fn batch(posted: &PostedBatch) -> BatchRef {
    let (header, submission) = (&posted.header, &posted.submission);
    BatchRef {
        number: posted.number,
        state_root: header.state_root,
        header: BatchHeaderAnswer {
            parent: header.parent,
            state_root: header.state_root,
            auth_root: header.auth_root,
            auth_count: header.auth_count,
            inbox_count: header.inbox_count,
            inbox_accumulator: header.inbox_accumulator,
            chunk_count: header.chunk_count,
            block_number: header.block_number,
            block_hash: header.block_hash,
            timestamp: header.timestamp,
        },
        data_commitment: submission.data_commitment,
        posted_at: submission.posted_at,
        submission_id: submission.id,
        poster: submission.poster,
    }
}

fn state(state: &StatePreimage) -> StateAnswer {
    let counters = &state.counters;
    StateAnswer {
        accounts_root: state.accounts_root,
        withdrawals_root: state.withdrawals_root,
        account_count: state.account_count,
        withdrawal_count: counters.withdrawal_count,
        inbox_count: counters.inbox_count,
        authorised_count: counters.authorised_count,
        block_number: counters.block_number,
        timestamp: counters.timestamp,
        base_fee: counters.base_fee,
    }
}
