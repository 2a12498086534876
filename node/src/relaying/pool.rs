//! The accounts that pay fast withdrawals: hot, which pays, and cold, which fills it and is filled by it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use alloy_primitives::Address;
use alloy_provider::DynProvider;
use alloy_signer_local::PrivateKeySigner;
use spillway_l1::transactions::StartError;
use spillway_protocol::token::{ETH, TokenId};
use spillway_relayer::advances::{AdvanceConfig, AdvanceDesk, FastWithdrawals, Hot, TokenTerms};
use spillway_relayer::l2::L2;
use spillway_relayer::pools::{self, Accounts, Cold, Commitments, PoolsConfig, Rebalancer};
use spillway_relayer::{Account, Book};
use spillway_sequencer::view::View;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::{Relaying, log, pool_log};

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
