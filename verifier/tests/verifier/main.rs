//! The verifier against honest and wrong chains, forks, reverts, and an L1.

mod chain;
mod contracts;
mod corruption;
mod costs;
mod court;
mod driving;
mod forging;
mod forks;
mod gas;
mod honest;
mod l1;
mod logs;
mod matrix;
mod proving;
mod refusals;
mod scripts;
mod signatures;
mod village;
