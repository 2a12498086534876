//! Hostile and broken input against the real binary: each gets a clear error, and the node goes on as before.

mod beside;
mod connections;
mod memory;
mod queries;
mod requests;
mod rlp;
mod transactions;

use serde_json::Value;
use spillway_tests::accounts::{self, Transfer};
use spillway_tests::{Rpc, RpcError};

/// A request, and the error that must answer it.
struct Case {
    name: &'static str,
    /// The body of an HTTP request.
    body: String,
    code: i64,
    /// Part of the message, in any case.
    words: &'static str,
}

impl Case {
    /// What is wrong with the answer to this case, if anything.
    async fn check(&self, rpc: &Rpc) -> Option<String> {
        let name = self.name;
        let (_, body) = match rpc.post(self.body.clone()).await {
            Ok(answer) => answer,
            Err(error) => return Some(format!("{name}: {error}")),
        };
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
        // A batch is answered by a list. Those here have one entry.
        let answer = answer.get(0).unwrap_or(&answer);
        let Some(RpcError { code, message }) = RpcError::from_json(&answer["error"]) else {
            return Some(format!("{name}: not an error: {body:.300}"));
        };
        let expected =
            code == self.code && message.to_lowercase().contains(&self.words.to_lowercase());
        (!expected).then(|| {
            format!(
                "{name}: expected {} {:?}, got {code} {message:?}",
                self.code, self.words
            )
        })
    }
}

/// Checks every case and shows all that are wrong, then checks that the node still does its work.
async fn check_all(rpc: &Rpc, cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        wrong.extend(case.check(rpc).await);
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    still_transfers(rpc).await;
}

/// A transfer between two accounts that no case uses.
async fn still_transfers(rpc: &Rpc) {
    let (from, to) = (accounts::funded(18), accounts::funded(19));
    let nonce = rpc.nonce(from.address()).await.expect("a nonce");
    let before = rpc.balance(to.address()).await.expect("a balance");
    let transfer = Transfer::to(to.address(), 1, nonce).sign(&from);
    assert_eq!(rpc.send_raw(&transfer.raw).await, Ok(transfer.hash));
    assert_eq!(rpc.balance(to.address()).await, Ok(before + 1));
}
