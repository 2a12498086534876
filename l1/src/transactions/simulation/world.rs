//! Everything around the core in a simulation: the chain, a disk that survives, answers under way, and the owner.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U256};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use super::chain::Chain;
use crate::transactions::{
    Action, EstimateError, Event, Input, IntentId, Kind, Manager, Market, Outcome, Price, Record,
    Refusal, Request, Settings, Settled, Sidecar, SignedTransaction, StoredIntent, SubmitError,
};

/// What goes wrong in a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Faults {
    /// Chance that a question is not answered, and whether it was heard is another matter.
    pub(super) answer: f64,
    /// Chance that the process ends before an action.
    pub(super) crash: f64,
    /// Whether somebody else uses the key at times.
    pub(super) stranger: bool,
    /// Whether the chain forks deeper than the confirmations.
    pub(super) deep: bool,
}

/// Counts of what happened, to show that a run was about something.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) crashes: u64,
    pub(super) forks: u64,
    pub(super) drops: u64,
    pub(super) replacements: u64,
    pub(super) executed: u64,
    pub(super) reverted: u64,
    pub(super) cancelled: u64,
    pub(super) usurped: u64,
    pub(super) refused: u64,
    pub(super) blocked: u64,
    /// Events about fillers of holes.
    pub(super) fillers: u64,
    pub(super) displaced: u64,
}

pub(super) struct World {
    pub(super) chain: Chain,
    pub(super) tally: Tally,
    rng: StdRng,
    settings: Settings,
    faults: Faults,
    now: Duration,
    core: Manager,
    disk: BTreeMap<IntentId, StoredIntent>,
    /// Answers and requests under way, in no order.
    under_way: Vec<Action>,
    requests: Vec<Request>,
    ended: BTreeMap<IntentId, Settled>,
    /// Those whose owner was told that the nonce is lost.
    displaced: BTreeSet<IntentId>,
    forgotten: BTreeSet<IntentId>,
    cancelled: BTreeSet<IntentId>,
    /// Whose nonce it is: all that was ever sent with it belongs to one intent.
    owners: BTreeMap<u64, IntentId>,
    ours: BTreeSet<B256>,
}

const ACCOUNT: Address = Address::repeat_byte(0xaa);
pub(super) const CONFIRMATIONS: u64 = 6;

impl World {
    pub(super) fn new(seed: u64, kind: Kind, faults: Faults, sidecar: &Arc<Sidecar>) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut settings = Settings::new(kind);
        settings.caps = Price {
            max_fee: 1_000_000,
            priority_fee: 100_000,
            blob_fee: 1_000_000,
        };
        settings.confirmations = CONFIRMATIONS;
        settings.stuck_after = 3;
        settings.in_flight_max = rng.random_range(1..6);
        settings.seed = seed;
        let count = rng.random_range(1..15);
        let requests: Vec<_> = (1..=count)
            .map(|index| Request {
                id: IntentId(B256::with_last_byte(index)),
                to: Address::repeat_byte(1),
                value: U256::ZERO,
                data: Bytes::from(vec![index]),
                gas_limit: rng.random_bool(0.5).then_some(100_000),
                sidecar: (kind == Kind::Blob).then(|| sidecar.clone()),
            })
            .collect();
        let reverting = requests.iter().map(|request| request.id);
        let reverting = reverting.filter(|_| rng.random_bool(0.1)).collect();
        Self {
            chain: Chain::new(kind, QUIET, reverting),
            tally: Tally::default(),
            core: Manager::new(settings.clone(), ACCOUNT, Vec::new()),
            rng,
            settings,
            faults,
            now: Duration::ZERO,
            disk: BTreeMap::new(),
            under_way: Vec::new(),
            requests,
            ended: BTreeMap::new(),
            displaced: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            cancelled: BTreeSet::new(),
            owners: BTreeMap::new(),
            ours: BTreeSet::new(),
        }
    }

    /// One random thing after the other.
    pub(super) fn run(&mut self, steps: usize) {
        for _ in 0..steps {
            self.now += Duration::from_millis(self.rng.random_range(0..3000));
            match self.rng.random_range(0..100) {
                0..10 => self.chain.mine(self.rng.random_range(0..4)),
                10..13 => self.fork(),
                13..16 => self.chain.evict(&mut self.rng),
                16..20 => self.move_market(),
                20..26 => self.submit_one(),
                26..28 => self.cancel_one(),
                28..31 => self.forget_one(),
                31 if self.faults.stranger => self.chain.usurp(),
                32..50 => self.look_at_chain(),
                50..60 => self.step(Input::Tick),
                _ => self.deliver_one(),
            }
            self.check();
        }
    }

    /// Nothing goes wrong any more: everything has to come to an end.
    pub(super) fn drain(&mut self) {
        self.faults = Faults {
            answer: 0.0,
            crash: 0.0,
            stranger: false,
            deep: self.faults.deep,
        };
        self.chain.market = QUIET;
        for round in 0.. {
            assert!(
                round < 2_000,
                "it does not drain: {:?}\n{:?}\n{:#?}",
                self.core.status(),
                self.chain.pool,
                self.core
            );
            self.now += Duration::from_secs(4);
            let requests = self.requests.clone();
            for request in requests {
                self.submit(request);
            }
            self.chain.mine(3);
            self.see_head();
            self.deliver_all();
            self.check();
            if self.ended.len() == self.requests.len() && self.only_strangers_wait() {
                return;
            }
        }
    }

    /// What the owner was told is what the chain says.
    pub(super) fn check_ends(&mut self) {
        let effects = self.chain.effects();
        for request in &self.requests {
            let id = request.id;
            let settled = self.ended[&id];
            let count = effects.get(&id).copied().unwrap_or(0);
            let expected = u32::from(matches!(
                settled.outcome,
                Outcome::Executed | Outcome::Reverted
            ));
            assert_eq!(count, expected, "{id} ended as {settled:?}");
            let reverts = self.chain.reverting.contains(&id);
            let field = match settled.outcome {
                Outcome::Executed => {
                    assert!(!reverts);
                    &mut self.tally.executed
                }
                Outcome::Reverted => {
                    assert!(reverts);
                    &mut self.tally.reverted
                }
                Outcome::Cancelled => {
                    assert!(self.cancelled.contains(&id), "nobody cancelled {id}");
                    &mut self.tally.cancelled
                }
                Outcome::Usurped => &mut self.tally.usurped,
                Outcome::Refused => &mut self.tally.refused,
            };
            *field += 1;
            if let Some((transaction, block)) = settled.inclusion {
                let receipt = self
                    .chain
                    .receipt(&[transaction])
                    .expect("it is in the chain");
                assert_eq!(receipt.block, block);
            }
        }
    }

    /// Has the first request sent, and its nonce taken by a stranger in the next block.
    pub(super) fn lose_a_nonce(&mut self) -> IntentId {
        self.see_head();
        let request = self.requests[0].clone();
        let id = request.id;
        self.submit(request);
        self.deliver_all();
        self.chain.usurp();
        self.chain.mine(1);
        self.see_head();
        self.deliver_all();
        id
    }

    /// So many blocks pass, of which the last is seen.
    pub(super) fn pass_blocks(&mut self, count: u64) {
        for _ in 0..count {
            self.chain.mine(3);
        }
        self.now += Duration::from_secs(12);
        self.see_head();
        self.deliver_all();
    }

    fn see_head(&mut self) {
        self.step(Input::Head(self.chain.head(0)));
    }

    fn deliver_all(&mut self) {
        while !self.under_way.is_empty() {
            self.deliver_one();
        }
    }

    pub(super) fn is_displaced(&self, id: IntentId) -> bool {
        self.displaced.contains(&id)
    }

    pub(super) fn has_usurped(&self) -> bool {
        self.ended
            .values()
            .any(|settled| settled.outcome == Outcome::Usurped)
    }

    /// Nothing of ours is left in the pool. What a stranger sent may wait behind a hole for ever, and so may what was
    /// final and forgotten before a deep fork.
    fn only_strangers_wait(&self) -> bool {
        let behind_a_hole = |nonce: &u64| *nonce > self.chain.nonce();
        let is_strange = |hash: &B256| self.faults.deep || !self.ours.contains(hash);
        self.chain
            .pool
            .iter()
            .all(|(nonce, hash)| is_strange(hash) && behind_a_hole(nonce))
    }

    fn check(&self) {
        for (id, count) in self.chain.effects() {
            assert_eq!(count, 1, "{id} took effect more than once");
        }
    }

    fn fork(&mut self) {
        let deepest = CONFIRMATIONS as usize * if self.faults.deep { 4 } else { 1 };
        let depth = self.rng.random_range(1..=deepest);
        self.tally.forks += 1;
        self.chain.fork(depth, &mut self.rng);
    }

    fn move_market(&mut self) {
        let spike = self.rng.random_bool(0.3);
        let mut fee = |quiet: u128| match spike {
            true => quiet * self.rng.random_range(1..2000),
            false => quiet * self.rng.random_range(1..4),
        };
        self.chain.market = Market {
            base_fee: fee(QUIET.base_fee),
            priority_fee: fee(QUIET.priority_fee).min(5_000),
            blob_base_fee: fee(QUIET.blob_base_fee),
        };
    }

    fn submit_one(&mut self) {
        let index = self.rng.random_range(0..self.requests.len());
        let request = self.requests[index].clone();
        self.submit(request);
    }

    fn submit(&mut self, request: Request) {
        if self.forgotten.contains(&request.id) {
            return;
        }
        match self.core.submit(self.now, request) {
            Ok(actions) => self.perform(actions),
            Err(SubmitError::Busy(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn cancel_one(&mut self) {
        let index = self.rng.random_range(0..self.requests.len());
        let id = self.requests[index].id;
        if self.rng.random_bool(0.3) {
            self.cancelled.insert(id);
            self.step(Input::Cancel(id));
        }
    }

    fn forget_one(&mut self) {
        let ended: Vec<_> = self.ended.keys().copied().collect();
        if !ended.is_empty() {
            let id = ended[self.rng.random_range(0..ended.len())];
            self.forgotten.insert(id);
            self.step(Input::Forget(id));
        }
    }

    fn look_at_chain(&mut self) {
        let lag = match self.rng.random_bool(0.2) {
            true => self.rng.random_range(0..3),
            false => 0,
        };
        self.step(Input::Head(self.chain.head(lag)));
    }

    fn step(&mut self, input: Input) {
        let actions = self.core.step(self.now, input);
        self.perform(actions);
    }

    fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            if self.rng.random_bool(self.faults.crash) {
                return self.crash();
            }
            match action {
                Action::Persist { id, record } => self.persist(id, record),
                Action::Remove { id } => {
                    self.disk.remove(&id);
                }
                Action::Report(event) => self.on_event(&event),
                other => {
                    if let Action::Send { id, attempt, .. } = &other {
                        let on_disk = &self.disk[id].attempts;
                        assert!(
                            on_disk.contains(attempt),
                            "{id} is sent before it is on disk"
                        );
                    }
                    self.under_way.push(other);
                }
            }
        }
    }

    /// The process ends and starts again. What it had sent may still arrive.
    fn crash(&mut self) {
        self.tally.crashes += 1;
        for action in std::mem::take(&mut self.under_way) {
            if let Action::Send { attempt, .. } = action
                && self.rng.random_bool(0.5)
            {
                let _ = self.chain.send(attempt.transaction);
            }
        }
        let stored = self.disk.values().cloned().collect();
        self.core = Manager::new(self.settings.clone(), ACCOUNT, stored);
    }

    fn persist(&mut self, id: IntentId, record: Record) {
        match record {
            Record::Request { sequence, request } => {
                let fresh = StoredIntent {
                    sequence,
                    request,
                    nonce: None,
                    attempts: Vec::new(),
                    cancelling: false,
                    settled: None,
                };
                self.disk.insert(id, fresh);
            }
            Record::Attempt { nonce, attempt } => {
                let intent = self
                    .disk
                    .get_mut(&id)
                    .expect("a request before its attempts");
                assert_eq!(
                    *intent.nonce.get_or_insert(nonce),
                    nonce,
                    "the nonce of {id} changed"
                );
                intent.attempts.push(attempt);
            }
            Record::Cancel => self.disk.get_mut(&id).expect("a request").cancelling = true,
            Record::Settled(settled) => {
                self.disk.get_mut(&id).expect("a request").settled = Some(settled);
            }
        }
    }

    fn on_event(&mut self, event: &Event) {
        // What fills a hole in the nonces is nobody's.
        if self.requests.iter().all(|request| request.id != event.id()) {
            self.tally.fillers += 1;
            return;
        }
        match event {
            Event::Displaced { id } => {
                self.tally.displaced += 1;
                self.displaced.insert(*id);
            }
            Event::Final { id, settled } => {
                let was_told = settled.outcome != Outcome::Usurped || self.displaced.contains(id);
                assert!(was_told, "the owner of {id} had to wait for the verdict");
                if let Some(before) = self.ended.insert(*id, *settled)
                    && !self.faults.deep
                {
                    assert_eq!(before, *settled, "{id} ended twice and differently");
                }
            }
            Event::Dropped { id, .. } => {
                self.tally.drops += 1;
                // Nodes that lag make a final one look dropped for a while; it has to end the same way.
                let known = self.faults.deep || !self.forgotten.contains(id);
                assert!(known, "{id} was forgotten");
            }
            Event::Replaced { .. } => self.tally.replacements += 1,
            Event::Blocked { .. } => self.tally.blocked += 1,
            _ => {}
        }
    }

    fn deliver_one(&mut self) {
        if self.under_way.is_empty() {
            return;
        }
        self.under_way.shuffle(&mut self.rng);
        let action = self.under_way.pop().expect("not empty");
        let fails = self.rng.random_bool(self.faults.answer);
        let input = self.answer(action, fails);
        self.step(input);
    }

    fn answer(&mut self, action: Action, fails: bool) -> Input {
        match action {
            Action::Estimate { id, .. } => Input::Estimated {
                id,
                result: match fails {
                    true => Err(EstimateError::Unavailable),
                    false => Ok(50_000),
                },
            },
            Action::Sign { id, draft } => Input::Signed {
                id,
                result: (!fails).then(|| SignedTransaction {
                    hash: self.chain.sign(id, &draft),
                    raw: Bytes::new(),
                }),
            },
            Action::Send { id, attempt, .. } => self.answer_send(id, attempt.transaction, fails),
            Action::LookUp { id, transactions } => Input::LookedUp {
                id,
                result: (!fails).then(|| self.chain.receipt(&transactions)),
            },
            Action::Persist { .. } | Action::Remove { .. } | Action::Report(_) => {
                unreachable!("carried out at once")
            }
        }
    }

    fn answer_send(&mut self, id: IntentId, transaction: B256, fails: bool) -> Input {
        let nonce = self.chain.signed[&transaction].nonce;
        let owner = *self.owners.entry(nonce).or_insert(id);
        // What is forgotten and forked away leaves its nonce to another one.
        assert!(
            owner == id || self.faults.deep,
            "{owner} and {id} have nonce {nonce}"
        );
        self.ours.insert(transaction);
        let heard = !fails || self.rng.random_bool(0.5);
        let result = match heard {
            true => self.chain.send(transaction),
            false => Ok(()),
        };
        let lost = || Err(Refusal::Unknown("lost".into()));
        Input::Sent {
            id,
            result: if fails { lost() } else { result },
        }
    }
}

/// What the market is when nothing happens.
const QUIET: Market = Market {
    base_fee: 1000,
    priority_fee: 100,
    blob_base_fee: 1000,
};
