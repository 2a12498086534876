//! `spillway wallet claim`: withdrawals that are final, paid on L1. Anyone may claim for anyone; this does for whom the relayer left.

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::{SolCall, SolEvent};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::json;
use spillway_bridge_contracts::Bridge;

use super::chains::{ChainArgs, Chains};
use super::facts::Facts;
use super::keys::KeyArgs;
use super::l1::{Call, L1, Sent, Signing};
use super::l2::Of;
use super::records::{WithdrawalProof, WithdrawalRecord, WithdrawalStatus};
use super::tokens;

/// Withdrawals that are looked through for claimable ones.
const NEWEST: usize = 1_024;

/// `spillway wallet claim`.
#[derive(Debug, Args)]
pub(super) struct ClaimArgs {
    /// Which withdrawals, by index. [default: all of the signer's that are claimable]
    #[arg(value_name = "INDEX")]
    indices: Vec<u32>,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    chains: ChainArgs,
}

/// Claims.
pub(super) async fn run(args: &ClaimArgs) -> Result<()> {
    let chains = args.chains.open()?;
    let signer = args.keys.signer(chains.deployment.l1_chain_id)?;
    chains.l2.check_chain(chains.deployment.l2_chain_id)?;
    let l1 = chains.l1().await?;
    let signing = l1.signing(&signer, &args.keys)?;
    let records = wanted(&chains, &args.indices, signer.address())?;
    let mut claims = Vec::with_capacity(records.len());
    for record in &records {
        let sent = claim(&chains, &l1, &signing, record).await?;
        let value = json!({"index": record.index, "transaction_hash": sent.hash(), "l1_block": sent.block()});
        claims.push((value, format!("{}: paid by {}", record.index, sent.hash())));
    }
    let mut facts = Facts::default();
    facts.add_list("claims", claims);
    facts.print(chains.json)
}

/// The withdrawals with those indices, or all of an account that can be claimed.
fn wanted(chains: &Chains, indices: &[u32], account: Address) -> Result<Vec<WithdrawalRecord>> {
    if !indices.is_empty() {
        return indices
            .iter()
            .map(|index| chains.l2.withdrawal(*index))
            .collect();
    }
    let told = chains.l2.withdrawals(Of::Address(account), NEWEST)?;
    let mut records = told
        .context("the node at --rpc does not follow withdrawals: ask one with the role relayer")?;
    records.retain(|record| {
        record.status == WithdrawalStatus::Claimable
            && [record.account, record.recipient].contains(&account)
    });
    Ok(records)
}

async fn claim(
    chains: &Chains,
    l1: &L1,
    signing: &Signing<'_>,
    record: &WithdrawalRecord,
) -> Result<Sent> {
    let index = record.index;
    let proof = chains.l2.withdrawal_proof(index)?;
    check(&proof, record, chains.deployment.bridge)
        .with_context(|| format!("the node's claim of withdrawal {index} is not signed"))?;
    let token = tokens::numbered(l1, chains.deployment.bridge, record.token).await?;
    let what = format!(
        "claim withdrawal {index}, {} for {}",
        token.show(record.amount.to()),
        record.recipient
    );
    pay(
        signing,
        chains.deployment.bridge,
        what,
        proof.data,
        &[index],
    )
    .await
}

/// Sends a claim, and makes sure that it has paid these withdrawals.
pub(super) async fn pay(
    signing: &Signing<'_>,
    bridge: Address,
    what: String,
    data: Bytes,
    indices: &[u32],
) -> Result<Sent> {
    let call = Call {
        what,
        to: bridge,
        value: 0,
        data,
    };
    let sent = signing.send(&call).await?;
    for index in indices {
        let was_paid = sent.receipt.logs().iter().any(|log| {
            let paid = Bridge::WithdrawalPaid::decode_log(&log.inner);
            log.address() == bridge && paid.is_ok_and(|paid| paid.index == *index)
        });
        if !was_paid {
            bail!(
                "withdrawal {index} could not be paid by {}: its recipient (a contract) or its token refuses the payment. It stays \
                 claimable: run this again when that has changed",
                sent.hash()
            );
        }
    }
    Ok(sent)
}

/// The calldata that a node gives is signed only if it claims what was asked for, at the bridge. That it is true, L1 says.
fn check(proof: &WithdrawalProof, record: &WithdrawalRecord, bridge: Address) -> Result<()> {
    ensure!(
        proof.to == bridge,
        "it is for {}, and the bridge is {bridge}",
        proof.to
    );
    let call = Bridge::claimCall::abi_decode_validate(&proof.data).ok();
    let call = call.context("it is no claim")?;
    let [withdrawal] = call.withdrawals.as_slice() else {
        bail!("it claims {} withdrawals", call.withdrawals.len());
    };
    ensure!(
        call.number == proof.batch && withdrawal.index == record.index,
        "it claims withdrawal {} under batch {}",
        withdrawal.index,
        call.number
    );
    ensure!(
        withdrawal.account == record.account
            && withdrawal.recipient == record.recipient
            && withdrawal.token == record.token
            && withdrawal.amount == record.amount.to::<u128>(),
        "it pays {} of token {} to {}",
        withdrawal.amount,
        withdrawal.token,
        withdrawal.recipient
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{B256, U128};
    use spillway_protocol::batch::{BatchHeader, Submission};
    use spillway_protocol::root::StatePreimage;
    use spillway_protocol::state::Counters;
    use spillway_protocol::withdrawal::Withdrawal;

    use super::*;

    const BRIDGE: Address = Address::repeat_byte(0xb);
    const ME: Address = Address::repeat_byte(1);

    fn record() -> WithdrawalRecord {
        WithdrawalRecord {
            index: 3,
            account: ME,
            recipient: ME,
            token: 0,
            amount: U128::from(5),
            block_number: 1,
            status: WithdrawalStatus::Claimable,
            batch: Some(2),
            claimable_at: None,
            payment: None,
            failure: None,
            advance: None,
        }
    }

    fn proof(withdrawals: &[(u32, Withdrawal)]) -> WithdrawalProof {
        let header = BatchHeader {
            parent: B256::ZERO,
            state_root: B256::ZERO,
            auth_root: B256::ZERO,
            auth_count: 0,
            inbox_count: 0,
            inbox_accumulator: Default::default(),
            chunk_count: 1,
            block_number: 0,
            block_hash: B256::ZERO,
            timestamp: 0,
        };
        let submission = Submission {
            data_commitment: B256::ZERO,
            posted_at: 0,
            id: 0,
            poster: Address::ZERO,
        };
        let state = StatePreimage {
            accounts_root: B256::ZERO,
            withdrawals_root: B256::ZERO,
            account_count: 1,
            counters: Counters::default(),
        };
        let claim = spillway_l1::payments::Claim {
            batch: 2,
            header: &header,
            submission: &submission,
            state: &state,
            withdrawals,
            siblings: &[],
        };
        WithdrawalProof {
            batch: 2,
            to: BRIDGE,
            data: claim.call(),
        }
    }

    #[test]
    fn only_what_was_asked_for_is_signed() {
        let mine = Withdrawal {
            account: ME,
            recipient: ME,
            token: 0,
            amount: 5,
        };
        let other = |change: fn(&mut Withdrawal)| {
            let mut withdrawal = mine;
            change(&mut withdrawal);
            proof(&[(3, withdrawal)])
        };
        check(&proof(&[(3, mine)]), &record(), BRIDGE).unwrap();
        let elsewhere = WithdrawalProof {
            to: ME,
            ..proof(&[(3, mine)])
        };
        let mut approval = proof(&[(3, mine)]);
        approval.data = vec![0x09, 0x5e, 0xa7, 0xb3, 0, 0].into();
        for (lie, said) in [
            (elsewhere, "the bridge is"),
            (approval, "no claim"),
            (proof(&[(3, mine), (4, mine)]), "claims 2"),
            (proof(&[(4, mine)]), "claims withdrawal 4"),
            (other(|it| it.recipient = Address::ZERO), "to 0x0000"),
            (other(|it| it.amount = 4), "pays 4"),
            (other(|it| it.token = 1), "token 1"),
        ] {
            let error = check(&lie, &record(), BRIDGE).unwrap_err().to_string();
            assert!(error.contains(said), "{said}: {error}");
        }
    }
}
