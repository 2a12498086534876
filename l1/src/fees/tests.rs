use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn history(value: Value) -> FeeHistory {
    serde_json::from_value(value).expect("a history")
}

fn run(from: u64, base_fees: &[u64]) -> FeeHistory {
    let hex: Vec<_> = base_fees.iter().map(|fee| format!("{fee:#x}")).collect();
    history(json!({ "oldestBlock": format!("{from:#x}"), "baseFeePerGas": hex }))
}

#[test]
fn a_full_answer_gives_everything() {
    let mut window = Window::new(10, 1);
    let fees = window
        .absorb(&history(json!({
            "oldestBlock": "0xa",
            "baseFeePerGas": ["0x64", "0x66", "0x68", "0x70"],
            "baseFeePerBlobGas": ["0x0", "0x4", "0x6", "0x7"],
            "gasUsedRatio": [0.5, 0.0, 0.9],
            "blobGasUsedRatio": [0, 1, 1],
            "reward": [["0x5"], ["0x0"], ["0x9"]],
        })))
        .expect("fees");
    let expected = Fees {
        block: 12,
        base_fee: 0x68,
        next_base_fee: 0x70,
        blob_base_fee: Some(6),
        next_blob_base_fee: Some(7),
        // The empty block in between says nothing.
        priority_fee: 9,
        base_fee_average: 102,
        blob_base_fee_average: Some(5),
        blocks: 3,
    };
    assert_eq!(fees, expected);
}

#[test]
fn what_nodes_leave_out_is_done_without() {
    let table = [
        json!({ "oldestBlock": "0x0", "baseFeePerGas": ["0x5", "0x6"] }),
        json!({ "oldestBlock": "0x0", "baseFeePerGas": ["0x5", "0x6"], "reward": null,
                "baseFeePerBlobGas": null, "gasUsedRatio": null }),
        json!({ "oldestBlock": "0x0", "baseFeePerGas": ["0x5", "0x6"], "reward": [],
                "baseFeePerBlobGas": ["0x0", "0x0"], "gasUsedRatio": [0.0] }),
        json!({ "oldestBlock": "0x0", "baseFeePerGas": ["0x5", "0x6"], "reward": [null],
                "baseFeePerBlobGas": [null, null], "gasUsedRatio": [null] }),
    ];
    for answer in table {
        let fees = Window::new(5, 3)
            .absorb(&history(answer.clone()))
            .expect("fees");
        assert_eq!((fees.base_fee, fees.next_base_fee), (5, 6), "{answer}");
        assert_eq!(
            (fees.next_blob_base_fee, fees.blob_base_fee_average),
            (None, None),
            "{answer}"
        );
        assert_eq!(fees.priority_fee, 3, "{answer}");
    }
}

#[test]
fn answers_without_blocks_are_errors_and_change_nothing() {
    let mut window = Window::new(5, 1);
    window.absorb(&run(7, &[1, 2])).expect("fees");
    assert_eq!(window.absorb(&run(8, &[9])), Err(HistoryError::TooShort(1)));
    assert_eq!(
        window.absorb(&run(u64::MAX, &[9, 9])),
        Err(HistoryError::Numbers)
    );
    let fees = window.absorb(&run(8, &[4, 2])).expect("fees");
    assert_eq!((fees.blocks, fees.base_fee_average), (2, 2));
}

proptest! {
    /// However the answers overlap, the average is that of the last blocks of the chain as answered last.
    #[test]
    fn averages_follow_the_chain(
        steps in prop::collection::vec((0u64..30, prop::collection::vec(1u64..1000, 2..30)), 1..20),
        blocks_max in 1usize..40,
    ) {
        let mut window = Window::new(blocks_max, 1);
        let mut model: Vec<(u64, u64)> = Vec::new();
        for (from, base_fees) in steps {
            let fees = window.absorb(&run(from, &base_fees)).expect("fees");
            if model.last().is_some_and(|(newest, _)| from > newest + 1) {
                model.clear();
            }
            model.retain(|(number, _)| *number < from);
            let answered = &base_fees[..base_fees.len() - 1];
            model.extend(answered.iter().enumerate().map(|(i, fee)| (from + i as u64, *fee)));
            let surplus = model.len().saturating_sub(blocks_max);
            model.drain(..surplus);
            let sum: u64 = model.iter().map(|(_, fee)| fee).sum();
            prop_assert_eq!(fees.base_fee_average, u128::from(sum / model.len() as u64));
            prop_assert_eq!(fees.blocks, model.len());
        }
    }
}
