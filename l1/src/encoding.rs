//! Values of the protocol as the contracts take and emit them.
//!
//! The protocol's types and the contracts' are of two other crates, hence functions instead of `From`. The contracts
//! take the same structs, but the bindings give each contract its own.

pub mod disputes;

use spillway_bridge_contracts::{
    AuthorisationDisputes, BatchDisputes, Bridge, EquivocationDisputes, Rollup, TransitionDisputes,
};
use spillway_protocol::account::{Account, FLAG_LOCKED};
use spillway_protocol::batch::{BatchHeader, Submission};
use spillway_protocol::root::StatePreimage;
use spillway_protocol::withdrawal::Withdrawal;

/// The functions for a batch in the types of one contract's bindings.
macro_rules! batch_of {
    ($contract:ident, $header_of:ident, $batch_of:ident) => {
        #[doc = concat!("A header as `", stringify!($contract), "` takes it.")]
        #[must_use]
        pub fn $header_of(header: &BatchHeader) -> $contract::BatchHeader {
            $contract::BatchHeader {
                parent: header.parent,
                stateRoot: header.state_root,
                authRoot: header.auth_root,
                authCount: header.auth_count,
                inboxCount: header.inbox_count,
                inboxAccumulator: header.inbox_accumulator,
                chunkCount: header.chunk_count,
                blockNumber: header.block_number,
                blockHash: header.block_hash,
                timestamp: header.timestamp,
            }
        }

        #[doc = concat!("A submitted batch as `", stringify!($contract), "` takes it.")]
        #[must_use]
        pub fn $batch_of(header: &BatchHeader, submission: &Submission) -> $contract::Batch {
            $contract::Batch {
                header: $header_of(header),
                dataCommitment: submission.data_commitment,
                postedAt: submission.posted_at,
                submissionId: submission.id,
                poster: submission.poster,
            }
        }
    };
}

batch_of!(Rollup, rollup_header, rollup_batch);
batch_of!(Bridge, bridge_header, bridge_batch);
batch_of!(TransitionDisputes, transition_header, transition_batch);
batch_of!(BatchDisputes, batch_disputes_header, batch_disputes_batch);
batch_of!(
    AuthorisationDisputes,
    authorisation_header,
    authorisation_batch
);
batch_of!(
    EquivocationDisputes,
    equivocation_header,
    equivocation_batch
);

/// The function for a state in the types of one contract's bindings.
macro_rules! state_of {
    ($contract:ident, $state_of:ident) => {
        #[doc = concat!("The preimage of a state root as `", stringify!($contract), "` takes it.")]
        #[must_use]
        pub fn $state_of(preimage: &StatePreimage) -> $contract::State {
            let counters = &preimage.counters;
            $contract::State {
                accountsRoot: preimage.accounts_root,
                withdrawalsRoot: preimage.withdrawals_root,
                accountCount: preimage.account_count,
                withdrawalCount: counters.withdrawal_count,
                inboxCount: counters.inbox_count,
                authorisedCount: counters.authorised_count,
                blockNumber: counters.block_number,
                timestamp: counters.timestamp,
                baseFee: counters.base_fee,
            }
        }
    };
}

state_of!(Bridge, state);
state_of!(TransitionDisputes, transition_state);
state_of!(BatchDisputes, batch_disputes_state);
state_of!(AuthorisationDisputes, authorisation_state);

/// The header and the submission of a batch as `Rollup` emits it.
#[must_use]
pub fn submitted(batch: &Rollup::Batch) -> (BatchHeader, Submission) {
    let Rollup::Batch {
        header,
        dataCommitment,
        postedAt,
        submissionId,
        poster,
    } = batch;
    let submission = Submission {
        data_commitment: *dataCommitment,
        posted_at: *postedAt,
        id: *submissionId,
        poster: *poster,
    };
    (header_of(header), submission)
}

/// A header as `Rollup` takes and emits it, in the protocol's type.
#[must_use]
pub fn header_of(header: &Rollup::BatchHeader) -> BatchHeader {
    BatchHeader {
        parent: header.parent,
        state_root: header.stateRoot,
        auth_root: header.authRoot,
        auth_count: header.authCount,
        inbox_count: header.inboxCount,
        inbox_accumulator: header.inboxAccumulator,
        chunk_count: header.chunkCount,
        block_number: header.blockNumber,
        block_hash: header.blockHash,
        timestamp: header.timestamp,
    }
}

/// The withdrawal with that index.
#[must_use]
pub fn withdrawal(index: u32, withdrawal: &Withdrawal) -> Bridge::Withdrawal {
    Bridge::Withdrawal {
        index,
        account: withdrawal.account,
        recipient: withdrawal.recipient,
        token: withdrawal.token,
        amount: withdrawal.amount,
    }
}

/// The account with that index.
#[must_use]
pub fn account(index: u32, account: &Account) -> Bridge::Account {
    let tokens = account.tokens.entries().iter();
    Bridge::Account {
        index,
        owner: account.address,
        nonce: account.nonce,
        flags: if account.locked { FLAG_LOCKED } else { 0 },
        eth: account.eth,
        tokens: tokens
            .map(|entry| Bridge::TokenAmount {
                token: entry.token,
                amount: entry.amount,
            })
            .collect(),
    }
}

/// A struct packed as Solidity's `abi.encodePacked` packs its fields is the preimage that the protocol hashes, and the
/// contracts hash exactly that: so equal bytes mean that no field is missing, misplaced or of another width.
#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256, keccak256};
    use alloy_sol_types::SolValue;
    use serde_json::Value;
    use spillway_protocol::account::{TokenBalance, TokenBalances};
    use spillway_protocol::batch::{HEADER_BYTES, header_hash};
    use spillway_protocol::inbox::InboxAccumulator;
    use spillway_protocol::state::Counters;

    use super::*;

    /// The batches of the golden vectors: header, submission, hash.
    fn golden_batches() -> Vec<(BatchHeader, Submission, B256)> {
        let vectors: Value =
            serde_json::from_str(include_str!("../../protocol/vectors/batch.json")).unwrap();
        vectors["batches"]
            .as_array()
            .unwrap()
            .iter()
            .map(golden_batch)
            .collect()
    }

    fn golden_batch(vector: &Value) -> (BatchHeader, Submission, B256) {
        let hash = |name: &str| vector[name].as_str().unwrap().parse::<B256>().unwrap();
        let long = |name: &str| vector[name].as_str().unwrap().parse::<u64>().unwrap();
        let short = |name: &str| u32::try_from(vector[name].as_u64().unwrap()).unwrap();
        let accumulator: InboxAccumulator = vector["inbox_accumulator"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let header = BatchHeader {
            parent: hash("parent"),
            state_root: hash("state_root"),
            auth_root: hash("auth_root"),
            auth_count: short("auth_count"),
            inbox_count: long("inbox_count"),
            inbox_accumulator: accumulator,
            chunk_count: short("chunk_count").try_into().unwrap(),
            block_number: long("block_number"),
            block_hash: hash("block_hash"),
            timestamp: long("timestamp"),
        };
        let submission = Submission {
            data_commitment: hash("data_commitment"),
            posted_at: long("posted_at"),
            id: long("submission_id"),
            poster: vector["poster"].as_str().unwrap().parse().unwrap(),
        };
        (header, submission, hash("hash"))
    }

    #[test]
    fn batches_keep_every_field() {
        let golden = golden_batches();
        assert!(golden.len() >= 2);
        for (header, submission, hash) in golden {
            let batch = rollup_batch(&header, &submission);
            let packed = batch.abi_encode_packed();
            let (packed_header, rest) = packed.split_at(HEADER_BYTES);
            assert_eq!(packed_header, header.encode());
            let preimage = [header_hash(&header).as_slice(), rest].concat();
            assert_eq!(keccak256(preimage), hash);
            for other in [
                bridge_batch(&header, &submission).abi_encode_packed(),
                transition_batch(&header, &submission).abi_encode_packed(),
                batch_disputes_batch(&header, &submission).abi_encode_packed(),
                authorisation_batch(&header, &submission).abi_encode_packed(),
                equivocation_batch(&header, &submission).abi_encode_packed(),
            ] {
                assert_eq!(other, packed);
            }
            assert_eq!(submitted(&batch), (header, submission));
        }
    }

    #[test]
    fn states_keep_every_field() {
        let counters = Counters {
            withdrawal_count: 2,
            inbox_count: 3,
            authorised_count: 4,
            block_number: 5,
            timestamp: 6,
            base_fee: 7,
        };
        let preimage = StatePreimage {
            accounts_root: B256::repeat_byte(8),
            withdrawals_root: B256::repeat_byte(9),
            account_count: 10,
            counters,
        };
        for packed in [
            state(&preimage).abi_encode_packed(),
            transition_state(&preimage).abi_encode_packed(),
            batch_disputes_state(&preimage).abi_encode_packed(),
            authorisation_state(&preimage).abi_encode_packed(),
        ] {
            assert_eq!(keccak256([&[2], &packed[..]].concat()), preimage.root());
        }
    }

    #[test]
    fn withdrawals_keep_every_field() {
        let of_state = Withdrawal {
            account: Address::repeat_byte(1),
            recipient: Address::repeat_byte(2),
            token: 3,
            amount: 4,
        };
        let packed = withdrawal(5, &of_state).abi_encode_packed();
        assert_eq!(keccak256([&[1], &packed[..]].concat()), of_state.leaf(5));
    }

    #[test]
    fn accounts_keep_every_field() {
        let tokens = [(1, 20), (7, 30)].map(|(token, amount)| TokenBalance { token, amount });
        let mut of_state = Account {
            address: Address::repeat_byte(1),
            nonce: 2,
            locked: true,
            eth: 3,
            tokens: TokenBalances::from_entries(tokens.to_vec()).unwrap(),
        };
        let made = account(9, &of_state);
        assert_eq!(made.index, 9);
        assert_eq!(
            (made.owner, made.nonce, made.flags, made.eth),
            (of_state.address, 2, 1, 3)
        );
        let entries: Vec<_> = made
            .tokens
            .iter()
            .map(|entry| (entry.token, entry.amount))
            .collect();
        assert_eq!(entries, [(1, 20), (7, 30)]);
        of_state.locked = false;
        assert_eq!(account(9, &of_state).flags, 0);
    }
}
