//! Sending transactions: one, one with its receipt, many.

use std::time::Duration;

use alloy_primitives::{B256, Bytes};
use alloy_rpc_types_eth::TransactionReceipt;
use jsonrpsee::core::{RegisterMethodError, RpcResult};
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde::Serialize;
use spillway_protocol::keccak::keccak256;

use super::arguments::{Arguments, Count};
use super::block_methods::receipt;
use super::openrpc::{Failure, Registrar, array, describe};
use super::{Rpc, error};
use crate::submission::{Accepted, Answer};

const SEND: &str = "eth_sendRawTransaction";
const SEND_SYNC: &str = "eth_sendRawTransactionSync";
const SEND_MANY: &str = "spillway_sendRawTransactions";

/// Whether calls of that method wait for a block, and have short answers.
pub(super) fn is_send(method: &str) -> bool {
    matches!(method, SEND | SEND_SYNC | SEND_MANY)
}

/// Registers the methods.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.async_method(
        describe(
            SEND,
            "Sends a signed transaction; the answer means that it is durable.",
        )
        .details(
            "Types 0 (EIP-155), 1 and 2 with an empty access list. One whose nonce is \
             ahead waits for those before it, and is answered at once.",
        )
        .required("transaction", "Data")
        .fails(&[Failure::Refused, Failure::Unavailable])
        .result("transaction hash", "Hash"),
        |params, rpc, _| async move { send(&params, &rpc).await },
    )?;
    module.async_method(
        describe(
            SEND_SYNC,
            "Sends a signed transaction and answers its receipt (EIP-7966).",
        )
        .details("Waits for 2,000 milliseconds unless told otherwise, at most 60,000.")
        .required("transaction", "Data")
        .optional("timeout in milliseconds", "CountArgument")
        .fails(&[
            Failure::Refused,
            Failure::Unavailable,
            Failure::NotYetDurable,
        ])
        .result("receipt", "Receipt"),
        |params, rpc, _| async move { send_sync(&params, &rpc).await },
    )?;
    module.async_method(
        describe(SEND_MANY, "Sends many signed transactions, at most 4,096.")
            .details("One verdict for each, in their order.")
            .required("transactions", array("Data"))
            .result("verdicts", array("Verdict")),
        |params, rpc, _| async move { send_many(&params, &rpc).await },
    )?;
    Ok(())
}

async fn send(params: &Params<'_>, rpc: &Rpc) -> RpcResult<B256> {
    let raw = Arguments::of(params)?.required("transaction")?;
    let answer = rpc.submitter.submit(raw).await;
    answer
        .map(|accepted| accepted.hash())
        .map_err(|reason| error::submit(&reason))
}

/// EIP-7966: the receipt, once the transaction is durable. One that is held for earlier nonces is
/// waited for.
async fn send_sync(params: &Params<'_>, rpc: &Rpc) -> RpcResult<TransactionReceipt> {
    let mut arguments = Arguments::of(params)?;
    let raw: Bytes = arguments.required("transaction")?;
    let wait = wait(arguments.optional("timeout in milliseconds")?, rpc)?;
    let hash = keccak256(&raw);
    let durable = async {
        let mut newest = rpc.view.newest();
        rpc.submitter
            .submit(raw)
            .await
            .map_err(|reason| error::submit(&reason))?;
        loop {
            newest.mark_unchanged();
            if let Some(receipt) = receipt(rpc, &hash)? {
                return Ok(receipt);
            }
            // Without a sender no block will come: the time limit answers.
            if newest.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let result = tokio::time::timeout(wait, durable).await;
    result.unwrap_or_else(|_| Err(not_yet_durable(&hash, wait)))
}

/// How long to wait.
fn wait(milliseconds: Option<Count>, rpc: &Rpc) -> RpcResult<Duration> {
    match milliseconds {
        None => Ok(rpc.config.sync_wait),
        Some(Count(0)) => Err(error::invalid_params(
            "the timeout must be at least 1 millisecond".to_owned(),
        )),
        Some(Count(asked)) => Ok(Duration::from_millis(asked).min(rpc.config.sync_wait_max)),
    }
}

fn not_yet_durable(hash: &B256, waited: Duration) -> ErrorObjectOwned {
    let message = format!(
        "the transaction was taken but is not durable after {} ms: ask for its receipt later",
        waited.as_millis()
    );
    ErrorObjectOwned::owned(error::NOT_YET_DURABLE_CODE, message, Some(hash))
}

async fn send_many(params: &Params<'_>, rpc: &Rpc) -> RpcResult<Vec<Verdict>> {
    let raw: Vec<Bytes> = Arguments::of(params)?.required("transactions")?;
    let (count, max) = (raw.len(), rpc.config.bulk_transactions_max);
    if count > max {
        return Err(error::invalid_params(format!(
            "{count} transactions in one call: at most {max}, send the rest in another"
        )));
    }
    let answers = rpc.submitter.submit_all(raw).await;
    if answers.len() != count {
        let reason = std::io::Error::other("some transactions have no answer");
        return Err(error::internal("submitting transactions", &reason));
    }
    Ok(answers.into_iter().map(Verdict::from).collect())
}

/// What became of one of many.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Verdict {
    /// It was taken.
    Taken {
        /// Its hash.
        hash: B256,
        /// True for one that waits for earlier nonces; left out for a durable one.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        held: bool,
    },
    /// It was refused.
    Refused {
        /// With the code and words of a single send.
        error: ErrorObjectOwned,
    },
}

impl From<Answer> for Verdict {
    fn from(answer: Answer) -> Self {
        match answer {
            Ok(accepted) => {
                let held = matches!(accepted, Accepted::Held { .. });
                Self::Taken {
                    hash: accepted.hash(),
                    held,
                }
            }
            Err(reason) => Self::Refused {
                error: error::submit(&reason),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::submission::SubmitError;

    #[test]
    fn verdicts() {
        let hash = B256::repeat_byte(0xab);
        let json = |answer: Answer| serde_json::to_string(&Verdict::from(answer)).unwrap();
        assert_eq!(
            json(Ok(Accepted::Durable { hash })),
            format!(r#"{{"hash":"{hash}"}}"#)
        );
        assert_eq!(
            json(Ok(Accepted::Held { hash })),
            format!(r#"{{"hash":"{hash}","held":true}}"#)
        );
        assert_eq!(
            json(Err(SubmitError::Busy)),
            r#"{"error":{"code":-32005,"message":"sequencer is busy, retry after 100 ms","data":{"retry_after_ms":100}}}"#
        );
    }

    #[test]
    fn a_transaction_that_is_not_durable_in_time_is_named() {
        let hash = B256::repeat_byte(1);
        let error = not_yet_durable(&hash, Duration::from_secs(2));
        assert_eq!(error.code(), 4);
        assert_eq!(
            error.data().map(|data| data.get().to_owned()),
            Some(format!("\"{hash}\""))
        );
    }
}
