//! `spillway wallet`: what users do, on both chains and between them. A file a command; what they share is in the others.

mod account_index;
mod balance;
mod chains;
mod claim;
mod deposit;
mod escape;
mod facts;
mod fast_withdraw;
mod force_withdraw;
mod keys;
mod keystore;
mod l1;
mod l2;
mod lock;
mod message;
mod payees;
mod payout;
mod progress;
mod records;
mod replayed;
mod reverts;
mod send;
mod splitting;
mod status;
mod submit;
mod times;
mod tokens;
mod withdraw;

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::{cli, logging, service};

/// Pause between two looks at something that takes blocks.
const POLL: Duration = Duration::from_millis(500);

/// `spillway wallet`.
#[derive(Debug, Args)]
pub(crate) struct WalletArgs {
    #[command(subcommand)]
    command: WalletCommand,
    /// What is logged.
    #[command(flatten)]
    log: cli::LogArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
enum WalletCommand {
    /// Show what an address has on L2 and on L1, and what is on the way.
    Balance(balance::BalanceArgs),
    /// Pay somebody on L2.
    Send(send::SendArgs),
    /// Pay many on L2 with few signatures.
    Payout(payout::PayoutArgs),
    /// Move funds from L1 to L2.
    Deposit(deposit::DepositArgs),
    /// Move funds from L2 to L1, which pays when the batch is final.
    Withdraw(withdraw::WithdrawArgs),
    /// Show how far deposits, withdrawals or a transaction are.
    Status(status::StatusArgs),
    /// Have L1 pay withdrawals that are final.
    Claim(claim::ClaimArgs),
    /// Withdraw, and be paid on L1 now by a pool, for a fee.
    FastWithdraw(fast_withdraw::FastWithdrawArgs),
    /// Withdraw through L1, whether the sequencer wants it or not.
    ForceWithdraw(force_withdraw::ForceWithdrawArgs),
    /// Lock the account, through L1: no signature moves its funds.
    Lock(message::MessageArgs),
    /// End the lock, through L1.
    Unlock(message::MessageArgs),
    /// Leave with everything when the sequencer is gone, from L1 alone.
    Escape(escape::EscapeArgs),
}

/// Does it. What was sent stays sent when the command is interrupted.
pub(crate) fn run(args: &WalletArgs) -> Result<()> {
    logging::install(&args.log)?;
    // Ctrl-C ends it at once: also while it waits for an answer on the terminal, or for a node.
    service::block_on(carry_out(&args.command))
}

async fn carry_out(command: &WalletCommand) -> Result<()> {
    match command {
        WalletCommand::Balance(args) => balance::run(args).await,
        WalletCommand::Send(args) => send::run(args).await,
        WalletCommand::Payout(args) => payout::run(args).await,
        WalletCommand::Deposit(args) => deposit::run(args).await,
        WalletCommand::Withdraw(args) => withdraw::run(args).await,
        WalletCommand::Status(args) => status::run(args).await,
        WalletCommand::Claim(args) => claim::run(args).await,
        WalletCommand::FastWithdraw(args) => fast_withdraw::run(args).await,
        WalletCommand::ForceWithdraw(args) => force_withdraw::run(args).await,
        WalletCommand::Lock(args) => lock::lock(args).await,
        WalletCommand::Unlock(args) => lock::unlock(args).await,
        WalletCommand::Escape(args) => escape::run(args).await,
    }
}
