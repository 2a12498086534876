//! The OpenRPC document: what the node serves, for programs.
//!
//! Every method is described where it is registered, as a [`Registrar`] takes nothing else, so the document has exactly what is
//! served. Schemas that several methods share are in `schemas/`. The examples are those of `docs/rpc.md`, which people read.

mod description;
mod document;
mod examples;
mod failure;
mod registrar;
mod schemas;

pub(super) use description::{Description, describe};
pub(super) use document::document;
pub(super) use failure::Failure;
pub(super) use registrar::{Notification, Registrar};
pub(super) use schemas::{Schema, array, nullable};

#[cfg(test)]
mod tests;
