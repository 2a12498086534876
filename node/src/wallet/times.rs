//! Moments of L1, as people read them.

use std::time::{Duration, UNIX_EPOCH};

use alloy_primitives::U256;

/// The last second that has a date: of the year 9999.
const SECONDS_MAX: u64 = 253_402_300_799;

/// A moment in seconds since 1970.
pub(super) fn when(seconds: impl TryInto<U256>) -> String {
    let seconds = seconds.try_into().ok();
    let dated = seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds <= SECONDS_MAX);
    match dated {
        Some(seconds) => {
            let moment = UNIX_EPOCH + Duration::from_secs(seconds);
            humantime::format_rfc3339_seconds(moment).to_string()
        }
        None => "a time that never comes".to_owned(),
    }
}

/// A length of time in seconds.
pub(super) fn length(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_moment_is_a_panic() {
        assert_eq!(when(0_u64), "1970-01-01T00:00:00Z");
        assert_eq!(when(SECONDS_MAX), "9999-12-31T23:59:59Z");
        for never in [U256::from(SECONDS_MAX + 1), U256::MAX] {
            assert_eq!(when(never), "a time that never comes");
        }
        assert_eq!(length(90), "1m 30s");
    }
}
