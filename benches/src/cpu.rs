//! Processor time of a process, read from `/proc`, so that the table can say who was the bottleneck.

use std::time::Duration;

/// Clock ticks a second in `/proc/PID/stat`; fixed by the kernel's ABI.
const TICKS_PER_S: f64 = 100.0;

/// User and system time that a process has used, all its threads included; `None` where there is no
/// `/proc`. Resolution: 10 ms.
#[must_use]
pub fn used(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse(&stat)
}

/// The command name may hold spaces and parentheses: fields are counted from the last `)`.
fn parse(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(Duration::from_secs_f64((user + system) / TICKS_PER_S))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_an_awkward_command_name() {
        let stat = "42 (a b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 1 0 99";
        assert_eq!(parse(stat), Some(Duration::from_secs(2)));
        assert_eq!(parse("nonsense"), None);
    }
}
