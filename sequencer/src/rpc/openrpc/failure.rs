//! How methods fail: the codes of `error.rs`, as the document tells of them.

use jsonrpsee::types::error::{
    INTERNAL_ERROR_CODE, INVALID_PARAMS_CODE, OVERSIZED_RESPONSE_CODE, TOO_MANY_SUBSCRIPTIONS_CODE,
};
use serde_json::{Map, Value, json};

use super::super::error::{
    BUSY_CODE, NOT_YET_DURABLE_CODE, REFUSED_CODE, REVERTED_CODE, UNAVAILABLE_CODE,
};

/// A kind of failure. Its name is that of the document's component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Failure {
    /// The arguments do not fit.
    InvalidParams,
    /// The node's own.
    Internal,
    /// It cannot be done.
    Refused,
    /// The journal has failed.
    Unavailable,
    /// Later.
    Busy,
    /// A call reverted.
    Reverted,
    /// Taken, and not durable in time.
    NotYetDurable,
    /// The connection has as many as it may.
    TooManySubscriptions,
    /// The answer would be.
    TooLarge,
}

impl Failure {
    const ALL: [Self; 9] = [
        Self::InvalidParams,
        Self::Internal,
        Self::Refused,
        Self::Unavailable,
        Self::Busy,
        Self::Reverted,
        Self::NotYetDurable,
        Self::TooManySubscriptions,
        Self::TooLarge,
    ];

    /// Those that no method need tell of.
    pub(super) fn of_every_method(has_params: bool) -> Vec<Self> {
        let params = has_params.then_some(Self::InvalidParams);
        params
            .into_iter()
            .chain([Self::Internal, Self::Busy])
            .collect()
    }

    const fn code_and_message(self) -> (i32, &'static str) {
        match self {
            Self::InvalidParams => (
                INVALID_PARAMS_CODE,
                "arguments do not fit; the message names the argument",
            ),
            Self::Internal => (INTERNAL_ERROR_CODE, "internal error"),
            Self::Refused => (
                REFUSED_CODE,
                "it cannot be done; the message says why, in geth's words where wallets match on them",
            ),
            Self::Unavailable => (
                UNAVAILABLE_CODE,
                "nothing is accepted until the node is started again",
            ),
            Self::Busy => (
                BUSY_CODE,
                "nothing happened: ask again after `data.retry_after_ms`",
            ),
            Self::Reverted => (
                REVERTED_CODE,
                "execution reverted; `data` is what it reverted with",
            ),
            Self::NotYetDurable => (
                NOT_YET_DURABLE_CODE,
                "the transaction was taken but is not durable in time; `data` is its hash",
            ),
            Self::TooManySubscriptions => (
                TOO_MANY_SUBSCRIPTIONS_CODE,
                "the connection has as many subscriptions as it may; `data` names the limit",
            ),
            Self::TooLarge => (
                OVERSIZED_RESPONSE_CODE,
                "the answer would be too large: ask for less; `data` names the limit",
            ),
        }
    }

    /// Where the document has it.
    pub(super) fn reference(self) -> Value {
        json!({ "$ref": format!("#/components/errors/{self:?}") })
    }

    /// All of them, by their names.
    pub(super) fn components() -> Value {
        let components = Self::ALL.into_iter().map(|failure| {
            let (code, message) = failure.code_and_message();
            let error = json!({ "code": code, "message": message });
            (format!("{failure:?}"), error)
        });
        Value::Object(components.collect::<Map<_, _>>())
    }
}
