//! What a command says at its end: lines for people, or one JSON object, made from the same facts.

use anyhow::Result;
use serde_json::{Map, Value};

use crate::output;

/// Facts in the order in which people read them.
#[derive(Debug, Default)]
pub(super) struct Facts {
    json: Map<String, Value>,
    /// What a fact is called, and its text; nothing is called like the lines that continue a list.
    lines: Vec<(String, String)>,
}

impl Facts {
    /// Adds a fact: its key in JSON, its value there, and how people read it.
    pub(super) fn add(&mut self, key: &str, value: impl Into<Value>, shown: impl Into<String>) {
        self.json.insert(key.to_owned(), value.into());
        self.lines.push((key.replace('_', " "), shown.into()));
    }

    /// Adds a fact that reads the same in both.
    pub(super) fn add_text(&mut self, key: &str, value: &(impl ToString + ?Sized)) {
        let text = value.to_string();
        self.add(key, text.clone(), text);
    }

    /// Adds a number.
    pub(super) fn add_number(&mut self, key: &str, value: u64) {
        self.add(key, value, value.to_string());
    }

    /// Adds a list, a line for each item.
    pub(super) fn add_list(&mut self, key: &str, items: Vec<(Value, String)>) {
        let (values, texts): (Vec<_>, Vec<_>) = items.into_iter().unzip();
        let mut name = key.replace('_', " ");
        if texts.is_empty() {
            self.lines.push((name, "none".to_owned()));
        } else {
            for text in texts {
                self.lines.push((std::mem::take(&mut name), text));
            }
        }
        self.json.insert(key.to_owned(), values.into());
    }

    /// The facts as one object.
    pub(super) fn into_json(self) -> Value {
        Value::Object(self.json)
    }

    /// Prints them to stdout.
    pub(super) fn print(self, as_json: bool) -> Result<()> {
        if as_json {
            return output::say(&format!("{:#}\n", self.into_json()));
        }
        output::say(&self.text())
    }

    fn text(&self) -> String {
        let width = self.lines.iter().map(|(name, _)| name.len()).max();
        let width = width.unwrap_or_default();
        let line = |(name, text): &(String, String)| {
            format!("{name:width$}  {}\n", output::printable(text))
        };
        self.lines.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let mut facts = Facts::default();
        facts.add("amount", "0x2", "0.000002 DEVT");
        facts.add_number("block_number", 7);
        facts.add_list(
            "payouts",
            vec![(json!(1), "a".into()), (json!(2), "b\u{1b}".into())],
        );
        facts.add_list("failed", vec![]);
        assert_eq!(
            facts.text(),
            "amount        0.000002 DEVT\nblock number  7\npayouts       a\n              b\u{fffd}\nfailed        none\n"
        );
        let expected = json!({"amount": "0x2", "block_number": 7, "payouts": [1, 2], "failed": []});
        assert_eq!(facts.into_json(), expected);
    }
}
