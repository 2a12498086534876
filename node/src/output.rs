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
    tell(&format!("error: {}", one_line(error)));
}

/// Writes a line to stderr, for whoever watches. There is nobody left to tell when that fails.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(line));
}

/// The same text without what a terminal would obey: words of a node may hold codes that repaint the screen.
pub(crate) fn printable(text: &str) -> String {
    let visible = |c: char| {
        if c.is_control() || is_bidirectional(c) {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(visible).collect()
}

/// Characters that turn the order of those around them.
const fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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

    use super::*;

    #[test]
    fn a_terminal_is_told_nothing_that_it_obeys() {
        let lie = "paid\u{1b}[2J\r\n\u{9b}1m\u{202e}x";
        assert_eq!(
            printable(lie),
            "paid\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}1m\u{fffd}x"
        );
        assert_eq!(printable("1.5 ETH to 0xAb…"), "1.5 ETH to 0xAb…");
    }

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
