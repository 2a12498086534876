//! What the code of a contract on chain must be: the compiled code, and where the constructor wrote its immutables.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use alloy_primitives::{B256, Bytes};
use serde::Deserialize;

/// A contract's deployed code as the compiler made it, its immutables still zero.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Artifact {
    #[serde(rename = "deployedBytecode")]
    code: Bytes,
    /// Where in the code the 32 bytes of each immutable are, by its name in the source.
    #[serde(rename = "immutableReferences")]
    places: BTreeMap<String, Vec<usize>>,
}

/// Values of a contract's immutables, by their names in the source. Each is a whole word, as the code pushes it.
pub type Immutables = BTreeMap<String, B256>;

/// Code that is not the contract's, whatever its immutables are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnexpectedCode {
    /// There is no contract at the address.
    #[error("no code")]
    Missing,
    /// The code has other instructions, or another length.
    #[error("other code")]
    Other,
}

/// The queue of messages from L1.
pub static INBOX: LazyLock<Artifact> =
    LazyLock::new(|| parse(include_str!("../artifacts/Inbox.json")));
/// The custody of funds.
pub static BRIDGE: LazyLock<Artifact> =
    LazyLock::new(|| parse(include_str!("../artifacts/Bridge.json")));
/// The chain of batches.
pub static ROLLUP: LazyLock<Artifact> =
    LazyLock::new(|| parse(include_str!("../artifacts/Rollup.json")));
/// What a batch's data is.
pub static POSTED_DATA: LazyLock<Artifact> =
    LazyLock::new(|| parse(include_str!("../artifacts/PostedData.json")));
/// The disputes about headers and the form of data.
pub static BATCH_DISPUTES: LazyLock<Artifact> =
    LazyLock::new(|| parse(include_str!("../artifacts/BatchDisputes.json")));
/// The disputes about signed headers.
pub static EQUIVOCATION_DISPUTES: LazyLock<Artifact> =
    LazyLock::new(|| parse(include_str!("../artifacts/EquivocationDisputes.json")));
/// The disputes about who signed what.
pub static AUTHORISATION_DISPUTES: LazyLock<Artifact> =
    LazyLock::new(|| parse(include_str!("../artifacts/AuthorisationDisputes.json")));
/// The execution of a chunk on L1.
pub static TRANSITION_DISPUTES: LazyLock<Artifact> =
    LazyLock::new(|| parse(include_str!("../artifacts/TransitionDisputes.json")));
/// The governance.
pub static TIMELOCK: LazyLock<Artifact> =
    LazyLock::new(|| parse(include_str!("../artifacts/TimelockController.json")));
/// The token of development networks.
pub static TEST_TOKEN: LazyLock<Artifact> =
    LazyLock::new(|| parse(include_str!("../artifacts/TestToken.json")));

/// Of a file that is part of this program, and which the tests parse.
fn parse(text: &str) -> Artifact {
    serde_json::from_str(text).expect("an artifact as cargo xtask writes it")
}

impl Artifact {
    /// The values of the immutables in deployed code.
    ///
    /// # Errors
    /// [`UnexpectedCode`] when the code differs anywhere else, or holds two values for one immutable.
    pub fn immutables_in(&self, code: &[u8]) -> Result<Immutables, UnexpectedCode> {
        if code.is_empty() {
            return Err(UnexpectedCode::Missing);
        }
        let immutables: Option<Immutables> = self
            .places
            .iter()
            .map(|(name, places)| Some((name.clone(), word(code, *places.first()?)?)))
            .collect();
        match immutables {
            Some(immutables) if self.code_with(&immutables) == code => Ok(immutables),
            _ => Err(UnexpectedCode::Other),
        }
    }

    /// The deployed code with these immutables; those not given stay zero.
    #[must_use]
    pub fn code_with(&self, immutables: &Immutables) -> Vec<u8> {
        let mut code = self.code.to_vec();
        for (name, value) in immutables {
            for place in self.places.get(name).into_iter().flatten() {
                if let Some(word) = code.get_mut(*place..).and_then(|rest| rest.get_mut(..32)) {
                    word.copy_from_slice(value.as_slice());
                }
            }
        }
        code
    }

    /// The names of the immutables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }
}

fn word(code: &[u8], place: usize) -> Option<B256> {
    let word = code.get(place..)?.first_chunk::<32>()?;
    Some(word.into())
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;

    use super::*;

    const ALL: [&LazyLock<Artifact>; 10] = [
        &INBOX,
        &BRIDGE,
        &ROLLUP,
        &POSTED_DATA,
        &BATCH_DISPUTES,
        &EQUIVOCATION_DISPUTES,
        &AUTHORISATION_DISPUTES,
        &TRANSITION_DISPUTES,
        &TIMELOCK,
        &TEST_TOKEN,
    ];

    /// A different value for each immutable.
    fn values(artifact: &Artifact) -> Immutables {
        artifact
            .names()
            .map(|name| (name.to_owned(), keccak256(name)))
            .collect()
    }

    #[test]
    fn immutables_are_read_back() {
        for artifact in ALL {
            let immutables = values(artifact);
            let code = artifact.code_with(&immutables);
            assert_eq!(artifact.immutables_in(&code), Ok(immutables));
        }
        assert_eq!(
            INBOX.names().collect::<Vec<_>>(),
            ["bridge", "rollup"],
            "the names are those of the source"
        );
    }

    /// Every byte counts: one that is changed outside of immutables, or in one of two copies of an immutable.
    #[test]
    fn any_other_code_is_refused() {
        for artifact in ALL {
            let code = artifact.code_with(&values(artifact));
            let single: Vec<_> = artifact
                .places
                .values()
                .filter(|at| at.len() == 1)
                .collect();
            let is_free = |at: usize| {
                single
                    .iter()
                    .any(|place| (place[0]..place[0] + 32).contains(&at))
            };
            for at in (0..code.len()).filter(|at| !is_free(*at)) {
                let mut changed = code.clone();
                changed[at] ^= 1;
                assert_eq!(
                    artifact.immutables_in(&changed),
                    Err(UnexpectedCode::Other),
                    "byte {at}"
                );
            }
            let longer = [&code[..], &[0]].concat();
            for other in [&code[..code.len() - 1], &longer, &[0x60]] {
                assert_eq!(artifact.immutables_in(other), Err(UnexpectedCode::Other));
            }
            assert_eq!(artifact.immutables_in(&[]), Err(UnexpectedCode::Missing));
        }
    }

    #[test]
    fn every_contract_is_below_the_limit_of_l1() {
        for artifact in ALL {
            assert!(artifact.code.len() <= 24_576, "{}", artifact.code.len());
        }
    }
}
