//! What the node says about itself and the chain.

use std::collections::BTreeMap;

use alloy_primitives::{Address, Bytes, U64, keccak256};

use super::{Answer, Call, Method, json};

pub(super) const METHODS: &[(&str, Method)] = &[
    ("eth_chainId", chain_id),
    ("eth_blockNumber", block_number),
    ("eth_syncing", |_| json(&false)),
    ("eth_accounts", |_| json(&Vec::<Address>::new())),
    ("eth_coinbase", coinbase),
    ("net_version", net_version),
    ("net_listening", |_| json(&true)),
    ("net_peerCount", |_| json(&U64::ZERO)),
    ("web3_clientVersion", |_| json(&client_version())),
    ("web3_sha3", sha3),
    ("rpc_modules", rpc_modules),
];

fn chain_id(call: &mut Call<'_>) -> Answer {
    json(&U64::from(call.view().chain().config().chain_id))
}

fn block_number(call: &mut Call<'_>) -> Answer {
    json(&U64::from(call.view().head().header.number))
}

fn coinbase(call: &mut Call<'_>) -> Answer {
    json(&call.view().chain().config().fee_recipient)
}

fn net_version(call: &mut Call<'_>) -> Answer {
    json(&call.view().chain().config().chain_id.to_string())
}

/// In geth's form: name, version, platform, language.
fn client_version() -> String {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!(
        "SpillwayDevnet/v{}/{os}-{arch}/rust",
        env!("CARGO_PKG_VERSION")
    )
}

fn sha3(call: &mut Call<'_>) -> Answer {
    json(&keccak256(call.arguments.required::<Bytes>("data")?))
}

fn rpc_modules(call: &mut Call<'_>) -> Answer {
    let names = ["eth", "net", "rpc", "web3"].into_iter();
    let names = names.chain(call.node.controls.then_some("devnet"));
    json(&names.map(|name| (name, "1.0")).collect::<BTreeMap<_, _>>())
}
