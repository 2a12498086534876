//! A model of L1 as one account sees it: blocks, a pool with the replacement rules of clients, and forks.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{B256, keccak256};
use rand::Rng;
use rand::rngs::StdRng;

use crate::transactions::{
    BlockRef, Draft, Head, IntentId, Kind, Market, Price, Purpose, Receipt, Refusal,
};

/// A transaction that was signed.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) nonce: u64,
    pub(super) price: Price,
    /// None for a cancellation, and for a stranger's.
    pub(super) effect: Option<IntentId>,
}

#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) reference: BlockRef,
    pub(super) parent: B256,
    pub(super) transactions: Vec<B256>,
}

#[derive(Debug)]
pub(super) struct Chain {
    pub(super) kind: Kind,
    pub(super) blocks: Vec<Block>,
    pub(super) signed: BTreeMap<B256, Signed>,
    pub(super) pool: BTreeMap<u64, B256>,
    pub(super) market: Market,
    /// Effects that revert.
    pub(super) reverting: BTreeSet<IntentId>,
    forks: u64,
}

impl Chain {
    pub(super) fn new(kind: Kind, market: Market, reverting: BTreeSet<IntentId>) -> Self {
        let mut chain = Self {
            kind,
            blocks: Vec::new(),
            signed: BTreeMap::new(),
            pool: BTreeMap::new(),
            market,
            reverting,
            forks: 0,
        };
        chain.mine(0);
        chain
    }

    pub(super) fn sign(&mut self, id: IntentId, draft: &Draft) -> B256 {
        let words = format!("{id} {draft:?}");
        let hash = keccak256(words.as_bytes());
        let signed = Signed {
            nonce: draft.nonce,
            price: draft.price,
            effect: (draft.purpose == Purpose::Effect).then_some(id),
        };
        self.signed.insert(hash, signed);
        hash
    }

    pub(super) fn nonce_at(&self, blocks: usize) -> u64 {
        self.blocks[..blocks]
            .iter()
            .map(|block| block.transactions.len() as u64)
            .sum()
    }

    pub(super) fn nonce(&self) -> u64 {
        self.nonce_at(self.blocks.len())
    }

    /// The head, or an older one as a node that lags behind sees it.
    pub(super) fn head(&self, lag: usize) -> Head {
        let count = self.blocks.len().saturating_sub(lag).max(1);
        let block = &self.blocks[count - 1];
        Head {
            block: block.reference,
            parent: block.parent,
            nonce: self.nonce_at(count),
            market: Some(self.market),
        }
    }

    pub(super) fn send(&mut self, hash: B256) -> Result<(), Refusal> {
        let new = self.signed[&hash].clone();
        if new.nonce < self.nonce() {
            return Err(Refusal::NonceTooLow);
        }
        let has_gap = (self.nonce()..new.nonce).any(|nonce| !self.pool.contains_key(&nonce));
        if has_gap && self.kind == Kind::Blob {
            return Err(Refusal::NonceGap);
        }
        if let Some(old) = self.pool.get(&new.nonce) {
            if *old == hash {
                return Err(Refusal::AlreadyKnown);
            }
            if !self.replaces(&self.signed[old].price, &new.price) {
                return Err(Refusal::ReplacementUnderpriced);
            }
        }
        self.pool.insert(new.nonce, hash);
        Ok(())
    }

    /// As geth decides it.
    fn replaces(&self, old: &Price, new: &Price) -> bool {
        let percent = match self.kind {
            Kind::Ordinary => 110,
            Kind::Blob => 200,
        };
        let field = |old: u128, new: u128| new > old && new * 100 >= old * percent;
        field(old.max_fee, new.max_fee)
            && field(old.priority_fee, new.priority_fee)
            && (self.kind == Kind::Ordinary || field(old.blob_fee, new.blob_fee))
    }

    /// A block with at most that many of the pool's transactions.
    pub(super) fn mine(&mut self, limit: usize) {
        let mut transactions = Vec::new();
        let mut nonce = if self.blocks.is_empty() {
            0
        } else {
            self.nonce()
        };
        while transactions.len() < limit
            && let Some(hash) = self.pool.get(&nonce).copied()
            && self.signed[&hash]
                .price
                .is_includable(&self.market, self.kind)
        {
            self.pool.remove(&nonce);
            transactions.push(hash);
            nonce += 1;
        }
        let parent = self
            .blocks
            .last()
            .map_or(B256::ZERO, |block| block.reference.hash);
        let number = self.blocks.len() as u64;
        let hash = keccak256(format!("{parent} {number} {} {transactions:?}", self.forks));
        self.blocks.push(Block {
            reference: BlockRef { number, hash },
            parent,
            transactions,
        });
    }

    /// Drops that many blocks and builds one more than that. What was in them returns to the pool, or not.
    pub(super) fn fork(&mut self, depth: usize, rng: &mut StdRng) {
        let depth = depth.min(self.blocks.len() - 1);
        self.forks += 1;
        let dropped = self.blocks.split_off(self.blocks.len() - depth);
        for hash in dropped.into_iter().flat_map(|block| block.transactions) {
            let nonce = self.signed[&hash].nonce;
            if rng.random_bool(0.5) {
                self.pool.entry(nonce).or_insert(hash);
            }
        }
        for _ in 0..=depth {
            self.mine(rng.random_range(0..4));
        }
    }

    /// A node forgets a transaction.
    pub(super) fn evict(&mut self, rng: &mut StdRng) {
        let nonces: Vec<_> = self.pool.keys().copied().collect();
        if !nonces.is_empty() {
            self.pool.remove(&nonces[rng.random_range(0..nonces.len())]);
        }
    }

    /// Somebody else with the same key.
    pub(super) fn usurp(&mut self) {
        let nonce = self.nonce();
        let hash = keccak256(format!("stranger {nonce} {}", self.signed.len()));
        let most = u128::MAX / 1000;
        let price = Price {
            max_fee: most,
            priority_fee: most,
            blob_fee: most,
        };
        let effect = None;
        self.signed.insert(
            hash,
            Signed {
                nonce,
                price,
                effect,
            },
        );
        self.pool.insert(nonce, hash);
    }

    pub(super) fn receipt(&self, transactions: &[B256]) -> Option<Receipt> {
        transactions.iter().find_map(|hash| {
            let block = self
                .blocks
                .iter()
                .find(|block| block.transactions.contains(hash))?;
            let effect = self.signed[hash].effect;
            Some(Receipt {
                transaction: *hash,
                block: block.reference,
                succeeded: effect.is_none_or(|id| !self.reverting.contains(&id)),
                gas_used: 21_000,
                gas_price: self.signed[hash].price.max_fee,
                blob_gas_used: 0,
                blob_gas_price: 0,
                logs: Vec::new(),
            })
        })
    }

    /// How often each intent's transaction is in the chain.
    pub(super) fn effects(&self) -> BTreeMap<IntentId, u32> {
        let mut effects = BTreeMap::new();
        let included = self.blocks.iter().flat_map(|block| &block.transactions);
        for id in included.filter_map(|hash| self.signed[hash].effect) {
            *effects.entry(id).or_default() += 1;
        }
        effects
    }
}
