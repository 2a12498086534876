//! One key that sends transactions one after the other and waits for each.

use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::{TransactionReceipt, TransactionRequest};

use super::DeployError;
use super::file::L1Block;
use crate::connection::RpcError;

/// Pause between two looks for a receipt: a small part of a block's time on any real L1.
const POLL: Duration = Duration::from_millis(20);

/// The deploying key's view of L1. The provider signs for it.
#[derive(Clone, Debug)]
pub struct Deployer {
    /// The connection, which signs for `address`.
    pub l1: DynProvider,
    /// Whose key it is.
    pub address: Address,
    /// How long a transaction may take to get into a block.
    pub patience: Duration,
}

/// A transaction that succeeded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mined {
    pub(super) transaction: B256,
    pub(super) block: L1Block,
}

/// Nonces from the first that is free.
#[derive(Debug)]
pub(super) struct Sending<'a> {
    deployer: &'a Deployer,
    next_nonce: u64,
}

impl<'a> Sending<'a> {
    /// Refuses a key that has transactions on their way: the addresses of contracts follow from the nonces.
    pub(super) async fn start(deployer: &'a Deployer) -> Result<Self, DeployError> {
        let Deployer { l1, address, .. } = deployer;
        let count = l1.get_transaction_count(*address);
        let next_nonce = count
            .latest()
            .await
            .map_err(RpcError::about("the deployer's nonce"))?;
        let count = l1.get_transaction_count(*address);
        let pending = count
            .pending()
            .await
            .map_err(RpcError::about("the deployer's nonce"))?;
        if pending != next_nonce {
            return Err(DeployError::Busy {
                deployer: *address,
                pending: pending.saturating_sub(next_nonce),
            });
        }
        Ok(Self {
            deployer,
            next_nonce,
        })
    }

    /// The address of the contract that the `ahead`th transaction from now creates, counted from 0.
    /// The nonces begin with what L1 answered, which may be any number.
    pub(super) fn address_of(&self, ahead: u64) -> Address {
        self.deployer
            .address
            .create(self.next_nonce.saturating_add(ahead))
    }

    /// Creates a contract.
    pub(super) async fn create(
        &mut self,
        name: &'static str,
        code: Bytes,
    ) -> Result<(Address, Mined), DeployError> {
        let expected = self.address_of(0);
        let request = TransactionRequest {
            to: Some(TxKind::Create),
            ..Default::default()
        };
        let receipt = self.send(name, request.input(code.into())).await?;
        let mined = succeeded(name, &receipt)?;
        if receipt.contract_address != Some(expected) {
            return Err(DeployError::WrongAddress {
                name,
                expected,
                found: receipt.contract_address,
            });
        }
        tracing::info!(contract = name, address = %expected, block = mined.block.number, transaction = %mined.transaction, "deployed");
        Ok((expected, mined))
    }

    /// Calls a contract.
    pub(super) async fn call(
        &mut self,
        name: &'static str,
        to: Address,
        value: u128,
        input: Vec<u8>,
    ) -> Result<Mined, DeployError> {
        let request = TransactionRequest::default()
            .to(to)
            .value(U256::from(value));
        let receipt = self
            .send(name, request.input(Bytes::from(input).into()))
            .await?;
        let mined = succeeded(name, &receipt)?;
        tracing::info!(what = name, block = mined.block.number, transaction = %mined.transaction, "done");
        Ok(mined)
    }

    async fn send(
        &mut self,
        name: &'static str,
        request: TransactionRequest,
    ) -> Result<TransactionReceipt, DeployError> {
        let Deployer { l1, address, .. } = self.deployer;
        let request = request.from(*address).nonce(self.next_nonce);
        let sent = l1.send_transaction(request).await;
        let transaction = *sent
            .map_err(|source| DeployError::Refused { name, source })?
            .tx_hash();
        self.next_nonce = self.next_nonce.saturating_add(1);
        self.wait(name, transaction).await
    }

    /// Asks until there is a receipt or the time is up. A question that fails is asked again: the transaction is on its
    /// way whatever becomes of one question.
    async fn wait(
        &self,
        name: &'static str,
        transaction: B256,
    ) -> Result<TransactionReceipt, DeployError> {
        let Deployer { l1, patience, .. } = self.deployer;
        let deadline = Instant::now() + *patience;
        loop {
            let answer = l1.get_transaction_receipt(transaction).await;
            if let Ok(Some(receipt)) = answer {
                return Ok(receipt);
            }
            if Instant::now() >= deadline {
                let last = answer.err();
                return Err(DeployError::NotMined {
                    name,
                    transaction,
                    patience: *patience,
                    last,
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

fn succeeded(name: &'static str, receipt: &TransactionReceipt) -> Result<Mined, DeployError> {
    let transaction = receipt.transaction_hash;
    let (Some(number), Some(hash)) = (receipt.block_number, receipt.block_hash) else {
        return Err(DeployError::OddReceipt { name, transaction });
    };
    if !receipt.status() {
        return Err(DeployError::Reverted {
            name,
            transaction,
            block: number,
        });
    }
    Ok(Mined {
        transaction,
        block: L1Block { number, hash },
    })
}
