//! The wallet transaction decoder: a table of rejections, and agreement with alloy's decoders.
//!
//! More cases: `PROPTEST_CASES=100000 cargo test -p spillway-protocol --test transaction`.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod acceptance;
mod calls;
mod model;
mod mutation;
mod raw;
mod rejection;
mod strategy;
