//! What the hot account holds, what gas costs, and the bridge's allowances.

use std::collections::BTreeMap;

use alloy_primitives::{Address, Bytes, U256};
use alloy_provider::Provider;
use alloy_rpc_types_eth::TransactionRequest;
use spillway_l1::transactions::{IntentId, Request, SubmitError};
use spillway_l1::{advances, erc20};
use spillway_protocol::keccak::keccak256_parts;
use spillway_protocol::token::{ETH, TokenId};

use super::{AdvanceDesk, AdvanceError};
use crate::advances::desk::{Funds, TokenFunds};
use crate::advances::report::AdvanceReport;

/// An allowance from here on lasts for good.
const ENOUGH: U256 = U256::from_limbs([0, 0, 0, 1 << 63]);

/// Why L1 cannot be looked at.
type Trouble = String;

impl AdvanceDesk {
    /// Looks at prices and funds, once a block.
    pub(super) async fn look(&mut self) -> Result<Result<(), Trouble>, AdvanceError> {
        let head = self.shared.book.current(|withdrawals| withdrawals.now());
        let Some(now) = head.filter(|now| self.looked_at != Some(*now)) else {
            return Ok(Ok(()));
        };
        let fees = match self.oracle.update().await {
            Ok(fees) => fees,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let price = fees.next_base_fee.saturating_add(fees.priority_fee);
        self.shared.desk.write().on_price(now, price);
        let funds = match self.funds().await {
            Ok(funds) => funds,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let unapproved = funds.tokens.iter().filter(|(_, held)| !held.is_allowed);
        let unapproved: Vec<_> = unapproved.map(|(token, _)| *token).collect();
        self.shared.desk.write().on_funds(funds);
        for token in unapproved {
            if let Err(trouble) = self.approve(token).await? {
                return Ok(Err(trouble));
            }
        }
        self.looked_at = Some(now);
        Ok(Ok(()))
    }

    async fn funds(&mut self) -> Result<Funds, Trouble> {
        let (provider, pool) = (&self.shared.provider, self.shared.pool);
        let eth = provider.get_balance(pool).await;
        let eth = eth.map_err(|error| error.to_string())?;
        let mut tokens = BTreeMap::new();
        let offered: Vec<_> = self.shared.config.tokens.keys().copied().collect();
        for token in offered.into_iter().filter(|token| *token != ETH) {
            let address = self.address(token).await?;
            let balance = self.ask(address, erc20::ask_balance(pool)).await?;
            let allowance = self.allowance(address).await?;
            let held = TokenFunds {
                balance: balance.saturating_to(),
                is_allowed: allowance >= ENOUGH,
            };
            tokens.insert(token, held);
        }
        Ok(Funds {
            eth: eth.saturating_to(),
            tokens,
        })
    }

    /// Asks the manager to let the bridge take a token, once for what the allowance is now. Some tokens change an allowance only from
    /// or to zero, so one that is neither nothing nor enough goes first.
    async fn approve(&mut self, token: TokenId) -> Result<Result<(), Trouble>, AdvanceError> {
        let address = match self.address(token).await {
            Ok(address) => address,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let allowance = match self.allowance(address).await {
            Ok(allowance) => allowance,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let bridge = self.shared.bridge;
        let id = approval(address, bridge, allowance);
        let value = match allowance.is_zero() {
            true => U256::MAX,
            false => U256::ZERO,
        };
        let request = Request::call(id, address, erc20::approve(bridge, value));
        match self.account.manager.submit(request).await {
            Ok(()) => {}
            Err(SubmitError::Stopped) => return Err(AdvanceError::ManagerStopped),
            Err(error) => return Ok(Err(error.to_string())),
        }
        if self.approvals.insert(id) {
            let approving = AdvanceReport::Approving { token, id };
            self.shared.report(approving).await;
        }
        Ok(Ok(()))
    }

    /// Where a token is on L1.
    async fn address(&mut self, token: TokenId) -> Result<Address, Trouble> {
        if let Some(address) = self.addresses.get(&token) {
            return Ok(*address);
        }
        let answer = self
            .call(self.shared.bridge, advances::ask_token_address(token))
            .await;
        let answer = answer.map_err(|error| format!("token {token} is not listed: {error}"))?;
        let address = advances::token_address(&answer);
        let address = address.ok_or_else(|| format!("the bridge does not know token {token}"))?;
        self.addresses.insert(token, address);
        Ok(address)
    }

    async fn allowance(&self, token: Address) -> Result<U256, Trouble> {
        let asked = erc20::ask_allowance(self.shared.pool, self.shared.bridge);
        self.ask(token, asked).await
    }

    async fn ask(&self, token: Address, data: Bytes) -> Result<U256, Trouble> {
        let answer = self.call(token, data).await?;
        let amount = erc20::amount(&answer);
        amount.ok_or_else(|| format!("{token} answers what no token answers"))
    }

    async fn call(&self, to: Address, data: Bytes) -> Result<Bytes, Trouble> {
        let call = TransactionRequest::default().to(to).input(data.into());
        let answer = self.shared.provider.call(call).await;
        answer.map_err(|error| error.to_string())
    }
}

/// The name of an approval: the same one from the same allowance.
fn approval(token: Address, bridge: Address, allowance: U256) -> IntentId {
    let allowance = allowance.to_be_bytes::<32>();
    let parts = [
        &b"approve"[..],
        token.as_slice(),
        bridge.as_slice(),
        &allowance,
    ];
    IntentId(keccak256_parts(&parts))
}
