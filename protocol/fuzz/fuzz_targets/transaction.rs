//! Any bytes as a wallet transaction: never a panic, and the verdict, the fields and the meaning that
//! alloy's decoders give, by the model that the tests use.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/transaction/model.rs"]
mod model;

fuzz_target!(|raw: &[u8]| {
    model::check_agreement(raw);
});
