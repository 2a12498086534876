//! The start screen.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

use alloy_primitives::Address;

use super::accounts::{MNEMONIC, TestAccount};
use super::funding::{TOKEN, TOKEN_DECIMALS};

/// What a person sees who starts a development chain.
#[derive(Debug)]
pub(super) struct Screen<'a> {
    pub(super) chain_id: u64,
    pub(super) http: &'a str,
    pub(super) ws: &'a str,
    pub(super) dir: &'a Path,
    /// The newest block when the process started; 0 on a fresh directory.
    pub(super) started_at: u64,
    pub(super) fee_account: Address,
    pub(super) accounts: &'a [TestAccount],
    /// Whether other machines can connect.
    pub(super) public: bool,
}

impl Display for Screen<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Spillway {}, a development chain\n",
            env!("CARGO_PKG_VERSION")
        )?;
        writeln!(f, "chain id     {}", self.chain_id)?;
        writeln!(f, "JSON-RPC     {}   {}", self.http, self.ws)?;
        writeln!(f, "state        {}", self.dir.display())?;
        match self.started_at {
            0 => writeln!(f, "             fresh")?,
            block => writeln!(f, "             goes on from block {block}")?,
        }
        writeln!(f, "test token   {TOKEN} ({TOKEN_DECIMALS} decimals)")?;
        writeln!(f, "fees go to   {}", self.fee_account)?;
        if self.public {
            writeln!(
                f,
                "\nWARNING: other machines can connect, and everybody knows the keys below."
            )?;
        }
        self.accounts(f)?;
        self.try_next(f)
    }
}

impl Screen<'_> {
    fn accounts(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nAccounts, each with 1,000 ETH and 1,000,000 test tokens to begin with."
        )?;
        writeln!(
            f,
            "THESE KEYS ARE PUBLIC: never send anything of value to them on any chain."
        )?;
        writeln!(f, "From \"{MNEMONIC}\", m/44'/60'/0'/0/i:\n")?;
        for (index, account) in self.accounts.iter().enumerate() {
            writeln!(f, "{index:2}  {}  {}", account.address, account.key)?;
        }
        Ok(())
    }

    fn try_next(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [from, to, ..] = self.accounts else {
            return Ok(());
        };
        let rpc = self.http;
        writeln!(
            f,
            "\nTry (cast comes with Foundry, or: npm install -g @foundry-rs/cast):\n"
        )?;
        writeln!(f, "  cast balance --ether {} --rpc-url {rpc}", to.address)?;
        writeln!(
            f,
            "  cast send {} --value 1ether --private-key {} --rpc-url {rpc}",
            to.address, from.key
        )?;
        writeln!(f, "  cast balance --ether {} --rpc-url {rpc}", to.address)?;
        writeln!(
            f,
            "\nCtrl-C stops; the chain goes on from there at the next start."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::accounts;
    use super::*;

    fn screen(started_at: u64, public: bool) -> String {
        let accounts = accounts::funded().unwrap();
        Screen {
            chain_id: 51_717,
            http: "http://127.0.0.1:9545",
            ws: "ws://127.0.0.1:9545",
            dir: Path::new("/state"),
            started_at,
            fee_account: accounts::fee_account().unwrap(),
            accounts: &accounts,
            public,
        }
        .to_string()
    }

    #[test]
    fn it_shows_what_one_needs() {
        let fresh = screen(0, false);
        for part in [
            "chain id     51717",
            "http://127.0.0.1:9545   ws://127.0.0.1:9545",
            "fresh",
            " 0  0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266  0xac0974bec39a17e36ba4a6b4d238ff94",
            "19  0x8626f6940E2eb28930eFb4CeF49B2d1F2C9C1199  0x",
            "KEYS ARE PUBLIC",
            "cast send 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --value 1ether",
        ] {
            assert!(fresh.contains(part), "{part}\n{fresh}");
        }
        assert!(!fresh.contains("WARNING"));
        assert!(screen(7, false).contains("goes on from block 7"));
        assert!(screen(7, true).contains("WARNING"));
    }
}
