//! Measurements of Spillway: Criterion benches of the core in `benches/`, and the library behind the
//! `throughput` program, which drives a running node over JSON-RPC with transfers signed beforehand.
//!
//! The path of a run, one module a step:
//!
//! 1. [`node`] starts a Spillway node or an anvil, or takes the address of one that runs.
//! 2. [`accounts`], [`zipf`] and [`workload`] draw and sign the transfers from one seed.
//! 3. [`funding`] gives the senders what the transfers will cost.
//! 4. [`request`] turns them into whole HTTP requests, before the clock starts.
//! 5. [`closed_loop`] or [`open_loop`] sends them over [`http`] and times the answers.
//! 6. [`answer`] and [`ledger`] check that every transfer was applied once.
//! 7. [`report`] prints the table; [`round`] is steps 2 to 6 in one place, [`campaign`] all of it.
//!
//! [`population`] and [`engine`] are for the benches and the `footprint` program, which measure the
//! sequencer in their own process: accounts and transfers without keys, and the core without clients.
//!
//! [`attack`] is for the `attacks` program, which drives transfers beside clients that ask for a lot and subscribe.
//!
//! [`calls`] is for the `calls` program, which measures `eth_call` and what it leaves for transfers.
//!
//! [`posting`] is for the `posting` program, which says what it costs to put transfers on L1.

pub mod accounts;
pub mod answer;
pub mod attack;
pub mod calls;
pub mod campaign;
pub mod closed_loop;
pub mod cpu;
pub mod drive;
pub mod engine;
pub mod funding;
pub mod http;
pub mod ledger;
pub mod node;
pub mod open_loop;
pub mod population;
pub mod posting;
pub mod recovery;
pub mod report;
pub mod request;
pub mod round;
pub mod rpc;
pub mod workload;
pub mod zipf;
