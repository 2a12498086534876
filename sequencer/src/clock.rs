//! The wall clock. The threads and readers at the edges look at it; ordering is told.

use std::time::SystemTime;

/// Seconds since 1970; 0 on a clock that is set before.
pub(crate) fn unix_seconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
