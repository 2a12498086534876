//! What the listed tokens are called: their contracts on L1 are asked, once each, and readers are told. Nothing but what wallets show
//! hangs on the answer, and any contract may give any.

use std::time::Duration;

use alloy_primitives::{Address, Bytes};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_sol_types::{SolCall, SolValue};
use alloy_transport::TransportError;
use spillway_bridge_contracts::TokenFacade::{nameCall, symbolCall};
use spillway_sequencer::token_names::TokenName;
use spillway_sequencer::view::View;
use tokio::time::sleep;

/// The wait before L1 is asked again, when it does not answer.
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// Gas that a token may use up on the node that is asked.
const GAS: u64 = 200_000;
/// Bytes of an answer that are looked at. More is no name.
const ANSWER_BYTES_MAX: usize = 4_096;

/// Asks for the names of tokens, as they are listed, until the view's blocks end.
pub(crate) async fn name_tokens(l1: DynProvider, view: View) {
    let mut newest = view.newest();
    // ETH comes first, and has no contract.
    let mut named = 1;
    loop {
        let next = view.with_ledger(|ledger| ledger.tokens().as_slice().get(named).copied());
        let Some(token) = next else {
            if newest.changed().await.is_err() {
                return;
            }
            continue;
        };
        match ask(&l1, token.address).await {
            Ok(name) => {
                tracing::debug!(token = %token.address, name = name.name(), "a token is named");
                view.set_token_name(token.address, name);
                named += 1;
            }
            Err(error) => {
                tracing::debug!(%error, token = %token.address, "L1 does not say what a token is called");
                sleep(ASK_AGAIN).await;
            }
        }
    }
}

async fn ask(l1: &DynProvider, token: Address) -> Result<TokenName, TransportError> {
    let name = said(l1, token, nameCall {}.abi_encode()).await?;
    let symbol = said(l1, token, symbolCall {}.abi_encode()).await?;
    Ok(TokenName::said(&token, name.as_deref(), symbol.as_deref()))
}

/// What a token answers, if that is a text. That it reverts is an answer.
async fn said(
    l1: &DynProvider,
    token: Address,
    call: Vec<u8>,
) -> Result<Option<String>, TransportError> {
    let request = TransactionRequest {
        to: Some(token.into()),
        gas: Some(GAS),
        input: TransactionInput::new(call.into()),
        ..TransactionRequest::default()
    };
    match l1.call(request).await {
        Ok(answer) => Ok(text(&answer)),
        Err(TransportError::ErrorResp(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A `string`, or the `bytes32` of tokens from before there were any.
fn text(answer: &Bytes) -> Option<String> {
    if answer.len() > ANSWER_BYTES_MAX {
        return None;
    }
    if let Ok(word) = <[u8; 32]>::try_from(&answer[..]) {
        let end = word.iter().position(|byte| *byte == 0).unwrap_or(32);
        return String::from_utf8(word[..end].to_vec()).ok();
    }
    String::abi_decode(answer).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_of_a_bounded_length_are_names() {
        let old: Bytes = [&b"MKR"[..], &[0; 29]].concat().into();
        let long = "a".repeat(ANSWER_BYTES_MAX).abi_encode();
        let mut cut = "USD Coin".abi_encode();
        cut.truncate(40);
        let mut wild = "USD Coin".abi_encode();
        wild[0] = 0xff;
        for (answer, want) in [
            ("USD Coin".abi_encode(), Some("USD Coin")),
            (String::new().abi_encode(), Some("")),
            (old.to_vec(), Some("MKR")),
            (vec![0xff; 32], None),
            (vec![], None),
            (long, None),
            (cut, None),
            (wild, None),
        ] {
            assert_eq!(text(&answer.into()).as_deref(), want);
        }
    }
}
