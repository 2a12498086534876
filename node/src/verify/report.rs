//! What is printed in the end.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Result;
use serde_json::{Value, json};
use spillway_verifier::Progress;

use super::VerifyArgs;
use super::snapshot::Saved;
use crate::output;

/// Says what was found from the batch `from` on, and what was saved.
pub(super) fn say(
    args: &VerifyArgs,
    from: u64,
    found: &Progress,
    saved: Option<Saved>,
) -> Result<()> {
    let saved = args.save_snapshot.as_deref().zip(saved);
    if args.json {
        return output::say(&format!("{:#}\n", object(from, found, saved)));
    }
    output::say(&lines(from, found, saved))
}

fn object(from: u64, found: &Progress, saved: Option<(&Path, Saved)>) -> Value {
    let mut said = json!({
        "from_batch": from,
        "batch": found.batch,
        "block": found.block,
        "state_root": found.state_root,
        "transactions": found.transactions,
        "posted_batch": found.posted_batch,
        "wrong": found.wrong.map(|wrong| wrong.to_string()),
        "other_block_hash": found.other_block_hash,
    });
    if let Some((path, saved)) = saved {
        said["snapshot"] = json!({
            "file": path.display().to_string(),
            "final": saved.final_from.is_none(),
            "final_from": saved.final_from,
            "final_batch": saved.final_batch,
        });
    }
    said
}

fn lines(from: u64, found: &Progress, saved: Option<(&Path, Saved)>) -> String {
    let mut said = format!(
        "batch        {}\nblock        {}\nstate_root   {}\ntransactions {}\n",
        found.batch, found.block, found.state_root, found.transactions
    );
    if from > 0 {
        said += &format!("from_batch   {from}\n");
    }
    if let Some((path, saved)) = saved {
        let path = path.display();
        said += &format!("snapshot     {path}, {}\n", usable(found.batch, saved));
    }
    said
}

/// When a snapshot of that batch can be used.
fn usable(batch: u64, saved: Saved) -> String {
    let Some(from) = saved.final_from else {
        return "which can be used at once".to_owned();
    };
    // L1's clock says what it likes; a time beyond all calendars is no reason to fail.
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(from));
    let time = time.filter(|_| from < SECONDS_SHOWN_MAX);
    let time = time.map_or_else(
        || from.to_string(),
        |time| humantime::format_rfc3339_seconds(time).to_string(),
    );
    let newest = match saved.final_batch {
        0 => "no batch is final yet".to_owned(),
        newest => format!("the newest final batch is {newest}"),
    };
    format!("which can be used when batch {batch} is final, at {time} or later; {newest}")
}

/// The year 9999, up to which times are shown as such.
const SECONDS_SHOWN_MAX: u64 = 253_402_300_800;

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(final_batch: u64, final_from: Option<u64>) -> Saved {
        Saved {
            final_batch,
            final_from,
        }
    }

    #[test]
    fn it_is_said_when_a_snapshot_can_be_used() {
        for (saved, expected) in [
            (saved(9, None), "which can be used at once"),
            (
                saved(4, Some(1_700_000_000)),
                "which can be used when batch 9 is final, at 2023-11-14T22:13:20Z or later; the newest final batch is 4",
            ),
            (
                saved(0, Some(u64::MAX)),
                "which can be used when batch 9 is final, at 18446744073709551615 or later; no batch is final yet",
            ),
        ] {
            assert_eq!(usable(9, saved), expected);
        }
    }

    #[test]
    fn without_snapshots_the_output_is_what_it_was() {
        let found = Progress::default();
        assert_eq!(lines(0, &found, None).lines().count(), 4);
        let said = object(0, &found, None);
        assert_eq!(
            (&said["from_batch"], said.get("snapshot")),
            (&json!(0), None)
        );
        let said = object(3, &found, Some((Path::new("x"), saved(9, None))));
        assert_eq!(said["snapshot"]["final"], json!(true));
    }
}
