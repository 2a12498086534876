//! Turns signed transfers into whole HTTP requests, before the clock starts.

use crate::http::post;
use crate::workload::Signed;
use serde::Serialize;

/// How transfers are put into requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// One `eth_sendRawTransaction` a request; answered with the hash.
    Single,
    /// One `eth_sendRawTransactionSync` (EIP-7966) a request; answered with the receipt.
    SingleSync,
    /// A JSON-RPC array of `eth_sendRawTransaction` calls.
    Batch,
    /// One `spillway_sendRawTransactions` call with many transactions.
    Bulk,
}

/// A request and the transfers it carries.
#[derive(Debug)]
pub struct Request {
    /// Head and body, as written to the connection.
    pub bytes: Vec<u8>,
    /// Indices into the round's transfers, in the order of the body.
    pub transfers: Vec<usize>,
}

/// Splits the transfers among `lanes` connections and frames them, `per_request` at a time.
///
/// A sender belongs to one lane, and a lane sends in the order of the round: so each sender's nonces
/// arrive in order, whatever the timing between lanes.
///
/// # Panics
/// If `lanes` or `per_request` is zero.
#[must_use]
pub fn lanes(
    transfers: &[Signed],
    framing: Framing,
    lanes: usize,
    per_request: usize,
    host: &str,
) -> Vec<Vec<Request>> {
    let mut indices = vec![Vec::new(); lanes];
    for (index, transfer) in transfers.iter().enumerate() {
        indices[transfer.sender % lanes].push(index);
    }
    indices
        .iter()
        .map(|lane| {
            lane.chunks(per_request)
                .map(|chunk| frame(transfers, chunk, framing, host))
                .collect()
        })
        .collect()
}

fn frame(transfers: &[Signed], chunk: &[usize], framing: Framing, host: &str) -> Request {
    let raws: Vec<String> = chunk
        .iter()
        .map(|&index| format!("\"0x{}\"", hex::encode(&transfers[index].raw)))
        .collect();
    let body = match framing {
        Framing::Single => call("eth_sendRawTransaction", 0, &raws[0]),
        Framing::SingleSync => call("eth_sendRawTransactionSync", 0, &raws[0]),
        Framing::Batch => {
            let calls: Vec<String> = raws
                .iter()
                .enumerate()
                .map(|(id, raw)| call("eth_sendRawTransaction", id, raw))
                .collect();
            format!("[{}]", calls.join(","))
        }
        Framing::Bulk => call(
            "spillway_sendRawTransactions",
            0,
            &format!("[{}]", raws.join(",")),
        ),
    };
    Request {
        bytes: post(host, &body),
        transfers: chunk.to_vec(),
    }
}

fn call(method: &str, id: usize, param: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":[{param}]}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::B256;
    use serde_json::{Value, json};

    fn transfers(senders: usize, count: usize) -> Vec<Signed> {
        (0..count)
            .map(|index| Signed {
                sender: index % senders,
                raw: vec![u8::try_from(index).unwrap()],
                hash: B256::ZERO,
            })
            .collect()
    }

    fn body(request: &Request) -> Value {
        let text = std::str::from_utf8(&request.bytes).unwrap();
        serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    #[test]
    fn every_transfer_is_in_one_request_and_a_sender_stays_in_its_lane_in_order() {
        let transfers = transfers(5, 57);
        let lanes = lanes(&transfers, Framing::Batch, 3, 4, "h:1");
        let mut seen: Vec<usize> = Vec::new();
        for (number, lane) in lanes.iter().enumerate() {
            let order: Vec<usize> = lane.iter().flat_map(|r| r.transfers.clone()).collect();
            assert!(order.is_sorted());
            assert!(
                order
                    .iter()
                    .all(|&index| transfers[index].sender % 3 == number)
            );
            seen.extend(order);
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..57).collect::<Vec<_>>());
    }

    #[test]
    fn bodies_are_the_calls_they_should_be() {
        let transfers = transfers(1, 2);
        let single = &lanes(&transfers, Framing::Single, 1, 1, "h:1")[0][1];
        assert_eq!(body(single)["params"], json!(["0x01"]));
        let batch = &lanes(&transfers, Framing::Batch, 1, 2, "h:1")[0][0];
        assert_eq!(body(batch)[1]["id"], json!(1));
        let bulk = &lanes(&transfers, Framing::Bulk, 1, 2, "h:1")[0][0];
        assert_eq!(body(bulk)["params"], json!([["0x00", "0x01"]]));
    }
}
