//! The code of each contract, and the values of its immutables.
//!
//! The immutables are read from the code itself: code that equals the compiled one but for its immutables has no other
//! place to take them from, so nothing rests on what a getter answers, and those without a getter are checked as well.

use std::sync::LazyLock;

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_provider::{DynProvider, Provider};
use spillway_bridge_contracts::{
    AUTHORISATION_DISPUTES, Artifact, BATCH_DISPUTES, BRIDGE, EQUIVOCATION_DISPUTES, INBOX,
    Immutables, POSTED_DATA, ROLLUP, TEST_TOKEN, TIMELOCK, TRANSITION_DISPUTES,
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

/// A contract of the deployment.
struct Contract {
    name: &'static str,
    address: Address,
    artifact: &'static Artifact,
    immutables: Expected,
}

/// A row for each contract's code, followed by one for each of its immutables.
pub(super) async fn check(
    l1: &DynProvider,
    deployment: &Deployment,
    creation: Option<&Creation>,
) -> Result<Vec<Check>, RpcError> {
    let mut checks = Vec::new();
    for contract in contracts(deployment, creation) {
        let code = l1
            .get_code_at(contract.address)
            .await
            .map_err(RpcError::about("a contract's code"))?;
        checks.extend(contract.compare(&code));
    }
    Ok(checks)
}

impl Contract {
    fn compare(&self, code: &[u8]) -> Vec<Check> {
        let Self { name, artifact, .. } = self;
        let compiled = keccak256(artifact.code_with(&Immutables::new()));
        let row = format!("{name} code");
        match artifact.immutables_in(code) {
            Err(unexpected) => vec![Check::new(row, &compiled, &unexpected)],
            Ok(found) => {
                let values = self.immutables.iter().map(|(immutable, value)| {
                    let word = found.get(*immutable).copied();
                    value.check(format!("{name} {immutable}"), word.unwrap_or_default())
                });
                let code = Check::new(row, &compiled, &compiled);
                std::iter::once(code).chain(values).collect()
            }
        }
    }
}

/// In the order in which they were created, but for the token.
fn contracts(deployment: &Deployment, creation: Option<&Creation>) -> Vec<Contract> {
    let at = deployment;
    let disputes = &deployment.disputes;
    let contract = |name, address, artifact: &'static LazyLock<Artifact>, immutables| Contract {
        name,
        address,
        artifact,
        immutables,
    };
    let mut contracts = vec![
        contract("timelock", at.timelock, &TIMELOCK, vec![]),
        contract("inbox", at.inbox, &INBOX, inbox(at)),
        contract("bridge", at.bridge, &BRIDGE, bridge(at)),
        contract("rollup", at.rollup, &ROLLUP, rollup(at, creation)),
        contract(
            "posted data",
            disputes.posted_data,
            &POSTED_DATA,
            posted_data(at),
        ),
        contract(
            "transition disputes",
            disputes.transition,
            &TRANSITION_DISPUTES,
            transition(at),
        ),
        contract(
            "batch disputes",
            disputes.batch,
            &BATCH_DISPUTES,
            with_data(at),
        ),
        contract(
            "equivocation disputes",
            disputes.equivocation,
            &EQUIVOCATION_DISPUTES,
            equivocation(at),
        ),
        contract(
            "authorisation disputes",
            disputes.authorisation,
            &AUTHORISATION_DISPUTES,
            authorisation(at),
        ),
    ];
    if let Some(token) = deployment.token {
        let decimals = vec![("_decimals", number(TOKEN_DECIMALS))];
        contracts.push(contract("token", token, &TEST_TOKEN, decimals));
    }
    contracts
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

fn posted_data(deployment: &Deployment) -> Expected {
    vec![("bridge", Value::Address(deployment.bridge))]
}

/// Of each dispute contract that looks at batches' data.
fn with_data(deployment: &Deployment) -> Expected {
    vec![
        ("rollup", Value::Address(deployment.rollup)),
        (
            "postedData",
            Value::Address(deployment.disputes.posted_data),
        ),
    ]
}

fn transition(deployment: &Deployment) -> Expected {
    let own = [
        ("_inbox", Value::Address(deployment.inbox)),
        ("_bridge", Value::Address(deployment.bridge)),
    ];
    [&with_data(deployment)[..], &own].concat()
}

fn equivocation(deployment: &Deployment) -> Expected {
    vec![
        ("rollup", Value::Address(deployment.rollup)),
        ("_chainId", number(deployment.l2_chain_id)),
    ]
}

fn authorisation(deployment: &Deployment) -> Expected {
    let parameters = &deployment.parameters;
    let own = [
        ("BOND_FLOOR", number(parameters.challenge_bond_floor)),
        ("_responseWindow", number(parameters.response_window)),
        ("_chainId", number(deployment.l2_chain_id)),
    ];
    [&with_data(deployment)[..], &own].concat()
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

    /// One of each contract.
    fn all() -> Vec<Contract> {
        let deployment = Deployment {
            token: Some(Address::repeat_byte(9)),
            ..deployment()
        };
        contracts(&deployment, None)
    }

    /// The code that the file's contract has, as the constructor leaves it.
    fn right(contract: &Contract) -> Immutables {
        let values = contract.immutables.iter();
        values
            .map(|(name, value)| ((*name).to_owned(), value.word()))
            .collect()
    }

    /// An immutable that the source gains must be checked, too.
    #[test]
    fn every_immutable_is_checked() {
        for contract in all() {
            let expected: BTreeSet<_> = contract.immutables.iter().map(|(name, _)| *name).collect();
            let names: BTreeSet<_> = contract.artifact.names().collect();
            assert_eq!(names, expected, "{}", contract.name);
        }
    }

    fn differing(contract: &Contract, code: &[u8]) -> Vec<String> {
        let checks = contract.compare(code).into_iter();
        checks
            .filter(|check| !check.ok)
            .map(|check| check.name)
            .collect()
    }

    #[test]
    fn a_wrong_immutable_is_named() {
        for contract in all() {
            let right = right(&contract);
            let code = contract.artifact.code_with(&right);
            assert_eq!(differing(&contract, &code), [""; 0]);
            for (immutable, value) in &right {
                let mut wrong = right.clone();
                wrong.insert(immutable.clone(), !*value);
                let code = contract.artifact.code_with(&wrong);
                let row = format!("{} {immutable}", contract.name);
                assert_eq!(differing(&contract, &code), [row]);
            }
        }
    }

    /// No contract passes for another one, whatever its immutables are.
    #[test]
    fn a_wrong_contract_is_named() {
        for contract in all() {
            let row = format!("{} code", contract.name);
            assert_eq!(differing(&contract, &[]), [&*row]);
            for other in all() {
                let code = other.artifact.code_with(&right(&other));
                if other.name != contract.name {
                    assert_eq!(differing(&contract, &code), [&*row], "{}", other.name);
                }
            }
        }
    }
}
