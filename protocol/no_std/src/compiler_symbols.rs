//! The symbols that compiled Rust itself expects from outside, and nothing more: memory functions
//! that the compiler calls for copies and comparisons, and the unwinder's two entry points, which
//! the precompiled `core` and `alloc` name although this program aborts on panic.
//!
//! They are for the linker only. The program is never run, so none of them does anything.
//! A name that is missing here is a finding: do not add one that does I/O, reads a clock or
//! starts a thread.

use super::stop;

macro_rules! symbols {
    ($($name:ident)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name() -> ! {
            stop()
        }
    )*};
}

symbols! {
    memcpy memmove memset memcmp bcmp strlen
    rust_eh_personality _Unwind_Resume
}
