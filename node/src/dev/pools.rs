//! What pays fast withdrawals on a development chain.

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use anyhow::{Context, Result};
use spillway_bridge_contracts::TestToken;
use spillway_relayer::advances::TokenTerms;
use spillway_relayer::pools::{AssetConfig, Band, PoolsConfig};

use super::accounts::Accounts;
use super::sending::Call;
use crate::relaying::{ColdAccount, PoolConfig, PoolToken};

const ETHER: u128 = 10u128.pow(18);

/// A test token, in its smallest unit.
const TOKEN: u128 = 10u128.pow(6);
const TOKEN_DECIMALS: u8 = 6;

/// What the hot account is given of the test token; what the band below is around.
const TOKENS_GIVEN: u128 = 1_000_000 * TOKEN;

/// How the pools are kept: hot begins with 100 ETH, within its band.
pub(super) fn config(
    accounts: &Accounts,
    token: Option<Address>,
    confirmations: u64,
) -> Result<PoolConfig> {
    let mut pools = PoolsConfig::new(AssetConfig::eth(Band {
        low: 20 * ETHER,
        target: 100 * ETHER,
        high: 200 * ETHER,
        urgent: 5 * ETHER,
    }));
    pools.confirmations = confirmations;
    let mut tokens = BTreeMap::new();
    if let Some(token) = token {
        let band = Band {
            low: TOKENS_GIVEN / 10,
            target: TOKENS_GIVEN,
            high: 2 * TOKENS_GIVEN,
            urgent: 0,
        };
        pools
            .tokens
            .insert(token, AssetConfig::new(band, 100 * TOKEN));
        let token_terms = PoolToken {
            decimals: TOKEN_DECIMALS,
            terms: Some(terms(TOKEN, 10_000)),
        };
        tokens.insert(token, token_terms);
    }
    Ok(PoolConfig {
        hot_key: PrivateKeySigner::from_bytes(&accounts.hot.key)?,
        cold: ColdAccount::Online(PrivateKeySigner::from_bytes(&accounts.cold.key)?),
        pools,
        eth_terms: Some(TokenTerms {
            flat: 0,
            ..terms(ETHER, 10)
        }),
        tokens,
    })
}

/// A tenth of a percent, and half a token for the gas, for so many whole tokens at once; five times as many at a time.
const fn terms(whole: u128, each_max: u128) -> TokenTerms {
    TokenTerms {
        share_bps: 10,
        flat: whole / 2,
        each_max: each_max * whole,
        outstanding_max: 5 * each_max * whole,
        daily_max: 100 * each_max * whole,
    }
}

/// The making of test tokens for the hot account, if it has too few.
pub(super) async fn tokens_missing(
    l1: &DynProvider,
    token: Address,
    accounts: &Accounts,
) -> Result<Option<Call>> {
    let hot = accounts.hot.address;
    let call = TestToken::balanceOfCall { account: hot };
    let request = TransactionRequest::default()
        .to(token)
        .input(call.abi_encode().into());
    let asked = || format!("L1, asked for the test tokens of {hot}");
    let answer = l1.call(request).await.with_context(asked)?;
    let balance = TestToken::balanceOfCall::abi_decode_returns(&answer).with_context(asked)?;
    if balance >= U256::from(TOKENS_GIVEN / 2) {
        return Ok(None);
    }
    let mint = TestToken::mintCall {
        to: hot,
        amount: U256::from(TOKENS_GIVEN),
    };
    Ok(Some(Call {
        what: format!("the test tokens of the pool, for {hot}"),
        from: accounts.deployer().address,
        to: token,
        value: 0,
        input: mint.abi_encode().into(),
    }))
}
