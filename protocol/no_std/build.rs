//! Links the proof without a C library: see `src/main.rs`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for argument in [
        // Neither the C runtime's start-up code nor any library: a call to `read`,
        // `clock_gettime` or `pthread_create` is an undefined symbol.
        "-nostdlib",
        "-nostartfiles",
        "-static",
        // Keep also what is never called, so that the linker has to resolve all of it.
        "-Wl,--no-gc-sections",
    ] {
        println!("cargo:rustc-link-arg={argument}");
    }
}
