//! What L1 executes and what Rust executes, held against each other on random inputs.

mod chunks;
mod costs;
mod evm;
mod runs;
mod transactions;
