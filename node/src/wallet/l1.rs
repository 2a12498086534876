//! L1 as a wallet uses it: questions to the contracts, and transactions that are tried by a call, sent, and waited for.

use std::time::{Duration, Instant};

use alloy_network::TransactionBuilder;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::{BlockId, BlockNumberOrTag, TransactionReceipt, TransactionRequest};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use anyhow::{Context, Result, bail};
use spillway_l1::connect_as;
use spillway_l1::deployment::Deployment;
use spillway_protocol::token::ETH_DECIMALS;
use tokio::time::sleep;

use super::keys::KeyArgs;
use super::progress::Teller;
use super::reverts::explain;
use crate::amounts;
use crate::l1;

/// Pause between two looks.
const POLL: Duration = Duration::from_millis(500);

/// How long a transaction may take to get into a block before the command ends. It stays sent.
const PATIENCE: Duration = Duration::from_secs(600);

/// Gas of a transaction at most: EIP-7825.
const GAS_MAX: u64 = 1 << 24;

/// L1, of which only is asked.
#[derive(Debug)]
pub(super) struct L1 {
    pub(super) provider: DynProvider,
    url: String,
    chain_id: u64,
    teller: Teller,
}

/// L1 with an account that signs.
#[derive(Debug)]
pub(super) struct Signing<'a> {
    l1: &'a L1,
    provider: DynProvider,
    pub(super) address: Address,
    keys: &'a KeyArgs,
}

/// A call to send.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// What it does, for people, with whom and how much.
    pub(super) what: String,
    pub(super) to: Address,
    /// In wei.
    pub(super) value: u128,
    pub(super) data: Bytes,
}

/// A transaction that took effect.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) receipt: TransactionReceipt,
}

impl Sent {
    /// Its hash.
    pub(super) const fn hash(&self) -> B256 {
        self.receipt.transaction_hash
    }

    /// The block of L1 that holds it.
    pub(super) fn block(&self) -> u64 {
        self.receipt.block_number.unwrap_or_default()
    }
}

impl L1 {
    /// The L1 of a deployment, whose chain and block are checked.
    pub(super) async fn of(deployment: &Deployment, url: &str, teller: Teller) -> Result<Self> {
        let provider = l1::connect(&[url.to_owned()], deployment.l1_chain_id).await;
        let provider = provider.map_err(l1::explain)?;
        let recognised = l1::recognise(&provider, deployment).await;
        recognised.map_err(l1::explain)?;
        Ok(Self {
            provider,
            url: url.to_owned(),
            chain_id: deployment.l1_chain_id,
            teller,
        })
    }

    /// The same with a key.
    pub(super) fn signing<'a>(
        &'a self,
        signer: &PrivateKeySigner,
        keys: &'a KeyArgs,
    ) -> Result<Signing<'a>> {
        Ok(Signing {
            l1: self,
            provider: connect_as(&self.url, signer.clone()).context("--l1-url")?,
            address: signer.address(),
            keys,
        })
    }

    /// Calls a function that only reads.
    pub(super) async fn read<C: SolCall>(&self, to: Address, call: C) -> Result<C::Return> {
        let answer = self
            .call(Address::ZERO, to, call.abi_encode().into())
            .await?;
        C::abi_decode_returns_validate(&answer).with_context(|| {
            format!(
                "L1 does not answer {} of {to} as the contract does: use another L1 node (--l1-url), and check --deployment",
                C::SIGNATURE
            )
        })
    }

    /// Tries a call, without sending it.
    pub(super) async fn call(&self, from: Address, to: Address, data: Bytes) -> Result<Bytes> {
        let request = TransactionRequest::default()
            .from(from)
            .to(to)
            .input(data.into());
        let answer = self.provider.call(request).block(BlockId::latest()).await;
        answer.map_err(explain)
    }

    /// Wei of an account.
    pub(super) async fn balance(&self, account: Address) -> Result<U256> {
        self.provider.get_balance(account).await.map_err(explain)
    }

    /// The newest block: its number, and its time in seconds.
    pub(super) async fn head(&self) -> Result<(u64, u64)> {
        let block = self.provider.get_block_by_number(BlockNumberOrTag::Latest);
        let block = block.await.map_err(explain)?;
        let header = block.context("L1 has no newest block")?.header;
        Ok((header.number, header.timestamp))
    }
}

impl Signing<'_> {
    /// Waits until no transaction of the account is under way: what an earlier run has sent is then seen.
    pub(super) async fn settle(&self) -> Result<()> {
        let mut waiting = self.l1.teller.waiting();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let count = || self.provider.get_transaction_count(self.address);
            let (pending, latest) = (count().pending().await, count().latest().await);
            let under_way = pending
                .map_err(explain)?
                .saturating_sub(latest.map_err(explain)?);
            if under_way == 0 {
                return Ok(());
            }
            waiting.tell(&format!(
                "{under_way} transactions of {} are under way on L1: waiting for them",
                self.address
            ));
            if Instant::now() >= deadline {
                bail!(
                    "{under_way} transactions of {} are not in a block of L1 after {PATIENCE:?}: wait until they are, or replace them \
                     by others with the same nonces and a higher fee, and run this again",
                    self.address
                );
            }
            sleep(POLL).await;
        }
    }

    /// Tries a call, shows it with its fee, signs and sends it, and waits until it is in a block.
    pub(super) async fn send(&self, call: &Call) -> Result<Sent> {
        let request = self.request(call).await?;
        let fee = u128::from(request.gas.unwrap_or_default())
            .saturating_mul(request.max_fee_per_gas.unwrap_or_default());
        self.keys.consent(&format!(
            "{}: a transaction of {} on L1 (chain {}) to {}, for at most {} ETH in fees",
            call.what,
            self.address,
            self.l1.chain_id,
            call.to,
            amounts::format(fee, ETH_DECIMALS)
        ))?;
        let sent = self.provider.send_transaction(request.clone()).await;
        let hash = *sent
            .map_err(explain)
            .with_context(|| refused(call))?
            .tx_hash();
        let receipt = self.receipt(hash, call).await?;
        if !receipt.status() {
            let again = self.l1.call(self.address, call.to, call.data.clone()).await;
            let why = again.err().map_or_else(
                || "the reason is gone: look at what has changed, and try again".to_owned(),
                |error| error.to_string(),
            );
            bail!("{}: its transaction {hash} failed on L1: {why}", call.what);
        }
        Ok(Sent { receipt })
    }

    async fn request(&self, call: &Call) -> Result<TransactionRequest> {
        let request = TransactionRequest::default()
            .from(self.address)
            .to(call.to)
            .value(U256::from(call.value))
            .input(call.data.clone().into());
        let gas = self.provider.estimate_gas(request.clone()).await;
        let gas = gas.map_err(explain).with_context(|| refused(call))?;
        let fees = self
            .provider
            .estimate_eip1559_fees()
            .await
            .map_err(explain)?;
        let nonce = self.provider.get_transaction_count(self.address).pending();
        Ok(request
            .with_chain_id(self.l1.chain_id)
            .with_nonce(nonce.await.map_err(explain)?)
            // What it finds may have changed a little when it is in a block.
            .with_gas_limit(gas.saturating_add(gas / 4).min(GAS_MAX))
            .with_max_fee_per_gas(fees.max_fee_per_gas)
            .with_max_priority_fee_per_gas(fees.max_priority_fee_per_gas))
    }

    async fn receipt(&self, hash: B256, call: &Call) -> Result<TransactionReceipt> {
        let mut waiting = self.l1.teller.waiting();
        waiting.tell(&format!("sent as {hash}: waiting for a block of L1"));
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.provider.get_transaction_receipt(hash).await {
                Ok(Some(receipt)) => return Ok(receipt),
                Ok(None) => {}
                // It is under way whatever becomes of one question.
                Err(error) => waiting.tell(&format!("sent as {hash}; L1 does not answer: {error}")),
            }
            if Instant::now() >= deadline {
                bail!(
                    "{}: its transaction {hash} is not in a block of L1 after {PATIENCE:?}. It may still get there: look for it \
                     before you send another",
                    call.what
                );
            }
            sleep(POLL).await;
        }
    }
}

fn refused(call: &Call) -> String {
    format!("{}: L1 refuses", call.what)
}
