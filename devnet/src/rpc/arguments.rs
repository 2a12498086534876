//! Reading the arguments of a call.
//!
//! The array is split without looking into it; then each argument is read as what it must be. Messages
//! name the argument and are cut short, as what they quote may be long.

use jsonrpsee::core::JsonRawValue;
use jsonrpsee::types::ErrorObjectOwned;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error;

/// Characters of what the parser says that are passed on.
const REASON_CHARS_MAX: usize = 120;

/// The arguments of a call, in order. More of them than a method takes are ignored.
#[derive(Debug)]
pub(crate) struct Arguments<'a> {
    values: std::vec::IntoIter<&'a JsonRawValue>,
    position: usize,
}

/// A number that clients send both as a quantity and as a JSON number.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Count(#[serde(with = "alloy_serde::quantity")] pub(super) u64);

impl<'a> Arguments<'a> {
    /// Splits the `params` of a call.
    pub(crate) fn of(params: Option<&'a str>) -> Result<Self, ErrorObjectOwned> {
        let values = match params {
            None | Some("null") => Vec::new(),
            Some(json) => serde_json::from_str(json)
                .map_err(|_| error::invalid_params("params must be an array".to_owned()))?,
        };
        Ok(Self {
            values: values.into_iter(),
            position: 0,
        })
    }

    /// The next argument, which must be there.
    pub(crate) fn required<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<T, ErrorObjectOwned> {
        let position = self.position;
        self.optional(name)?.ok_or_else(|| {
            error::invalid_params(format!(
                "missing value for required argument {position} ({name})"
            ))
        })
    }

    /// The next argument, `None` when it is not there or null.
    pub(crate) fn optional<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, ErrorObjectOwned> {
        let position = self.position;
        self.position += 1;
        match self.values.next().map(JsonRawValue::get) {
            None | Some("null") => Ok(None),
            Some(json) => serde_json::from_str(json).map(Some).map_err(|reason| {
                let reason: String = reason.to_string().chars().take(REASON_CHARS_MAX).collect();
                let message = format!("invalid argument {position} ({name}): {reason}");
                error::invalid_params(message)
            }),
        }
    }
}
