//! The index of an account, which messages from L1 name it by: of the sequencer, if L1 proves what it says, else of a replay of L1.

use alloy_primitives::Address;
use anyhow::{Context, Result, ensure};
use spillway_protocol::tree::multiproof_root;

use super::chains::Chains;
use super::l1::L1;
use super::records::AccountProof;
use super::replayed::{self, BlobArgs};
use crate::verify::finality::posted;

/// The index of that account.
pub(super) async fn find(
    chains: &Chains,
    l1: &L1,
    blobs: &BlobArgs,
    account: Address,
) -> Result<u32> {
    match proven(chains, l1, account).await {
        Ok(index) => Ok(index),
        Err(error) => {
            chains.teller.say(&format!(
                "the sequencer does not prove the account's index, so L1 is replayed: {error:#}"
            ));
            of_replay(chains, l1, blobs, account).await
        }
    }
}

async fn of_replay(chains: &Chains, l1: &L1, blobs: &BlobArgs, account: Address) -> Result<u32> {
    let replayed = replayed::replay(chains, l1, blobs, account).await?;
    let index = replayed.ledger()?.state().index_of(&account);
    index.with_context(|| {
        format!("{account} has no account on L2 as far as L1 has it: wait until a batch with its first credit is posted")
    })
}

/// What the sequencer says, if it is under a root that is on L1: a wrong index would cost the message its effect.
async fn proven(chains: &Chains, l1: &L1, account: Address) -> Result<u32> {
    let proof = chains.l2.account_proof(account)?;
    let deployment = &chains.deployment;
    let (head, _) = l1.head().await?;
    let range = (deployment.l1_block.number, head);
    let on_l1 = posted(&l1.provider, &deployment.contracts(), proof.batch, range).await?;
    check(&proof, account, on_l1.batch.header.state_root)
}

fn check(
    proof: &AccountProof,
    account: Address,
    state_root: alloy_primitives::B256,
) -> Result<u32> {
    let state = proof.state();
    ensure!(
        state.root() == state_root,
        "its state is not the one of batch {} on L1",
        proof.batch
    );
    let (index, found) = proof.account().context("its account cannot be one")?;
    ensure!(found.address == account, "it is about {}", found.address);
    let leaf = [(index, found.leaf())];
    let root = multiproof_root(state.account_count, &leaf, &proof.siblings)?;
    ensure!(
        root == state.accounts_root,
        "the account is not in its state"
    );
    Ok(index)
}
