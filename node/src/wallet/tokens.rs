//! Which token is meant, and how its amounts are written. L1's list says which there are; decimals and symbols are the tokens' own words.

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use spillway_bridge_contracts::{Bridge, TestToken};
use spillway_protocol::amount::base_exponent;
use spillway_protocol::token::{ETH, ETH_DECIMALS, TokenId};
use spillway_protocol::transaction::Asset;

use super::l1::L1;
use crate::address;
use crate::amounts::{self, Written};

/// Characters of a symbol, at most. A longer one, or one with other characters than letters, digits and a few signs, is not shown.
const SYMBOL_CHARACTERS_MAX: usize = 16;

/// What ETH is called, and no token.
const ETH_SYMBOL: &str = "ETH";

/// A token, ETH included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) id: TokenId,
    /// Zero for ETH.
    pub(super) address: Address,
    pub(super) symbol: String,
    pub(super) decimals: u8,
}

/// An amount of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    /// In the token's smallest unit.
    pub(super) units: u128,
    pub(super) token: Token,
}

/// How much of which token.
#[derive(Clone, Debug, Args)]
pub(super) struct AmountArgs {
    /// How much, as 1.5 or "1.5 ETH".
    #[arg(long, value_name = "AMOUNT", value_parser = amounts::written)]
    amount: Written,
    /// Of which token: its symbol, its address on L1, or its number. [default: ETH]
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
}

impl AmountArgs {
    /// Whether it is ETH by what was written alone.
    pub(super) fn is_of_eth(&self) -> bool {
        let is_eth = |name: &String| name.eq_ignore_ascii_case(ETH_SYMBOL);
        [&self.amount.unit, &self.token]
            .into_iter()
            .flatten()
            .all(is_eth)
    }

    /// The amount, of that token.
    pub(super) fn of(&self, token: Token) -> Result<Amount> {
        token.amount(&self.amount)
    }

    /// The amount, of the token that L1 lists by that name.
    pub(super) async fn read(&self, l1: &L1, bridge: Address) -> Result<Amount> {
        amount(l1, bridge, &self.amount, self.token.as_deref()).await
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.token.show(self.units))
    }
}

impl Token {
    /// ETH.
    pub(super) fn eth() -> Self {
        Self {
            id: ETH,
            address: Address::ZERO,
            symbol: ETH_SYMBOL.to_owned(),
            decimals: ETH_DECIMALS,
        }
    }

    /// So much of it, for people.
    pub(super) fn show(&self, units: u128) -> String {
        format!("{} {}", amounts::format(units, self.decimals), self.symbol)
    }

    /// What is moved.
    pub(super) const fn asset(&self) -> Asset {
        if self.id == ETH {
            Asset::Eth
        } else {
            Asset::Token(self.address)
        }
    }

    /// What was written of it.
    pub(super) fn amount(self, written: &Written) -> Result<Amount> {
        let units = written.units(self.decimals, &self.symbol);
        let units = units.map_err(|error| anyhow::anyhow!("{} {error}", written.number()))?;
        Ok(Amount { units, token: self })
    }
}

/// The amount that was written, of the token that was named beside it or apart; of ETH if none was.
pub(super) async fn amount(
    l1: &L1,
    bridge: Address,
    written: &Written,
    token: Option<&str>,
) -> Result<Amount> {
    if let (Some(unit), Some(token)) = (&written.unit, token)
        && !unit.eq_ignore_ascii_case(token)
    {
        bail!("--amount is in {unit}, and --token {token}: name one");
    }
    let name = token.or(written.unit.as_deref());
    named(l1, bridge, name).await?.amount(written)
}

/// The token of that symbol, address or number; ETH without a name.
pub(super) async fn named(l1: &L1, bridge: Address, name: Option<&str>) -> Result<Token> {
    let Some(name) = name else {
        return Ok(Token::eth());
    };
    if name.eq_ignore_ascii_case(ETH_SYMBOL) || name == "0" {
        return Ok(Token::eth());
    }
    if let Ok(id) = name.parse::<TokenId>() {
        return numbered(l1, bridge, id).await;
    }
    if name.starts_with("0x") {
        let token =
            address::parse(name).map_err(|error| anyhow::anyhow!("--token {name} {error}"))?;
        let id = l1.read(bridge, Bridge::tokenIdCall { token }).await;
        return numbered(l1, bridge, id.context("--token")?).await;
    }
    let mut found = listed(l1, bridge).await?;
    found.retain(|token| token.symbol.eq_ignore_ascii_case(name));
    match <[Token; 1]>::try_from(found) {
        Ok([token]) => Ok(token),
        Err(found) if found.is_empty() => {
            bail!("no listed token is called {name}: give its address, as --token 0x...")
        }
        Err(_) => {
            bail!("several listed tokens are called {name}: give the address, as --token 0x...")
        }
    }
}

/// All of them, ETH first.
pub(super) async fn listed(l1: &L1, bridge: Address) -> Result<Vec<Token>> {
    let count = l1.read(bridge, Bridge::tokenCountCall {}).await?;
    let count = u16::try_from(count)
        .ok()
        .filter(|count| (1..=256).contains(count));
    let count = count.context("L1 tells of a number of tokens that cannot be")?;
    let mut tokens = vec![Token::eth()];
    for id in 1..count {
        tokens.push(numbered(l1, bridge, TokenId::try_from(id)?).await?);
    }
    Ok(tokens)
}

/// The one with that number.
pub(super) async fn numbered(l1: &L1, bridge: Address, id: TokenId) -> Result<Token> {
    if id == ETH {
        return Ok(Token::eth());
    }
    let address = l1.read(bridge, Bridge::tokenAddressCall { id });
    let token = address.await.with_context(|| format!("token {id}"))?;
    let decimals = l1.read(token, TestToken::decimalsCall {}).await;
    let decimals = decimals.with_context(|| format!("token {token} does not say its decimals"))?;
    let exponent = l1.read(bridge, Bridge::baseExponentCall { token }).await?;
    // The list has fixed what amounts mean; a token that says otherwise later would have amounts misread.
    ensure!(
        base_exponent(decimals) == Some(exponent),
        "token {token} says that it has {decimals} decimals, and was listed with others: its amounts cannot be shown"
    );
    let said = l1.call(
        Address::ZERO,
        token,
        TestToken::symbolCall {}.abi_encode().into(),
    );
    Ok(Token {
        id,
        address: token,
        symbol: symbol(said.await.ok().as_ref()).unwrap_or_else(|| format!("token{id}")),
        decimals,
    })
}

/// A symbol that can be shown, and is not ETH's.
fn symbol(said: Option<&Bytes>) -> Option<String> {
    let symbol = TestToken::symbolCall::abi_decode_returns_validate(said?).ok()?;
    let is_shown = |c: char| c.is_ascii_alphanumeric() || "._-+$".contains(c);
    let fits = (1..=SYMBOL_CHARACTERS_MAX).contains(&symbol.len())
        && symbol.chars().all(is_shown)
        // A number is a token's number.
        && symbol.chars().any(|c| !c.is_ascii_digit());
    (fits && !symbol.eq_ignore_ascii_case(ETH_SYMBOL)).then_some(symbol)
}

#[cfg(test)]
mod tests {
    use alloy_sol_types::SolValue;

    use super::*;

    #[test]
    fn only_symbols_that_deceive_nobody_are_shown() {
        let said = |text: &str| symbol(Some(&text.to_owned().abi_encode().into()));
        for fine in ["DEVT", "USDC.e", "x"] {
            assert_eq!(said(fine).as_deref(), Some(fine));
        }
        for odd in [
            "",
            "ETH",
            "eth",
            "\u{1b}[2J",
            "U SD",
            "7",
            "ЕТН",
            &"A".repeat(17),
        ] {
            assert_eq!(said(odd), None, "{odd:?}");
        }
        assert_eq!(symbol(None), None);
        assert_eq!(symbol(Some(&vec![0xff; 31].into())), None);
    }

    #[test]
    fn an_amount_says_what_it_is_of() {
        let written = amounts::written("1.25").unwrap();
        let amount = Token::eth().amount(&written).unwrap();
        assert_eq!(amount.to_string(), "1.25 ETH");
        let written = amounts::written("0.0000000000000000001").unwrap();
        let error = Token::eth().amount(&written).unwrap_err().to_string();
        assert!(error.contains("has 19 decimals"), "{error}");
    }
}
