//! The poster against a model of L1 that drops, reorders blocks and restarts the poster at will.

use std::collections::VecDeque;
use std::time::Duration;

use alloy_primitives::B256;
use proptest::prelude::*;
use spillway_batcher::batch::SealedBatch;
use spillway_batcher::policy::{PostingConfig, PriceLevel};
use spillway_batcher::poster::{Diverged, Post, Poster, attempt_id};
use spillway_batcher::price::{Fees, Form};
use spillway_protocol::batch::{BatchHeader, header_hash};
use spillway_protocol::limits::CHUNK_BYTES;

const IN_FLIGHT_MAX: usize = 3;
const CHEAP_BLOBS: Fees = Fees {
    gas_price: 10,
    blob_gas_price: 0,
};
const DEAR_BLOBS: Fees = Fees {
    gas_price: 1,
    blob_gas_price: 1_000_000,
};

fn batch(parent: B256, number: u64, chunks: usize) -> SealedBatch {
    SealedBatch {
        header: BatchHeader {
            parent,
            state_root: B256::ZERO,
            auth_root: B256::ZERO,
            auth_count: 0,
            inbox_count: 0,
            inbox_accumulator: Default::default(),
            chunk_count: chunks as u16,
            block_number: number,
            block_hash: B256::ZERO,
            timestamp: 0,
        },
        chunks: vec![[1; CHUNK_BYTES]; chunks],
        first_block: number,
        waits_since: 0,
        operation_bytes: 0,
    }
}

/// So many batches that follow one another, each of so many chunks.
fn chain(sizes: &[usize]) -> Vec<SealedBatch> {
    let mut parent = B256::ZERO;
    let batches = (1..).zip(sizes).map(|(number, chunks)| {
        let batch = batch(parent, number, *chunks);
        parent = batch.header_hash();
        batch
    });
    batches.collect()
}

fn poster(batches: &[SealedBatch]) -> Poster {
    let mut poster = Poster::new(
        PostingConfig::default(),
        IN_FLIGHT_MAX,
        Form::Blobs,
        B256::ZERO,
    );
    for batch in batches {
        poster.seal(batch.clone()).unwrap();
    }
    poster
}

fn next(poster: &mut Poster, fees: &Fees) -> Option<Post> {
    poster.next(fees, PriceLevel::AVERAGE, |_| Duration::ZERO)
}

#[test]
fn several_are_under_way_in_order_and_no_more_than_allowed() {
    let batches = chain(&[100; 5]);
    let mut poster = poster(&batches);
    for batch in &batches[..IN_FLIGHT_MAX] {
        assert_eq!(*next(&mut poster, &CHEAP_BLOBS).unwrap().batch, *batch);
    }
    assert_eq!(next(&mut poster, &CHEAP_BLOBS), None);
    poster.l1_head(batches[0].header_hash()).unwrap();
    assert_eq!(*next(&mut poster, &CHEAP_BLOBS).unwrap().batch, batches[3]);
    assert_eq!(poster.unposted(), 4);
}

#[test]
fn the_form_changes_only_when_nothing_is_under_way() {
    let batches = chain(&[1, 1, 100, 1]);
    let mut poster = poster(&batches);
    assert_eq!(next(&mut poster, &CHEAP_BLOBS).unwrap().form, Form::Blobs);
    assert_eq!(
        next(&mut poster, &DEAR_BLOBS),
        None,
        "calldata waits for the blob"
    );
    poster.l1_head(batches[0].header_hash()).unwrap();
    assert_eq!(next(&mut poster, &DEAR_BLOBS).unwrap().form, Form::Calldata);
    assert_eq!(
        next(&mut poster, &DEAR_BLOBS),
        None,
        "100 chunks fit blobs alone"
    );
    poster.l1_head(batches[1].header_hash()).unwrap();
    assert_eq!(next(&mut poster, &DEAR_BLOBS).unwrap().form, Form::Blobs);
}

#[test]
fn a_failed_attempt_is_made_again_under_another_name_when_the_others_have_ended() {
    let batches = chain(&[100; 3]);
    let mut poster = poster(&batches);
    let posts: Vec<_> = (0..3)
        .map(|_| next(&mut poster, &CHEAP_BLOBS).unwrap())
        .collect();
    poster.failed(posts[0].id);
    assert_eq!(
        next(&mut poster, &CHEAP_BLOBS),
        None,
        "two are still under way"
    );
    poster.failed(posts[1].id);
    poster.failed(posts[2].id);
    assert_eq!(poster.failures(), 1);
    let again = next(&mut poster, &CHEAP_BLOBS).unwrap();
    assert_eq!(again.batch, posts[0].batch);
    assert_ne!(again.id, posts[0].id);
    poster.failed(posts[0].id);
    assert_eq!(poster.failures(), 1, "the old name is nobody's");
}

#[test]
fn a_dear_market_is_waited_for_but_not_for_ever() {
    let batches = chain(&[100]);
    let mut poster = poster(&batches);
    let dear = PriceLevel(200);
    assert_eq!(poster.next(&CHEAP_BLOBS, dear, |_| Duration::ZERO), None);
    let age = PostingConfig::default().max_batch_age;
    assert!(poster.next(&CHEAP_BLOBS, dear, |_| age).is_some());
}

#[test]
fn a_stranger_on_l1_is_noticed() {
    let batches = chain(&[1, 1]);
    let mut poster = poster(&batches);
    let stranger = B256::repeat_byte(9);
    assert_eq!(poster.l1_head(stranger), Err(Diverged(stranger)));
    let other = batch(stranger, 3, 1);
    assert_eq!(poster.seal(other), Err(Diverged(stranger)));
}

#[test]
fn what_is_final_is_forgotten() {
    let batches = chain(&[1, 1, 1]);
    let mut poster = poster(&batches);
    poster.l1_head(batches[1].header_hash()).unwrap();
    poster.l1_final(batches[0].header_hash());
    assert_eq!(poster.unposted(), 1);
    // A reorg goes back to what is final, and no further.
    poster.l1_head(batches[0].header_hash()).unwrap();
    assert_eq!(poster.unposted(), 2);
    assert!(poster.l1_head(B256::ZERO).is_err());
    poster.l1_final(B256::repeat_byte(7));
    assert_eq!(poster.unposted(), 2, "an unknown one changes nothing");
}

/// What happens between two looks at L1.
#[derive(Clone, Debug)]
enum Fault {
    /// A block with so many of the pending transactions.
    Block(usize),
    /// So many batches are gone from the chain; their transactions are pending again.
    Reorg(usize),
    /// The poster begins again from what L1 and the transactions under way say.
    Restart,
    /// The cheaper form changes.
    Market(bool),
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        6 => (0_usize..3).prop_map(Fault::Block),
        2 => (0_usize..4).prop_map(Fault::Reorg),
        1 => Just(Fault::Restart),
        2 => any::<bool>().prop_map(Fault::Market),
    ]
}

/// L1 with two accounts, whose transactions are included in order of their nonces.
#[derive(Default)]
struct Model {
    chain: Vec<Post>,
    blobs: VecDeque<Post>,
    calldata: VecDeque<Post>,
    reverted: Vec<B256>,
}

impl Model {
    fn head(&self) -> B256 {
        self.chain
            .last()
            .map_or(B256::ZERO, |post| header_hash(&post.batch.header))
    }

    fn send(&mut self, post: Post) {
        match post.form {
            Form::Blobs => self.blobs.push_back(post),
            Form::Calldata => self.calldata.push_back(post),
        }
    }

    fn mine(&mut self, transactions: usize) {
        for _ in 0..transactions {
            let Some(post) = self.calldata.pop_front().or_else(|| self.blobs.pop_front()) else {
                return;
            };
            if post.batch.header.parent == self.head() {
                self.chain.push(post);
            } else {
                self.reverted.push(post.id);
            }
        }
    }

    fn reorg(&mut self, depth: usize) {
        for _ in 0..depth {
            if let Some(post) = self.chain.pop() {
                match post.form {
                    Form::Blobs => self.blobs.push_front(post),
                    Form::Calldata => self.calldata.push_front(post),
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn every_batch_gets_to_l1_once_and_in_order(
        sizes in proptest::collection::vec(prop_oneof![Just(1_usize), Just(100)], 1..12),
        faults in proptest::collection::vec(fault(), 0..60),
    ) {
        let batches = chain(&sizes);
        let mut poster = poster(&batches);
        let mut l1 = Model::default();
        let mut fees = CHEAP_BLOBS;
        // In the end nothing goes wrong any more.
        let calm = std::iter::repeat_n(Fault::Block(2), 4 * batches.len() + 8);
        for fault in faults.into_iter().chain(calm) {
            match fault {
                Fault::Block(transactions) => l1.mine(transactions),
                Fault::Reorg(depth) => l1.reorg(depth),
                Fault::Restart => poster = restarted(&batches, &l1),
                Fault::Market(blobs) => fees = if blobs { CHEAP_BLOBS } else { DEAR_BLOBS },
            }
            poster.l1_head(l1.head()).unwrap();
            for id in l1.reverted.drain(..) {
                poster.failed(id);
            }
            while let Some(post) = next(&mut poster, &fees) {
                l1.send(post);
            }
        }
        let posted: Vec<_> = l1.chain.iter().map(|post| post.batch.header.block_number).collect();
        let sealed: Vec<_> = batches.iter().map(|batch| batch.header.block_number).collect();
        prop_assert_eq!(posted, sealed);
        prop_assert_eq!(poster.unposted(), 0);
    }
}

/// What a new process knows: the batches, packed again; L1; and its transaction manager's intents.
fn restarted(batches: &[SealedBatch], l1: &Model) -> Poster {
    let mut poster = poster(batches);
    for post in l1.blobs.iter().chain(&l1.calldata) {
        let hash = header_hash(&post.batch.header);
        let failures = (0..).find(|failures| attempt_id(&hash, *failures) == post.id);
        poster.resume(hash, post.form, failures.unwrap());
    }
    poster
}
