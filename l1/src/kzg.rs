//! The trusted set-up of EIP-4844. Loading it takes seconds, so it happens on first use, and never on a thread that
//! serves others: call what needs it from `spawn_blocking`.

use c_kzg::KzgSettings;

/// Window size of the tables for cell proofs: 6 costs 27 MiB and half of the loading time of the default 8, for
/// proofs that take some per cent longer.
const PRECOMPUTE: u64 = 6;

/// The set-up, loaded by the first caller.
pub fn settings() -> &'static KzgSettings {
    c_kzg::ethereum_kzg_settings(PRECOMPUTE)
}
