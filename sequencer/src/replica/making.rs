//! From received blocks to blocks of our own: whose word each is, where it belongs, and what its transactions make.

use std::sync::Arc;

use alloy_primitives::{Address, Bytes};
use rayon::prelude::*;
use spillway_protocol::block::BlockHeader;

use super::{ImportError, ReceivedBlock};
use crate::admission::{self, AdmissionError, Admitted};
use crate::block::Block;
use crate::forks::Forks;
use crate::journal::MAX_RECORD_BYTES;
use crate::ordering::{Orderer, OrderingError};
use crate::record;
use crate::signatures::{KeptSignature, SignedHeader};

/// What blocks are held against before they are executed.
pub(super) struct Expected<'a> {
    pub(super) chain_id: u64,
    pub(super) forks: &'a Forks,
    pub(super) signer: Address,
    /// The newest block.
    pub(super) head: BlockHeader,
}

impl Expected<'_> {
    /// Those of the blocks that continue the chain by the sequencer's word, with its signatures; and what is wrong with the one
    /// after them, if there is one.
    pub(super) fn signed(
        &self,
        blocks: Vec<ReceivedBlock>,
    ) -> (Vec<(ReceivedBlock, KeptSignature)>, Option<ImportError>) {
        let chain_id = self.chain_id;
        // A recovery takes longer than all else here, so it is done for all blocks, on all cores.
        let recover = |block: &ReceivedBlock| {
            let signed = block.signed_header()?;
            Some((signed, signed.signed_by(chain_id)))
        };
        let signed: Vec<_> = blocks.par_iter().map(recover).collect();
        let (mut head, mut taken) = (self.head, Vec::new());
        for (block, signed) in blocks.into_iter().zip(signed) {
            match self.check(&head, &block, signed) {
                Ok(signature) => {
                    head = *block.header();
                    taken.push((block, signature));
                }
                Err(error) => return (taken, Some(error)),
            }
        }
        (taken, None)
    }

    fn check(
        &self,
        head: &BlockHeader,
        block: &ReceivedBlock,
        signed: Option<(SignedHeader, Option<Address>)>,
    ) -> Result<KeptSignature, ImportError> {
        let number = block.number();
        // No chain comes to its end: the counter takes as many blocks as there are numbers.
        let next = head.number.saturating_add(1);
        if number != next {
            return Err(ImportError::NotNext {
                expected: next,
                found: number,
            });
        }
        let (expected, found) = (self.forks.id_of(number), block.fork_id());
        if expected != found {
            return Err(ImportError::Fork {
                number,
                expected,
                found,
            });
        }
        let (signed, found) = signed.ok_or(ImportError::Unsigned(number))?;
        let expected = self.signer;
        if found != Some(expected) {
            return Err(ImportError::Signer {
                number,
                expected,
                found,
            });
        }
        self.check_place(head, block)?;
        Ok(KeptSignature {
            number,
            fork_id: block.fork_id(),
            block_hash: block.hash(),
            signature: signed.signature,
        })
    }

    /// After the signature: what comes out here is the sequencer's doing.
    fn check_place(&self, head: &BlockHeader, block: &ReceivedBlock) -> Result<(), ImportError> {
        let number = block.number();
        let (ours, theirs) = (head.hash(), block.header().parent);
        if ours != theirs {
            return Err(ImportError::OtherChain {
                number,
                ours,
                theirs,
            });
        }
        match self.forks.standing_hash(number) {
            Some(standing) if standing != block.hash() => Err(ImportError::NotStanding {
                number,
                standing,
                found: block.hash(),
            }),
            _ => Ok(()),
        }
    }
}

/// A block that was made here, as it goes to disk.
pub(super) struct Made {
    pub(super) block: Arc<Block>,
    pub(super) record: Vec<u8>,
    pub(super) signature: KeptSignature,
}

/// The transactions of each block, as admission takes them, on all cores.
pub(super) fn admit(
    blocks: &[(ReceivedBlock, KeptSignature)],
    chain_id: u64,
) -> std::vec::IntoIter<Result<Admitted, AdmissionError>> {
    let raw = blocks
        .iter()
        .flat_map(|(block, _)| block.raw_transactions());
    let raw: Vec<Bytes> = raw.cloned().collect();
    admission::admit_all(raw, chain_id).into_iter()
}

/// Makes the block from its transactions and from what it takes from L1. It must come out byte for byte; if it does not,
/// the orderer is of no more use.
pub(super) fn make(
    orderer: &mut Orderer<()>,
    (received, signature): (ReceivedBlock, KeptSignature),
    admitted: impl Iterator<Item = Result<Admitted, AdmissionError>>,
) -> Result<Made, ImportError> {
    let number = received.number();
    let admitted = admitted.enumerate().map(|(place, one)| {
        one.map(Some).map_err(|error| ImportError::Admission {
            number,
            place,
            error,
        })
    });
    let transactions: Vec<Option<Admitted>> = admitted.collect::<Result<_, _>>()?;
    let mut invalid = None;
    let refused = |transaction: &Admitted, error: OrderingError| {
        invalid.get_or_insert(ImportError::Transaction {
            number,
            hash: transaction.hash,
            error,
        });
    };
    let (header, body) = (received.header(), received.body());
    let sealed = orderer
        .make_again(header, body, transactions, refused)
        .map_err(|error| ImportError::FromL1 { number, error })?;
    if let Some(error) = invalid {
        return Err(error);
    }
    orderer.durable(number);
    let block = sealed.block;
    // The hash covers the operations, and nothing is as cheap to compare as the bytes themselves.
    if block.header != *header || block.body.operations != body.operations {
        let computed = block.hash;
        return Err(ImportError::Differs { number, computed });
    }
    let record = record::encode(&block.header, &block.body);
    let bytes = record.len();
    if bytes > MAX_RECORD_BYTES as usize {
        return Err(ImportError::TooLarge { number, bytes });
    }
    Ok(Made {
        block,
        record,
        signature,
    })
}
