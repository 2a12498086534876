//! The start screen.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

use spillway_l1::deployment::Deployment;

use super::accounts::{MNEMONIC, TestAccount};
use super::deposits::TOKEN_DECIMALS;

/// What a person sees who starts a development chain.
#[derive(Debug)]
pub(super) struct Screen<'a> {
    pub(super) http: &'a str,
    pub(super) ws: &'a str,
    pub(super) l1: &'a str,
    pub(super) dir: &'a Path,
    /// The newest block when the process started; 0 on a fresh directory.
    pub(super) started_at: u64,
    pub(super) deployment: &'a Deployment,
    pub(super) accounts: &'a [TestAccount],
    /// Whether other machines can connect.
    pub(super) public: bool,
}

impl Display for Screen<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let deployment = self.deployment;
        writeln!(
            f,
            "Spillway {}, a development chain\n",
            env!("CARGO_PKG_VERSION")
        )?;
        writeln!(f, "chain id     {}", deployment.l2_chain_id)?;
        writeln!(f, "JSON-RPC     {}   {}", self.http, self.ws)?;
        writeln!(
            f,
            "L1           {}   chain id {}",
            self.l1, deployment.l1_chain_id
        )?;
        writeln!(f, "contracts    rollup {}", deployment.rollup)?;
        writeln!(f, "             inbox  {}", deployment.inbox)?;
        writeln!(f, "             bridge {}", deployment.bridge)?;
        if let Some(token) = deployment.token {
            writeln!(f, "test token   {token} ({TOKEN_DECIMALS} decimals)")?;
        }
        writeln!(f, "fees go to   {}", deployment.genesis.fee_account)?;
        writeln!(f, "state        {}", self.dir.display())?;
        match self.started_at {
            0 => writeln!(f, "             fresh")?,
            block => writeln!(f, "             goes on from block {block}")?,
        }
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
    use alloy_primitives::{Address, B256};
    use spillway_l1::deployment::{Disputes, Genesis, Governance, L1Block, Parameters, VERSION};

    use super::super::accounts::Accounts;
    use super::*;

    /// As `deployment.json` has it.
    fn deployment() -> Deployment {
        let at = |byte| Address::repeat_byte(byte);
        Deployment {
            version: VERSION,
            l1_chain_id: 31_337,
            l2_chain_id: 51_717,
            l1_block: L1Block {
                number: 1,
                hash: B256::ZERO,
            },
            rollup_transaction: B256::ZERO,
            timelock: at(1),
            inbox: at(2),
            bridge: at(3),
            rollup: at(4),
            token: Some(at(5)),
            disputes: Disputes {
                posted_data: at(7),
                transition: at(8),
                batch: at(9),
                equivocation: at(10),
                authorisation: at(11),
            },
            parameters: Parameters::development(),
            governance: Governance {
                delay: 0,
                proposers: Vec::new(),
            },
            genesis: Genesis {
                fee_account: at(6),
                state_root: B256::ZERO,
            },
            sequencers: Vec::new(),
        }
    }

    fn screen(started_at: u64, public: bool) -> String {
        Screen {
            http: "http://127.0.0.1:9545",
            ws: "ws://127.0.0.1:9545",
            l1: "http://127.0.0.1:8545",
            dir: Path::new("/state"),
            started_at,
            deployment: &deployment(),
            accounts: &Accounts::derive().unwrap().funded,
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
            "L1           http://127.0.0.1:8545   chain id 31337",
            "rollup 0x0404040404040404040404040404040404040404",
            "test token   0x0505050505050505050505050505050505050505 (6 decimals)",
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
