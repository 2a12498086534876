//! What a deployment is asked to be, and the rules that its parts must obey.
//!
//! The rules are those of the constructors, and some on top of them that spare a mistake. `Rollup` would refuse the
//! deployment with one error for all of them, and after three contracts have been paid for; a dispute contract would
//! even leave a `Rollup` without it.

use std::collections::BTreeSet;

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

const DAY: u64 = 24 * 60 * 60;

/// Ten years: longer windows are mistakes, and their sums must not overflow on L1.
const SECONDS_MAX: u64 = 3_650 * DAY;

/// The L1 chain id of development networks: the only one on which the L2 chain id may be chosen.
pub const DEVELOPMENT_L1: u64 = 31_337;

/// What is fixed in the contracts: in `Rollup`, but for the last one. Times are in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// How long a batch can be challenged.
    pub challenge_window: u64,
    /// How long a challenge can be answered.
    pub response_window: u64,
    /// A message older than this, by the batch's own clock, must be consumed.
    pub force_inclusion_window: u64,
    /// After so long without a batch, or with a message unconsumed, anyone can switch to escape mode.
    pub escape_delay: u64,
    /// And after so long with a message that no final batch consumed.
    pub max_stall: u64,
    /// Between the timelock's call and its effect on the sequencer set.
    pub sequencer_delay: u64,
    /// What a sequencer stakes, in wei; below 2^96. A decimal string in JSON, since wei exceed what every reader's
    /// numbers hold.
    #[serde(with = "decimal")]
    pub bond: u128,
    /// The least that who challenges an authorisation puts up, in wei; in `AuthorisationDisputes`. A decimal string in
    /// JSON.
    #[serde(with = "decimal")]
    pub challenge_bond_floor: u128,
}

/// Who lists tokens and changes the set of sequencers, through the timelock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Governance {
    /// Seconds between a proposal and its execution.
    pub delay: u64,
    /// Who may propose and cancel. Anyone may execute.
    pub proposers: Vec<Address>,
}

/// What only development networks have: an L2 chain id that is chosen, bonds that the deployer stakes, and a test token
/// that is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Development {
    /// The L2 chain id.
    pub chain_id: u64,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What is fixed in the contracts.
    pub parameters: Parameters,
    /// Account 0 of L2, which receives the fees.
    pub fee_account: Address,
    /// The first sequencers.
    pub sequencers: Vec<Address>,
    /// The timelock's delay and proposers.
    pub governance: Governance,
    /// For development networks: the rest that they need.
    pub development: Option<Development>,
}

/// Settings that obey the rules: to hold one proves that they were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(Settings);

/// The rule that the settings break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A window of no length.
    #[error("the {0} is zero")]
    Zero(&'static str),
    /// A window beyond all use.
    #[error("the {0} is longer than ten years")]
    TooLong(&'static str),
    /// Escape would come before the sequencer has to consume a message.
    #[error("the escape delay must be longer than the force inclusion window ({0} s)")]
    EscapeDelay(u64),
    /// Escape would come before a message can become final.
    #[error(
        "the maximal stall must be longer than the force inclusion, challenge and response windows together ({0} s)"
    )]
    MaxStall(u64),
    /// A new sequencer would come before who dislikes it can leave.
    #[error(
        "the sequencer delay must be longer than the challenge and response windows together ({0} s)"
    )]
    SequencerDelay(u64),
    /// No stake.
    #[error("the bond is zero")]
    NoBond,
    /// A bond beyond what the contract stores.
    #[error("the bond is 2^96 wei or more")]
    BondTooLarge,
    /// Challenges that cost nothing.
    #[error("the least bond of a challenge is zero")]
    NoChallengeBond,
    /// The zero address where somebody must be.
    #[error("{0} is the zero address, whose key nobody has")]
    ZeroAddress(&'static str),
    /// A list without entries.
    #[error("no {0}")]
    None(&'static str),
    /// An address twice in a list.
    #[error("{1} is twice among the {0}s")]
    Twice(&'static str, Address),
    /// The test token cannot be listed at once.
    #[error("a development network lists its token at once: its timelock needs a delay of zero")]
    DevelopmentDelay,
    /// The L2 chain id of a development network.
    #[error("the L2 chain id is zero")]
    NoChainId,
}

impl Default for Parameters {
    /// Those of a production network.
    fn default() -> Self {
        Self {
            challenge_window: 7 * DAY,
            response_window: DAY,
            force_inclusion_window: DAY,
            escape_delay: 3 * DAY,
            max_stall: 30 * DAY,
            sequencer_delay: 10 * DAY,
            bond: 10 * 10u128.pow(18),
            challenge_bond_floor: 10u128.pow(16),
        }
    }
}

impl Governance {
    /// Of a production network, in seconds.
    pub const DELAY: u64 = 2 * DAY;
}

impl Parameters {
    /// Those of a development network: short, so that one can wait for them.
    #[must_use]
    pub fn development() -> Self {
        Self {
            challenge_window: 30,
            response_window: 30,
            force_inclusion_window: 60,
            escape_delay: 300,
            max_stall: 600,
            sequencer_delay: 90,
            bond: 10u128.pow(18),
            challenge_bond_floor: 10u128.pow(15),
        }
    }

    fn check(&self) -> Result<(), PlanError> {
        for (name, seconds) in [
            ("challenge window", self.challenge_window),
            ("response window", self.response_window),
            ("force inclusion window", self.force_inclusion_window),
            ("escape delay", self.escape_delay),
            ("maximal stall", self.max_stall),
            ("sequencer delay", self.sequencer_delay),
        ] {
            check_seconds(name, seconds)?;
        }
        let dispute = self.challenge_window + self.response_window;
        if self.escape_delay <= self.force_inclusion_window {
            return Err(PlanError::EscapeDelay(self.force_inclusion_window));
        }
        if self.max_stall <= self.force_inclusion_window + dispute {
            return Err(PlanError::MaxStall(self.force_inclusion_window + dispute));
        }
        if self.sequencer_delay <= dispute {
            return Err(PlanError::SequencerDelay(dispute));
        }
        match (self.bond, self.challenge_bond_floor) {
            (0, _) => Err(PlanError::NoBond),
            (bond, _) if bond >= 1 << 96 => Err(PlanError::BondTooLarge),
            (_, 0) => Err(PlanError::NoChallengeBond),
            _ => Ok(()),
        }
    }
}

impl Plan {
    /// Checks the rules.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn new(settings: Settings) -> Result<Self, PlanError> {
        settings.parameters.check()?;
        if settings.fee_account.is_zero() {
            return Err(PlanError::ZeroAddress("the fee account"));
        }
        check_addresses("sequencer", "a sequencer", &settings.sequencers)?;
        check_addresses("proposer", "a proposer", &settings.governance.proposers)?;
        match settings.development {
            Some(_) if settings.governance.delay != 0 => Err(PlanError::DevelopmentDelay),
            Some(Development { chain_id: 0, .. }) => Err(PlanError::NoChainId),
            None if settings.governance.delay > SECONDS_MAX => {
                Err(PlanError::TooLong("timelock's delay"))
            }
            _ => Ok(Self(settings)),
        }
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.0
    }
}

fn check_seconds(name: &'static str, seconds: u64) -> Result<(), PlanError> {
    match seconds {
        0 => Err(PlanError::Zero(name)),
        seconds if seconds > SECONDS_MAX => Err(PlanError::TooLong(name)),
        _ => Ok(()),
    }
}

/// At least one, none zero, none twice.
fn check_addresses(
    name: &'static str,
    one: &'static str,
    addresses: &[Address],
) -> Result<(), PlanError> {
    if addresses.is_empty() {
        return Err(PlanError::None(name));
    }
    let mut seen = BTreeSet::new();
    for address in addresses {
        if address.is_zero() {
            return Err(PlanError::ZeroAddress(one));
        }
        if !seen.insert(address) {
            return Err(PlanError::Twice(name, *address));
        }
    }
    Ok(())
}

/// An integer as a decimal string.
mod decimal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            parameters: Parameters::default(),
            fee_account: Address::repeat_byte(1),
            sequencers: vec![Address::repeat_byte(2)],
            governance: Governance {
                delay: Governance::DELAY,
                proposers: vec![Address::repeat_byte(3)],
            },
            development: None,
        }
    }

    fn check(change: impl FnOnce(&mut Settings), expected: Option<&str>) {
        let mut changed = settings();
        change(&mut changed);
        let found = Plan::new(changed).err().map(|error| error.to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn the_presets_obey_the_rules() {
        check(|_| {}, None);
        check(
            |settings| {
                settings.parameters = Parameters::development();
                settings.governance.delay = 0;
                settings.development = Some(Development { chain_id: 51_717 });
            },
            None,
        );
    }

    /// Each bound from both sides.
    #[test]
    fn every_rule_is_named() {
        check(
            |s| s.parameters.challenge_window = 0,
            Some("the challenge window is zero"),
        );
        check(
            |s| s.parameters.response_window = 0,
            Some("the response window is zero"),
        );
        check(
            |s| s.parameters.force_inclusion_window = 0,
            Some("the force inclusion window is zero"),
        );
        check(
            |s| s.parameters.max_stall = u64::MAX,
            Some("the maximal stall is longer than ten years"),
        );
        check(
            |s| s.parameters.escape_delay = DAY,
            Some("the escape delay must be longer than the force inclusion window (86400 s)"),
        );
        check(|s| s.parameters.escape_delay = DAY + 1, None);
        check(
            |s| s.parameters.max_stall = 9 * DAY,
            Some(
                "the maximal stall must be longer than the force inclusion, challenge and response windows together \
                 (777600 s)",
            ),
        );
        check(|s| s.parameters.max_stall = 9 * DAY + 1, None);
        check(
            |s| s.parameters.sequencer_delay = 8 * DAY,
            Some(
                "the sequencer delay must be longer than the challenge and response windows together (691200 s)",
            ),
        );
        check(|s| s.parameters.sequencer_delay = 8 * DAY + 1, None);
        check(|s| s.parameters.bond = 0, Some("the bond is zero"));
        check(
            |s| s.parameters.bond = 1 << 96,
            Some("the bond is 2^96 wei or more"),
        );
        check(|s| s.parameters.bond = (1 << 96) - 1, None);
        check(
            |s| s.parameters.challenge_bond_floor = 0,
            Some("the least bond of a challenge is zero"),
        );
        check(|s| s.parameters.challenge_bond_floor = 1, None);
        check(|s| s.parameters.challenge_bond_floor = u128::MAX, None);
        check(
            |s| s.fee_account = Address::ZERO,
            Some("the fee account is the zero address, whose key nobody has"),
        );
    }

    #[test]
    fn lists_are_checked() {
        check(|s| s.sequencers.clear(), Some("no sequencer"));
        check(|s| s.governance.proposers.clear(), Some("no proposer"));
        check(
            |s| s.sequencers.push(Address::ZERO),
            Some("a sequencer is the zero address, whose key nobody has"),
        );
        check(
            |s| s.governance.proposers.push(Address::repeat_byte(3)),
            Some("0x0303030303030303030303030303030303030303 is twice among the proposers"),
        );
        check(
            |s| s.development = Some(Development { chain_id: 1 }),
            Some(
                "a development network lists its token at once: its timelock needs a delay of zero",
            ),
        );
        check(
            |s| {
                s.governance.delay = 0;
                s.development = Some(Development { chain_id: 0 });
            },
            Some("the L2 chain id is zero"),
        );
    }

    #[test]
    fn bonds_are_strings_in_json() {
        let json = serde_json::to_value(Parameters::default()).unwrap();
        assert_eq!(json["bond"], "10000000000000000000");
        assert_eq!(json["challenge_bond_floor"], "10000000000000000");
        assert_eq!(
            serde_json::from_value::<Parameters>(json).unwrap(),
            Parameters::default()
        );
    }
}
