//! Balances at L1's head and at depth, as one look.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use alloy_provider::Provider;
use alloy_rpc_types_eth::{Block, BlockId, BlockNumberOrTag, TransactionRequest};
use alloy_transport::{RpcError, TransportError};
use spillway_l1::erc20;
use spillway_l1::fees::FeeError;

use super::Rebalancer;
use crate::pools::observed::{Balance, Observed};
use crate::pools::route::{Asset, Pool};

/// Why there is no look.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookError {
    #[error(transparent)]
    Rpc(#[from] TransportError),
    #[error(transparent)]
    Fees(#[from] FeeError),
    #[error("L1 has no block {0}")]
    NoBlock(BlockNumberOrTag),
}

/// Why a balance is not known.
enum ReadError {
    /// L1 does not answer.
    Silent(TransportError),
    /// It answers something else.
    Unreadable(String),
}

impl From<TransportError> for ReadError {
    fn from(error: TransportError) -> Self {
        match error {
            RpcError::ErrorResp(answer) => Self::Unreadable(answer.to_string()),
            other => Self::Silent(other),
        }
    }
}

impl Rebalancer {
    /// L1's head and what it shows, if something was not decided by it already; nothing either while the chain is younger than what is
    /// waited for.
    ///
    /// Blocks are asked for by their hashes: a fork in between is an error, and another look.
    pub(super) async fn look(&mut self) -> Result<Option<(B256, Observed)>, LookError> {
        let head = self.block(BlockNumberOrTag::Latest).await?;
        if self.seen == Some(head.header.hash) {
            return Ok(None);
        }
        let confirmations = self.pools.config().confirmations;
        let Some(depth) = head.header.number.checked_sub(confirmations) else {
            return Ok(None);
        };
        let deep = match confirmations {
            0 => head.header.hash,
            _ => self.block(depth.into()).await?.header.hash,
        };
        let fees = self.oracle.update().await?;
        let mut observed = Observed {
            block: head.header.number,
            time: head.header.timestamp,
            deep_block: depth,
            price: fees.next_base_fee.saturating_add(fees.priority_fee),
            ..Observed::default()
        };
        let assets: Vec<_> = self.pools.config().assets().map(|(a, _)| a).collect();
        for asset in assets {
            match self.balances(asset, head.header.hash, deep).await {
                Ok(balances) => observed.balances.extend(balances),
                Err(ReadError::Silent(error)) => return Err(error.into()),
                Err(ReadError::Unreadable(reason)) => {
                    observed.unreadable.insert(asset, reason);
                }
            }
        }
        // As late as can be: it changes meanwhile.
        observed.committed = self.commitments.borrow().clone();
        Ok(Some((head.header.hash, observed)))
    }

    async fn block(&self, tag: BlockNumberOrTag) -> Result<Block, LookError> {
        let block = self.provider.get_block_by_number(tag).await?;
        block.ok_or(LookError::NoBlock(tag))
    }

    async fn balances(
        &self,
        asset: Asset,
        head: B256,
        deep: B256,
    ) -> Result<BTreeMap<(Asset, Pool), Balance>, ReadError> {
        let mut balances = BTreeMap::new();
        for pool in asset.pools() {
            let account = self.accounts.address(*pool);
            let balance = Balance {
                head: self.balance(asset, account, head).await?,
                deep: self.balance(asset, account, deep).await?,
            };
            balances.insert((asset, *pool), balance);
        }
        Ok(balances)
    }

    async fn balance(&self, asset: Asset, account: Address, at: B256) -> Result<u128, ReadError> {
        let at = BlockId::hash(at);
        let amount = match asset {
            Asset::Eth => self.provider.get_balance(account).block_id(at).await?,
            Asset::Token(token) => {
                let asked = TransactionRequest::default()
                    .to(token)
                    .input(erc20::ask_balance(account).into());
                let answer = self.provider.call(asked).block(at).await?;
                erc20::amount(&answer)
                    .ok_or_else(|| ReadError::Unreadable(format!("{token} answers no balance")))?
            }
        };
        Ok(amount.saturating_to())
    }
}
