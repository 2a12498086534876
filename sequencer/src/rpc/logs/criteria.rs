//! What a client asks of logs: the filter object of `eth_getLogs`, of filters and of subscriptions.

use alloy_primitives::{Address, B256, Log};
use jsonrpsee::core::JsonRawValue;
use serde::Deserialize;

use super::super::arguments::{Argument, BlockRef, NumberRef};
use crate::index::{Key, Search};

/// Addresses, and alternatives at a topic, of one filter.
pub(in super::super) const ALTERNATIVES_MAX: usize = 1_000;
/// Topics that a log can have.
const TOPICS_MAX: usize = 4;

/// Which logs, wherever they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Criteria {
    /// Ascending; empty for any.
    addresses: Vec<Address>,
    /// The alternatives at each place, ascending; empty for any. A log has at least so many topics.
    topics: Vec<Vec<B256>>,
}

/// The blocks whose logs are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Blocks {
    /// The first and the last.
    Range(BlockRef, BlockRef),
    /// One.
    Hash(B256),
}

/// Blocks and criteria.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct LogFilter {
    /// Where.
    pub(in super::super) blocks: Blocks,
    /// What.
    pub(in super::super) criteria: Criteria,
}

impl Criteria {
    /// Whether a log is one of those.
    pub(in super::super) fn matches(&self, log: &Log) -> bool {
        let topics = log.topics();
        (self.addresses.is_empty() || self.addresses.binary_search(&log.address).is_ok())
            && self.topics.len() <= topics.len()
            && self
                .topics
                .iter()
                .zip(topics)
                .all(|(wanted, topic)| wanted.is_empty() || wanted.binary_search(topic).is_ok())
    }

    /// Whether only logs of certain parties are wanted: those with one of a few values in a place that is indexed by them.
    pub(in super::super) fn is_selective(&self) -> bool {
        self.topics.iter().skip(1).any(|wanted| !wanted.is_empty())
    }

    /// Keys of which each log that is wanted has one: few, and rare ones, if there is a choice.
    pub(in super::super) fn keys(&self) -> Vec<Key> {
        let given = |wanted: &&Vec<B256>| !wanted.is_empty();
        let parties = self.topics.iter().skip(1).filter(given);
        let fewest = parties.min_by_key(|wanted| wanted.len());
        let topics = |wanted: &Vec<B256>| wanted.iter().map(Key::topic).collect();
        match (fewest, self.topics.first().filter(given)) {
            (Some(parties), _) => topics(parties),
            (None, _) if !self.addresses.is_empty() => {
                self.addresses.iter().map(Key::address).collect()
            }
            (None, Some(signatures)) => topics(signatures),
            (None, None) => vec![Key::ANY_LOG],
        }
    }

    /// How to find the blocks that may have some: what is rare first.
    pub(in super::super) fn search(&self) -> Search {
        let signature = self.topics.first().into_iter();
        let topics = self.topics.iter().skip(1).chain(signature);
        let mut all_of: Vec<Vec<Key>> = topics
            .filter(|wanted| !wanted.is_empty())
            .map(|wanted| wanted.iter().map(Key::topic).collect())
            .collect();
        if !self.addresses.is_empty() {
            all_of.push(self.addresses.iter().map(Key::address).collect());
        }
        if all_of.is_empty() {
            all_of.push(vec![Key::ANY_LOG]);
        }
        Search {
            all_of,
            logged: true,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterObject<'a> {
    #[serde(borrow)]
    from_block: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    to_block: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    block_hash: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    address: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    topics: Option<&'a JsonRawValue>,
}

impl Argument for LogFilter {
    fn read(json: &str) -> Result<Self, &'static str> {
        let object: FilterObject<'_> =
            serde_json::from_str(json).map_err(|_| "expected an object")?;
        let bound = |json: Option<&JsonRawValue>| match json.map(JsonRawValue::get) {
            None | Some("null") => Ok(BlockRef::Latest),
            Some(json) if json.starts_with('"') => NumberRef::read(json).map(|NumberRef(at)| at),
            Some(_) => Err("expected a block number or tag"),
        };
        let hash = object.block_hash.map(JsonRawValue::get);
        let blocks = match hash.filter(|json| *json != "null") {
            None => Blocks::Range(bound(object.from_block)?, bound(object.to_block)?),
            Some(_) if object.from_block.is_some() || object.to_block.is_some() => {
                return Err(
                    "cannot specify both blockHash and fromBlock/toBlock, choose one or the other",
                );
            }
            Some(json) => Blocks::Hash(B256::read(json)?),
        };
        let criteria = Criteria {
            addresses: one_or_many(object.address, "too many addresses: at most 1000")?,
            topics: topics(object.topics)?,
        };
        Ok(Self { blocks, criteria })
    }
}

fn topics(json: Option<&JsonRawValue>) -> Result<Vec<Vec<B256>>, &'static str> {
    let places: Vec<Option<&JsonRawValue>> = match json.map(JsonRawValue::get) {
        None | Some("null") => return Ok(Vec::new()),
        Some(json) => serde_json::from_str(json).map_err(|_| "topics: expected an array")?,
    };
    if places.len() > TOPICS_MAX {
        return Err("too many topics: a log has at most 4");
    }
    let places = places.into_iter();
    places
        .map(|json| one_or_many(json, "too many alternatives at a topic: at most 1000"))
        .collect()
}

/// A value, or alternatives, ascending. None for null and for an empty list; a null among alternatives means any as well.
fn one_or_many<T: Argument + Ord>(
    json: Option<&JsonRawValue>,
    too_many: &'static str,
) -> Result<Vec<T>, &'static str> {
    let json = match json.map(JsonRawValue::get) {
        None | Some("null") => return Ok(Vec::new()),
        Some(json) => json,
    };
    if !json.starts_with('[') {
        return Ok(vec![T::read(json)?]);
    }
    let values: Vec<&JsonRawValue> = serde_json::from_str(json).map_err(|_| "invalid array")?;
    if values.len() > ALTERNATIVES_MAX {
        return Err(too_many);
    }
    if values.iter().any(|value| value.get() == "null") {
        return Ok(Vec::new());
    }
    let mut values = values
        .into_iter()
        .map(|value| T::read(value.get()))
        .collect::<Result<Vec<_>, _>>()?;
    values.sort_unstable();
    values.dedup();
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: B256 = B256::repeat_byte(0xa);
    const B: B256 = B256::repeat_byte(0xb);
    const TOKEN: Address = Address::repeat_byte(0x70);

    fn criteria(json: &str) -> Criteria {
        LogFilter::read(json).unwrap().criteria
    }

    #[test]
    fn filters_select_as_geth_does() {
        let log = Log::new_unchecked(TOKEN, vec![A, B], alloy_primitives::Bytes::new());
        let other = Address::repeat_byte(1);
        for (json, want) in [
            ("{}".to_owned(), true),
            (r#"{"address":null,"topics":null}"#.to_owned(), true),
            (format!(r#"{{"address":"{TOKEN}"}}"#), true),
            (format!(r#"{{"address":["{other}","{TOKEN}"]}}"#), true),
            (format!(r#"{{"address":"{other}"}}"#), false),
            (r#"{"address":[]}"#.to_owned(), true),
            (format!(r#"{{"topics":["{A}"]}}"#), true),
            (format!(r#"{{"topics":["{B}"]}}"#), false),
            (format!(r#"{{"topics":[null,"{B}"]}}"#), true),
            (format!(r#"{{"topics":[[],["{A}","{B}"]]}}"#), true),
            (format!(r#"{{"topics":[["{A}",null],"{B}"]}}"#), true),
            (r#"{"topics":[null,null]}"#.to_owned(), true),
            (r#"{"topics":[null,null,null]}"#.to_owned(), false),
        ] {
            assert_eq!(criteria(&json).matches(&log), want, "{json}");
        }
    }

    #[test]
    fn blocks_are_a_range_or_a_hash() {
        for (json, want) in [
            (
                "{}".to_owned(),
                Ok(Blocks::Range(BlockRef::Latest, BlockRef::Latest)),
            ),
            (
                r#"{"fromBlock":"earliest","toBlock":"0x5"}"#.to_owned(),
                Ok(Blocks::Range(BlockRef::Earliest, BlockRef::Number(5))),
            ),
            (format!(r#"{{"blockHash":"{A}"}}"#), Ok(Blocks::Hash(A))),
            (
                format!(r#"{{"blockHash":"{A}","fromBlock":"0x1"}}"#),
                Err("cannot specify both blockHash and fromBlock/toBlock, choose one or the other"),
            ),
            (
                r#"{"fromBlock":5}"#.to_owned(),
                Err("expected a block number or tag"),
            ),
            ("[]".to_owned(), Err("expected an object")),
            (
                r#"{"topics":[null,null,null,null,null]}"#.to_owned(),
                Err("too many topics: a log has at most 4"),
            ),
            (
                format!(
                    r#"{{"address":[{}]}}"#,
                    vec![format!("\"{TOKEN}\""); 1_001].join(",")
                ),
                Err("too many addresses: at most 1000"),
            ),
        ] {
            let found = LogFilter::read(&json).map(|filter| filter.blocks);
            assert_eq!(found, want, "{json}");
        }
    }
}
