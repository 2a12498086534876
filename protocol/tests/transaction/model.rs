//! What the decoder must say, by alloy's decoders: they are more liberal, so canonical form is asked of
//! them by encoding again. The fuzz target judges by the same model.

use alloy_consensus::{Transaction as _, TxEnvelope};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, U256, uint};
use alloy_sol_types::{SolCall, sol};
use spillway_protocol::gas;
use spillway_protocol::transaction::{
    Asset, Intent, PAYOUT_PREDEPLOY, Payee, TRANSFER_SELECTOR, WITHDRAW_PREDEPLOY,
    WalletTransaction,
};

/// The chain of the tests.
pub(crate) const CHAIN_ID: u64 = 51_717;
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

sol! {
    struct SolPayee { address recipient; uint256 amount; }
    function transfer(address recipient, uint256 amount) external returns (bool);
    function withdraw(address recipient) external payable;
    function withdrawToken(address token, uint256 amount, address recipient) external;
    function payout(SolPayee[] payees) external payable;
    function payoutToken(address token, SolPayee[] payees) external;
}

/// Compares decoding and meaning of any bytes with the model. Returns whether they are a transaction,
/// and whether it means something.
///
/// # Panics
/// When they differ.
pub(crate) fn check_agreement(raw: &[u8]) -> (bool, bool) {
    let (ours, theirs) = match (WalletTransaction::decode(raw, CHAIN_ID), decode(raw)) {
        (Ok(ours), Some(theirs)) => (ours, theirs),
        (Err(_), None) => return (false, false),
        (ours, theirs) => panic!("decoder {ours:?}, model {theirs:?}"),
    };
    assert_eq!(ours.transaction_type as u8, theirs.tx_type() as u8);
    assert_eq!(ours.nonce, theirs.nonce());
    assert_eq!(ours.max_fee, theirs.max_fee_per_gas());
    assert_eq!(ours.gas_limit, theirs.gas_limit());
    assert_eq!(Some(ours.to), theirs.to());
    assert_eq!(U256::from(ours.value), theirs.value());
    assert_eq!(ours.data, theirs.input());
    assert_eq!(ours.hash(), *theirs.tx_hash());
    assert_eq!(ours.signing_hash(), theirs.signature_hash());
    assert_eq!(
        U256::from_be_bytes(ours.signature.r.0),
        theirs.signature().r()
    );
    assert_eq!(
        U256::from_be_bytes(ours.signature.s.0),
        theirs.signature().s()
    );
    assert_eq!(ours.signature.y_parity, theirs.signature().v());

    let intent = Intent::of(&ours);
    assert_eq!(intent.clone().ok(), meaning(&ours), "decoder {intent:?}");
    (true, intent.is_ok())
}

/// The transaction, if it is one that the protocol accepts.
fn decode(raw: &[u8]) -> Option<TxEnvelope> {
    let transaction = TxEnvelope::decode_2718_exact(raw).ok()?;
    let signature = transaction.signature();
    let accepted = raw.len() <= 8_192
        && transaction.encoded_2718() == raw
        && transaction.tx_type() as u8 <= 2
        && transaction.chain_id() == Some(CHAIN_ID)
        && transaction.nonce() < u64::MAX
        && transaction.to().is_some()
        && transaction.value() <= U256::from(u128::MAX)
        && transaction.access_list().is_none_or(|list| list.is_empty())
        && (U256::from(1)..ORDER).contains(&signature.r())
        && (U256::from(1)..=ORDER / U256::from(2)).contains(&signature.s());
    accepted.then_some(transaction)
}

/// What it means, if it means something and its gas limit suffices.
fn meaning(transaction: &WalletTransaction<'_>) -> Option<Intent> {
    let intent = match transaction.to {
        WITHDRAW_PREDEPLOY => withdraw(transaction),
        PAYOUT_PREDEPLOY => payout(transaction),
        _ => transfer(transaction),
    }?;
    let gas = match &intent {
        Intent::Transfer {
            asset: Asset::Eth, ..
        } => gas::TRANSFER_ETH,
        Intent::Transfer { .. } => gas::TRANSFER_TOKEN,
        Intent::Withdraw { .. } => gas::WITHDRAW,
        Intent::Payout { payees, .. } => {
            gas::PAYOUT_BASE + gas::PAYOUT_PER_RECIPIENT * payees.len() as u64
        }
    };
    (transaction.gas_limit >= gas).then_some(intent)
}

/// The call, if the data are its canonical encoding.
fn canonical<Call: SolCall>(data: &[u8]) -> Option<Call> {
    let call = Call::abi_decode_validate(data).ok()?;
    (call.abi_encode() == data).then_some(call)
}

fn token(transaction: &WalletTransaction<'_>, address: Address) -> Option<Asset> {
    (transaction.value == 0 && !address.is_zero()).then_some(Asset::Token(address))
}

fn transfer(transaction: &WalletTransaction<'_>) -> Option<Intent> {
    let data = transaction.data;
    if !data.starts_with(&TRANSFER_SELECTOR) {
        let (recipient, amount) = (transaction.to, transaction.value);
        let transfer = Intent::Transfer {
            asset: Asset::Eth,
            recipient,
            amount,
        };
        return (data.len() <= 256).then_some(transfer);
    }
    let (call, memo) = data.split_at_checked(68)?;
    let call = canonical::<transferCall>(call)?;
    let transfer = Intent::Transfer {
        asset: token(transaction, transaction.to)?,
        recipient: call.recipient,
        amount: call.amount.try_into().ok()?,
    };
    (memo.len() <= 256).then_some(transfer)
}

fn withdraw(transaction: &WalletTransaction<'_>) -> Option<Intent> {
    if let Some(call) = canonical::<withdrawCall>(transaction.data) {
        let (recipient, amount) = (call.recipient, transaction.value);
        return Some(Intent::Withdraw {
            asset: Asset::Eth,
            recipient,
            amount,
        });
    }
    let call = canonical::<withdrawTokenCall>(transaction.data)?;
    Some(Intent::Withdraw {
        asset: token(transaction, call.token)?,
        recipient: call.recipient,
        amount: call.amount.try_into().ok()?,
    })
}

fn payout(transaction: &WalletTransaction<'_>) -> Option<Intent> {
    if let Some(call) = canonical::<payoutCall>(transaction.data) {
        let (payees, sum) = payees(&call.payees)?;
        return (sum == transaction.value).then_some(Intent::Payout {
            asset: Asset::Eth,
            payees,
        });
    }
    let call = canonical::<payoutTokenCall>(transaction.data)?;
    let asset = token(transaction, call.token)?;
    let (payees, _) = payees(&call.payees)?;
    Some(Intent::Payout { asset, payees })
}

fn payees(payees: &[SolPayee]) -> Option<(Vec<Payee>, u128)> {
    let in_range = (1..=64).contains(&payees.len());
    let payees: Vec<Payee> = payees
        .iter()
        .map(|payee| {
            Some(Payee {
                recipient: payee.recipient,
                amount: payee.amount.try_into().ok()?,
            })
        })
        .collect::<Option<_>>()?;
    let sum = payees
        .iter()
        .try_fold(0_u128, |sum, payee| sum.checked_add(payee.amount))?;
    in_range.then_some((payees, sum))
}
