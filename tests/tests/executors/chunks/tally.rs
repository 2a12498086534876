//! What the cases were, so that a generator which has lost its variety fails the test.

use std::collections::BTreeMap;
use std::fmt;

use spillway_protocol::chunk::ChunkError;
use spillway_protocol::dispute::Proof;

/// Cases by what came out, and the most gas.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    cases: u64,
    outcomes: BTreeMap<String, u64>,
    refused_when_mangled: u64,
    most_gas: u64,
}

/// What a few thousand cases must have met, each at least once.
const EXPECTED: [&str; 26] = [
    "valid",
    "Padding",
    "Truncated",
    "UnknownTag",
    "IndexOutOfRange",
    "UnlistedToken",
    "NotCanonical",
    "BadAmount",
    "PayeeCount",
    "Accounts",
    "TokenEntries",
    "InboxOperations",
    "NoBlock",
    "BlockOverflow",
    "Locked",
    "NonceOverflow",
    "TokenNotHeld",
    "InsufficientFunds",
    "InsufficientFee",
    "ZeroAmount",
    "AccountExists",
    "RecipientIsSender",
    "NoMessage",
    "WrongTarget",
    "valid with messages",
    "valid with withdrawals",
];

impl Tally {
    pub(super) fn of(proof: &Proof, refused_when_mangled: bool, gas: u64) -> Self {
        Self {
            cases: 1,
            outcomes: BTreeMap::from_iter(names(proof).into_iter().map(|name| (name, 1))),
            refused_when_mangled: u64::from(refused_when_mangled),
            most_gas: gas,
        }
    }

    pub(super) fn with(mut self, other: Self) -> Self {
        self.cases += other.cases;
        for (name, count) in other.outcomes {
            *self.outcomes.entry(name).or_default() += count;
        }
        self.refused_when_mangled += other.refused_when_mangled;
        self.most_gas = self.most_gas.max(other.most_gas);
        self
    }

    pub(super) fn check_that_everything_happened(&self) {
        if self.cases < 10_000 {
            return;
        }
        let missing: Vec<_> = EXPECTED
            .iter()
            .filter(|name| !self.outcomes.contains_key(**name))
            .collect();
        assert!(missing.is_empty(), "no case met {missing:?}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in &self.outcomes {
            writeln!(to, "{count:>10}  {name}")?;
        }
        writeln!(
            to,
            "{:>10}  mangled witnesses refused",
            self.refused_when_mangled
        )?;
        write!(
            to,
            "{:>10}  cases, {} gas at most",
            self.cases, self.most_gas
        )
    }
}

fn names(proof: &Proof) -> Vec<String> {
    if let Err(error) = &proof.verdict {
        return vec![name_of(error)];
    }
    let with = [
        ("valid", true),
        ("valid with messages", !proof.witness.messages.is_empty()),
        ("valid with withdrawals", !proof.witness.peaks.is_empty()),
    ];
    with.into_iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The innermost variant.
fn name_of(error: &ChunkError) -> String {
    let whole = match error {
        ChunkError::Undecodable(_, inner) => format!("{inner:?}"),
        ChunkError::Limit(_, inner) => format!("{inner:?}"),
        ChunkError::Invalid(_, inner) => format!("{inner:?}"),
        ChunkError::Padding(_) | ChunkError::Tree(_) => format!("{error:?}"),
    };
    let end = whole.find(|c: char| !c.is_alphanumeric());
    whole[..end.unwrap_or(whole.len())].to_owned()
}
