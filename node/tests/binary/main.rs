//! Drives the real binary: its command line, its configuration, its life from start to stop.

mod command_line;
mod dev;
mod process;
mod status;
mod wallet;
mod wire;
