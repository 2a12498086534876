//! `spillway_blocks`: durable blocks for those who follow. [`crate::feed`] has what is answered.

use jsonrpsee::core::{RegisterMethodError, RpcResult};

use super::arguments::{Arguments, Count};
use super::openrpc::{Failure, Registrar, describe};
use super::{Rpc, error};
use crate::feed::{BLOCKS_MAX, Feed};

/// Registers the method.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.blocking_method(
        describe(
            "spillway_blocks",
            "Blocks with all that a follower needs to make them again.",
        )
        .details(
            "At most 1,024 from a number on, fewer when they are large, and at least \
             one if there is one.",
        )
        .required("first block", "CountArgument")
        .optional("number of blocks", "CountArgument")
        .fails(&[Failure::TooLarge])
        .result("blocks", "Feed"),
        |params, rpc, _| {
            let mut arguments = Arguments::of(&params)?;
            let Count(from) = arguments.required("first block")?;
            let count: Option<Count> = arguments.optional("number of blocks")?;
            feed(&rpc, from, count.map_or(BLOCKS_MAX, |count| count.0))
        },
    )?;
    Ok(())
}

fn feed(rpc: &Rpc, from: u64, count: u64) -> RpcResult<Feed> {
    if from == 0 {
        return Err(error::invalid_params(
            "blocks are numbered from 1: genesis has nothing in it".to_owned(),
        ));
    }
    let bytes_max = rpc.config.response_bytes_max as usize;
    Feed::read(&rpc.view, from, count, bytes_max)
        .map_err(|reason| error::internal("reading blocks", &reason))
}
