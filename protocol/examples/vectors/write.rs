//! JSON with sorted keys and one case a line, so that a diff shows which cases changed.

use serde_json::Value;

/// A file: an object of arrays, an element a line.
pub(crate) fn file(value: &Value) -> String {
    let arrays: Vec<_> = sorted(value)
        .into_iter()
        .map(|(key, cases)| {
            let cases: Vec<_> = cases
                .as_array()
                .expect("a file is an object of arrays")
                .iter()
                .map(|case| format!("    {}", line(case)))
                .collect();
            format!("  \"{key}\": [\n{}\n  ]", cases.join(",\n"))
        })
        .collect();
    format!("{{\n{}\n}}\n", arrays.join(",\n"))
}

fn line(value: &Value) -> String {
    match value {
        Value::Object(_) => {
            let pairs: Vec<_> = sorted(value)
                .into_iter()
                .map(|(key, value)| format!("\"{key}\": {}", line(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(line).collect();
            format!("[{}]", items.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// The entries of an object by key: serde_json's own order depends on a feature that any crate of the
/// build may turn on.
fn sorted(value: &Value) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = value.as_object().expect("an object").iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}
