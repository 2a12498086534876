//! Registers methods, each with its description.

use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::core::server::{
    IntoResponse, IntoSubscriptionCloseResponse, PendingSubscriptionSink,
};
use jsonrpsee::types::Params;
use serde_json::json;

use super::super::Rpc;
use super::description::{Description, describe};
use super::schemas::Schema;

/// Methods and their descriptions, which can only be given together.
#[derive(Debug)]
pub(in super::super) struct Registrar {
    module: RpcModule<Rpc>,
    described: Vec<Description>,
}

/// What a subscription sends.
#[derive(Debug)]
pub(in super::super) struct Notification {
    /// Its `method`.
    pub(in super::super) method: &'static str,
    /// Its `params.result`.
    pub(in super::super) result: Schema,
}

impl Registrar {
    /// Without methods.
    pub(in super::super) fn new(rpc: &Arc<Rpc>) -> Self {
        Self {
            module: RpcModule::from_arc(Arc::clone(rpc)),
            described: Vec::new(),
        }
    }

    /// A method that answers at once.
    pub(in super::super) fn method<R, F>(
        &mut self,
        description: Description,
        callback: F,
    ) -> Result<(), RegisterMethodError>
    where
        R: IntoResponse + 'static,
        F: Fn(Params<'_>, &Rpc, &Extensions) -> R + Send + Sync + 'static,
    {
        self.module.register_method(description.name(), callback)?;
        self.described.push(description);
        Ok(())
    }

    /// A method that waits for something.
    pub(in super::super) fn async_method<R, Fut, F>(
        &mut self,
        description: Description,
        callback: F,
    ) -> Result<(), RegisterMethodError>
    where
        R: IntoResponse + 'static,
        Fut: Future<Output = R> + Send,
        F: Fn(Params<'static>, Arc<Rpc>, Extensions) -> Fut + Clone + Send + Sync + 'static,
    {
        self.module
            .register_async_method(description.name(), callback)?;
        self.described.push(description);
        Ok(())
    }

    /// A method that may block its thread.
    pub(in super::super) fn blocking_method<R, F>(
        &mut self,
        description: Description,
        callback: F,
    ) -> Result<(), RegisterMethodError>
    where
        R: IntoResponse + 'static,
        F: Fn(Params<'_>, Arc<Rpc>, Extensions) -> R + Clone + Send + Sync + 'static,
    {
        self.module
            .register_blocking_method(description.name(), callback)?;
        self.described.push(description);
        Ok(())
    }

    /// A subscription: the method that begins it, what it sends, and the name of the method that ends it.
    pub(in super::super) fn subscription<R, Fut, F>(
        &mut self,
        subscribe: Description,
        notification: Notification,
        unsubscribe: &'static str,
        callback: F,
    ) -> Result<(), RegisterMethodError>
    where
        R: IntoSubscriptionCloseResponse + Send,
        Fut: Future<Output = R> + Send + 'static,
        F: Fn(Params<'static>, PendingSubscriptionSink, Arc<Rpc>, Extensions) -> Fut
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let Notification { method, result } = notification;
        self.module
            .register_subscription(subscribe.name(), method, unsubscribe, callback)?;
        let unsubscribe = describe(
            unsubscribe,
            "Ends a subscription, and tells whether there was one.",
        )
        .required("subscription id", "Quantity")
        .result("was there", json!({ "type": "boolean" }));
        self.described
            .extend([subscribe.notifying(method, result), unsubscribe]);
        Ok(())
    }

    /// What is registered so far.
    pub(in super::super) fn described(&self) -> &[Description] {
        &self.described
    }

    /// The methods.
    pub(in super::super) fn into_module(self) -> RpcModule<Rpc> {
        self.module
    }
}
