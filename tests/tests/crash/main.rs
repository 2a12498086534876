//! What a crash, a broken file or a full disk may do to a node: nothing to what was acknowledged.
//!
//! The node is the real binary, `spillway node` with a configuration of the test's own, on the directory of
//! a funded development chain ([`site`]). It is put under load ([`load`], [`plan`]), something happens to it,
//! it is started again, and then it is judged twice:
//!
//! - [`model`] knows every transaction that was signed and every answer that was given. [`audit`] reads the
//!   chain back over JSON-RPC, and the model says what each block must have done.
//! - [`replay`] executes a copy of the journal from genesis in this process, without snapshots or the
//!   query index, and must come to the same state root, balances and nonces.
//!
//! Random draws come from a seed that is printed; `SPILLWAY_SEED` takes it back. (Timing is not drawn, so a
//! seed repeats the work and the moments, not every interleaving.)

mod audit;
mod derived_files;
mod disk_full;
mod journal_damage;
mod kill;
mod load;
mod model;
mod overload;
mod plan;
mod records;
mod replay;
mod restart;
mod site;

/// The seed of this run: `SPILLWAY_SEED`, or a new one. Printed, so that a failure can be repeated.
///
/// # Panics
/// If the variable is not a number.
fn seed() -> u64 {
    let seed = match std::env::var("SPILLWAY_SEED") {
        Ok(text) => text.parse().expect("SPILLWAY_SEED is a number"),
        Err(_) => rand::random(),
    };
    println!("SPILLWAY_SEED={seed}");
    seed
}
