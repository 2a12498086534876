//! What cannot be proven is not sent, and what cannot be proven yet is tried again.

use std::sync::Arc;

use spillway_l1::beacon::{Archive, BlobSource};
use spillway_verifier::derivation::MalformedElement;
use spillway_verifier::disputes::{Case, Evidence, Prover, Proving};
use spillway_verifier::replay::{HeaderField, Ledger, TransitionFault, Wrong, WrongKind};
use tempfile::TempDir;
use tokio::time::timeout;

use super::court::{Court, Form};
use super::driving::PATIENCE;
use super::forging::Ground;
use super::l1::PROVER;
use super::proving::{convene, honest, sent, wrong};

/// Against the newest batch, which was posted upon that ground.
async fn evidence(court: &Court, ground: &Ground, kind: WrongKind) -> Evidence {
    let posted = court.l1.batches().await;
    let [.., parent, batch] = &posted[..] else {
        panic!("two batches");
    };
    let ledger = Ledger::of_snapshot(
        ground.state.clone(),
        ground.tree.clone(),
        ground.head,
        parent.number,
    );
    Evidence {
        wrong: Wrong {
            batch: batch.number,
            kind,
        },
        case: Case {
            batch: Arc::new(batch.clone()),
            parent: Some(Arc::new(parent.clone())),
            ledger,
            messages: Vec::new(),
            tokens: ground.tokens.clone(),
        },
    }
}

async fn until(prover: &mut Prover, proving: Proving) {
    let there = async {
        while prover.proving() != Some(proving) {
            prover.step().await.unwrap();
        }
    };
    timeout(PATIENCE, there).await.expect("it comes so far");
}

/// Whatever a verifier with a fault finds wrong with a batch that is right, the contracts refuse it before it costs anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_against_a_batch_that_is_right() {
    let (court, mut ground) = convene().await;
    let before = ground.clone();
    let batch = honest(&mut ground);
    court.post(Form::Blobs, &batch, None).await;
    let blobs = court.blobs.clone();
    let mut prover = court.prover_of(PROVER, court.intents.path(), blobs).await;
    let root = TransitionFault::OtherRoot {
        claimed: Default::default(),
        derived: Default::default(),
    };
    let element = MalformedElement {
        blob: 0,
        element: 7,
    };
    for kind in [
        WrongKind::Transition {
            chunk: 0,
            fault: root,
        },
        WrongKind::NoBlock,
        WrongKind::Header(HeaderField::StateRoot),
        WrongKind::Header(HeaderField::InboxCount),
        WrongKind::Malformed(element),
        // There is no such chunk and no such blob.
        WrongKind::Transition {
            chunk: 9,
            fault: root,
        },
        WrongKind::Malformed(MalformedElement { blob: 3, ..element }),
    ] {
        prover.begin(evidence(&court, &before, kind).await);
        until(&mut prover, Proving::SetBack).await;
        until(&mut prover, Proving::Preparing).await;
        prover.end();
    }
    // And a batch that has fallen is left alone.
    let root = WrongKind::Header(HeaderField::StateRoot);
    let late = evidence(&court, &before, root).await;
    court.l1.revert_from(2).await;
    prover.begin(late);
    until(&mut prover, Proving::SetBack).await;
    assert_eq!(sent(&court, PROVER).await, 0);
    assert!(court.l1.forks().await == 1 && prover.felled() == 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_that_are_not_there_are_waited_for() {
    let (court, ground) = convene().await;
    let batch = wrong(&ground);
    let blobs = court.l1.post_blobs(super::l1::SEQUENCER, &batch).await;
    let archive = TempDir::new().unwrap();
    let source = BlobSource::new(Archive::open(archive.path()).unwrap(), None);
    let folder = court.intents.path();
    let mut prover = court.prover_of(PROVER, folder, source.clone()).await;
    let fault = TransitionFault::OtherRoot {
        claimed: Default::default(),
        derived: Default::default(),
    };
    let kind = WrongKind::Transition { chunk: 2, fault };
    prover.begin(evidence(&court, &ground, kind).await);
    until(&mut prover, Proving::SetBack).await;
    source.keep(blobs).await.unwrap();
    court.mines(true);
    until(&mut prover, Proving::Done).await;
    assert_eq!(court.l1.forks().await, 1);
    assert_eq!(prover.felled(), 1);
}
