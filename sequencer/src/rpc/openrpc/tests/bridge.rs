//! The schemas of the bridge against each thing that its answers can say.

use alloy_primitives::{Address, B256, U128};
use serde::Serialize;
use serde_json::json;

use super::super::super::bridge::{
    Advance, AdvanceStage, Deposit, DepositStage, FailedPayment, FailureKind, Payment, Withdrawal,
    WithdrawalStage,
};
use super::Served;

fn check(served: &Served, component: &str, answer: &impl Serialize) {
    let schema = json!({ "$ref": format!("#/components/schemas/{component}") });
    let answer = serde_json::to_value(answer).unwrap();
    served.check(&schema, &answer, component);
}

fn withdrawal(stage: WithdrawalStage) -> Withdrawal {
    Withdrawal {
        index: 3,
        account: Address::ZERO,
        recipient: Address::ZERO,
        token: 0,
        token_address: None,
        amount: U128::from(5),
        block_number: 9,
        stage,
        failure: None,
        advance: None,
    }
}

#[tokio::test]
async fn openrpc_has_every_stage_of_a_deposit() {
    let served = Served::whole().await;
    let confirming = DepositStage::Confirming {
        confirmations: 1,
        needed: 64,
    };
    for stage in [
        DepositStage::Seen,
        confirming,
        DepositStage::Confirmed,
        DepositStage::Credited,
        DepositStage::Refunded,
    ] {
        let deposit = Deposit {
            index: 7,
            to: Address::ZERO,
            token: 1,
            token_address: Some(Address::ZERO),
            amount: U128::from(255),
            l1_block: 3,
            transaction_hash: B256::ZERO,
            stage,
        };
        check(&served, "Deposit", &deposit);
    }
}

#[tokio::test]
async fn openrpc_has_every_stage_of_a_withdrawal() {
    let served = Served::whole().await;
    let payment = Payment {
        transaction_hash: B256::ZERO,
        l1_block: 3,
        to: Address::ZERO,
    };
    let (batch, claimable_at) = (2, 1_770_000_030);
    for stage in [
        WithdrawalStage::Durable,
        WithdrawalStage::Posted {
            batch,
            claimable_at,
        },
        WithdrawalStage::Claimable { batch },
        WithdrawalStage::Claiming,
        WithdrawalStage::Paid { payment },
    ] {
        check(&served, "Withdrawal", &withdrawal(stage));
    }
}

#[tokio::test]
async fn openrpc_has_every_failure_and_advance_of_a_withdrawal() {
    let served = Served::whole().await;
    let mut failing = withdrawal(WithdrawalStage::Claiming);
    for (kind, retry_at) in [
        (FailureKind::WouldFail, None),
        (FailureKind::Failed, Some(1_770_000_000)),
        (FailureKind::ClaimFailed, None),
    ] {
        let times = 2;
        failing.failure = Some(FailedPayment {
            times,
            kind,
            retry_at,
        });
        check(&served, "Withdrawal", &failing);
    }
    for (status, reason) in [
        (AdvanceStage::Accepted, None),
        (AdvanceStage::Paying, None),
        (AdvanceStage::Advanced, None),
        (AdvanceStage::Refused, Some("too late".to_owned())),
    ] {
        failing.advance = Some(Advance {
            status,
            fee: U128::from(1),
            deadline: reason.is_none().then_some(1_770_000_000),
            transaction_hash: reason.is_none().then_some(B256::ZERO),
            reason,
        });
        check(&served, "Withdrawal", &failing);
    }
}
