//! What alloy signs, we read as alloy does, and its sender is who signed.

use alloy_consensus::crypto::secp256k1::recover_signer;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, U256};
use proptest::prelude::*;
use spillway_protocol::transaction::{Asset, Intent, TransactionError, WalletTransaction};

use super::model::{CHAIN_ID, check_agreement};
use super::strategy::{Fields, address_of, fields, key};

proptest! {
    #[test]
    fn signed_transactions_are_read_as_alloy_reads_them(fields in fields()) {
        let sender = address_of(fields.key);
        let raw = fields.sign().encoded_2718();
        let (decoded, _) = check_agreement(&raw);
        prop_assert!(decoded);

        let transaction = WalletTransaction::decode(&raw, CHAIN_ID).unwrap();
        let signature = alloy_primitives::Signature::new(
            U256::from_be_bytes(transaction.signature.r.0),
            U256::from_be_bytes(transaction.signature.s.0),
            transaction.signature.y_parity,
        );
        prop_assert_eq!(recover_signer(&signature, transaction.signing_hash()).unwrap(), sender);
    }

    #[test]
    fn any_bytes_are_judged_as_alloy_judges_them(
        first in prop_oneof![Just(vec![]), Just(vec![1]), Just(vec![2]), Just(vec![1, 0xf8]), Just(vec![0xf8])],
        bytes in prop::collection::vec(any::<u8>(), 0..=300),
    ) {
        check_agreement(&[first, bytes].concat());
    }

    #[test]
    fn the_base_fee_is_compared_with_the_max_fee(max_fee in 0..20_u128, base_fee in 0..20_u64, key in key()) {
        let fields = Fields {
            transaction_type: 2,
            nonce: 0,
            fee: max_fee,
            gas_limit: 21_000,
            to: Address::repeat_byte(1),
            value: 1,
            data: vec![],
            key,
        };
        let raw = fields.sign().encoded_2718();
        let transaction = WalletTransaction::decode(&raw, CHAIN_ID).unwrap();
        let want = if max_fee >= u128::from(base_fee) {
            Ok(())
        } else {
            Err(TransactionError::FeeBelowBaseFee { max_fee, base_fee })
        };
        prop_assert_eq!(transaction.check_base_fee(base_fee), want);
        let transfer = Intent::Transfer { asset: Asset::Eth, recipient: Address::repeat_byte(1), amount: 1 };
        prop_assert_eq!(Intent::of(&transaction), Ok(transfer));
    }
}
