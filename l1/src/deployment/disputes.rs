//! The contracts by which wrong batches are proven wrong.

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

/// Where they are. `Rollup` lists them for good when it is created, which is before they are: see
/// [`deploy`](super::deploy).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disputes {
    /// `PostedData`: tells the others what a batch's data is. It has no power of its own, so `Rollup` does not list it.
    pub posted_data: Address,
    /// `TransitionDisputes`: executes a chunk again.
    pub transition: Address,
    /// `BatchDisputes`: headers against the data, and the form of the data.
    pub batch: Address,
    /// `EquivocationDisputes`: signed headers against each other and against batches.
    pub equivocation: Address,
    /// `AuthorisationDisputes`: who signed what, by challenge and answer.
    pub authorisation: Address,
}

impl Disputes {
    /// Those that `Rollup` lists, in the order in which it was given them.
    #[must_use]
    pub const fn list(&self) -> [Address; 4] {
        [
            self.transition,
            self.batch,
            self.equivocation,
            self.authorisation,
        ]
    }
}
