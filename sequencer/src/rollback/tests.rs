//! A chain with all that blocks can hold, rolled back to any of its blocks, and stopped at any step of it.

use std::fs;

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use spillway_protocol::inbox::InboxMessage;
use tempfile::TempDir;

use super::files::STEPS;
use super::*;
use crate::Sequencer;
use crate::block::{Block, Listing};
use crate::config::Config;
use crate::forks::tests::fork;
use crate::genesis::Genesis;
use crate::journal::{Journal, Options};
use crate::lanes::L1Event;
use crate::record;
use crate::signing::HeaderSigner;
use crate::snapshot;
use crate::view::View;

pub(crate) const CHAIN_ID: u64 = 51_717;
pub(crate) const ETHER: u128 = 10u128.pow(18);
pub(crate) const GENESIS: Genesis = Genesis {
    chain_id: CHAIN_ID,
    fee_account: Address::repeat_byte(0xfe),
};

pub(crate) fn signer(number: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(number)).unwrap()
}

pub(crate) fn deposit(number: u8, amount: u128) -> L1Event {
    L1Event::Message(InboxMessage::Deposit {
        to: signer(number).address(),
        token: 0,
        amount,
        lock: false,
    })
}

pub(crate) fn transfer(from: u8, nonce: u64, to: Address, value: u128) -> Bytes {
    let transaction = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(to),
        value: U256::from(value),
        ..TxEip1559::default()
    };
    let signature = signer(from)
        .sign_hash_sync(&transaction.signature_hash())
        .unwrap();
    Bytes::from(TxEnvelope::from(transaction.into_signed(signature)).encoded_2718())
}

/// A data folder with a chain in it. Segments are short, so that there are many.
pub(crate) struct Chain {
    pub(crate) dir: TempDir,
    pub(crate) config: Config,
    pub(crate) blocks: Vec<Block>,
}

impl Chain {
    /// Deposits, forced messages, listings, transfers among three accounts and to new ones, in separate blocks and together.
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(GENESIS, dir.path().to_owned());
        config.storage.segment_bytes = 1_500;
        config.blocks.interval_max = std::time::Duration::from_secs(3_600);
        config.signer = Some(HeaderSigner::new(B256::repeat_byte(0x77)).unwrap());
        let sequencer = Sequencer::start(&config).unwrap();
        let submitter = sequencer.submitter();
        let mut newest = sequencer.view().newest();
        for round in 0..6u8 {
            let before = *newest.borrow_and_update();
            sequencer.deliver([
                deposit(1, ETHER),
                deposit(2 + round % 2, ETHER / 2),
                L1Event::Message(InboxMessage::ForcedWithdrawal {
                    sender: signer(1).address(),
                    account: 1,
                    token: 0,
                    amount: 7,
                    recipient: signer(9).address(),
                }),
                L1Event::Listing(Listing {
                    address: Address::repeat_byte(0x60 + round),
                    decimals: 6,
                }),
            ]);
            newest.wait_for(|newest| *newest > before).await.unwrap();
            let nonce = u64::from(round) * 2;
            let to = Address::repeat_byte(0xa0 + round);
            let together = vec![
                transfer(1, nonce, signer(2).address(), ETHER / 10),
                transfer(1, nonce + 1, to, 1_000),
                transfer(2, u64::from(round), signer(3).address(), ETHER / 100),
            ];
            for answer in submitter.submit_all(together).await {
                answer.unwrap();
            }
        }
        sequencer.stop().unwrap();
        let mut chain = Self {
            dir,
            config,
            blocks: Vec::new(),
        };
        chain.blocks = blocks(&chain.dir.path().join("journal"));
        chain
    }

    pub(crate) fn head(&self) -> u64 {
        self.blocks.len() as u64
    }

    fn hashes(&self) -> Vec<B256> {
        self.blocks.iter().map(|block| block.hash).collect()
    }

    /// The revert that leaves that block the last.
    pub(crate) fn fork(&self, id: u64, last_block: u64) -> Fork {
        let last = last_block
            .checked_sub(1)
            .map(|last| &self.blocks[last as usize]);
        Fork {
            last_block_hash: last.map_or(B256::ZERO, |block| block.hash),
            ..fork(id, last_block)
        }
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            segment_bytes: self.config.storage.segment_bytes,
            ..Options::new(GENESIS.id().0)
        }
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    pub(crate) fn start(&self) -> Sequencer {
        Sequencer::start(&self.config).unwrap()
    }
}

/// The blocks of a journal that nobody has open.
pub(crate) fn blocks(dir: &Path) -> Vec<Block> {
    let (journal, _) = Journal::open(dir, &Options::new(GENESIS.id().0)).unwrap();
    let mut records = journal.reader().records_from(1);
    let mut blocks = Vec::new();
    while let Some(found) = records.next_record().unwrap() {
        let (header, body) = record::decode(&Bytes::copy_from_slice(found.payload)).unwrap();
        blocks.push(Block::new(header, body));
    }
    blocks
}

fn nonce(view: &View, number: u8) -> u64 {
    view.account(&signer(number).address()).unwrap().nonce
}

fn balances(view: &View) -> Vec<u128> {
    let state = |ledger: &crate::ledger::Ledger| {
        let all = 0..ledger.state().account_count();
        all.map(|index| ledger.state().account(index).unwrap().eth)
            .collect()
    };
    view.with_ledger(state)
}

#[tokio::test]
async fn wherever_it_goes_back_to_the_chain_comes_out_the_same_on_another_fork() {
    let mut chain = Chain::new().await;
    assert!(chain.head() >= 12, "{} blocks", chain.head());
    let (hashes, head) = (chain.hashes(), chain.head());
    let expected = balances(&chain.start().view());
    for last_block in (0..=head).rev() {
        let id = head - last_block + 1;
        order(chain.dir.path(), chain.fork(id, last_block)).unwrap();
        let sequencer = chain.start();
        let report = sequencer.report().rollback.unwrap();
        assert_eq!((report.fork_id, report.last_block), (id, last_block));
        assert_eq!((report.blocks, report.dropped), (head - last_block, 0));
        let view = sequencer.view();
        assert_eq!(balances(&view), expected);
        assert_eq!((view.forks().id(), view.forks().unfinished()), (id, None));
        let ids = [last_block, last_block + 1].map(|block| view.forks().id_of(block));
        assert_eq!(ids, [0, id]);
        drop(view);
        sequencer.stop().unwrap();
        chain.blocks = blocks(&chain.journal());
        assert_eq!(chain.hashes(), hashes, "back to {last_block}");
        let aside = blocks(&archive(chain.dir.path(), &fork(id, 0)));
        assert_eq!(aside.len() as u64, head);
    }
}

#[tokio::test]
async fn the_chain_goes_on_and_what_was_put_aside_stays_as_it_was() {
    let chain = Chain::new().await;
    let (hashes, last) = (chain.hashes(), chain.head() / 2);
    // A snapshot of a block that stands, and one of a void block.
    let (journal, _) = Journal::open(&chain.journal(), &chain.options()).unwrap();
    let snapshots = chain.dir.path().join("snapshots");
    for number in [last - 1, last + 2] {
        snapshot::make(&snapshots, &GENESIS, &journal.reader(), number, 0).unwrap();
    }
    drop(journal);
    order(chain.dir.path(), chain.fork(1, last)).unwrap();
    let sequencer = chain.start();
    assert_eq!(sequencer.report().snapshot, last - 1);
    let (view, next) = (sequencer.view(), nonce(&sequencer.view(), 1));
    let raw = transfer(1, next, signer(2).address(), 5);
    sequencer.submitter().submit(raw).await.unwrap();
    let first = view.block(1).unwrap().unwrap();
    let newest = view.block(view.block_number()).unwrap().unwrap();
    assert_eq!(view.forks().id_of(newest.header.number), 1);
    assert_eq!(view.forks().id_of(first.header.number), 0);
    let signed = [&first, &newest].map(|block| view.signed_blocks().signature(block).unwrap());
    drop(view);
    sequencer.stop().unwrap();
    assert_eq!(blocks(&chain.journal()).len(), hashes.len() + 1);
    let aside = blocks(&archive(chain.dir.path(), &fork(1, 0)));
    assert_eq!(
        aside.iter().map(|block| block.hash).collect::<Vec<_>>(),
        hashes
    );
    // Nothing is ordered any more, and the signatures are the same.
    let sequencer = chain.start();
    assert!(sequencer.report().rollback.is_none());
    let view = sequencer.view();
    let again = [&first, &newest].map(|block| view.signed_blocks().signature(block).unwrap());
    assert_eq!(again, signed);
    let header = view.signed_blocks().signed_header(1).unwrap().unwrap();
    assert_eq!((header.header, header.fork_id), (first.header, 0));
    assert_eq!(Some(header.signature), signed[0]);
    assert_eq!(header.signed_by(CHAIN_ID), view.header_signer());
    assert_eq!(
        view.signed_blocks().signed_header(0).unwrap(),
        None,
        "genesis is not signed"
    );
    assert_eq!(view.signed_blocks().signed_header(1_000).unwrap(), None);
}

#[tokio::test]
async fn a_crash_after_any_step_is_made_good_by_the_next_start() {
    for done in 0..=STEPS.len() {
        let chain = Chain::new().await;
        let fork = chain.fork(1, 3);
        order(chain.dir.path(), fork).unwrap();
        for step in &STEPS[..done] {
            step(chain.dir.path(), &fork, &chain.options()).unwrap();
        }
        // As a crash in the middle of a copy leaves it.
        fs::create_dir_all(chain.dir.path().join("journal.new")).unwrap();
        fs::write(chain.dir.path().join("journal.new/half"), "half").unwrap();
        chain.start().stop().unwrap();
        let hashes: Vec<_> = blocks(&chain.journal()).iter().map(|it| it.hash).collect();
        assert_eq!(hashes, chain.hashes(), "{done} steps");
    }
}

#[tokio::test]
async fn a_crash_between_any_two_blocks_neither_repeats_nor_loses_one() {
    let chain = Chain::new().await;
    let fork = chain.fork(1, 3);
    order(chain.dir.path(), fork).unwrap();
    let ordered = fs::read(chain.dir.path().join("forks.json")).unwrap();
    chain.start().stop().unwrap();
    for made in (3..=chain.head()).rev() {
        // The journal as it was when so many blocks were made, and the order not yet done.
        let (journal, _) = Journal::open(&chain.journal(), &chain.options()).unwrap();
        let cut = chain.dir.path().join("cut");
        fs::create_dir(&cut).unwrap();
        let reader = journal.reader();
        reader.copy_through(made, &chain.journal(), &cut).unwrap();
        drop((journal, reader));
        fs::remove_dir_all(chain.journal()).unwrap();
        fs::rename(&cut, chain.journal()).unwrap();
        fs::write(chain.dir.path().join("forks.json"), &ordered).unwrap();
        let sequencer = chain.start();
        let report = sequencer.report().rollback.unwrap();
        assert_eq!(report.blocks, chain.head() - made);
        sequencer.stop().unwrap();
        let hashes: Vec<_> = blocks(&chain.journal()).iter().map(|it| it.hash).collect();
        assert_eq!(hashes, chain.hashes(), "after {made} blocks");
    }
}

/// A transaction that this version would never have taken goes, its sender's later ones with it, and nobody else's.
#[tokio::test]
async fn what_is_not_valid_any_more_is_dropped_alone() {
    let chain = Chain::new().await;
    let (bad_sender, mut gone) = (signer(2).address(), 0);
    let rewritten = chain.dir.path().join("rewritten");
    let (mut journal, _) = Journal::open(&rewritten, &chain.options()).unwrap();
    for block in &chain.blocks {
        let mut body = block.body.clone();
        let of_sender = body
            .transactions
            .iter_mut()
            .filter(|it| it.sender == bad_sender);
        for included in of_sender.filter(|_| block.header.number > 3) {
            if gone == 0 {
                included.raw = Bytes::from_static(&[2, 1, 0]);
            }
            gone += 1;
        }
        let record = record::encode(&block.header, &body);
        journal.append(block.header.number, &[&record]).unwrap();
        journal.sync().unwrap();
    }
    drop(journal);
    fs::remove_dir_all(chain.journal()).unwrap();
    fs::rename(rewritten, chain.journal()).unwrap();
    let before = chain.blocks[..3]
        .iter()
        .flat_map(|it| &it.body.transactions);
    let nonce_before = before.filter(|it| it.sender == bad_sender).count() as u64;

    order(chain.dir.path(), chain.fork(1, 3)).unwrap();
    let sequencer = chain.start();
    let report = sequencer.report().rollback.unwrap();
    assert!(gone >= 3, "{gone}");
    assert_eq!(report.dropped, gone);
    assert_eq!(report.blocks, chain.head() - 3);
    let view = sequencer.view();
    assert_eq!(nonce(&view, 2), nonce_before);
    assert_eq!(nonce(&view, 1), 12, "the others' are applied");
    assert_eq!(view.summary().unwrap().inbox_count, 18, "as is all of L1's");
    let dropped = transfer(2, nonce_before + 1, signer(3).address(), ETHER / 100);
    let hash = alloy_primitives::keccak256(&dropped);
    assert!(view.transaction(&hash).unwrap().is_none());
    // Its sender goes on from there.
    let raw = transfer(2, nonce_before, signer(3).address(), 1);
    sequencer.submitter().submit(raw).await.unwrap();
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let chain = Chain::new().await;
    let wrong = Fork {
        last_block_hash: B256::repeat_byte(9),
        ..chain.fork(1, 3)
    };
    order(chain.dir.path(), wrong).unwrap();
    let refused = Sequencer::start(&chain.config).unwrap_err().to_string();
    assert!(
        refused.contains("not the one that stands on L1"),
        "{refused}"
    );
    let refused = order(chain.dir.path(), chain.fork(2, 3)).unwrap_err();
    assert!(matches!(refused, RollbackError::OutOfTurn { id: 2, at: 1 }));

    let chain = Chain::new().await;
    let beyond = fork(1, chain.head() + 1);
    order(chain.dir.path(), beyond).unwrap();
    let refused = Sequencer::start(&chain.config).unwrap_err().to_string();
    assert!(refused.contains("was durable"), "{refused}");
}
