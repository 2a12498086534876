//! Somebody on L1 who deposits, and sees to it that each deposit gets into a block, whatever becomes of blocks.

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, TxKind, U256};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolCall, sol};
use serde_json::json;
use spillway_tests::accounts::{self, SignedTransfer};
use spillway_tests::{CallError, Rpc};

use super::patiently;

sol! {
    function depositEth(address to, bool lock) external payable returns (uint64 index);
}

/// Chain id of L1.
const L1: u64 = 31_337;

/// Wei of a deposit.
pub(crate) const AMOUNT: u128 = 1_000_000_000_000_000_000;

/// More than anything here takes.
const GAS: u64 = 1_000_000;

/// A funded account on L1.
#[derive(Debug)]
pub(crate) struct Depositor {
    signer: PrivateKeySigner,
    l1: Rpc,
    inbox: Address,
    nonce: u64,
    /// All of its transactions: a reorg can take back any.
    sent: Vec<SignedTransfer>,
    /// Whom it has deposited for, once each.
    pub(crate) newcomers: Vec<Address>,
}

impl Depositor {
    /// The one with that account, which nobody else uses on L1.
    pub(crate) async fn new(l1: &Rpc, inbox: Address, account: u32) -> Self {
        let signer = accounts::funded(account);
        Self {
            nonce: l1.nonce(signer.address()).await.expect("a nonce"),
            l1: l1.clone(),
            signer,
            inbox,
            sent: Vec::new(),
            newcomers: Vec::new(),
        }
    }

    /// Deposits for somebody new, as soon as there is a block.
    pub(crate) async fn deposit(&mut self) {
        let number = self.newcomers.len() as u64;
        let to = Address::left_padding_from(&(0xde90_0000 + number).to_be_bytes());
        self.newcomers.push(to);
        let call = depositEthCall { to, lock: false };
        self.call(self.inbox, AMOUNT, &call).await;
    }

    /// Sends a call.
    pub(crate) async fn call(&mut self, to: Address, wei: u128, call: &impl SolCall) {
        let transaction = TxEip1559 {
            chain_id: L1,
            nonce: self.nonce,
            gas_limit: GAS,
            max_fee_per_gas: 1_000_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            to: TxKind::Call(to),
            value: U256::from(wei),
            input: call.abi_encode().into(),
            ..TxEip1559::default()
        };
        self.nonce += 1;
        let signed = accounts::seal(transaction, &self.signer, |signature| signature);
        assert_eq!(self.l1.send_raw(&signed.raw).await, Ok(signed.hash));
        self.sent.push(signed);
    }

    /// Sends again what a reorg took back, and waits until all is in blocks.
    pub(crate) async fn insist(&self) {
        for sent in &self.sent {
            if self
                .l1
                .receipt(sent.hash)
                .await
                .expect("an answer")
                .is_some()
            {
                continue;
            }
            match self.l1.send_raw(&sent.raw).await {
                Ok(_) => {}
                // It waits for a block as it is.
                Err(CallError::Refused(error)) if error.message.contains("already") => {}
                Err(error) => panic!("{error}"),
            }
            patiently("a block", async || {
                let receipt = self.l1.receipt(sent.hash).await.expect("an answer");
                receipt.is_some_and(|receipt| {
                    assert_eq!(receipt["status"], json!("0x1"), "{receipt}");
                    true
                })
            })
            .await;
        }
    }

    /// How many of its transactions are in blocks now.
    pub(crate) async fn in_blocks(&self) -> usize {
        let mut count = 0;
        for sent in &self.sent {
            let receipt = self.l1.receipt(sent.hash).await.expect("an answer");
            count += usize::from(receipt.is_some());
        }
        count
    }

    /// Waits until each deposit is on L2, once.
    pub(crate) async fn all_arrived(&self, rpc: &Rpc) {
        for newcomer in &self.newcomers {
            patiently("a deposit", async || rpc.balance(*newcomer).await != Ok(0)).await;
            assert_eq!(rpc.balance(*newcomer).await, Ok(AMOUNT));
        }
    }
}
