//! Calls methods and validates what goes in and what comes back.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::deviations::Deviations;
use crate::schemas::Schemas;
use crate::transport::Transport;

/// One way to the node.
pub(crate) struct Caller {
    transport: Transport,
    schemas: Rc<Schemas>,
    deviations: Rc<Deviations>,
    called: BTreeSet<String>,
}

impl Caller {
    pub(crate) fn new(
        transport: Transport,
        schemas: Rc<Schemas>,
        deviations: Rc<Deviations>,
    ) -> Self {
        Self {
            transport,
            schemas,
            deviations,
            called: BTreeSet::new(),
        }
    }

    /// The methods that were called, with an answer that was validated.
    pub(crate) fn called(&self) -> impl Iterator<Item = &String> {
        self.called.iter()
    }

    /// The result of a call, which must be one and fit.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.answer(method, &params).await;
        assert!(answer.get("error").is_none(), "{method} {params}: {answer}");
        let result = answer["result"].take();
        let what = format!("{method} {params}: {result}");
        let own = self.schemas.own.problems(method, &result);
        let own = own.unwrap_or_else(|| panic!("{method} is not described"));
        assert!(own.is_empty(), "the node's own schema: {what}: {own:#?}");
        let public = self
            .schemas
            .public
            .problems(method, &result)
            .unwrap_or_default();
        let fits = public.is_empty() || self.deviations.excuse(method, &result);
        assert!(fits, "the public schema: {what}: {public:#?}");
        result
    }

    /// The message of a call that must be refused, in a way that the document tells of.
    pub(crate) async fn refused(&mut self, method: &str, params: Value) -> String {
        let answer = self.answer(method, &params).await;
        let error = &answer["error"];
        let own = &self.schemas.own;
        own.check_component("Error", error);
        let codes = own.error_codes(method);
        let known = codes.contains(&&error["code"]);
        assert!(known, "{method} {params}: {answer} is none of {codes:?}");
        error["message"].as_str().expect("a message").to_owned()
    }

    /// Calls a method that is refused whatever it is asked.
    pub(crate) async fn always_refused(&mut self, method: &str, params: Value) {
        self.refused(method, params).await;
        assert_eq!(
            self.schemas.own.method(method)["result"]["schema"],
            json!({ "not": {} })
        );
        let is_public = self.schemas.public.problems(method, &Value::Null).is_some();
        let fits = !is_public || self.deviations.excuse_refusal(method);
        assert!(
            fits,
            "{method} is refused, and the public document has a result"
        );
    }

    async fn answer(&mut self, method: &str, params: &Value) -> Value {
        let described = self.schemas.own.method(method)["params"].as_array();
        let described = described.expect("parameters").iter();
        for (param, value) in described.zip(params.as_array().expect("params")) {
            let what = format!("{method}, {}", param["name"]);
            self.schemas.own.check(&param["schema"], value, &what);
        }
        self.called.insert(method.to_owned());
        self.transport.answer(method, params).await
    }

    /// The next notification: the subscription's id and the result, which must fit what the method says that it sends.
    pub(crate) async fn notification(&mut self, subscribe: &str) -> (Value, Value) {
        let mut message = self.transport.notification().await;
        let sends = &self.schemas.own.method(subscribe)["x-notification"];
        assert_eq!(message["method"], sends["method"], "{message}");
        let result = message["params"]["result"].take();
        self.schemas.own.check(&sends["schema"], &result, subscribe);
        (message["params"]["subscription"].take(), result)
    }

    /// Fails unless a value fits the components of both documents with these names.
    pub(crate) fn check(&self, own: &str, public: Option<&str>, value: &Value) {
        self.schemas.own.check_component(own, value);
        if let Some(public) = public {
            self.schemas.public.check_component(public, value);
        }
    }
}
