//! The chain id of a deployment: docs/protocol.md, "Chain id".

use alloy_primitives::Address;

use crate::keccak::keccak256_parts;

/// The chain id of development networks, which is chosen and not derived.
pub const DEVELOPMENT: u64 = 51_717;

/// The smallest derived one: above all that are registered for other chains.
const BASE: u64 = 1 << 32;
/// Derived ones lie in a range of 2^50, so that they stay exact in JavaScript's numbers.
const RANGE_MASK: u64 = (1 << 50) - 1;

/// The chain id of the rollup whose contract is at `rollup`: `2^32 + H(L1 chain id u64 || rollup) mod
/// 2^50`. Two deployments differ in it, so that no signature is good on both.
#[must_use]
pub fn derive(l1_chain_id: u64, rollup: &Address) -> u64 {
    let place = keccak256_parts(&[&l1_chain_id.to_be_bytes(), rollup.as_slice()]);
    let [.., a, b, c, d, e, f, g, h] = place.0;
    let low = u64::from_be_bytes([a, b, c, d, e, f, g, h]) & RANGE_MASK;
    BASE.saturating_add(low)
}
