//! A block made once more, from the transactions of one that is void.

use spillway_protocol::block::BlockHeader;
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::operation::Operation;

use super::{Now, Orderer, OrderingError, SealedBlock};
use crate::admission::Admitted;
use crate::block::BlockBody;

impl<T> Orderer<T> {
    /// Makes the next block as another one was made: with its time, its base fee, what it took from L1, and those of its
    /// transactions, in its order, that are valid now. The others go to `refused`, with the reason.
    ///
    /// What comes out is the other block itself, byte by byte, where nothing before it has changed: each payment is valid
    /// again where it was valid, and what L1 demands of a batch by its own clock is still met. `transactions` are those of the
    /// other block, in its order; none in the place of one that admission refused.
    ///
    /// # Errors
    /// When the state does not take what came from L1, which L1 excludes.
    pub fn make_again(
        &mut self,
        header: &BlockHeader,
        body: &BlockBody,
        transactions: impl IntoIterator<Item = Option<Admitted>>,
        mut refused: impl FnMut(&Admitted, OrderingError),
    ) -> Result<SealedBlock<T>, OrderingError> {
        let now = Now {
            elapsed: self.sealed_at,
            unix: header.timestamp,
        };
        let mut places = Places::after_block_operation(self, &body.operations);
        self.begin_as(header)?;
        for listing in &body.listings {
            self.list(now, *listing)?;
        }
        let (mut messages, mut transactions) =
            (body.messages.iter(), transactions.into_iter().peekable());
        loop {
            // Where the order is not known any more, funds on their way in come first.
            let from_l1 = !matches!(places.next(self), Some(Place::Transaction));
            match (messages.as_slice().first(), transactions.peek()) {
                (None, None) => break,
                (Some(message), waiting) if from_l1 || waiting.is_none() => {
                    self.consume(now, message)?;
                    messages.next();
                }
                _ => {
                    if let Some(Some(transaction)) = transactions.next()
                        && let Err(error) = self.execute_again(now, &transaction)
                    {
                        refused(&transaction, error);
                    }
                }
            }
        }
        self.seal(now)
    }

    fn begin_as(&mut self, header: &BlockHeader) -> Result<(), OrderingError> {
        let before = self.state.counters().timestamp;
        let seconds = header.timestamp.saturating_sub(before);
        let operation = Operation::Block {
            seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
            base_fee: header.base_fee,
        };
        self.apply(&operation, None)
    }

    /// Nothing is held: the nonce that one would wait for was refused just before.
    fn execute_again(&mut self, now: Now, transaction: &Admitted) -> Result<(), OrderingError> {
        let address = transaction.signer();
        let state = self.nonce(&address);
        if transaction.nonce > state {
            return Err(OrderingError::NonceTooHigh {
                address,
                transaction: transaction.nonce,
                state,
                gap: 0,
            });
        }
        self.execute(now, transaction)
    }
}

/// What an operation came from.
enum Place {
    Message,
    Transaction,
}

/// The order of messages and transactions in a block, read off its operations while they are made again. What the bytes
/// mean depends on the state, so once that differs the order can be lost, and it is only an order.
struct Places<'a> {
    rest: &'a [u8],
}

impl<'a> Places<'a> {
    fn after_block_operation<T>(orderer: &Orderer<T>, operations: &'a [u8]) -> Self {
        let mut places = Self { rest: operations };
        places.next(orderer);
        places
    }

    fn next<T>(&mut self, orderer: &Orderer<T>) -> Option<Place> {
        let scope = Scope::of(&orderer.state, &orderer.tokens);
        let Ok((operation, length)) = codec::decode(self.rest, &scope) else {
            self.rest = &[];
            return None;
        };
        self.rest = self.rest.get(length..).unwrap_or_default();
        Some(match operation {
            Operation::Inbox { .. } => Place::Message,
            _ => Place::Transaction,
        })
    }
}
