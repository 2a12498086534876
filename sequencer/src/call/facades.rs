//! The contracts that calls find: which are where, their code, and what their storage holds.

use std::sync::LazyLock;

use alloy_primitives::{Address, B256, Bytes, U256, address, keccak256};
use revm::bytecode::Bytecode;
use spillway_bridge_contracts::{Multicall3, TokenFacade};
use spillway_protocol::account::Account;
use spillway_protocol::token::{ETH, TokenId, TokenTable};
use spillway_protocol::transaction::{PAYOUT_PREDEPLOY, WITHDRAW_PREDEPLOY};

use crate::ledger::StateAt;
use crate::token_names::TokenName;

/// Where wallets and their libraries expect it on every chain.
pub(crate) const MULTICALL3: Address = address!("cA11bde05977b3631167028862bE2a173976CA11");

/// A contract that calls find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Facade {
    /// A listed token's: `TokenFacade.sol`.
    Token(TokenId),
    /// The withdraw or payout predeploy, which runs natively: [`super::predeploys`].
    Predeploy,
    /// `Multicall3.sol`.
    Multicall3,
}

impl Facade {
    /// The facade at an address. A predeploy wins over a token, as it does when a transaction is read.
    pub(crate) fn at(address: &Address, tokens: &TokenTable) -> Option<Self> {
        match *address {
            WITHDRAW_PREDEPLOY | PAYOUT_PREDEPLOY => Some(Self::Predeploy),
            MULTICALL3 => Some(Self::Multicall3),
            _ => tokens
                .id_of(address)
                .filter(|token| *token != ETH)
                .map(Self::Token),
        }
    }

    /// Its code. A predeploy's is an invalid instruction, so that contracts see that something is there.
    pub(crate) fn code(self) -> &'static Code {
        match self {
            Self::Token(_) => &CODES.token,
            Self::Predeploy => &CODES.predeploy,
            Self::Multicall3 => &CODES.multicall3,
        }
    }
}

/// Code, analysed and hashed.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) bytecode: Bytecode,
    pub(crate) hash: B256,
}

impl Code {
    fn new(bytes: &Bytes) -> Self {
        Self {
            bytecode: Bytecode::new_legacy(bytes.clone()),
            hash: keccak256(bytes),
        }
    }
}

struct Codes {
    token: Code,
    predeploy: Code,
    multicall3: Code,
}

static CODES: LazyLock<Codes> = LazyLock::new(|| Codes {
    token: Code::new(&TokenFacade::DEPLOYED_BYTECODE),
    predeploy: Code::new(&Bytes::from_static(&[0xfe])),
    multicall3: Code::new(&Multicall3::DEPLOYED_BYTECODE),
});

/// The account was locked on L1.
pub(super) const LOCKED: u8 = 1;
/// The account exists.
pub(super) const EXISTS: u8 = 2;

/// The slot of a facade that holds what an account has.
pub(super) fn balance_slot(account: Address) -> U256 {
    account.into_word().into()
}

/// The slot of a facade that holds an account's flags: [`LOCKED`], [`EXISTS`].
pub(super) fn flags_slot(account: Address) -> U256 {
    balance_slot(account) | FLAGS
}

const FLAGS: U256 = U256::from_limbs([0, 0, 1 << 32, 0]);
const VARIABLES: U256 = U256::from_limbs([0, 0, 0, 1 << 63]);

/// What a slot of a facade means: the layout of `TokenFacade.sol`. A predeploy has the flags alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Balance(Address),
    Flags(Address),
    Name(StringPart),
    Symbol(StringPart),
    TotalSupply,
    Decimals,
}

/// Solidity keeps a string's length, and the bytes of a short one, in its own slot, and those of a longer one from the slot's hash on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StringPart {
    Head,
    Word(usize),
}

/// Where the bytes of long names and symbols begin.
static STRINGS: LazyLock<[U256; 2]> = LazyLock::new(|| {
    [0, 1].map(|variable| {
        let slot = VARIABLES | U256::from(variable);
        keccak256(slot.to_be_bytes::<32>()).into()
    })
});

/// Words of a string, at most: a name's.
const STRING_WORDS_MAX: usize = crate::token_names::NAME_BYTES_MAX.div_ceil(32);

impl Slot {
    fn of(slot: U256) -> Option<Self> {
        for (begin, part) in STRINGS.iter().zip([Self::Name, Self::Symbol]) {
            let word = slot.wrapping_sub(*begin);
            if word < U256::from(STRING_WORDS_MAX) {
                return Some(part(StringPart::Word(word.to())));
            }
        }
        let account = Address::from_word(B256::from(slot));
        match slot {
            _ if slot == balance_slot(account) => Some(Self::Balance(account)),
            _ if slot == flags_slot(account) => Some(Self::Flags(account)),
            _ => match u8::try_from(slot.wrapping_sub(VARIABLES)) {
                Ok(0) => Some(Self::Name(StringPart::Head)),
                Ok(1) => Some(Self::Symbol(StringPart::Head)),
                Ok(2) => Some(Self::TotalSupply),
                Ok(3) => Some(Self::Decimals),
                _ => None,
            },
        }
    }
}

impl StringPart {
    fn of(self, string: &str) -> U256 {
        let bytes = string.as_bytes();
        let long = bytes.len() > 31;
        let mut word = [0; 32];
        let part = match self {
            Self::Head if long => return U256::from(2 * bytes.len() + 1),
            Self::Head => {
                // At most 62.
                word[31] = u8::try_from(2 * bytes.len()).unwrap_or_default();
                bytes
            }
            Self::Word(_) if !long => &[],
            Self::Word(at) => bytes.chunks(32).nth(at).unwrap_or_default(),
        };
        word[..part.len()].copy_from_slice(part);
        U256::from_be_bytes(word)
    }
}

/// What a slot of the facade at an address holds. Zero where there is no facade, or nothing in the slot.
pub(super) fn slot(
    at: &StateAt<'_>,
    address: &Address,
    slot: U256,
    name: impl FnOnce() -> TokenName,
) -> U256 {
    let tokens = at.tokens();
    let (Some(facade), Some(slot)) = (Facade::at(address, tokens), Slot::of(slot)) else {
        return U256::ZERO;
    };
    match (facade, slot) {
        (Facade::Multicall3, _) => U256::ZERO,
        (_, Slot::Flags(account)) => flags(at.account(&account).as_ref()),
        (Facade::Predeploy, _) => U256::ZERO,
        (Facade::Token(token), Slot::Balance(account)) => {
            let account = at.account(&account);
            U256::from(account.map_or(0, |account| account.balance(token)))
        }
        (Facade::Token(token), Slot::TotalSupply) => U256::from(at.supply(token)),
        (Facade::Token(token), Slot::Decimals) => {
            U256::from(tokens.get(token).map_or(0, |token| token.decimals))
        }
        (Facade::Token(_), Slot::Name(part)) => part.of(name().name()),
        (Facade::Token(_), Slot::Symbol(part)) => part.of(name().symbol()),
    }
}

fn flags(account: Option<&Account>) -> U256 {
    account.map_or(U256::ZERO, |account| {
        U256::from(if account.locked {
            EXISTS | LOCKED
        } else {
            EXISTS
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_mean_what_the_contract_keeps_there() {
        let account = Address::repeat_byte(0xfe);
        let long = |variable: usize, word: u64| STRINGS[variable] + U256::from(word);
        for (slot, want) in [
            (balance_slot(account), Some(Slot::Balance(account))),
            (U256::ZERO, Some(Slot::Balance(Address::ZERO))),
            (flags_slot(account), Some(Slot::Flags(account))),
            (FLAGS << 1, None),
            (FLAGS | VARIABLES, None),
            (VARIABLES, Some(Slot::Name(StringPart::Head))),
            (VARIABLES + U256::ONE, Some(Slot::Symbol(StringPart::Head))),
            (VARIABLES + U256::from(2), Some(Slot::TotalSupply)),
            (VARIABLES + U256::from(3), Some(Slot::Decimals)),
            (VARIABLES + U256::from(4), None),
            (VARIABLES - U256::ONE, None),
            (U256::MAX, None),
            (long(0, 1), Some(Slot::Name(StringPart::Word(1)))),
            (long(1, 0), Some(Slot::Symbol(StringPart::Word(0)))),
            (long(0, 2), None),
        ] {
            assert_eq!(Slot::of(slot), want, "{slot:#x}");
        }
    }

    #[test]
    fn strings_are_laid_out_as_solidity_does() {
        let short = "a".repeat(31);
        let head = StringPart::Head.of(&short).to_be_bytes::<32>();
        assert_eq!((&head[..31], head[31]), (short.as_bytes(), 62));
        assert_eq!(StringPart::Word(0).of(&short), U256::ZERO);
        let long = "b".repeat(33);
        assert_eq!(StringPart::Head.of(&long), U256::from(67));
        assert_eq!(
            StringPart::Word(0).of(&long).to_be_bytes::<32>(),
            [b'b'; 32]
        );
        assert_eq!(StringPart::Word(1).of(&long), U256::from(b'b') << (31 * 8));
        assert_eq!(StringPart::Word(2).of(&long), U256::ZERO);
    }
}
