//! JSON-RPC: one table of methods, which the in-process transport and the servers share.
//!
//! A method is a function from a [`Call`] to JSON. It reads arguments, asks the chain, and puts what the
//! chain says into Ethereum's words. `docs/devnet.md` lists the methods for clients.

mod arguments;
mod blocks;
mod calls;
mod control_methods;
mod error;
mod fees;
mod info;
mod logs;
mod shapes;
mod state;
mod view;

use std::sync::Arc;

use jsonrpsee::core::JsonRawValue;
use jsonrpsee::types::ErrorObjectOwned;
use serde::Serialize;

use self::arguments::Arguments;
use self::view::View;
use crate::node::Node;

pub(crate) use arguments::Arguments as CallArguments;
pub(crate) use error::{method_not_found, no_such_subscription};
pub(crate) use logs::{check as check_filter, matching as matching_logs};
pub(crate) use shapes::header as header_shape;

/// What a method answers.
pub(crate) type Answer = Result<Box<JsonRawValue>, ErrorObjectOwned>;

/// A method.
pub(crate) type Method = fn(&mut Call<'_>) -> Answer;

/// A call of a method.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    node: &'a Arc<Node>,
    arguments: Arguments<'a>,
    /// How many of the newest blocks the caller does not see yet.
    stale: u64,
}

/// Methods by prefix, `devnet_` only where controls are on.
const TABLES: [&[(&str, Method)]; 6] = [
    info::METHODS,
    state::METHODS,
    blocks::METHODS,
    fees::METHODS,
    calls::METHODS,
    logs::METHODS,
];

/// What the names of control methods begin with.
pub(crate) const CONTROL_PREFIX: &str = "devnet_";

/// All methods that a node serves.
pub(crate) fn methods(controls: bool) -> impl Iterator<Item = (&'static str, Method)> {
    let control_methods = if controls {
        control_methods::METHODS
    } else {
        &[]
    };
    let tables = TABLES.into_iter().chain([control_methods]);
    tables.flatten().copied()
}

/// Answers a call by name. `params` is the JSON text of its parameters.
pub(crate) fn answer(node: &Arc<Node>, method: &str, params: Option<&str>, stale: u64) -> Answer {
    let found = methods(node.controls).find(|(name, _)| *name == method);
    let (_, method) = found.ok_or_else(|| error::method_not_found(method))?;
    run(node, method, params, stale)
}

/// Runs a method.
pub(crate) fn run(node: &Arc<Node>, method: Method, params: Option<&str>, stale: u64) -> Answer {
    method(&mut Call {
        node,
        arguments: Arguments::of(params)?,
        stale,
    })
}

impl Call<'_> {
    /// The chain as the caller sees it.
    fn view(&self) -> View<'_> {
        View::new(self.node, self.stale)
    }
}

/// An answer's JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Answer {
    serde_json::value::to_raw_value(value).map_err(|reason| error::internal("answering", &reason))
}
