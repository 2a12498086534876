//! The newest log of some kind, found by going back from a block.

use alloy_primitives::B256;
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::{Filter, Log};
use alloy_transport::TransportError;

use super::dialogue::LogFilter;

/// Blocks in the first range, and at most in one.
const RANGE_FIRST: u64 = 1_000;
const RANGE_MAX: u64 = 16_000;

/// The newest log in the blocks `from` to `to` that passes the filter and, if a second topic is given, has it. Goes
/// back range by range, so a recent one is found at once.
///
/// # Errors
/// When no node answers, or one refuses even a single block's logs.
pub async fn newest(
    provider: &DynProvider,
    filter: &LogFilter,
    second_topic: Option<B256>,
    from: u64,
    to: u64,
) -> Result<Option<Log>, TransportError> {
    let mut asked = Filter::new().address(filter.addresses.clone());
    if !filter.topics.is_empty() {
        asked = asked.event_signature(filter.topics.clone());
    }
    if let Some(topic) = second_topic {
        asked = asked.topic1(topic);
    }
    let (mut length, mut end) = (RANGE_FIRST, to);
    while end >= from {
        let begin = end.saturating_sub(length - 1).max(from);
        match provider
            .get_logs(&asked.clone().from_block(begin).to_block(end))
            .await
        {
            Ok(logs) => {
                if let Some(log) = logs.into_iter().max_by_key(place) {
                    return Ok(Some(log));
                }
                if begin == 0 {
                    break;
                }
                end = begin - 1;
                length = (length * 2).min(RANGE_MAX);
            }
            // Too many blocks for this node, or too many logs.
            Err(error) if error.is_error_resp() && length > 1 => {
                length = length.min(end - begin + 1).div_ceil(2);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn place(log: &Log) -> (Option<u64>, Option<u64>) {
    (log.block_number, log.log_index)
}
