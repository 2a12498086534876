//! What a node's refusal means. Clients have no codes for it, so their words are matched: geth's, reth's, anvil's,
//! and those of the services in front of them.

/// Why a node did not take a transaction, or whether it did is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The node has exactly this transaction.
    #[error("already known")]
    AlreadyKnown,
    /// The account's nonce is beyond this transaction's.
    #[error("nonce too low")]
    NonceTooLow,
    /// The node lacks a transaction before this one.
    #[error("an earlier nonce is missing")]
    NonceGap,
    /// The node holds another transaction of this nonce that this one does not outbid.
    #[error("replacement underpriced")]
    ReplacementUnderpriced,
    /// Below what the node or the chain takes at the moment.
    #[error("underpriced")]
    Underpriced,
    /// The account cannot pay.
    #[error("insufficient funds")]
    InsufficientFunds,
    /// The account has transactions of the other kind in the pool.
    #[error("the account has pending transactions of the other kind")]
    OtherKindPending,
    /// The node's pool is full, or has as many of this account as it takes.
    #[error("the pool is full")]
    PoolFull,
    /// The node calls it invalid.
    #[error("invalid: {0}")]
    Invalid(String),
    /// No answer, or none about the transaction. It may have been taken.
    #[error("unknown outcome: {0}")]
    Unknown(String),
}

/// The words, the first match counts. A phrase stands before those that it contains.
const PHRASES: &[(&str, Refusal)] = &[
    ("already known", Refusal::AlreadyKnown),
    ("already imported", Refusal::AlreadyKnown),
    ("known transaction", Refusal::AlreadyKnown),
    ("already_exists", Refusal::AlreadyKnown),
    ("already in mempool", Refusal::AlreadyKnown),
    ("already in the mempool", Refusal::AlreadyKnown),
    (
        "replacement transaction underpriced",
        Refusal::ReplacementUnderpriced,
    ),
    ("replacement underpriced", Refusal::ReplacementUnderpriced),
    ("replacement fee too low", Refusal::ReplacementUnderpriced),
    (
        "could not replace existing",
        Refusal::ReplacementUnderpriced,
    ),
    (
        "old transaction underpriced",
        Refusal::ReplacementUnderpriced,
    ),
    ("nonce too low", Refusal::NonceTooLow),
    ("nonce is too low", Refusal::NonceTooLow),
    ("oldnonce", Refusal::NonceTooLow),
    ("nonce too high", Refusal::NonceGap),
    ("nonce gap", Refusal::NonceGap),
    ("nonce_gap", Refusal::NonceGap),
    ("gapped nonce", Refusal::NonceGap),
    (
        "future transaction tries to replace pending",
        Refusal::PoolFull,
    ),
    ("insufficient funds", Refusal::InsufficientFunds),
    ("not enough funds", Refusal::InsufficientFunds),
    ("insufficient balance", Refusal::InsufficientFunds),
    ("address already reserved", Refusal::OtherKindPending),
    ("already reserved by another", Refusal::OtherKindPending),
    ("exclusively reserved", Refusal::OtherKindPending),
    ("underpriced", Refusal::Underpriced),
    ("less than block base fee", Refusal::Underpriced),
    ("less than block blob", Refusal::Underpriced),
    ("less than blob base fee", Refusal::Underpriced),
    ("max fee per gas less than", Refusal::Underpriced),
    ("fee cap less than", Refusal::Underpriced),
    ("feetoolow", Refusal::Underpriced),
    ("gas price too low", Refusal::Underpriced),
    ("gas price is too low", Refusal::Underpriced),
    ("tip cap below", Refusal::Underpriced),
    ("below minimum", Refusal::Underpriced),
    ("pool is full", Refusal::PoolFull),
    ("pool is overflown", Refusal::PoolFull),
    ("account limit exceeded", Refusal::PoolFull),
    ("exceeds max slots", Refusal::PoolFull),
    ("exceeded max number of", Refusal::PoolFull),
    ("in-flight transaction limit", Refusal::PoolFull),
];

/// Words of a verdict about the transaction itself, which sending it again does not change.
const INVALID: &[&str] = &[
    "intrinsic gas too low",
    "insufficient gas for floor data",
    "exceeds block gas limit",
    "exceeds the block gas limit",
    "gas limit too high",
    "gas limit is too high",
    "greater than the cap",
    "oversized data",
    "transaction type not supported",
    "tx type not supported",
    "unsupported transaction type",
    "invalid sender",
    "invalid chain id",
    "invalid signature",
    "tip higher than fee cap",
    "priority fee per gas higher than max fee",
    "max initcode size",
    "too many blobs",
    "blobless",
    "sidecar",
    "blob proof",
    "invalid blob",
    "kzg",
    "rlp",
    "not an eoa",
    "nonce has max value",
    "exceeds the configured cap",
    "blocked",
];

impl Refusal {
    /// The meaning of the message of a JSON-RPC error that answered `eth_sendRawTransaction`.
    #[must_use]
    pub fn classify(message: &str) -> Self {
        let lower = message.to_ascii_lowercase();
        if let Some((_, refusal)) = PHRASES.iter().find(|(words, _)| lower.contains(words)) {
            return refusal.clone();
        }
        // A node's message may be of any length; people read this one.
        let shown = message.chars().take(300).collect();
        if INVALID.iter().any(|words| lower.contains(words)) {
            Self::Invalid(shown)
        } else {
            Self::Unknown(shown)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal::*;
    use super::*;

    #[test]
    fn the_words_of_clients_are_understood() {
        let table = [
            // geth
            ("already known", AlreadyKnown),
            ("nonce too low: next nonce 7, tx nonce 3", NonceTooLow),
            ("nonce too high: tx nonce 9, gapped nonce 7", NonceGap),
            (
                "transaction underpriced: tip needed 1000000, tip permitted 1",
                Underpriced,
            ),
            (
                "transaction underpriced: gas tip cap 1, minimum needed 1000000",
                Underpriced,
            ),
            (
                "replacement transaction underpriced: new tx gas fee cap 5 < 8 queued + 100% replacement penalty",
                ReplacementUnderpriced,
            ),
            (
                "insufficient funds for gas * price + value: balance 1, tx cost 2, overshot 1",
                InsufficientFunds,
            ),
            ("address already reserved", OtherKindPending),
            ("txpool is full", PoolFull),
            ("account limit exceeded: pooled 16 txs", PoolFull),
            (
                "in-flight transaction limit reached for delegated accounts",
                PoolFull,
            ),
            ("future transaction tries to replace pending", PoolFull),
            (
                "intrinsic gas too low: gas 1, minimum needed 21000",
                Invalid("intrinsic gas too low: gas 1, minimum needed 21000".into()),
            ),
            (
                "transaction gas limit too high (cap: 16777216, tx: 20000000)",
                Invalid("transaction gas limit too high (cap: 16777216, tx: 20000000)".into()),
            ),
            // reth
            ("transaction already imported", AlreadyKnown),
            ("max fee per gas less than block base fee", Underpriced),
            (
                "max fee per blob gas less than block blob gas fee",
                Underpriced,
            ),
            (
                "address already reserved by another transaction type",
                OtherKindPending,
            ),
            // anvil
            (
                "Insufficient funds for gas * price + value",
                InsufficientFunds,
            ),
            ("Transaction is already in mempool", AlreadyKnown),
            // Others in front of nodes
            ("[\"ALREADY_EXISTS: already known\"]", AlreadyKnown),
            (
                "INTERNAL_ERROR: could not replace existing tx",
                ReplacementUnderpriced,
            ),
            ("upstream timed out", Unknown("upstream timed out".into())),
            ("", Unknown(String::new())),
        ];
        for (message, expected) in table {
            assert_eq!(Refusal::classify(message), expected, "{message}");
        }
    }

    #[test]
    fn a_long_message_is_cut() {
        let Unknown(shown) = Refusal::classify(&"x".repeat(100_000)) else {
            panic!("words that mean nothing")
        };
        assert_eq!(shown.len(), 300);
    }
}
