//! What a development chain has on L1 before it serves: contracts, an operator that can post, and deposits.
//!
//! Each step looks at what is there and does the rest, so a start that was interrupted anywhere is made good by the
//! next, and one that finds everything sends nothing.

use alloy_network::EthereumWallet;
use alloy_primitives::{Address, U256};
use alloy_provider::{DynProvider, Provider, ProviderBuilder};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolCall, SolEvent};
use anyhow::{Context, Result, ensure};
use spillway_bridge_contracts::{Inbox, Rollup};
use spillway_l1::deployment::Deployment;
use spillway_l1::events::{Cursor, EventReader, Item, LogFilter, ReaderSettings};
use spillway_protocol::inbox::InboxMessage;
use tokio::time::sleep;

use super::accounts::{Accounts, TestAccount};
use super::contracts;
use super::deposits::{Deposits, ETH_EACH};
use super::l1::L1;
use super::pools;
use super::sending::{self, Call};
use crate::cli::DevArgs;
use crate::directory::Directory;

const ETHER: u128 = 10u128.pow(18);

/// An operator's account is given ETH when it has less than this, in wei.
const OPERATOR_MIN: u128 = 10 * ETHER;

/// What it is given then, in wei.
const OPERATOR_GIVEN: u128 = 100 * ETHER;

/// What is set up.
#[derive(Debug)]
pub(super) struct Setup {
    /// Where the contracts are.
    pub(super) deployment: Deployment,
    /// Messages after which L2 has all its first deposits.
    pub(super) messages: u64,
}

/// Brings L1 to where a development chain begins. Safe to interrupt.
pub(super) async fn set_up(
    directory: &Directory,
    args: &DevArgs,
    accounts: &Accounts,
    l1: &L1,
) -> Result<Setup> {
    let signing = signing(l1.provider(), accounts)?;
    let deployment = contracts::deployed(directory, args, accounts, l1, &signing).await?;
    let mut inbox = InboxReader::new(l1, &deployment);
    let mut deposits = Deposits::new(accounts.funded.iter().map(|it| it.address).collect());
    inbox.read_into(&mut deposits).await?;
    let is_posting = is_poster(&signing, &deployment, accounts).await?;
    if !is_posting || !deposits.are_complete() {
        let rest = Rest {
            signing: &signing,
            deployment: &deployment,
            accounts,
        };
        rest.send(&mut inbox, &mut deposits).await?;
        l1.bury()?;
    }
    Ok(Setup {
        messages: deposits.messages(),
        deployment,
    })
}

/// What is left to do, once the contracts are there.
struct Rest<'a> {
    signing: &'a DynProvider,
    deployment: &'a Deployment,
    accounts: &'a Accounts,
}

impl Rest<'_> {
    async fn send(&self, inbox: &mut InboxReader, deposits: &mut Deposits) -> Result<()> {
        let Self {
            signing, accounts, ..
        } = self;
        // What an earlier start has sent must be seen before anything is sent again.
        let senders: Vec<_> = accounts.on_l1().map(|account| account.address).collect();
        sending::settle(signing, &senders).await?;
        inbox.read_into(deposits).await?;
        // First, as the operator pays for what it sends.
        sending::send_all(signing, &operator_allowances(signing, accounts).await?).await?;
        let calls = self.calls(deposits).await?;
        sending::send_all(signing, &calls).await?;
        inbox.read_into(deposits).await?;
        ensure!(
            deposits.are_complete(),
            "L1 does not show all deposits, though their transactions have succeeded: it has forked, or a node lags. Start again"
        );
        tracing::info!(transactions = calls.len(), "L1 is set up");
        Ok(())
    }

    /// The right to post, and the deposits.
    async fn calls(&self, deposits: &Deposits) -> Result<Vec<Call>> {
        let deployment = self.deployment;
        let mut calls = Vec::new();
        if !is_poster(self.signing, deployment, self.accounts).await? {
            calls.push(let_post(deployment, self.accounts));
        }
        let token = deployment.token;
        let token = token.context("the deployment has no test token: choose another --dir")?;
        let can_pay = can_pay(self.signing, &self.accounts.funded).await?;
        calls.extend(pools::tokens_missing(self.signing, token, self.accounts).await?);
        calls.extend(deposits.calls(deployment.inbox, deployment.bridge, token, &can_pay));
        Ok(calls)
    }
}

/// The same connection with the keys of all accounts.
fn signing(l1: &DynProvider, accounts: &Accounts) -> Result<DynProvider> {
    let signer = |account: &TestAccount| PrivateKeySigner::from_bytes(&account.key);
    let mut wallet = EthereumWallet::from(signer(&accounts.deployer())?);
    for account in accounts.on_l1() {
        wallet.register_signer(signer(account)?);
    }
    let provider = ProviderBuilder::new().wallet(wallet);
    Ok(provider.connect_provider(l1.clone()).erased())
}

/// What the operator's accounts lack.
async fn operator_allowances(l1: &DynProvider, accounts: &Accounts) -> Result<Vec<Call>> {
    let mut calls = Vec::new();
    for account in accounts.operator() {
        if balance(l1, account.address).await? < U256::from(OPERATOR_MIN) {
            calls.push(Call {
                what: format!("the operator's ETH for {}", account.address),
                from: accounts.deployer().address,
                to: account.address,
                value: OPERATOR_GIVEN,
                input: Default::default(),
            });
        }
    }
    Ok(calls)
}

async fn is_poster(l1: &DynProvider, deployment: &Deployment, accounts: &Accounts) -> Result<bool> {
    let call = Rollup::isPosterCall {
        account: accounts.sequencer.address,
        poster: accounts.blob_poster.address,
    };
    let request = TransactionRequest::default()
        .to(deployment.rollup)
        .input(call.abi_encode().into());
    let answer = l1.call(request).await.context("L1, asked who may post")?;
    Rollup::isPosterCall::abi_decode_returns(&answer).context("L1, asked who may post")
}

fn let_post(deployment: &Deployment, accounts: &Accounts) -> Call {
    let call = Rollup::setPosterCall {
        poster: accounts.blob_poster.address,
        allowed: true,
    };
    Call {
        what: "the right of the second account to post".to_owned(),
        from: accounts.sequencer.address,
        to: deployment.rollup,
        value: 0,
        input: call.abi_encode().into(),
    }
}

/// Which accounts can pay for a deposit of their own, gas included.
async fn can_pay(l1: &DynProvider, accounts: &[TestAccount]) -> Result<Vec<bool>> {
    let mut can_pay = Vec::with_capacity(accounts.len());
    for account in accounts {
        can_pay.push(balance(l1, account.address).await? > U256::from(ETH_EACH + ETHER));
    }
    Ok(can_pay)
}

async fn balance(l1: &DynProvider, account: Address) -> Result<U256> {
    let balance = l1.get_balance(account).await;
    balance.with_context(|| format!("L1, asked for the balance of {account}"))
}

/// Reads the messages of the inbox.
struct InboxReader {
    reader: EventReader,
    settings: ReaderSettings,
}

impl InboxReader {
    fn new(l1: &L1, deployment: &Deployment) -> Self {
        let filter = LogFilter {
            addresses: vec![deployment.inbox],
            topics: vec![Inbox::MessageSent::SIGNATURE_HASH],
        };
        let cursor = Cursor::before(deployment.l1_block.number);
        let settings = l1.follower_settings().reader;
        Self {
            reader: EventReader::new(l1.provider().clone(), cursor, filter, settings),
            settings,
        }
    }

    /// Notes the deposits that are there. Reads up to L1's head, or until all are found.
    async fn read_into(&mut self, deposits: &mut Deposits) -> Result<()> {
        while !deposits.are_complete() {
            match self.reader.next_ready().await? {
                Some(Item::Block(block)) => block.logs.iter().for_each(|log| {
                    let sent = Inbox::MessageSent::decode_log(&log.inner);
                    if let Ok(sent) = sent
                        && let Some(message) = InboxMessage::decode(&sent.message)
                    {
                        deposits.note(sent.index, &message);
                    }
                }),
                // A deposit that was forked away comes back with its transaction.
                Some(Item::Rollback { .. }) => {}
                None if self.reader.is_at_head() => return Ok(()),
                None => sleep(self.settings.retry_interval).await,
            }
        }
        Ok(())
    }
}
