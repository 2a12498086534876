//! What the edge does with arguments and answers; the node's tests have the real relayer behind it.

use alloy_primitives::{B256, U128};
use serde_json::{Value, json};

use super::*;

#[test]
fn whose_they_are() {
    let address = Address::repeat_byte(0xab);
    for (json, expected) in [
        (
            format!("\"{address}\"").as_str(),
            Ok(Selector::Account(address)),
        ),
        ("7", Ok(Selector::Index(7))),
        (r#""0x7""#, Ok(Selector::Index(7))),
        (r#""0xab""#, Ok(Selector::Index(0xab))),
        ("-1", Err("expected an address or an index")),
        ("{}", Err("expected an address or an index")),
        (
            &format!("\"0x{}\"", "g".repeat(40)),
            Err("invalid hex string"),
        ),
    ] {
        assert_eq!(Selector::read(json), expected, "{json}");
    }
}

#[test]
fn no_answer_is_longer_than_the_limit() {
    for (params, expected) in [
        ("[7]", 1_024),
        ("[7, null]", 1_024),
        ("[7, 3]", 3),
        ("[7, 0]", 0),
        ("[7, 1000000]", 1_024),
    ] {
        let params = jsonrpsee::types::Params::new(Some(params));
        let (of, max) = selection(&mut Arguments::of(&params).unwrap()).unwrap();
        assert_eq!((of, max), (Selector::Index(7), expected));
    }
}

#[test]
fn stages_are_one_object_with_what_they_are_of() {
    let deposit = Deposit {
        index: 7,
        to: Address::ZERO,
        token: 0,
        token_address: None,
        amount: U128::from(255),
        l1_block: 3,
        transaction_hash: B256::ZERO,
        stage: DepositStage::Confirming {
            confirmations: 1,
            needed: 64,
        },
    };
    let zero = format!("0x{}", "0".repeat(40));
    let expected = json!({
        "index": 7, "to": zero, "token": 0, "token_address": null, "amount": "0xff", "l1_block": 3,
        "transaction_hash": format!("0x{}", "0".repeat(64)),
        "status": "confirming", "confirmations": 1, "needed": 64,
    });
    assert_eq!(serde_json::to_value(deposit).unwrap(), expected);
    let stage = |stage: WithdrawalStage| serde_json::to_value(stage).unwrap();
    assert_eq!(
        stage(WithdrawalStage::Claiming),
        json!({"status": "claiming"})
    );
    let posted = WithdrawalStage::Posted {
        batch: 2,
        claimable_at: 9,
    };
    let expected: Value = json!({"status": "posted", "batch": 2, "claimable_at": 9});
    assert_eq!(stage(posted), expected);
}

#[test]
fn each_failure_has_its_code() {
    let internal: Box<dyn std::error::Error + Send + Sync> = "/secret".into();
    for (error, code, words) in [
        (BridgeError::NotNow("later".to_owned()), -32_005, "later"),
        (BridgeError::Refused("never".to_owned()), -32_000, "never"),
        (BridgeError::Internal(internal), -32_603, "internal error"),
    ] {
        let told = answer::<()>(Err(error)).unwrap_err();
        assert_eq!((told.code(), told.message()), (code, words));
    }
}

#[test]
fn an_order_is_read_whole_or_not_at_all() {
    let read = |json: Value| FastWithdrawalOrder::read(&json.to_string());
    let order = json!({"index": 3, "fee": "0xa", "deadline": 1770000000, "signature": "0x0102"});
    let expected = FastWithdrawalOrder {
        index: 3,
        fee: 10,
        deadline: 1_770_000_000,
        signature: Bytes::from_static(&[1, 2]),
    };
    assert_eq!(read(order.clone()), Ok(expected));
    let mut changes = vec![json!([]), json!("0x")];
    for (name, value) in [
        ("index", json!(1u64 << 32)),
        ("index", json!(-1)),
        ("fee", json!(format!("0x1{}", "0".repeat(32)))),
        ("fee", json!(10)),
        ("deadline", Value::Null),
        ("signature", json!("0x0")),
    ] {
        let mut changed = order.clone();
        changed[name] = value;
        changes.push(changed);
    }
    for name in ["index", "fee", "deadline", "signature"] {
        let mut changed = order.clone();
        changed.as_object_mut().unwrap().remove(name);
        changes.push(changed);
    }
    for changed in changes {
        read(changed.clone()).expect_err(&changed.to_string());
    }
}
