//! The end of a call that would not end by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use revm::inspector::Inspector;
use revm::interpreter::Interpreter;
use revm::interpreter::interpreter_types::InterpreterTypes;

/// Instructions between two looks at the clock, which costs about as much as five of them.
const LOOK_EVERY: u32 = 16;
/// Gas of an instruction after which the clock is looked at: it may have taken milliseconds.
const DEAR_GAS: u64 = 20_000;

/// Halts every contract of a call once the time is up, or nobody wants its outcome any more.
#[derive(Debug)]
pub(super) struct Deadline<'a> {
    ends_at: Instant,
    cancelled: &'a AtomicBool,
    steps: u32,
    /// Of the contract that ran last.
    gas_left: u64,
    has_passed: bool,
}

impl<'a> Deadline<'a> {
    pub(super) const fn new(ends_at: Instant, cancelled: &'a AtomicBool) -> Self {
        Self {
            ends_at,
            cancelled,
            steps: 0,
            gas_left: 0,
            has_passed: false,
        }
    }

    /// Whether it is over. Once it was found to be, it stays so.
    pub(super) fn has_passed(&mut self) -> bool {
        self.has_passed = self.has_passed
            || self.cancelled.load(Ordering::Relaxed)
            || Instant::now() >= self.ends_at;
        self.has_passed
    }
}

impl<CTX, INTR: InterpreterTypes> Inspector<CTX, INTR> for Deadline<'_> {
    fn step(&mut self, interpreter: &mut Interpreter<INTR>, _: &mut CTX) {
        self.steps = self.steps.wrapping_add(1);
        let gas_left = interpreter.gas.remaining();
        let was_dear = self.gas_left.abs_diff(gas_left) > DEAR_GAS;
        self.gas_left = gas_left;
        let looks = was_dear || self.steps.is_multiple_of(LOOK_EVERY);
        if self.has_passed || looks && self.has_passed() {
            interpreter.halt_oog();
        }
    }
}
