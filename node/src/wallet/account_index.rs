//! The index of an account, which messages from L1 name it by: of the sequencer, if L1 proves what it says, else of a replay of L1.

use alloy_primitives::{Address, B256};
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
    let proof = proof.context("no final batch has the account yet")?;
    let deployment = &chains.deployment;
    let (head, _) = l1.head().await?;
    let range = (deployment.l1_block.number, head);
    let on_l1 = posted(&l1.provider, &deployment.contracts(), proof.batch, range).await?;
    check(&proof, account, on_l1.batch.header.state_root)
}

fn check(proof: &AccountProof, account: Address, state_root: B256) -> Result<u32> {
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use spillway_protocol::account::{Account, TokenBalance, TokenBalances};
    use spillway_protocol::root::StateTree;
    use spillway_protocol::state::{Counters, State};

    use super::*;

    const ME: Address = Address::repeat_byte(7);

    fn state() -> State {
        let tokens = vec![TokenBalance {
            token: 1,
            amount: 9,
        }];
        let account = |address, eth| Account {
            address,
            nonce: 4,
            locked: true,
            eth,
            tokens: TokenBalances::from_entries(tokens.clone()).unwrap(),
        };
        let others = (1..5).map(|byte| account(Address::repeat_byte(byte), 1));
        State::import(others.chain([account(ME, 5)]), Counters::default()).unwrap()
    }

    /// As a node tells of the account with index 4.
    fn told(tree: &StateTree, state: &State) -> Value {
        let preimage = tree.preimage(state);
        let counters = preimage.counters;
        json!({
            "batch": 3, "state_root": preimage.root(), "siblings": tree.accounts().multiproof(&[4]).unwrap(),
            "state": {
                "accounts_root": preimage.accounts_root, "withdrawals_root": preimage.withdrawals_root,
                "account_count": preimage.account_count, "withdrawal_count": counters.withdrawal_count,
                "inbox_count": counters.inbox_count, "authorised_count": counters.authorised_count,
                "block_number": counters.block_number, "timestamp": counters.timestamp, "base_fee": counters.base_fee,
            },
            "account": {
                "index": 4, "address": ME, "nonce": 4, "flags": 1, "eth": "0x5",
                "tokens": [{"token": 1, "amount": "0x9"}],
            },
        })
    }

    #[test]
    fn only_what_l1_proves_is_believed() {
        let state = state();
        let tree = StateTree::build(&state, std::iter::empty()).unwrap();
        let told = told(&tree, &state);
        let root = tree.root(&state);
        let judge = |told: Value, root| check(&serde_json::from_value(told).unwrap(), ME, root);
        assert_eq!(judge(told.clone(), root).unwrap(), 4);
        judge(told.clone(), B256::ZERO).unwrap_err();
        for (place, lie) in [
            ("/account/index", json!(3)),
            ("/account/address", json!(Address::repeat_byte(1))),
            ("/account/eth", json!("0x6")),
            ("/account/tokens", json!([])),
            ("/state/account_count", json!(6)),
            ("/state/accounts_root", json!(B256::ZERO)),
            ("/siblings", json!([])),
        ] {
            let mut told = told.clone();
            *told.pointer_mut(place).unwrap() = lie;
            assert!(judge(told, root).is_err(), "{place}");
        }
    }
}
