//! One comparison, and all of them.

use std::fmt::{self, Display, Formatter};

use alloy_primitives::Address;
use serde::Serialize;

/// A comparison of L1 with the file. Both sides are shown as a person would check them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was compared.
    pub name: String,
    /// Whether it is the same.
    pub ok: bool,
    /// What the file says.
    pub expected: String,
    /// What L1 says.
    pub found: String,
}

/// Every comparison, in the order in which they were made. Displayed, it is a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The comparisons.
    pub checks: Vec<Check>,
}

impl Check {
    /// Equal if both are shown as the same.
    pub(super) fn new(
        name: impl Into<String>,
        expected: &dyn Display,
        found: &dyn Display,
    ) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        Self {
            name: name.into(),
            ok: expected == found,
            expected,
            found,
        }
    }

    /// Two sets of addresses.
    pub(super) fn set(
        name: impl Into<String>,
        expected: &[Address],
        found: impl IntoIterator<Item = Address>,
    ) -> Self {
        Self::new(
            name,
            &Addresses::of(expected.iter().copied()),
            &Addresses::of(found),
        )
    }
}

impl Report {
    /// Whether nothing differs.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let width = self
            .checks
            .iter()
            .map(|check| check.name.len())
            .max()
            .unwrap_or_default();
        for Check {
            name,
            ok,
            expected,
            found,
        } in &self.checks
        {
            if *ok {
                writeln!(f, "ok       {name:width$}  {found}")?;
            } else {
                writeln!(f, "DIFFERS  {name:width$}  {found}; expected {expected}")?;
            }
        }
        let differing = self.checks.iter().filter(|check| !check.ok).count();
        write!(f, "{} checks, {differing} differ", self.checks.len())
    }
}

/// Addresses in order, so that equal sets are shown as the same.
struct Addresses(Vec<Address>);

impl Addresses {
    fn of(addresses: impl IntoIterator<Item = Address>) -> Self {
        let mut addresses: Vec<_> = addresses.into_iter().collect();
        addresses.sort_unstable();
        Self(addresses)
    }
}

impl Display for Addresses {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let shown: Vec<_> = self.0.iter().map(Address::to_string).collect();
        match shown.is_empty() {
            true => f.write_str("none"),
            false => f.write_str(&shown.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_what_differs() {
        let (a, b) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let mut report = Report {
            checks: vec![
                Check::new("delay", &5, &5),
                Check::set("proposers", &[b, a], [a, b]),
                Check::set("admins", &[], []),
            ],
        };
        assert!(report.holds());
        report.checks.push(Check::set("executors", &[a], []));
        assert!(!report.holds());
        assert_eq!(
            report.to_string(),
            format!(
                "ok       delay      5\nok       proposers  {a}, {b}\nok       admins     none\n\
                 DIFFERS  executors  none; expected {a}\n4 checks, 1 differ"
            )
        );
    }
}
