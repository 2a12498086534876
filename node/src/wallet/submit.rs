//! A transaction on L2: made, read back, shown, signed, handed in, and waited for.

use std::time::{Duration, Instant};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_signer_local::PrivateKeySigner;
use anyhow::{Context, Result, bail, ensure};
use spillway_protocol::gas;
use spillway_protocol::token::ETH_DECIMALS;
use spillway_protocol::transaction::{
    Asset, Intent, PAYOUT_PREDEPLOY, WITHDRAW_PREDEPLOY, WalletTransaction, encode_payout_call,
    encode_payout_token_call, encode_transfer_call, encode_withdraw_call,
    encode_withdraw_token_call,
};
use tokio::time::sleep;

use super::chains::Chains;
use super::facts::Facts;
use super::keys::KeyArgs;
use super::l2::is_temporary;
use super::records::{Receipt, Rung, word};
use crate::amounts;

/// How long a node that does not answer, or is busy, is asked again; and how long a transaction may take to its block.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pauses between two tries and between two looks.
const RETRY: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(50);

/// Wei a unit of gas, at most: a node that asks for more is not paid.
const GAS_PRICE_MAX: u128 = 1_000_000_000_000;

/// What is to be done.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// For people, with whom and how much.
    pub(super) what: String,
    pub(super) intent: Intent,
    /// Only with a transfer.
    pub(super) memo: Bytes,
}

/// A transaction in a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub(super) hash: B256,
    pub(super) block: u64,
    /// In wei, as the receipt says.
    pub(super) fee: u128,
    pub(super) rung: Option<Rung>,
}

impl Done {
    /// Says where it is.
    pub(super) fn tell(&self, facts: &mut Facts) {
        facts.add_text("transaction_hash", &self.hash);
        facts.add_number("block_number", self.block);
        facts.add(
            "fee",
            format!("{:#x}", self.fee),
            format!("{} ETH", amounts::format(self.fee, ETH_DECIMALS)),
        );
        if let Some(rung) = self.rung {
            facts.add_text("finality", &word(rung));
        }
    }
}

/// Shows an order, signs it and hands it in; answers when it is in a block, on disk.
pub(super) async fn submit(
    chains: &Chains,
    signer: &PrivateKeySigner,
    keys: &KeyArgs,
    order: &Order,
) -> Result<Done> {
    let chain_id = chains.deployment.l2_chain_id;
    chains.l2.check_chain(chain_id)?;
    let address = signer.address();
    let price = chains.l2.gas_price()?;
    ensure!(
        price <= GAS_PRICE_MAX,
        "the node asks for {price} wei a unit of gas, and no more than {GAS_PRICE_MAX} is paid: wait until \
         fees have fallen, or ask another node by --rpc if others see lower ones"
    );
    let nonce = chains.l2.next_nonce(address)?;
    let transaction = transaction(order, chain_id, nonce, price)?;
    let fee = u128::from(transaction.gas_limit).saturating_mul(price);
    keys.consent(&format!(
        "{}: a transaction of {address} on L2 (chain {chain_id}), for at most {} ETH in fees",
        order.what,
        amounts::format(fee, ETH_DECIMALS)
    ))?;
    let raw = sign(transaction, signer)?;
    ensure!(
        meaning(&raw, chain_id)? == order.intent,
        "the transaction would mean something else than was asked for: nothing was sent. Report this"
    );
    let hash = keccak256(&raw);
    hand_in(chains, &raw, hash).await?;
    follow(chains, hash).await
}

/// The transaction for an order.
fn transaction(order: &Order, chain_id: u64, nonce: u64, price: u128) -> Result<TxEip1559> {
    let (to, value, mut input) = call(&order.intent);
    ensure!(
        order.memo.is_empty() || matches!(order.intent, Intent::Transfer { .. }),
        "only a transfer has a memo"
    );
    input.extend_from_slice(&order.memo);
    Ok(TxEip1559 {
        chain_id,
        nonce,
        gas_limit: gas::gas(order.intent.gas_kind()),
        max_fee_per_gas: price,
        max_priority_fee_per_gas: 0,
        to: TxKind::Call(to),
        value: U256::from(value),
        access_list: Default::default(),
        input: input.into(),
    })
}

/// To whom, with how much wei, and what data.
fn call(intent: &Intent) -> (Address, u128, Vec<u8>) {
    match intent {
        Intent::Transfer {
            asset,
            recipient,
            amount,
        } => match asset {
            Asset::Eth => (*recipient, *amount, Vec::new()),
            Asset::Token(token) => (*token, 0, encode_transfer_call(*recipient, *amount)),
        },
        Intent::Withdraw {
            asset,
            recipient,
            amount,
        } => match asset {
            Asset::Eth => (
                WITHDRAW_PREDEPLOY,
                *amount,
                encode_withdraw_call(*recipient),
            ),
            Asset::Token(token) => (
                WITHDRAW_PREDEPLOY,
                0,
                encode_withdraw_token_call(*token, *amount, *recipient),
            ),
        },
        Intent::Payout { asset, payees } => match asset {
            Asset::Eth => {
                let sum = payees
                    .iter()
                    .fold(0_u128, |sum, payee| sum.saturating_add(payee.amount));
                (PAYOUT_PREDEPLOY, sum, encode_payout_call(payees))
            }
            Asset::Token(token) => (
                PAYOUT_PREDEPLOY,
                0,
                encode_payout_token_call(*token, payees),
            ),
        },
    }
}

fn sign(mut transaction: TxEip1559, signer: &PrivateKeySigner) -> Result<Vec<u8>> {
    let signature = signer.sign_transaction_sync(&mut transaction)?;
    Ok(TxEnvelope::from(transaction.into_signed(signature)).encoded_2718())
}

/// What the bytes mean to the chain. Said by the code that executes them, so what was shown is what happens.
fn meaning(raw: &[u8], chain_id: u64) -> Result<Intent> {
    let read = WalletTransaction::decode(raw, chain_id).context("nobody would execute it")?;
    Intent::of(&read).context("nobody would execute it")
}

/// The same bytes may be handed in again and again: they take effect once.
async fn hand_in(chains: &Chains, raw: &[u8], hash: B256) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match chains.l2.send_raw(raw) {
            Ok(answered) => {
                ensure!(
                    answered == hash,
                    "the node answers another hash than the transaction's: ask it for {hash} before you send another"
                );
                return Ok(());
            }
            Err(error) if is_temporary(&error) && Instant::now() < deadline => {
                chains.teller.say(&format!("not taken yet: {error:#}"));
                sleep(RETRY).await;
            }
            Err(error) if is_temporary(&error) => {
                return Err(error.context(format!(
                    "it is not known whether {hash} was taken: ask for it with `spillway wallet status --transaction` before you \
                     send another"
                )));
            }
            Err(error) => return Err(error.context("nothing was sent")),
        }
    }
}

async fn follow(chains: &Chains, hash: B256) -> Result<Done> {
    let deadline = Instant::now() + PATIENCE;
    let mut waiting = chains.teller.waiting();
    waiting.tell(&format!("handed in as {hash}: waiting for its block"));
    loop {
        match chains.l2.receipt(hash) {
            Ok(Some(receipt)) => return done(chains, hash, &receipt),
            Ok(None) => {}
            Err(error) if is_temporary(&error) => waiting.tell(&format!("{error:#}")),
            Err(error) => return Err(error),
        }
        if Instant::now() >= deadline {
            bail!(
                "{hash} is not in a block after {PATIENCE:?}: ask for it with `spillway wallet status --transaction`"
            );
        }
        sleep(POLL).await;
    }
}

fn done(chains: &Chains, hash: B256, receipt: &Receipt) -> Result<Done> {
    ensure!(
        receipt.transaction_hash == hash && receipt.status.to::<u64>() == 1,
        "the node answers a receipt that is not of {hash}, or that says it failed, which no transaction here does: is it a Spillway \
         node?"
    );
    let gas_used = receipt.gas_used.to::<u128>();
    Ok(Done {
        hash,
        block: receipt.block_number.to(),
        fee: gas_used.saturating_mul(receipt.effective_gas_price.to()),
        rung: chains.l2.finality(hash)?.map(|finality| finality.status),
    })
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;
    use spillway_protocol::transaction::Payee;

    use super::*;
    use crate::dev::accounts;

    const TOKEN: Address = address!("00000000000000000000000000000000000000aa");
    const BOB: Address = address!("00000000000000000000000000000000000000bb");

    fn meant(intent: Intent, memo: &'static [u8]) -> Result<Intent> {
        let order = Order {
            what: String::new(),
            intent,
            memo: Bytes::from_static(memo),
        };
        let transaction = transaction(&order, 7, 3, 1_000)?;
        meaning(&sign(transaction, &accounts::signer(0)?)?, 7)
    }

    #[test]
    fn what_is_signed_means_what_was_asked_for() {
        let payees = vec![
            Payee {
                recipient: BOB,
                amount: 5,
            };
            64
        ];
        for asset in [Asset::Eth, Asset::Token(TOKEN)] {
            for intent in [
                Intent::Transfer {
                    asset,
                    recipient: BOB,
                    amount: u128::MAX,
                },
                Intent::Withdraw {
                    asset,
                    recipient: BOB,
                    amount: 1,
                },
                Intent::Payout {
                    asset,
                    payees: payees.clone(),
                },
            ] {
                assert_eq!(meant(intent.clone(), b"").unwrap(), intent);
            }
        }
    }

    #[test]
    fn a_memo_cannot_turn_a_payment_into_another() {
        let pay = |recipient| Intent::Transfer {
            asset: Asset::Eth,
            recipient,
            amount: 5,
        };
        assert_eq!(meant(pay(BOB), b"rent").unwrap(), pay(BOB));
        // The selector of a token's transfer.
        let turned = meant(pay(BOB), b"\xa9\x05\x9c\xbb and so on");
        assert!(turned.is_err() || turned.unwrap() != pay(BOB));
        meant(pay(WITHDRAW_PREDEPLOY), b"").unwrap_err();
        meant(pay(BOB), &[b'x'; 257]).unwrap_err();
        let withdraw = Intent::Withdraw {
            asset: Asset::Eth,
            recipient: BOB,
            amount: 5,
        };
        meant(withdraw, b"x").unwrap_err();
    }
}
