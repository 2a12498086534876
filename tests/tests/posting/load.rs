//! Wallets that send in bulk, and remember what was acknowledged.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy_primitives::{Address, B256, TxKind};
use alloy_signer_local::PrivateKeySigner;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use spillway_protocol::transaction::{
    WITHDRAW_PREDEPLOY, encode_transfer_call, encode_withdraw_call,
};
use spillway_tests::accounts::{self, SignedTransfer, Transfer};
use spillway_tests::{CallError, Rpc};
use tokio::task::{JoinSet, spawn_blocking};

use super::patiently;

/// Accounts that only receive, each of them new once.
const RECIPIENTS: u64 = 2_000;

/// The wallet that withdraws, and nothing else: withdrawals overtake transfers, so that a bulk of both has nonce gaps.
const WITHDRAWER: u32 = 19;

/// A funded account that signs what its dice say.
#[derive(Debug)]
pub(crate) struct Wallet {
    account: u32,
    signer: PrivateKeySigner,
    others: Arc<[Address]>,
    token: Address,
    nonce: u64,
    dice: StdRng,
}

impl Wallet {
    /// All funded accounts, which have sent nothing yet.
    pub(crate) fn all(token: Address, seed: u64) -> Vec<Self> {
        let signers: Vec<_> = (0..accounts::COUNT).map(accounts::funded).collect();
        let others: Arc<[_]> = signers.iter().map(PrivateKeySigner::address).collect();
        let wallet = |(account, signer)| Self {
            account,
            signer,
            others: Arc::clone(&others),
            token,
            nonce: 0,
            dice: StdRng::seed_from_u64(seed ^ u64::from(account)),
        };
        (0..).zip(signers).map(wallet).collect()
    }

    /// Goes on after what the node has: it may have taken what it did not answer, or the other way round. While it rolls
    /// its chain back it does not say.
    pub(crate) async fn catch_up(&mut self, rpc: &Rpc) {
        let (account, nonce) = (self.signer.address(), Cell::new(None));
        patiently("a nonce", async || {
            nonce.set(rpc.nonce(account).await.ok());
            nonce.get().is_some()
        })
        .await;
        self.nonce = nonce.take().expect("it was waited for");
    }

    /// The next transaction.
    pub(crate) fn sign(&mut self) -> SignedTransfer {
        let nonce = self.nonce;
        self.nonce += 1;
        let wei = u128::from(self.dice.random_range(1..10_000u32)) * 1_000_000_000_000;
        let to = self.recipient();
        let transfer = match self.dice.random_range(0..10) {
            _ if self.account == WITHDRAWER => Transfer {
                gas_limit: 60_000,
                input: encode_withdraw_call(to).into(),
                ..Transfer::to(WITHDRAW_PREDEPLOY, wei, nonce)
            },
            0 => Transfer {
                to: TxKind::Call(self.token),
                gas_limit: 30_000,
                input: encode_transfer_call(to, wei % 1_000 + 1).into(),
                ..Transfer::to(to, 0, nonce)
            },
            _ => Transfer::to(to, wei, nonce),
        };
        transfer.sign(&self.signer)
    }

    fn recipient(&mut self) -> Address {
        if self.dice.random_range(0..20) > 0 {
            return self.others[self.dice.random_range(0..self.others.len())];
        }
        let number = self.dice.random_range(0..RECIPIENTS);
        Address::left_padding_from(&(0x5eed_0000 + number).to_be_bytes())
    }

    fn sign_many(&mut self, count: usize) -> Vec<SignedTransfer> {
        (0..count).map(|_| self.sign()).collect()
    }

    /// Signs and sends so many in one request. Whatever is answered must be yes.
    async fn send(mut self, rpc: &Rpc, count: usize) -> (Self, Result<Vec<B256>, CallError>) {
        let signing = spawn_blocking(move || {
            let signed = self.sign_many(count);
            (self, signed)
        });
        let (wallet, signed) = signing.await.expect("signatures");
        let raws: Vec<_> = signed.iter().map(|signed| signed.raw.clone()).collect();
        let answered = rpc.send_raw_many(&raws).await.map(|verdicts| {
            let of = |verdict: &Result<_, _>, signed: &SignedTransfer| {
                assert_eq!(*verdict, Ok(signed.hash), "an acknowledgement");
                signed.hash
            };
            verdicts
                .iter()
                .zip(&signed)
                .map(|(verdict, signed)| of(verdict, signed))
                .collect()
        });
        (wallet, answered)
    }
}

/// Sends so many of each wallet, in bulks, and returns the hashes of what was acknowledged: all.
pub(crate) async fn send_each(
    rpc: &Rpc,
    wallets: &mut Vec<Wallet>,
    each: usize,
    bulk: usize,
) -> Vec<B256> {
    let mut tasks = JoinSet::new();
    for mut wallet in wallets.drain(..) {
        let rpc = rpc.clone();
        tasks.spawn(async move {
            let mut acknowledged = Vec::with_capacity(each);
            while acknowledged.len() < each {
                let count = bulk.min(each - acknowledged.len());
                let answered;
                (wallet, answered) = wallet.send(&rpc, count).await;
                acknowledged.extend(answered.expect("an answer"));
            }
            (wallet, acknowledged)
        });
    }
    collect(tasks, wallets).await
}

/// Wallets that send in the background.
#[derive(Debug)]
pub(crate) struct Load {
    tasks: JoinSet<(Wallet, Vec<B256>)>,
    enough: Arc<AtomicBool>,
}

impl Load {
    /// Starts sending bulks of that size, one after the other.
    pub(crate) fn start(rpc: &Rpc, wallets: &mut Vec<Wallet>, bulk: usize) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for wallet in wallets.drain(..) {
            tasks.spawn(drive(rpc.clone(), wallet, bulk, Arc::clone(&enough)));
        }
        Self { tasks, enough }
    }

    /// Ends it, or sees that the node's end has ended it; gives the wallets back, and what was acknowledged.
    pub(crate) async fn finish(self, wallets: &mut Vec<Wallet>) -> Vec<B256> {
        self.enough.store(true, Ordering::Relaxed);
        collect(self.tasks, wallets).await
    }
}

/// Sends until it is told to end, or gets no answer.
async fn drive(
    rpc: Rpc,
    mut wallet: Wallet,
    bulk: usize,
    enough: Arc<AtomicBool>,
) -> (Wallet, Vec<B256>) {
    let mut acknowledged = Vec::new();
    while !enough.load(Ordering::Relaxed) {
        let answered;
        (wallet, answered) = wallet.send(&rpc, bulk).await;
        match answered {
            Ok(hashes) => acknowledged.extend(hashes),
            Err(CallError::Unanswered(_)) => break,
            Err(refused) => panic!("{refused}"),
        }
    }
    (wallet, acknowledged)
}

async fn collect(mut tasks: JoinSet<(Wallet, Vec<B256>)>, wallets: &mut Vec<Wallet>) -> Vec<B256> {
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (wallet, acknowledged) = done.expect("a wallet that is content");
        wallets.push(wallet);
        all.extend(acknowledged);
    }
    // Tasks end in any order; a seed must give the same run.
    wallets.sort_by_key(|wallet| wallet.account);
    all
}
