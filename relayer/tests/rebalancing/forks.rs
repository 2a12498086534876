//! L1 drops the block with a move.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spillway_devnet::chain::Dropped;
use spillway_relayer::pools::{Pool, Report};
use tempfile::TempDir;

use super::l1::{ETHER, HOT, L1, OUTSIDE};
use super::running::{CONFIRMATIONS, FEES, Running, Tuning, is_moved};
use super::{BLOCK_TIME, seed};

/// Shallower and deeper than what is waited for: the same transaction is made again, and the balances show it once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_l1_drops_takes_effect_once() {
    let mut rng = StdRng::seed_from_u64(seed());
    let l1 = L1::start([20, 50, 2], BLOCK_TIME).await;
    let (dir, tuning) = (TempDir::new().unwrap(), Tuning::new());
    let controls = l1.devnet.controls();
    let mut running = Running::start(&l1, dir.path(), &tuning).await;
    let mut moves = 0;
    for (fate, deeper) in [
        (Dropped::Lost, 0),
        (Dropped::Repooled, 0),
        (Dropped::Lost, CONFIRMATIONS + 3),
    ] {
        l1.pay(OUTSIDE, HOT, 30 * ETHER).await;
        let Report::Moved {
            asked, l1_block, ..
        } = running.until_report(is_moved).await
        else {
            unreachable!("it is one");
        };
        moves += 1;
        let blocks = rng.random_range(0..CONFIRMATIONS - 1) + deeper;
        controls.set_block_time(None).unwrap();
        let block = controls.mine(blocks.max(1)).unwrap().header.number;
        if deeper > 0 {
            running
                .until(|status| status.l1_block >= block && status.moves.is_empty())
                .await;
        }
        let depth = l1.devnet.chain().head().header.number - l1_block + 1;
        controls.reorg(depth as usize, fate).unwrap();
        controls.set_block_time(Some(BLOCK_TIME)).unwrap();
        let back = running
            .until_report(|report| matches!(report, Report::TakenBack { .. }))
            .await;
        assert_eq!(back, Report::TakenBack { asked });
        let again = running.until_report(is_moved).await;
        assert!(
            matches!(again, Report::Moved { asked: again, .. } if again == asked),
            "{asked:?}, and then {again:?}"
        );
        running.until_calm().await;
        assert_eq!(l1.ether_moves().await.len(), moves);
    }
    let hot = l1.ether_of(Pool::Hot).await;
    assert!((20 * ETHER..20 * ETHER + FEES).contains(&hot), "{hot}");
    running.kill().await;
}
