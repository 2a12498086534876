//! The progress bar, where stderr is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use spillway_verifier::Progress;
use tokio::sync::watch;

const TEMPLATE: &str = "{bar:30} batch {pos}/{len}, {msg} transactions/s, {eta} left";

/// Draws until the verifier is gone, or the task is ended.
pub(super) async fn draw(mut progress: watch::Receiver<Progress>, target: Option<u64>) {
    let bar = ProgressBar::new(0);
    // The template is a constant that the tests of this module parse.
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
        bar.set_style(style);
    }
    while progress.changed().await.is_ok() {
        let now = *progress.borrow_and_update();
        bar.set_length(target.unwrap_or(now.posted_batch).max(now.batch));
        bar.set_position(now.batch);
        bar.set_message(format!("{:.0}", now.rate));
    }
    bar.finish_and_clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_one() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
