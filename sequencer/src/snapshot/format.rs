//! The bytes of a snapshot: `docs/snapshot.md`.

use std::io::{self, ErrorKind, Read, Write};

use alloy_primitives::{Address, B256, FixedBytes};
use spillway_protocol::account::{Account, TokenBalance, TokenBalances};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::state::{Counters, ImportError, State};
use spillway_protocol::token::{ListingError, TokenTable};
use spillway_protocol::tree::TreeError;

use crate::genesis::Genesis;
use crate::ledger::{Ledger, LedgerError};

const MAGIC: [u8; 8] = *b"SPILLSNP";
const VERSION: u32 = 1;
/// Bytes of an account without tokens, and of a withdrawal's leaf: what a count is held against
/// before anything is allocated for it.
const ACCOUNT_BYTES_MIN: u64 = 46;
const WITHDRAWAL_BYTES: u64 = 32;

/// Why a file is no usable snapshot.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The disk.
    #[error(transparent)]
    Io(io::Error),
    /// The file ends before what it holds does.
    #[error("it ends too early")]
    Truncated,
    /// It does not begin as a snapshot does.
    #[error("it is not a snapshot")]
    Magic,
    /// It was written by another version.
    #[error("it has version {0}, this program reads version {VERSION}")]
    Version(u32),
    /// It is of another chain.
    #[error("it belongs to another chain")]
    Genesis,
    /// Its checksum does not fit its bytes.
    #[error("its checksum does not fit its bytes")]
    Checksum,
    /// Its accounts do not hash to the state root that it names.
    #[error("its accounts hash to {found}, not to the state root {named} that it names")]
    Root {
        /// What it names.
        named: B256,
        /// What the accounts hash to.
        found: B256,
    },
    /// A count that the file is too small for, or an impossible value.
    #[error("it holds an impossible value: {0}")]
    Value(&'static str),
    /// Its accounts do not make a state.
    #[error(transparent)]
    State(#[from] ImportError),
    /// Its tokens do not make a table.
    #[error(transparent)]
    Token(#[from] ListingError),
    /// Its withdrawals do not make a tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Its parts do not make a ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<io::Error> for FormatError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Io(error),
        }
    }
}

/// Writes a ledger whose state root is `root`.
pub(super) fn write(
    ledger: &Ledger,
    root: B256,
    genesis: &Genesis,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut out = Checked {
        inner: out,
        crc: crc32fast::Hasher::new(),
    };
    let out = &mut out;
    out.write_all(&MAGIC)?;
    out.write_all(&VERSION.to_be_bytes())?;
    out.write_all(genesis.id().as_slice())?;
    out.write_all(root.as_slice())?;
    write_head(ledger, out)?;
    let tokens = ledger.tokens().as_slice().get(1..).unwrap_or_default();
    out.write_all(&[tokens.len() as u8])?;
    for token in tokens {
        out.write_all(token.address.as_slice())?;
        out.write_all(&[token.decimals])?;
    }
    let state = ledger.state();
    out.write_all(&state.account_count().to_be_bytes())?;
    for account in (0..state.account_count()).filter_map(|index| state.account(index)) {
        write_account(&account, out)?;
    }
    let withdrawals = ledger.withdrawal_leaves();
    out.write_all(&(withdrawals.len() as u32).to_be_bytes())?;
    for leaf in withdrawals {
        out.write_all(leaf.as_slice())?;
    }
    let crc = out.crc.clone().finalize();
    out.inner.write_all(&crc.to_be_bytes())
}

fn write_head(ledger: &Ledger, out: &mut impl Write) -> io::Result<()> {
    let (head, counters) = (ledger.head(), ledger.state().counters());
    out.write_all(head.parent.as_slice())?;
    out.write_all(head.operations_hash.as_slice())?;
    out.write_all(head.inbox_accumulator.as_slice())?;
    for number in [
        counters.inbox_count,
        counters.authorised_count,
        counters.block_number,
        counters.timestamp,
        counters.base_fee,
    ] {
        out.write_all(&number.to_be_bytes())?;
    }
    Ok(())
}

fn write_account(account: &Account, out: &mut impl Write) -> io::Result<()> {
    out.write_all(account.address.as_slice())?;
    out.write_all(&account.nonce.to_be_bytes())?;
    out.write_all(&[u8::from(account.locked)])?;
    out.write_all(&account.eth.to_be_bytes())?;
    let entries = account.tokens.entries();
    out.write_all(&[entries.len() as u8])?;
    for entry in entries {
        out.write_all(&[entry.token])?;
        out.write_all(&{ entry.amount }.to_be_bytes())?;
    }
    Ok(())
}

/// Reads a ledger from a file of `len` bytes, and checks that it hashes to the root that it names.
pub(super) fn read(
    input: &mut impl Read,
    len: u64,
    genesis: &Genesis,
) -> Result<Ledger, FormatError> {
    let mut input = Checked {
        inner: input,
        crc: crc32fast::Hasher::new(),
    };
    let input = &mut input;
    if input.array::<8>()? != MAGIC {
        return Err(FormatError::Magic);
    }
    let version = u32::from_be_bytes(input.array()?);
    if version != VERSION {
        return Err(FormatError::Version(version));
    }
    if B256::from(input.array()?) != genesis.id() {
        return Err(FormatError::Genesis);
    }
    let named = B256::from(input.array()?);
    let (mut head, mut counters) = read_head(input)?;
    let tokens = read_tokens(input)?;
    let accounts = read_accounts(input, len)?;
    let withdrawals = read_withdrawals(input, len)?;
    counters.withdrawal_count = u32::try_from(withdrawals.len()).unwrap_or(u32::MAX);
    head.inbox_count = counters.inbox_count;
    let crc = input.crc.clone().finalize();
    if u32::from_be_bytes(input.array()?) != crc {
        return Err(FormatError::Checksum);
    }
    let state = State::import(accounts.into_iter(), counters)?;
    let mut ledger = Ledger::import(state, tokens, head, withdrawals)?;
    let found = ledger.state_root()?;
    if found != named {
        return Err(FormatError::Root { named, found });
    }
    Ok(ledger)
}

fn read_head<R: Read>(input: &mut Checked<R>) -> Result<(BlockHeader, Counters), FormatError> {
    let parent = input.array()?.into();
    let operations_hash = input.array()?.into();
    let inbox_accumulator = FixedBytes::from(input.array::<24>()?);
    let counters = Counters {
        withdrawal_count: 0,
        inbox_count: input.u64()?,
        authorised_count: input.u64()?,
        block_number: input.u64()?,
        timestamp: input.u64()?,
        base_fee: input.u64()?,
    };
    let head = BlockHeader {
        parent,
        number: counters.block_number,
        timestamp: counters.timestamp,
        base_fee: counters.base_fee,
        inbox_count: counters.inbox_count,
        inbox_accumulator,
        operations_hash,
    };
    Ok((head, counters))
}

fn read_tokens<R: Read>(input: &mut Checked<R>) -> Result<TokenTable, FormatError> {
    let mut tokens = TokenTable::default();
    let [count] = input.array()?;
    for _ in 0..count {
        let address = Address::from(input.array()?);
        let [decimals] = input.array()?;
        tokens.list(address, decimals)?;
    }
    Ok(tokens)
}

fn read_accounts<R: Read>(input: &mut Checked<R>, len: u64) -> Result<Vec<Account>, FormatError> {
    let count = input.count(len, ACCOUNT_BYTES_MIN)?;
    (0..count).map(|_| read_account(input)).collect()
}

fn read_account<R: Read>(input: &mut Checked<R>) -> Result<Account, FormatError> {
    let address = Address::from(input.array()?);
    let nonce = input.u64()?;
    let locked = match input.array()? {
        [0] => false,
        [1] => true,
        _ => return Err(FormatError::Value("account flags")),
    };
    let eth = u128::from_be_bytes(input.array()?);
    let [entries] = input.array()?;
    let entries = (0..entries).map(|_| {
        let [token] = input.array()?;
        Ok(TokenBalance {
            token,
            amount: u128::from_be_bytes(input.array()?),
        })
    });
    let entries = entries.collect::<Result<Vec<_>, FormatError>>()?;
    let tokens =
        TokenBalances::from_entries(entries).ok_or(FormatError::Value("token balances"))?;
    Ok(Account {
        address,
        nonce,
        locked,
        eth,
        tokens,
    })
}

fn read_withdrawals<R: Read>(input: &mut Checked<R>, len: u64) -> Result<Vec<B256>, FormatError> {
    let count = input.count(len, WITHDRAWAL_BYTES)?;
    (0..count).map(|_| Ok(B256::from(input.array()?))).collect()
}

/// A reader or writer that sums what passes through it.
struct Checked<I> {
    inner: I,
    crc: crc32fast::Hasher,
}

impl<W: Write> Write for Checked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.crc.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Checked<R> {
    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut array = [0; N];
        self.inner.read_exact(&mut array)?;
        self.crc.update(&array);
        Ok(array)
    }

    fn u64(&mut self) -> io::Result<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A count of items that take at least `item_bytes` each, in a file of `len` bytes.
    fn count(&mut self, len: u64, item_bytes: u64) -> Result<u32, FormatError> {
        let count = u32::from_be_bytes(self.array()?);
        if u64::from(count) > len / item_bytes {
            return Err(FormatError::Value("more items than the file has room for"));
        }
        Ok(count)
    }
}
