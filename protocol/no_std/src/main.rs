//! Proof that `spillway-protocol` is pure: this program links it, and everything below it,
//! without `std` and without a C library.
//!
//! - It defines its own panic handler. If any crate in the tree linked `std`, there would be two,
//!   and the compiler refuses that (`duplicate lang item`). So it needs no target without `std`
//!   to be installed.
//! - It is linked with `-nostdlib` (see `build.rs`). A crate that reached for files, sockets,
//!   clocks or threads by way of C would leave an undefined symbol.
//!
//! The build is the test. The program is never run.
#![no_std]
#![no_main]

use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;
use core::panic::PanicInfo;

mod compiler_symbols;

/// Refuses every request; the program is linked, not run.
struct NoMemory;

// SAFETY: returning null is how an allocator reports failure, so no memory is ever handed out.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    stop()
}

/// Where the program would start. What it names here is what the linker must find.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    black_box(spillway_protocol::keccak::keccak256 as *const ());
    stop()
}

fn stop() -> ! {
    loop {
        core::hint::spin_loop();
    }
}
