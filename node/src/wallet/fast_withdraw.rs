//! `spillway wallet fast-withdraw`: a pool pays on L1 now, less a fee, and takes the withdrawal's payment when it is final.

use std::time::{SystemTime, UNIX_EPOCH};

use alloy_primitives::{Address, Signature, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{Eip712Domain, SolStruct, eip712_domain, sol};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::json;

use super::chains::{ChainArgs, Chains};
use super::facts::Facts;
use super::keys::KeyArgs;
use super::records::{AdvanceStatus, Quote, WithdrawalRecord, WithdrawalStatus, word};
use super::send::add_amount;
use super::times::when;
use super::tokens::{self, Amount, Token};
use super::withdraw::{how_far, withdraw};
use crate::amounts::{self, Written};

/// The share of an amount that a fee takes at most, unless another limit is given: one twentieth.
const FEE_SHARE: u128 = 20;

sol! {
    /// Consent to a payment now, as `Bridge.advance` checks it.
    struct FastWithdrawal {
        uint32 index;
        address account;
        address recipient;
        uint8 token;
        uint128 amount;
        uint128 fee;
        uint64 deadline;
    }
}

/// `spillway wallet fast-withdraw`.
#[derive(Debug, Args)]
pub(super) struct FastWithdrawArgs {
    /// Withdraw so much, as 1.5 or "1.5 ETH", and be paid at once.
    #[arg(long, value_name = "AMOUNT", value_parser = amounts::written, required_unless_present = "index")]
    amount: Option<Written>,
    /// Be paid at once for a withdrawal that was made before.
    #[arg(long, value_name = "N", conflicts_with_all = ["amount", "token"])]
    index: Option<u32>,
    /// Of which token: its symbol, its address on L1, or its number. [default: ETH]
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// The fee that is paid at most, in the same token. [default: a twentieth of the amount]
    #[arg(long, value_name = "AMOUNT", value_parser = amounts::written)]
    fee_max: Option<Written>,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    chains: ChainArgs,
}

/// Withdraws, orders the payment, and waits for it.
pub(super) async fn run(args: &FastWithdrawArgs) -> Result<()> {
    let chains = args.chains.open()?;
    let signer = args.keys.signer(chains.deployment.l1_chain_id)?;
    chains.l2.check_chain(chains.deployment.l2_chain_id)?;
    let (record, token) = match args.index {
        Some(index) => existing(&chains, index, signer.address()).await?,
        None => new(args, &chains, &signer).await?,
    };
    let quote = quote(&chains, &token, record.amount.to(), args.fee_max.as_ref())?;
    let order = order(&record, &quote);
    args.keys.consent(&format!(
        "fast withdrawal {}: {} to {} on L1 now, {} to the pool {}, until {}",
        order.index,
        token.show(order.amount - order.fee),
        order.recipient,
        token.show(order.fee),
        quote.pool,
        when(order.deadline)
    ))?;
    let signature = consent(&order, &signer, &domain(&quote))?;
    let handed_in = json!({
        "index": order.index, "fee": format!("{:#x}", order.fee), "deadline": order.deadline,
        "signature": hex::encode_prefixed(signature.as_bytes()),
    });
    chains.l2.fast_withdraw(&handed_in)?;
    let paid = wait(&chains, order.index).await?;
    let mut facts = Facts::default();
    facts.add_number("index", order.index.into());
    facts.add_text("recipient", &order.recipient);
    let (units, fee) = (order.amount, order.fee);
    facts.add("fee", format!("{fee:#x}"), token.show(fee));
    add_amount(&mut facts, &Amount { units, token });
    facts.add_text("status", &word(paid.status));
    let hash = paid.advance.and_then(|advance| advance.transaction_hash);
    if let Some(hash) = hash.or(paid.payment.map(|payment| payment.transaction_hash)) {
        facts.add_text("payment", &hash);
    }
    facts.print(chains.json)
}

/// A withdrawal of the signer's that is not paid.
async fn existing(
    chains: &Chains,
    index: u32,
    account: Address,
) -> Result<(WithdrawalRecord, Token)> {
    let record = chains.l2.withdrawal(index)?;
    ensure!(
        record.account == account,
        "withdrawal {index} is of {}, who alone can order its payment",
        record.account
    );
    ensure!(
        record.status != WithdrawalStatus::Paid,
        "withdrawal {index} is paid already"
    );
    let ordered = record.advance.as_ref().map(|advance| advance.status);
    ensure!(
        matches!(ordered, None | Some(AdvanceStatus::Refused)),
        "the payment of withdrawal {index} is ordered already: see `spillway wallet status {account}`"
    );
    let l1 = chains.l1().await?;
    let token = tokens::numbered(&l1, chains.deployment.bridge, record.token).await?;
    Ok((record, token))
}

/// Withdraws, if the pool would pay: a withdrawal is not taken back.
async fn new(
    args: &FastWithdrawArgs,
    chains: &Chains,
    signer: &PrivateKeySigner,
) -> Result<(WithdrawalRecord, Token)> {
    let written = args.amount.as_ref().context("--amount or --index")?;
    let l1 = chains.l1().await?;
    let bridge = chains.deployment.bridge;
    let amount = tokens::amount(&l1, bridge, written, args.token.as_deref()).await?;
    quote(chains, &amount.token, amount.units, args.fee_max.as_ref())?;
    let made = withdraw(chains, signer, &args.keys, &amount, signer.address()).await?;
    let record = made.record.context(
        "the withdrawal is durable, and the node does not say its index: see `spillway wallet status`, then order with --index",
    )?;
    Ok((record, amount.token))
}

/// What the pool asks for, if that is within the limit and for this deployment.
fn quote(chains: &Chains, token: &Token, amount: u128, limit: Option<&Written>) -> Result<Quote> {
    let quote = chains.l2.fast_withdrawal_quote(token.id, amount)?;
    let limit = match limit {
        Some(written) => token.clone().amount(written)?.units,
        None => amount / FEE_SHARE,
    };
    check(
        &quote,
        chains.deployment.bridge,
        chains.deployment.l1_chain_id,
    )?;
    let fee: u128 = quote.fee.to();
    ensure!(
        fee <= limit && fee < amount,
        "the pool asks for {}, and no more than {} is paid: set --fee-max to pay more, or withdraw without a pool",
        token.show(fee),
        token.show(limit)
    );
    Ok(quote)
}

/// A signature for another chain or contract is not made.
fn check(quote: &Quote, bridge: Address, l1_chain_id: u64) -> Result<()> {
    ensure!(
        quote.bridge == bridge && quote.l1_chain_id == l1_chain_id,
        "the quote is for the bridge {} on chain {}, and the deployment's is {bridge} on {l1_chain_id}: nothing is signed",
        quote.bridge,
        quote.l1_chain_id
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    // On a development chain L1's clock runs ahead of this one, never behind it.
    ensure!(
        quote.deadline > now,
        "the quote has expired at {}: try again",
        when(quote.deadline)
    );
    Ok(())
}

fn order(record: &WithdrawalRecord, quote: &Quote) -> FastWithdrawal {
    FastWithdrawal {
        index: record.index,
        account: record.account,
        recipient: record.recipient,
        token: record.token,
        amount: record.amount.to(),
        fee: quote.fee.to(),
        deadline: quote.deadline,
    }
}

fn domain(quote: &Quote) -> Eip712Domain {
    eip712_domain! {
        name: "Spillway Bridge",
        version: "1",
        chain_id: quote.l1_chain_id,
        verifying_contract: quote.bridge,
    }
}

fn consent(
    order: &FastWithdrawal,
    signer: &PrivateKeySigner,
    domain: &Eip712Domain,
) -> Result<Signature> {
    Ok(signer.sign_hash_sync(&order.eip712_signing_hash(domain))?)
}

/// Waits until the pool, or the bridge itself, has paid.
async fn wait(chains: &Chains, index: u32) -> Result<WithdrawalRecord> {
    let mut waiting = chains.teller.waiting();
    loop {
        match chains.l2.withdrawal(index) {
            Ok(record) => {
                waiting.tell(&format!("withdrawal {index}: {}", how_far(&record)));
                let advance = record.advance.as_ref().map(|advance| advance.status);
                if advance == Some(AdvanceStatus::Refused) {
                    let reason = record.advance.and_then(|advance| advance.reason);
                    bail!(
                        "the pool refuses: {}. The withdrawal stands, and is paid when it is final",
                        reason.unwrap_or_default()
                    );
                }
                let is_paid = record.status == WithdrawalStatus::Paid;
                if is_paid || advance == Some(AdvanceStatus::Advanced) {
                    return Ok(record);
                }
            }
            // The order stands whatever becomes of one question.
            Err(error) => waiting.tell(&format!(
                "the order is handed in; L2 does not say how far it is: {error:#}"
            )),
        }
        tokio::time::sleep(super::POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{B256, U128, address, keccak256};
    use alloy_sol_types::SolValue;

    use super::*;
    use crate::dev::accounts;

    const BRIDGE: Address = address!("00000000000000000000000000000000000000bb");

    fn quoted(bridge: Address, l1_chain_id: u64, deadline: u64) -> Quote {
        Quote {
            fee: U128::from(1),
            deadline,
            pool: Address::ZERO,
            bridge,
            l1_chain_id,
        }
    }

    /// Hashed by hand, as the contract does it.
    #[test]
    fn the_consent_is_what_the_contract_hashes() {
        let signer = accounts::signer(0).unwrap();
        let order = FastWithdrawal {
            index: 3,
            account: signer.address(),
            recipient: BRIDGE,
            token: 1,
            amount: 50,
            fee: 2,
            deadline: 99,
        };
        let type_hash = keccak256(
            "FastWithdrawal(uint32 index,address account,address recipient,uint8 token,uint128 amount,uint128 fee,uint64 deadline)",
        );
        // A word for each, whatever its width.
        let fields = (
            type_hash,
            3_u32,
            signer.address(),
            BRIDGE,
            1_u16,
            50_u128,
            2_u128,
            99_u64,
        );
        let domain_type =
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
        let place: (B256, B256, B256, u64, Address) = (
            keccak256(domain_type),
            keccak256("Spillway Bridge"),
            keccak256("1"),
            31_337,
            BRIDGE,
        );
        let (struct_hash, separator) = (
            keccak256(fields.abi_encode()),
            keccak256(place.abi_encode()),
        );
        let digest = keccak256([&[0x19, 0x01], &separator[..], &struct_hash[..]].concat());
        let signature = consent(&order, &signer, &domain(&quoted(BRIDGE, 31_337, 99))).unwrap();
        let recovered = signature.recover_address_from_prehash(&digest).unwrap();
        assert_eq!(recovered, signer.address());
        assert!(matches!(signature.as_bytes()[64], 27 | 28));
    }

    #[test]
    fn a_quote_for_elsewhere_is_not_signed() {
        check(&quoted(BRIDGE, 1, u64::MAX), BRIDGE, 1).unwrap();
        for (lie, said) in [
            (quoted(Address::ZERO, 1, u64::MAX), "nothing is signed"),
            (quoted(BRIDGE, 5, u64::MAX), "nothing is signed"),
            (quoted(BRIDGE, 1, 5), "expired"),
        ] {
            let error = check(&lie, BRIDGE, 1).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
