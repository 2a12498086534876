//! What is asked of a token's contract, and how its answers are read (ERC-20).

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;

use interface::{allowanceCall, approveCall, balanceOfCall, transferCall};

mod interface {
    alloy_sol_types::sol! {
        function allowance(address owner, address spender) external view returns (uint256 amount);
        function approve(address spender, uint256 amount) external returns (bool success);
        function balanceOf(address account) external view returns (uint256 balance);
        function transfer(address to, uint256 amount) external returns (bool success);
    }
}

/// The call that asks for an account's balance.
#[must_use]
pub fn ask_balance(account: Address) -> Bytes {
    balanceOfCall { account }.abi_encode().into()
}

/// The call that asks what `spender` may take of `owner`'s.
#[must_use]
pub fn ask_allowance(owner: Address, spender: Address) -> Bytes {
    allowanceCall { owner, spender }.abi_encode().into()
}

/// The call that lets `spender` take so much of the caller's.
#[must_use]
pub fn approve(spender: Address, amount: U256) -> Bytes {
    approveCall { spender, amount }.abi_encode().into()
}

/// The answer to [`ask_balance`] and to [`ask_allowance`], in the token's smallest unit; none if it is no amount.
#[must_use]
pub fn amount(returned: &[u8]) -> Option<U256> {
    balanceOfCall::abi_decode_returns_validate(returned).ok()
}

/// The call that sends tokens of the caller's.
#[must_use]
pub fn transfer(to: Address, amount: U256) -> Bytes {
    transferCall { to, amount }.abi_encode().into()
}

/// Receiver and amount of a [`transfer`]; none if the data is another call.
#[must_use]
pub fn transferred_by(data: &[u8]) -> Option<(Address, U256)> {
    let call = transferCall::abi_decode_validate(data).ok()?;
    Some((call.to, call.amount))
}

/// Whether what a transfer returned means that it took place: older tokens return nothing, others say so, and some
/// refuse without reverting.
#[must_use]
pub fn has_transferred(returned: &[u8]) -> bool {
    returned.is_empty() || transferCall::abi_decode_returns_validate(returned) == Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_is_read_as_it_was_written() {
        let (to, units) = (Address::repeat_byte(7), U256::from(9));
        let data = transfer(to, units);
        assert_eq!(transferred_by(&data), Some((to, units)));
        assert_eq!(transferred_by(&ask_balance(to)), None);
        assert_eq!(transferred_by(&data[..data.len() - 1]), None);
    }

    #[test]
    fn answers_are_read_as_tokens_give_them() {
        let word = |value: u8| U256::from(value).to_be_bytes::<32>();
        assert_eq!(amount(&word(5)), Some(U256::from(5)));
        assert_eq!(amount(&[]), None);
        let table: [(&[u8], bool); 5] = [
            (&[], true),
            (&word(1), true),
            (&word(0), false),
            (&word(2), false),
            (&[1], false),
        ];
        for (returned, expected) in table {
            assert_eq!(has_transferred(returned), expected, "{returned:?}");
        }
    }
}
