//! From a batch to the transaction that posts it.

use std::sync::Arc;

use alloy_primitives::{Address, Bytes};
use spillway_l1::batches;
use spillway_l1::transactions::{IntentId, Request};

use crate::poster::Post;
use crate::price::{Form, submission_gas};

/// Room for what estimates do not know, in percent.
const GAS_MARGIN_PERCENT: u64 = 50;

/// The request for a post. Blocks while proofs for blobs are computed, which is some 0.35 s a blob.
///
/// The gas limit is set here and not estimated, because a batch is sent while the one before it is still on its way, and
/// an estimate would find that it does not fit.
pub(super) fn request(post: &Post, rollup: Address, sequencer: Address) -> Result<Request, String> {
    let batch = &post.batch;
    let (data, sidecar): (Bytes, _) = match post.form {
        Form::Blobs => {
            let sidecar = batches::sidecar(&batch.chunks).map_err(|error| error.to_string())?;
            (
                batches::submit_blobs(sequencer, &batch.header),
                Some(Arc::new(sidecar)),
            )
        }
        Form::Calldata => (
            batches::submit_calldata(sequencer, &batch.header, &batch.chunks),
            None,
        ),
    };
    let gas = submission_gas(post.form, batch);
    let gas_limit = gas + gas * GAS_MARGIN_PERCENT / 100;
    let request = Request::call(IntentId(post.id), rollup, data).with_gas_limit(gas_limit);
    Ok(match sidecar {
        Some(sidecar) => request.with_sidecar(sidecar),
        None => request,
    })
}
