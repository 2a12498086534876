//! A panic on any thread ends the process, once the node has started.
//!
//! A panic says that some invariant does not hold. A ledger that goes on from there, half alive, is worse than
//! one that is down: async tasks and thread pools would swallow the panic, and the threads that are left would
//! wait for each other or serve what nobody checked. Ending at once loses nothing: what was acknowledged is on
//! disk, and the next start repairs whatever was being written.

use std::backtrace::Backtrace;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Whether a panic aborts.
static ABORT: AtomicBool = AtomicBool::new(false);

/// Installs the hook. Until [`abort_from_now_on`] a panic is only logged.
///
/// Recovery comes in between: it catches the panics by which the query index's store answers a damaged file, and
/// builds the index anew. Any other panic of recovery ends the start, when nobody is being served yet.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|panic| {
        report(panic);
        if ABORT.load(Ordering::Relaxed) {
            std::process::abort();
        }
    }));
}

/// From now on a panic is logged, then aborts the process (SIGABRT), even where somebody would catch it.
pub(crate) fn abort_from_now_on() {
    ABORT.store(true, Ordering::Relaxed);
}

fn report(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let location = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    let thread = thread::current().name().unwrap_or("unnamed").to_owned();
    let backtrace = Backtrace::force_capture();
    if tracing::enabled!(tracing::Level::ERROR) {
        tracing::error!(%message, %location, %thread, %backtrace, "panic");
    } else {
        // The filter hides errors, or the log is not installed yet.
        let mut stderr = std::io::stderr().lock();
        let _ = writeln!(
            stderr,
            "panic: {message}, at {location}, thread {thread}\n{backtrace}"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    const SIGABRT: i32 = 6;

    /// The test starts itself again: with the variable set, it is the process that panics.
    #[test]
    fn a_panic_that_would_be_caught_ends_the_process() {
        const CHILD: &str = "SPILLWAY_TEST_PANIC";
        if std::env::var_os(CHILD).is_some() {
            super::install();
            assert!(std::thread::spawn(|| panic!("only logged")).join().is_err());
            super::abort_from_now_on();
            let _ = std::thread::spawn(|| panic!("the sky is falling")).join();
            std::process::exit(0);
        }
        let this = std::env::current_exe().unwrap();
        let name = "panics::tests::a_panic_that_would_be_caught_ends_the_process";
        let output = Command::new(this)
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert_eq!(output.status.signal(), Some(SIGABRT), "{output:?}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("only logged"), "{stderr}");
        assert!(stderr.contains("the sky is falling"), "{stderr}");
        assert!(stderr.contains("panics.rs"), "{stderr}");
    }
}
