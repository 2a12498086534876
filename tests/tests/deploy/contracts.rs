//! The deployed contracts, spoken to through the bindings: what they compute is what the protocol computes.

use alloy_eips::eip4844::Blob;
use alloy_eips::eip7594::BlobTransactionSidecarEip7594;
use alloy_network::{TransactionBuilder, TransactionBuilder4844};
use alloy_primitives::{Address, B256, FixedBytes, U256};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::{BlockNumberOrTag, TransactionReceipt, TransactionRequest};
use alloy_sol_types::{SolCall, SolEvent};
use spillway_bridge_contracts::{Inbox, Rollup, TestToken};
use spillway_l1::deployment::Deployment;
use spillway_l1::{connect_as, encoding};
use spillway_protocol::batch::{
    BatchHeader, Submission, batch_hash, blob_commitment, calldata_commitment, header_hash,
};
use spillway_protocol::blob;
use spillway_protocol::chunk::Chunk;
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};
use spillway_tests::{PATIENCE, accounts};

use super::{POLL, Site};

/// The sequencer of a development network, and a connection that signs for it.
struct Operator {
    site: Site,
    deployment: Deployment,
    l1: DynProvider,
    address: Address,
}

impl Operator {
    fn new() -> Self {
        let site = Site::deployed();
        let deployment = site.deployment();
        let key = accounts::funded(0);
        let address = key.address();
        let l1 = connect_as(site.anvil.url(), key).expect("a connection");
        l1.client().set_poll_interval(POLL);
        Self {
            site,
            deployment,
            l1,
            address,
        }
    }

    async fn send(&self, to: Address, value: u64, call: &impl SolCall) -> TransactionReceipt {
        let request = TransactionRequest::default()
            .to(to)
            .with_value(U256::from(value));
        self.send_request(request.with_input(call.abi_encode()))
            .await
    }

    async fn send_request(&self, request: TransactionRequest) -> TransactionReceipt {
        let pending = self
            .l1
            .send_transaction(request)
            .await
            .expect("an accepted transaction");
        let receipt = pending.with_timeout(Some(PATIENCE)).get_receipt().await;
        let receipt = receipt.expect("a receipt");
        assert!(receipt.status(), "{receipt:?}");
        receipt
    }

    /// A header on genesis that consumes these messages.
    fn header(&self, messages: &[InboxMessage], chunks: usize, posted_at: u64) -> BatchHeader {
        let accumulate = |acc: InboxAccumulator, message: &InboxMessage| message.accumulate(&acc);
        BatchHeader {
            parent: B256::ZERO,
            state_root: B256::repeat_byte(1),
            auth_root: B256::repeat_byte(2),
            auth_count: 3,
            inbox_count: messages.len() as u64,
            inbox_accumulator: messages.iter().fold(FixedBytes::ZERO, accumulate),
            chunk_count: u16::try_from(chunks).expect("a count of chunks"),
            block_number: 4,
            block_hash: B256::repeat_byte(5),
            timestamp: posted_at,
        }
    }

    async fn timestamp(&self, number: u64) -> u64 {
        let block = self
            .l1
            .get_block_by_number(BlockNumberOrTag::Number(number))
            .await;
        block.expect("an answer").expect("a block").header.timestamp
    }

    /// What the event says of the batch is what the protocol says, and L1 keeps its hash.
    async fn check_batch(
        &self,
        receipt: &TransactionReceipt,
        header: BatchHeader,
        data_commitment: B256,
    ) -> Rollup::BatchSubmitted {
        let event: Rollup::BatchSubmitted = only_event(receipt);
        let number = receipt.block_number.expect("a block");
        let submission = Submission {
            data_commitment,
            posted_at: self.timestamp(number).await,
            id: 0,
            poster: self.address,
        };
        assert_eq!(encoding::submitted(&event.batch), (header, submission));
        assert_eq!(
            (event.number, event.batchHash),
            (1, batch_hash(&header, &submission))
        );
        let kept = self.read(&Rollup::batchHashCall { number: 1 }).await;
        assert_eq!(
            Rollup::batchHashCall::abi_decode_returns(&kept),
            Ok(event.batchHash)
        );
        let parent = self.read(&Rollup::headHeaderHashCall {}).await;
        assert_eq!(
            Rollup::headHeaderHashCall::abi_decode_returns(&parent),
            Ok(header_hash(&header))
        );
        event
    }

    async fn read(&self, call: &impl SolCall) -> Vec<u8> {
        let request = TransactionRequest::default().to(self.deployment.rollup);
        let answer = self.l1.call(request.with_input(call.abi_encode())).await;
        answer.expect("an answer").to_vec()
    }
}

fn only_event<E: SolEvent>(receipt: &TransactionReceipt) -> E {
    let decoded = receipt
        .logs()
        .iter()
        .filter_map(|log| E::decode_log(&log.inner).ok());
    let events: Vec<_> = decoded.map(|log| log.data).collect();
    let [event] = events
        .try_into()
        .unwrap_or_else(|_| panic!("one {}: {receipt:?}", E::SIGNATURE));
    event
}

/// Chunks with all their bytes in use, none like another.
fn chunks(count: usize) -> Vec<Chunk> {
    let chunk = |number: usize| std::array::from_fn(|at| (number * 31 + at * 7) as u8);
    (0..count).map(chunk).collect()
}

/// Every kind of message: the bytes decode to what was asked for, and the hash chain is the protocol's.
#[tokio::test]
async fn messages_are_the_protocols() {
    let operator = Operator::new();
    let Deployment {
        inbox,
        bridge,
        token,
        ..
    } = operator.deployment;
    let token = token.expect("a test token");
    let (sender, to) = (operator.address, Address::repeat_byte(7));
    operator
        .send(
            token,
            0,
            &TestToken::mintCall {
                to: sender,
                amount: U256::from(500),
            },
        )
        .await;
    operator
        .send(
            token,
            0,
            &TestToken::approveCall {
                spender: bridge,
                value: U256::from(500),
            },
        )
        .await;

    let mut accumulator = InboxAccumulator::ZERO;
    let mut index = 0;
    let mut check = async |receipt: TransactionReceipt, expected: InboxMessage| {
        let event: Inbox::MessageSent = only_event(&receipt);
        accumulator = expected.accumulate(&accumulator);
        assert_eq!(InboxMessage::decode(&event.message), Some(expected));
        assert_eq!(
            (event.index, event.sender, event.accumulator),
            (index, sender, accumulator)
        );
        index += 1;
    };
    let call = Inbox::depositEthCall { to, lock_: false };
    let expected = InboxMessage::Deposit {
        to,
        token: 0,
        amount: 9,
        lock: false,
    };
    check(operator.send(inbox, 9, &call).await, expected).await;

    let call = Inbox::depositTokenCall {
        token,
        to: sender,
        amount: U256::from(500),
        lock_: true,
    };
    let expected = InboxMessage::Deposit {
        to: sender,
        token: 1,
        amount: 500,
        lock: true,
    };
    check(operator.send(inbox, 0, &call).await, expected).await;

    let call = Inbox::forceWithdrawalCall {
        account: 8,
        token,
        amount: U256::from(3),
        recipient: to,
    };
    let expected = InboxMessage::ForcedWithdrawal {
        sender,
        account: 8,
        token: 1,
        amount: 3,
        recipient: to,
    };
    check(operator.send(inbox, 0, &call).await, expected).await;

    let receipt = operator
        .send(inbox, 0, &Inbox::lockCall { account: 8 })
        .await;
    check(receipt, InboxMessage::Lock { sender, account: 8 }).await;
    let receipt = operator
        .send(inbox, 0, &Inbox::unlockCall { account: 8 })
        .await;
    check(receipt, InboxMessage::Unlock { sender, account: 8 }).await;
}

#[tokio::test]
async fn a_batch_in_calldata_has_the_protocols_hash() {
    let operator = Operator::new();
    let to = Address::repeat_byte(7);
    let deposit = Inbox::depositEthCall { to, lock_: false };
    let receipt = operator.send(operator.deployment.inbox, 9, &deposit).await;
    let message = InboxMessage::Deposit {
        to,
        token: 0,
        amount: 9,
        lock: false,
    };

    let chunks = chunks(3);
    let now = operator
        .timestamp(receipt.block_number.expect("a block"))
        .await;
    let header = operator.header(&[message], chunks.len(), now);
    let submit = Rollup::submitCalldataCall {
        sequencer_: operator.address,
        header: encoding::rollup_header(&header),
        chunks: chunks.concat().into(),
    };
    let receipt = operator.send(operator.deployment.rollup, 0, &submit).await;
    let event = operator
        .check_batch(&receipt, header, calldata_commitment(&chunks))
        .await;
    assert_eq!(event.chunks, chunks.concat());
    assert!(event.versionedHashes.is_empty());
}

/// Two real blobs with cell proofs (EIP-7594), the second one partly filled.
#[tokio::test]
async fn a_batch_in_blobs_has_the_protocols_hash() {
    let operator = Operator::new();
    let chunks = chunks(300);
    let blobs = blob::pack(&chunks);
    let blobs: Vec<_> = blobs
        .iter()
        .map(|blob| Blob::from_slice(&blob[..]))
        .collect();
    let sidecar =
        tokio::task::spawn_blocking(|| BlobTransactionSidecarEip7594::try_from_blobs(blobs));
    let sidecar = sidecar.await.expect("a finished task").expect("a sidecar");
    let hashes: Vec<_> = sidecar.versioned_hashes().collect();
    assert_eq!(hashes.len(), 2);

    let deployed = operator
        .timestamp(operator.deployment.l1_block.number)
        .await;
    let header = operator.header(&[], chunks.len(), deployed);
    let submit = Rollup::submitBlobsCall {
        sequencer_: operator.address,
        header: encoding::rollup_header(&header),
    };
    let request = TransactionRequest::default().to(operator.deployment.rollup);
    let request = request
        .with_input(submit.abi_encode())
        .with_blob_sidecar(sidecar.into());
    let receipt = operator.send_request(request).await;
    let event = operator
        .check_batch(&receipt, header, blob_commitment(&hashes))
        .await;
    assert_eq!(event.versionedHashes, hashes);
    assert!(event.chunks.is_empty());
    assert_eq!(receipt.blob_gas_used, Some(2 * 131_072));
    assert_eq!(operator.site.differing(&operator.site.file()), [""; 0]);
}
