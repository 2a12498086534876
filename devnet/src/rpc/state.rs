//! What an account is, now or some blocks ago.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, U64, U256};
use alloy_serde::JsonStorageKey;

use super::{Answer, Call, Method, json};

pub(super) const METHODS: &[(&str, Method)] = &[
    ("eth_getBalance", balance),
    ("eth_getTransactionCount", transaction_count),
    ("eth_getCode", code),
    ("eth_getStorageAt", storage),
];

fn balance(call: &mut Call<'_>) -> Answer {
    let address = call.arguments.required::<Address>("address")?;
    let at = call.arguments.optional("block")?;
    json(&call.view().state(at)?.account(&address).balance)
}

fn transaction_count(call: &mut Call<'_>) -> Answer {
    let address = call.arguments.required::<Address>("address")?;
    let at = call.arguments.optional("block")?;
    let view = call.view();
    let pending = BlockId::Number(BlockNumberOrTag::Pending);
    // Who sees an old head sees no mempool of a newer one either.
    let nonce = if at == Some(pending) && call.stale == 0 {
        view.pending_nonce(&address)
    } else {
        view.state(at)?.account(&address).nonce
    };
    json(&U64::from(nonce))
}

fn code(call: &mut Call<'_>) -> Answer {
    let address = call.arguments.required::<Address>("address")?;
    let at = call.arguments.optional("block")?;
    json(&call.view().state(at)?.code(&address).original_bytes())
}

fn storage(call: &mut Call<'_>) -> Answer {
    let address = call.arguments.required::<Address>("address")?;
    let slot = call.arguments.required::<JsonStorageKey>("slot")?;
    let at = call.arguments.optional("block")?;
    let slot = U256::from_be_bytes(slot.as_b256().0);
    let value = call.view().state(at)?.slot(address, slot);
    json(&B256::from(value))
}
