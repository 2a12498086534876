//! The code of each contract, and the values of its immutables.
//!
//! The immutables are read from the code itself: code that equals the compiled one but for its immutables has no other
//! place to take them from, so nothing rests on what a getter answers, and those without a getter are checked as well.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_provider::{DynProvider, Provider};
use spillway_bridge_contracts::{
    Artifact, BRIDGE, INBOX, Immutables, ROLLUP, TEST_TOKEN, TIMELOCK,
};

use super::check::Check;
use super::creation::Creation;
use crate::connection::RpcError;
use crate::deployment::creation::TOKEN_DECIMALS;
use crate::deployment::file::Deployment;

/// What an immutable should be.
#[derive(Clone, Copy, Debug)]
enum Value {
    Address(Address),
    Number(U256),
    Hash(B256),
}

type Expected = Vec<(&'static str, Value)>;

/// A row for each contract's code, followed by one for each of its immutables.
pub(super) async fn check(
    l1: &DynProvider,
    deployment: &Deployment,
    creation: Option<&Creation>,
) -> Result<Vec<Check>, RpcError> {
    let mut contracts: Vec<(&str, Address, &Artifact, Expected)> = vec![
        ("timelock", deployment.timelock, &TIMELOCK, vec![]),
        ("inbox", deployment.inbox, &INBOX, inbox(deployment)),
        ("bridge", deployment.bridge, &BRIDGE, bridge(deployment)),
        (
            "rollup",
            deployment.rollup,
            &ROLLUP,
            rollup(deployment, creation),
        ),
    ];
    if let Some(token) = deployment.token {
        contracts.push((
            "token",
            token,
            &TEST_TOKEN,
            vec![("_decimals", number(TOKEN_DECIMALS))],
        ));
    }
    let mut checks = Vec::new();
    for (name, address, artifact, expected) in contracts {
        let code = l1
            .get_code_at(address)
            .await
            .map_err(RpcError::about("a contract's code"))?;
        checks.extend(compare(name, artifact, &code, &expected));
    }
    Ok(checks)
}

fn compare(name: &str, artifact: &Artifact, code: &[u8], expected: &Expected) -> Vec<Check> {
    let compiled = keccak256(artifact.code_with(&Immutables::new()));
    let row = format!("{name} code");
    match artifact.immutables_in(code) {
        Err(unexpected) => vec![Check::new(row, &compiled, &unexpected)],
        Ok(found) => {
            let values = expected.iter().map(|(immutable, value)| {
                let word = found.get(*immutable).copied();
                value.check(format!("{name} {immutable}"), word.unwrap_or_default())
            });
            let code = Check::new(row, &compiled, &compiled);
            std::iter::once(code).chain(values).collect()
        }
    }
}

fn inbox(deployment: &Deployment) -> Expected {
    vec![
        ("bridge", Value::Address(deployment.bridge)),
        ("rollup", Value::Address(deployment.rollup)),
    ]
}

fn bridge(deployment: &Deployment) -> Expected {
    vec![
        ("inbox", Value::Address(deployment.inbox)),
        ("rollup", Value::Address(deployment.rollup)),
        ("governance", Value::Address(deployment.timelock)),
    ]
}

fn rollup(deployment: &Deployment, creation: Option<&Creation>) -> Expected {
    let parameters = &deployment.parameters;
    let unbonding = parameters
        .sequencer_delay
        .saturating_add(parameters.challenge_window)
        .saturating_add(parameters.response_window);
    vec![
        ("inbox", Value::Address(deployment.inbox)),
        ("bridge", Value::Address(deployment.bridge)),
        ("governance", Value::Address(deployment.timelock)),
        ("L2_CHAIN_ID", number(deployment.l2_chain_id)),
        (
            "GENESIS_STATE_ROOT",
            Value::Hash(deployment.genesis.state_root),
        ),
        (
            "FEE_ACCOUNT",
            Value::Address(deployment.genesis.fee_account),
        ),
        ("CHALLENGE_WINDOW", number(parameters.challenge_window)),
        ("RESPONSE_WINDOW", number(parameters.response_window)),
        (
            "FORCE_INCLUSION_WINDOW",
            number(parameters.force_inclusion_window),
        ),
        ("ESCAPE_DELAY", number(parameters.escape_delay)),
        ("MAX_STALL", number(parameters.max_stall)),
        ("SEQUENCER_DELAY", number(parameters.sequencer_delay)),
        ("BOND", number(parameters.bond)),
        ("_unbonding", number(unbonding)),
        (
            "_deployedAt",
            number(creation.map_or(0u64, |creation| creation.timestamp)),
        ),
    ]
}

fn number(value: impl Into<u128>) -> Value {
    Value::Number(U256::from(value.into()))
}

impl Value {
    fn word(self) -> B256 {
        match self {
            Self::Address(address) => address.into_word(),
            Self::Number(number) => number.into(),
            Self::Hash(hash) => hash,
        }
    }

    /// A word as a value of this kind is written.
    fn show(self, word: B256) -> String {
        match self {
            // An address fills 20 bytes of its word.
            Self::Address(_) if word[..12] == [0; 12] => Address::from_word(word).to_string(),
            Self::Number(_) => U256::from_be_bytes(word.0).to_string(),
            Self::Address(_) | Self::Hash(_) => word.to_string(),
        }
    }

    fn check(self, name: String, found: B256) -> Check {
        Check::new(name, &self.show(self.word()), &self.show(found))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::deployment::file::tests::deployment;

    /// An immutable that the source gains must be checked, too.
    #[test]
    fn every_immutable_is_checked() {
        let deployment = deployment();
        let token = vec![("_decimals", number(TOKEN_DECIMALS))];
        let contracts: [(&Artifact, Expected); 5] = [
            (&TIMELOCK, vec![]),
            (&INBOX, inbox(&deployment)),
            (&BRIDGE, bridge(&deployment)),
            (&ROLLUP, rollup(&deployment, None)),
            (&TEST_TOKEN, token),
        ];
        for (artifact, expected) in contracts {
            let expected: BTreeSet<_> = expected.iter().map(|(name, _)| *name).collect();
            assert_eq!(artifact.names().collect::<BTreeSet<_>>(), expected);
        }
    }

    fn differing(deployment: &Deployment, code: &[u8]) -> Vec<String> {
        let checks = compare("bridge", &BRIDGE, code, &bridge(deployment));
        checks
            .into_iter()
            .filter(|check| !check.ok)
            .map(|check| check.name)
            .collect()
    }

    #[test]
    fn a_wrong_immutable_is_named() {
        let deployment = deployment();
        let mut immutables: Immutables = bridge(&deployment)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.word()))
            .collect();
        assert_eq!(
            differing(&deployment, &BRIDGE.code_with(&immutables)),
            [""; 0]
        );
        immutables.insert("rollup".into(), B256::repeat_byte(1));
        assert_eq!(
            differing(&deployment, &BRIDGE.code_with(&immutables)),
            ["bridge rollup"]
        );
        assert_eq!(differing(&deployment, &[]), ["bridge code"]);
        assert_eq!(
            differing(&deployment, &INBOX.code_with(&Immutables::new())),
            ["bridge code"]
        );
    }
}
