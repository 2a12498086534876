//! What the program says to whoever started it. `println!` panics when the reader has gone, and a panic ends
//! the node (see `panics`), so nothing here uses it.

use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};

/// Writes to stdout. A reader that has gone (`spillway status | head -1`) is no error.
pub(crate) fn say(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to stdout")
        }
        _ => Ok(()),
    }
}

/// Writes an error and its causes to stderr, on one line. There is nobody left to tell when that fails.
pub(crate) fn complain(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr().lock(), "error: {}", one_line(error));
}

/// The error, then each cause that is not part of what was said already.
fn one_line(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut said, cause| {
        let cause = cause.to_string();
        if said.is_empty() {
            return cause;
        }
        if !said.contains(&cause) {
            said = said + ": " + &cause;
        }
        said
    })
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::one_line;

    #[test]
    fn every_cause_is_named_once() {
        let error = anyhow!("disk full")
            .context("cannot write x: disk full; make room")
            .context("cannot stop");
        assert_eq!(
            one_line(&error),
            "cannot stop: cannot write x: disk full; make room"
        );
        let error = anyhow!("disk full").context("cannot write x");
        assert_eq!(one_line(&error), "cannot write x: disk full");
    }
}
