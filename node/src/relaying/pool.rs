//! The accounts that pay fast withdrawals: hot, which pays, and cold, which fills it and is filled by it.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::Address;
use alloy_signer_local::PrivateKeySigner;
use anyhow::bail;
use spillway_protocol::token::{ETH, TokenId};
use spillway_relayer::advances::{
    self, AdvanceConfig, AdvanceDesk, AdvanceReport, FastWithdrawals, Hot, TokenTerms,
};
use spillway_relayer::l2::L2;
use spillway_relayer::pools::{self, Accounts, Cold, Commitments, PoolsConfig, Rebalancer};
use spillway_relayer::{Account, Book};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::{Relaying, advance_log, pool_log};

/// The folder of orders that are accepted and not over.
const ORDERS: &str = "fast-withdrawals";

/// How the operator's money is kept, and what fast withdrawals cost.
#[derive(Clone, Debug)]
pub(crate) struct PoolConfig {
    /// Pays fast withdrawals.
    pub(crate) hot_key: PrivateKeySigner,
    /// The reserve.
    pub(crate) cold: ColdAccount,
    /// How full each is to be.
    pub(crate) pools: PoolsConfig,
    /// What fast withdrawals of ETH cost; none if there are none.
    pub(crate) eth_terms: Option<TokenTerms>,
    /// The tokens, by their contracts on L1.
    pub(crate) tokens: BTreeMap<Address, PoolToken>,
}

/// The reserve's account.
#[derive(Clone, Debug)]
pub(crate) enum ColdAccount {
    /// Its key is here.
    Online(PrivateKeySigner),
    /// Somebody else has its key.
    Offline(Address),
}

/// A token in the pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolToken {
    /// Its decimals on L1, by which the amounts were read.
    pub(crate) decimals: u8,
    /// What fast withdrawals of it cost; none if there are none.
    pub(crate) terms: Option<TokenTerms>,
}

/// What the pools work with.
pub(super) struct Beside<'a> {
    pub(super) relaying: &'a Relaying,
    pub(super) config: &'a PoolConfig,
    pub(super) l2: Arc<dyn L2>,
    pub(super) book: Book,
    /// The account that pays for claims.
    pub(super) operating: Address,
}

impl Beside<'_> {
    /// Pays fast withdrawals and fills the accounts until L2 lists another of their tokens, and it can begin anew at once.
    /// `offer` is told where clients can ask.
    ///
    /// # Errors
    /// What needs an operator.
    pub(super) async fn run(&self, offer: impl FnOnce(FastWithdrawals)) -> anyhow::Result<()> {
        let listed = self.listed();
        let hot = self.relaying.account(&self.config.hot_key).await?;
        let (of_moves, of_advances) = pools::apart(hot.events);
        let account = |events| Account {
            manager: hot.manager.clone(),
            events,
        };
        let accounts = Accounts {
            hot: account(of_moves),
            cold: match &self.config.cold {
                ColdAccount::Online(key) => Cold::Online(self.relaying.account(key).await?),
                ColdAccount::Offline(address) => Cold::Offline(*address),
            },
            operating: self.operating,
        };
        let (reports, told) = mpsc::channel(16);
        let (safe, safe_seen) = watch::channel(0);
        let desk = self.desk(account(of_advances), safe_seen, reports).await?;
        let fast = desk.handle();
        offer(fast.clone());
        let (pool_reports, pools_told) = mpsc::channel(16);
        let (commitments, committed) = watch::channel(Commitments::new());
        let rebalancer = self.rebalancer(accounts, committed, pool_reports)?;
        tokio::select! {
            error = desk.run() => Err(error.into()),
            error = rebalancer.run() => Err(error.into()),
            () = self.keep_told(&fast, &safe, &commitments, listed) => Ok(()),
            () = advance_log::tell(told) => bail!("the desk of fast withdrawals has ended"),
            () = pool_log::tell(pools_told) => bail!("the pools have ended"),
        }
    }

    /// How many of the tokens L2 has listed.
    fn listed(&self) -> usize {
        let listed = self.relaying.view.tokens();
        let tokens = self.config.tokens.keys();
        tokens.filter(|token| listed.id_of(token).is_some()).count()
    }

    async fn desk(
        &self,
        account: Account,
        safe: watch::Receiver<u64>,
        reports: mpsc::Sender<AdvanceReport>,
    ) -> Result<AdvanceDesk, advances::StartError> {
        let relaying = self.relaying;
        let config = AdvanceConfig {
            poll_interval: relaying.config.poll_interval,
            retry_interval: relaying.config.poll_interval,
            ..AdvanceConfig::new(self.terms())
        };
        let hot = Hot {
            account,
            bridge: relaying.deployment.bridge,
        };
        let (provider, known) = (
            relaying.provider.clone(),
            (Arc::clone(&self.l2), self.book.clone()),
        );
        let dir = relaying.dir.join(ORDERS);
        AdvanceDesk::start(config, provider, hot, known, safe, &dir, reports).await
    }

    /// What is offered, of the tokens that L2 has listed with the decimals that the operator believes.
    fn terms(&self) -> BTreeMap<TokenId, TokenTerms> {
        let listed = self.relaying.view.tokens();
        let eth = self.config.eth_terms.map(|terms| (ETH, terms));
        let tokens = self.config.tokens.iter().filter_map(|(address, token)| {
            let id = listed.id_of(address);
            let known = id.and_then(|id| Some((id, listed.get(id)?)));
            match known {
                Some((id, known)) if known.decimals == token.decimals => {
                    token.terms.map(|terms| (id, terms))
                }
                Some((_, known)) => {
                    tracing::error!(%address, decimals = known.decimals, "NO FAST WITHDRAWALS OF A TOKEN: relayer.pool.assets has other decimals");
                    None
                }
                None => {
                    tracing::warn!(%address, "no fast withdrawals of a token: L2 has not listed it yet");
                    None
                }
            }
        });
        eth.into_iter().chain(tokens).collect()
    }

    fn rebalancer(
        &self,
        accounts: Accounts,
        committed: watch::Receiver<Commitments>,
        reports: mpsc::Sender<pools::Report>,
    ) -> Result<Rebalancer, pools::ConfigError> {
        let (status, _) = watch::channel(pools::Status::default());
        let (provider, config) = (self.relaying.provider.clone(), self.config.pools.clone());
        let rebalancer = Rebalancer::new(config, provider, accounts, committed, reports, status)?;
        Ok(rebalancer.with_poll_interval(self.relaying.config.poll_interval))
    }

    /// Tells the desk what is safe, and the pools what hot owes, until more of the tokens are listed than those.
    async fn keep_told(
        &self,
        fast: &FastWithdrawals,
        safe: &watch::Sender<u64>,
        commitments: &watch::Sender<Commitments>,
        listed: usize,
    ) {
        let view = &self.relaying.view;
        let mut ticks = interval(self.relaying.config.poll_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.listed() == listed {
            ticks.tick().await;
            let tagged = view.tagged().safe;
            safe.send_if_modified(|known| std::mem::replace(known, tagged) != tagged);
            let tokens = view.tokens();
            let owed = fast.committed().into_iter();
            let owed = owed.filter_map(|(token, amount)| match token {
                ETH => Some((pools::Asset::Eth, amount)),
                token => Some((pools::Asset::Token(tokens.get(token)?.address), amount)),
            });
            commitments.send_replace(owed.collect());
        }
    }
}
