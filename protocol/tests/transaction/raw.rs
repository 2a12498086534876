//! Transactions taken apart into encoded items, so that a test can put any bytes in the place of one.

/// What an item is. The signature's first item is v in a legacy transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    ChainId,
    Nonce,
    PriorityFee,
    MaxFee,
    GasLimit,
    To,
    Value,
    Data,
    AccessList,
    Parity,
    R,
    S,
}
use Field::*;

/// A transaction in items.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) transaction_type: u8,
    pub(crate) items: Vec<(Field, Vec<u8>)>,
}

impl Raw {
    /// A valid transfer of 5 wei. Its signature is in range and signs nothing.
    pub(crate) fn valid(transaction_type: u8) -> Self {
        let fields: &[Field] = match transaction_type {
            0 => &[Nonce, MaxFee, GasLimit, To, Value, Data, Parity, R, S],
            1 => &[
                ChainId, Nonce, MaxFee, GasLimit, To, Value, Data, AccessList, Parity, R, S,
            ],
            _ => &[
                ChainId,
                Nonce,
                PriorityFee,
                MaxFee,
                GasLimit,
                To,
                Value,
                Data,
                AccessList,
                Parity,
                R,
                S,
            ],
        };
        let item = |field: &Field| match field {
            ChainId => "82ca05",
            Nonce => "07",
            PriorityFee => "01",
            MaxFee => "843b9aca00",
            GasLimit => "825208",
            To => "94b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0",
            Value => "05",
            Data => "80",
            AccessList => "c0",
            Parity if transaction_type == 0 => "8301942e",
            Parity => "01",
            R => "a01111111111111111111111111111111111111111111111111111111111111111",
            S => "a02222222222222222222222222222222222222222222222222222222222222222",
        };
        let items = fields
            .iter()
            .map(|field| (*field, hex::decode(item(field)).unwrap()))
            .collect();
        Self {
            transaction_type,
            items,
        }
    }

    /// Puts encoded bytes in the place of an item.
    pub(crate) fn with(mut self, field: Field, encoded: Vec<u8>) -> Self {
        let item = self
            .items
            .iter_mut()
            .find(|(name, _)| *name == field)
            .expect("the type has it");
        item.1 = encoded;
        self
    }

    /// The place of a field among the items.
    pub(crate) fn position(&self, field: Field) -> usize {
        self.items
            .iter()
            .position(|(name, _)| *name == field)
            .expect("the type has it")
    }

    /// The items, concatenated.
    pub(crate) fn payload(&self) -> Vec<u8> {
        self.items
            .iter()
            .flat_map(|(_, encoded)| encoded.clone())
            .collect()
    }

    /// The transaction's bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = if self.transaction_type == 0 {
            vec![]
        } else {
            vec![self.transaction_type]
        };
        bytes.extend(with_header(0xc0, &self.payload()));
        bytes
    }
}

/// The encoding of bytes.
pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [byte] if *byte < 0x80 => vec![*byte],
        _ => with_header(0x80, bytes),
    }
}

fn with_header(base: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = match payload.len() {
        length @ 0..=55 => vec![base + length as u8],
        length @ 56..=0xff => vec![base + 56, length as u8],
        length => vec![base + 57, (length >> 8) as u8, length as u8],
    };
    bytes.extend_from_slice(payload);
    bytes
}
