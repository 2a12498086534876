//! Calls, as clients make them: on a chain with a listed token, an account that has funds, one that is locked, and one that has
//! nothing.

mod blocks;
mod bounds;
mod estimates;
mod multicall;
mod predeploys;
mod tokens;

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, TxKind, U256, address};
use alloy_signer::SignerSync;
use alloy_sol_types::{SolCall, SolError};
use serde_json::{Value, json};
use spillway_bridge_contracts::TokenFacade;
use spillway_protocol::inbox::InboxMessage;
use tempfile::TempDir;

use super::node::Node;
use crate::Sequencer;
use crate::block::Listing;
use crate::call::CallLimits;
use crate::config::Config;
use crate::lanes::L1Event;
use crate::rollback::tests::{CHAIN_ID, ETHER, GENESIS, signer};
use crate::rpc::RpcConfig;

const TOKEN: Address = address!("7070707070707070707070707070707070707070");
const HELD: u128 = 1_000_000;
/// Has ETH and tokens.
const RICH: u8 = 1;
/// Has the same, and is locked.
const LOCKED: u8 = 2;
/// Has no account.
const NOBODY: u8 = 3;
/// Has ETH alone.
const TOKENLESS: u8 = 4;

fn account(number: u8) -> Address {
    signer(number).address()
}

struct World {
    node: Node,
    sequencer: Sequencer,
    _dir: TempDir,
}

impl World {
    async fn new() -> Self {
        Self::with(CallLimits::default()).await
    }

    async fn with(limits: CallLimits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(GENESIS, dir.path().to_owned());
        config.blocks.interval_max = std::time::Duration::from_secs(24 * 3_600);
        let sequencer = Sequencer::start(&config).unwrap();
        let listing = L1Event::Listing(Listing {
            address: TOKEN,
            decimals: 6,
        });
        let deposit = |number, token, amount| {
            L1Event::Message(InboxMessage::Deposit {
                to: account(number),
                token,
                amount,
                lock: number == LOCKED,
            })
        };
        let mut newest = sequencer.view().newest();
        sequencer.deliver([
            listing,
            deposit(RICH, 0, ETHER),
            deposit(RICH, 1, HELD),
            deposit(LOCKED, 0, ETHER),
            deposit(LOCKED, 1, HELD),
            deposit(TOKENLESS, 0, ETHER),
        ]);
        newest.changed().await.unwrap();
        Self {
            node: Node::with(
                RpcConfig {
                    calls: limits,
                    ..RpcConfig::new(([127, 0, 0, 1], 0).into())
                },
                sequencer.submitter(),
                sequencer.view(),
            ),
            sequencer,
            _dir: dir,
        }
    }

    /// What a method answers.
    async fn ask(&self, method: &str, params: Value) -> Value {
        let answer = self.node.call(method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The code, message and data of the error that a method answers.
    async fn refusal(&self, method: &str, params: Value) -> (i64, String, Option<Bytes>) {
        let answer = self.node.call(method, params).await;
        let error = &answer["error"];
        let code = error["code"].as_i64().unwrap_or_else(|| panic!("{answer}"));
        let message = error["message"].as_str().unwrap().to_owned();
        let data = error.get("data").and_then(Value::as_str);
        (code, message, data.map(|data| data.parse().unwrap()))
    }

    /// What a call returns.
    async fn call<C: SolCall>(&self, from: u8, to: Address, call: C) -> C::Return {
        let params = json!([request(from, to, 0, call.abi_encode()), "latest"]);
        let output = self.ask("eth_call", params).await;
        let output: Bytes = output.as_str().unwrap().parse().unwrap();
        C::abi_decode_returns(&output).unwrap()
    }

    /// The words with which a call reverts.
    async fn reverts(&self, from: u8, to: Address, value: u128, data: Vec<u8>) -> String {
        let params = json!([request(from, to, value, data), "latest"]);
        let (code, message, data) = self.refusal("eth_call", params).await;
        assert_eq!(code, 3, "{message}");
        assert!(data.is_some(), "{message}");
        message
    }

    /// The error with which a call reverts.
    async fn reverts_with<E: SolError>(&self, from: u8, to: Address, data: Vec<u8>) -> E {
        let params = json!([request(from, to, 0, data), "latest"]);
        let (code, message, data) = self.refusal("eth_call", params).await;
        assert_eq!((code, message.as_str()), (3, "execution reverted"));
        E::abi_decode(&data.unwrap()).unwrap()
    }

    async fn balance_of(&self, account: Address) -> u128 {
        let call = TokenFacade::balanceOfCall { account };
        self.call(NOBODY, TOKEN, call).await.to()
    }
}

/// A call object.
fn request(from: u8, to: Address, value: u128, data: Vec<u8>) -> Value {
    json!({
        "from": account(from),
        "to": to,
        "value": U256::from(value),
        "data": Bytes::from(data),
    })
}

/// The same as a signed transaction.
fn signed(from: u8, nonce: u64, to: Address, value: u128, data: Vec<u8>) -> Bytes {
    let transaction = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 1_000_000,
        max_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(to),
        value: U256::from(value),
        input: data.into(),
        ..TxEip1559::default()
    };
    let signature = signer(from)
        .sign_hash_sync(&transaction.signature_hash())
        .unwrap();
    Bytes::from(TxEnvelope::from(transaction.into_signed(signature)).encoded_2718())
}
