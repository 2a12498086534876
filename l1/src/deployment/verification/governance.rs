//! The timelock: its delay, and who has which role. Roles cannot be listed, but every change of one is an event.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, b256};
use alloy_provider::DynProvider;
use spillway_bridge_contracts::TimelockController as Timelock;

use super::check::Check;
use super::events;
use crate::connection::{RpcError, read};
use crate::deployment::file::Deployment;

/// `keccak256("PROPOSER_ROLE")`
const PROPOSER: B256 = b256!("b09aa5aeb3702cfd50b6b62bc4532604938f21248a27a1d5ca736082b6819cc1");
/// `keccak256("CANCELLER_ROLE")`
const CANCELLER: B256 = b256!("fd643c72710c63c0180259aba6b2d05451e3591a24e58b62239378085726f783");
/// `keccak256("EXECUTOR_ROLE")`
const EXECUTOR: B256 = b256!("d8aa0f3194971a2a116679f7c2090f6939c8d4e01a2a8d7e41d55e5351469e63");
/// Gives and takes all roles.
const ADMIN: B256 = B256::ZERO;

/// The delay, and the members of every role.
pub(super) async fn check(
    l1: &DynProvider,
    deployment: &Deployment,
) -> Result<Vec<Check>, RpcError> {
    let delay = read(l1, deployment.timelock, Timelock::getMinDelayCall {}).await?;
    let delay = delay.map_or_else(|| "no answer".to_owned(), |seconds| seconds.to_string());
    let roles = Roles::read(l1, deployment).await?;
    let proposers = &deployment.governance.proposers;
    Ok(vec![
        Check::new("timelock delay", &deployment.governance.delay, &delay),
        Check::set("timelock proposers", proposers, roles.members(PROPOSER)),
        Check::set("timelock cancellers", proposers, roles.members(CANCELLER)),
        // The zero address stands for everybody.
        Check::set(
            "timelock executors",
            &[Address::ZERO],
            roles.members(EXECUTOR),
        ),
        Check::set(
            "timelock admins",
            &[deployment.timelock],
            roles.members(ADMIN),
        ),
    ])
}

/// Who has which role now.
struct Roles(BTreeSet<(B256, Address)>);

impl Roles {
    async fn read(l1: &DynProvider, deployment: &Deployment) -> Result<Self, RpcError> {
        let at = deployment.timelock;
        let granted = events::<Timelock::RoleGranted>(l1, deployment, at).await?;
        let candidates = granted.iter().map(|event| (event.role, event.account));
        let mut members = BTreeSet::new();
        for (role, account) in candidates.collect::<BTreeSet<_>>() {
            let call = Timelock::hasRoleCall { role, account };
            if read(l1, at, call).await? == Some(true) {
                members.insert((role, account));
            }
        }
        Ok(Self(members))
    }

    fn members(&self, role: B256) -> impl Iterator<Item = Address> {
        let of_role = move |(held, account): &(B256, Address)| (*held == role).then_some(*account);
        self.0.iter().filter_map(of_role)
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;

    use super::*;

    #[test]
    fn the_roles_are_openzeppelins() {
        assert_eq!(PROPOSER, keccak256("PROPOSER_ROLE"));
        assert_eq!(CANCELLER, keccak256("CANCELLER_ROLE"));
        assert_eq!(EXECUTOR, keccak256("EXECUTOR_ROLE"));
    }
}
