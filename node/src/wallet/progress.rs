//! What is told while a command works: on stderr, with a spinner where that is a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

const TEMPLATE: &str = "{spinner} {msg} ({elapsed})";
const TICK: Duration = Duration::from_millis(120);

/// Tells whoever watches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Teller {
    animated: bool,
}

impl Teller {
    /// With JSON on stdout a program watches, and gets plain lines.
    pub(super) fn new(json: bool) -> Self {
        Self {
            animated: !json && std::io::stderr().is_terminal(),
        }
    }

    /// A line that stays.
    pub(super) fn say(self, line: &str) {
        output::tell(line);
    }

    /// Begins to wait for something. What it is about is told by [`Waiting::tell`].
    pub(super) fn waiting(self) -> Waiting {
        let bar = self.animated.then(|| {
            let bar = ProgressBar::new_spinner();
            // The template is a constant that the tests of this module parse.
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK);
            bar
        });
        Waiting {
            bar,
            told: String::new(),
        }
    }
}

/// Something that is waited for. The spinner ends with it.
#[derive(Debug)]
pub(super) struct Waiting {
    bar: Option<ProgressBar>,
    told: String,
}

impl Waiting {
    /// How far it is. Without a spinner it is a line whenever it changes.
    pub(super) fn tell(&mut self, how_far: &str) {
        if self.told == how_far {
            return;
        }
        how_far.clone_into(&mut self.told);
        match &self.bar {
            Some(bar) => bar.set_message(output::printable(how_far)),
            None => output::tell(how_far),
        }
    }

    /// How far it is, where that changes too often for lines: without a spinner it is not told.
    pub(super) fn tell_often(&mut self, how_far: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(output::printable(how_far));
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_one() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
