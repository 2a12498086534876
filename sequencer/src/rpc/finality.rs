//! `spillway_finality`: how far a transaction has come on its way to L1 and out again.

use std::sync::Arc;

use alloy_primitives::B256;
use jsonrpsee::core::{RegisterMethodError, RpcResult};
use serde::Serialize;

use super::arguments::Arguments;
use super::block_methods::read_failed;
use super::openrpc::{Failure, Registrar, describe, nullable};
use super::{Rpc, error};
use crate::l1::Rung;

/// Registers the method.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.async_method(
        describe(
            "spillway_finality",
            "How far a transaction has come on its way to L1.",
        )
        .details("Null for one that is not known.")
        .required("transaction hash", "Hash")
        .fails(&[Failure::Unavailable])
        .result("finality", nullable("Finality")),
        |params, rpc, _| async move {
            let hash = Arguments::of(&params)?.required("transaction hash")?;
            finality(rpc, hash).await
        },
    )?;
    Ok(())
}

/// How final a transaction is, and the block that holds it.
#[derive(Clone, Copy, Debug, Serialize)]
struct Finality {
    status: Rung,
    /// Null while it is queued.
    block_number: Option<u64>,
}

/// `None` for a transaction that is not known.
async fn finality(rpc: Arc<Rpc>, hash: B256) -> RpcResult<Option<Finality>> {
    if let Some(durable) = of_durable(&rpc, hash).await? {
        return Ok(Some(durable));
    }
    let queued = rpc.submitter.is_queued(hash).await;
    if queued.map_err(|reason| error::submit(&reason))? {
        return Ok(Some(Finality {
            status: Rung::Queued,
            block_number: None,
        }));
    }
    // It may have become durable after the first look, and left the queue before the second.
    of_durable(&rpc, hash).await
}

/// The finality of a durable transaction. The look-up may read a block from the disk.
async fn of_durable(rpc: &Arc<Rpc>, hash: B256) -> RpcResult<Option<Finality>> {
    let reader = Arc::clone(rpc);
    let found = tokio::task::spawn_blocking(move || reader.view.transaction(&hash)).await;
    let found = found.map_err(|reason| error::internal("looking up a transaction", &reason))?;
    let place = found.map_err(|reason| read_failed(&reason))?;
    Ok(place.map(|(block, _)| {
        let number = block.header.number;
        Finality {
            status: rpc.view.l1_progress().rung(number),
            block_number: Some(number),
        }
    }))
}
