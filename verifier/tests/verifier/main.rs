//! The verifier against honest and wrong chains, forks, reverts, and an L1.

mod chain;
mod corruption;
mod driving;
mod forks;
mod honest;
mod l1;
mod logs;
mod scripts;
