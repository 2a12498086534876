//! What the manager asks a node, and what the answers mean to it.

use std::future::Future;
use std::time::Duration;

use alloy_eips::BlockNumberOrTag;
use alloy_primitives::{Address, B256, Bytes, TxKind};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::{TransactionInput, TransactionReceipt, TransactionRequest};
use alloy_transport::{RpcError, TransportError};

use super::event::{BlockRef, Receipt};
use super::manager::{Draft, EstimateError, Head};
use super::refusal::Refusal;

/// The longest that one question may take, retries included. The core counts on an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A node, for one account.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) provider: DynProvider,
    pub(super) account: Address,
}

impl Node {
    /// The latest block and the account's nonce there; no fees.
    pub(super) async fn head(&self) -> Result<Head, TransportError> {
        within(async {
            let block = self
                .provider
                .get_block_by_number(BlockNumberOrTag::Latest)
                .await?
                .ok_or(RpcError::NullResp)?;
            let nonce = self.provider.get_transaction_count(self.account).await?;
            Ok(Head {
                block: BlockRef {
                    number: block.header.number,
                    hash: block.header.hash,
                },
                parent: block.header.parent_hash,
                nonce,
                market: None,
            })
        })
        .await
    }

    pub(super) async fn estimate(&self, draft: Draft) -> Result<u64, EstimateError> {
        let is_blob = !draft.versioned_hashes.is_empty();
        let request = TransactionRequest {
            from: Some(self.account),
            to: Some(TxKind::Call(draft.to)),
            value: Some(draft.value),
            input: TransactionInput::new(draft.data),
            blob_versioned_hashes: is_blob.then_some(draft.versioned_hashes),
            max_fee_per_blob_gas: is_blob.then_some(draft.price.blob_fee),
            ..TransactionRequest::default()
        };
        let answer = within(async { self.provider.estimate_gas(request).await }).await;
        answer.map_err(|error| match error.as_error_resp() {
            Some(payload) if is_revert(payload.code, &payload.message) => {
                let data = payload.as_revert_data().unwrap_or_default();
                let message = payload.message.chars().take(300).collect::<String>();
                let shown = &data[..data.len().min(100)];
                EstimateError::Reverts(format!("{message} {}", Bytes::copy_from_slice(shown)))
            }
            _ => {
                tracing::warn!(%error, "gas cannot be estimated; it is asked for again");
                EstimateError::Unavailable
            }
        })
    }

    pub(super) async fn send(&self, raw: Bytes) -> Result<(), Refusal> {
        let answer = within(async { self.provider.send_raw_transaction(&raw).await }).await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.as_error_resp() {
                Some(payload) => Refusal::classify(&payload.message),
                None => Refusal::Unknown(error.to_string().chars().take(300).collect()),
            }),
        }
    }

    /// The receipt of the first of them that has one.
    pub(super) async fn receipt(
        &self,
        transactions: Vec<B256>,
    ) -> Result<Option<Receipt>, TransportError> {
        for hash in transactions {
            let asked = async { self.provider.get_transaction_receipt(hash).await };
            let found = within(asked).await?;
            // A node may answer the receipt of a transaction that is pending, without a block.
            if let Some(receipt) = found.as_ref().and_then(read_receipt) {
                return Ok(Some(receipt));
            }
        }
        Ok(None)
    }
}

async fn within<T>(
    answer: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    match tokio::time::timeout(ANSWER_WITHIN, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(alloy_transport::TransportErrorKind::custom_str(
            "no answer in time",
        )),
    }
}

fn is_revert(code: i64, message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    code == 3 || lower.contains("revert") || lower.contains("gas required exceeds")
}

fn read_receipt(receipt: &TransactionReceipt) -> Option<Receipt> {
    Some(Receipt {
        transaction: receipt.transaction_hash,
        block: BlockRef {
            number: receipt.block_number?,
            hash: receipt.block_hash?,
        },
        succeeded: receipt.status(),
        gas_used: receipt.gas_used,
        gas_price: receipt.effective_gas_price,
        blob_gas_used: receipt.blob_gas_used.unwrap_or(0),
        blob_gas_price: receipt.blob_gas_price.unwrap_or(0),
        logs: receipt.logs().iter().map(|log| log.inner.clone()).collect(),
    })
}
