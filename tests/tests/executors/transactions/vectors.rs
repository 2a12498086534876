//! The transactions among the protocol's golden vectors, as bytes.

use std::fs;
use std::path::Path;

use alloy_primitives::hex;
use serde_json::Value;

/// The chains that the vectors were signed for.
pub(super) const CHAIN_IDS: [u64; 2] = [51_717, 562_954_248_400_953];

/// The valid ones.
pub(super) fn valid_bytes() -> Vec<Vec<u8>> {
    bytes_of(&["valid"])
}

/// The valid and the refused ones.
pub(super) fn all_bytes() -> Vec<Vec<u8>> {
    bytes_of(&["valid", "invalid"])
}

fn bytes_of(arrays: &[&str]) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/vectors/transactions.json");
    let text = fs::read_to_string(path).expect("the vectors are there");
    let file: Value = serde_json::from_str(&text).expect("they are JSON");
    let array = |name: &&str| file[*name].as_array().expect("an array of vectors").clone();
    let raw = |vector: Value| hex::decode(vector["raw"].as_str().expect("bytes")).expect("hex");
    arrays.iter().flat_map(array).map(raw).collect()
}
