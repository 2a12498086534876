//! The fees of the next block: EIP-1559 for gas, EIP-4844 with EIP-7918's reserve price for blobs, unless
//! a test holds them where it wants them.

use alloy_eips::calc_next_block_base_fee;
use alloy_eips::eip1559::BaseFeeParams;
use alloy_eips::eip7840::BlobParams;

use super::block::Block;

/// Fees that are held, `None` for those that follow the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldFees {
    /// Wei per gas.
    pub base_fee: Option<u64>,
    /// Wei per blob gas. The fee follows from the header's excess blob gas, which is set to the smallest
    /// with a fee that is not below this one.
    pub blob_base_fee: Option<u128>,
}

/// Fees of a block, as its header has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fees {
    pub(crate) base_fee: u64,
    pub(crate) excess_blob_gas: u64,
}

/// The fees of the block after that one.
pub(crate) fn next(parent: &Block, blobs: &BlobParams, held: &HeldFees) -> Fees {
    let header = &parent.header;
    let base_fee = held.base_fee.unwrap_or_else(|| {
        calc_next_block_base_fee(
            header.gas_used,
            header.gas_limit,
            parent.base_fee(),
            BaseFeeParams::ethereum(),
        )
    });
    let excess_blob_gas = held.blob_base_fee.map_or_else(
        || {
            blobs.next_block_excess_blob_gas_osaka(
                parent.excess_blob_gas(),
                header.blob_gas_used.unwrap_or_default(),
                parent.base_fee(),
            )
        },
        |fee| excess_for(fee, blobs),
    );
    Fees {
        base_fee,
        excess_blob_gas,
    }
}

/// The smallest excess blob gas whose fee is not below that one. The fee grows with it, exponentially, so
/// a hundred update fractions are more than any fee that 128 bits hold needs.
fn excess_for(fee: u128, blobs: &BlobParams) -> u64 {
    let fraction = u64::try_from(blobs.update_fraction).unwrap_or(u64::MAX);
    let (mut low, mut high) = (0, fraction.saturating_mul(EXCESS_FRACTIONS_MAX));
    while low < high {
        let middle = low + (high - low) / 2;
        if blobs.calc_blob_fee(middle) < fee {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// e^60 wei are 10^26: more than any account can pay for a blob, and well within 128 bits on the way there.
const EXCESS_FRACTIONS_MAX: u64 = 60;

#[cfg(test)]
mod tests {
    use alloy_consensus::Header;
    use alloy_eips::eip4844::DATA_GAS_PER_BLOB;

    use super::*;

    const GAS_LIMIT: u64 = 60_000_000;

    fn after(base_fee: u64, gas_used: u64, excess_blob_gas: u64, blobs: u64) -> Fees {
        let header = Header {
            base_fee_per_gas: Some(base_fee),
            gas_limit: GAS_LIMIT,
            gas_used,
            excess_blob_gas: Some(excess_blob_gas),
            blob_gas_used: Some(blobs * DATA_GAS_PER_BLOB),
            ..Header::default()
        };
        let parent = Block {
            hash: header.hash_slow(),
            header,
            transactions: Vec::new(),
            size: 0,
        };
        next(&parent, &BlobParams::bpo2(), &HeldFees::default())
    }

    #[test]
    fn the_base_fee_moves_by_an_eighth_at_most() {
        // base fee, gas used -> the next base fee; the target is half of 60 million.
        for (base_fee, gas_used, want) in [
            (1_000_000_000, 0, 875_000_000),
            (1_000_000_000, 15_000_000, 937_500_000),
            (1_000_000_000, 30_000_000, 1_000_000_000),
            (1_000_000_000, 30_000_001, 1_000_000_004),
            (1_000_000_000, 45_000_000, 1_062_500_000),
            (1_000_000_000, 60_000_000, 1_125_000_000),
            (7, 0, 7),
            (7, 60_000_000, 8),
        ] {
            assert_eq!(
                after(base_fee, gas_used, 0, 0).base_fee,
                want,
                "{base_fee} {gas_used}"
            );
        }
    }

    #[test]
    fn excess_blob_gas_follows_eip_7918() {
        // 14 blobs are the target, 1,835,008 gas; 21 the most. The reserve price holds while 8,192 times the
        // base fee is above 131,072 times the blob fee: then a third of what was used is added, and nothing taken.
        let cheap = 7;
        let dear = 1_000_000_000;
        for (base_fee, excess, blobs, want) in [
            (cheap, 0, 0, 0),
            (cheap, 0, 14, 0),
            (cheap, 0, 15, 131_072),
            (cheap, 0, 21, 917_504),
            (cheap, 10_000_000, 0, 8_164_992),
            (cheap, 10_000_000, 14, 10_000_000),
            (dear, 0, 15, 655_360),
            (dear, 0, 21, 917_504),
            (dear, 1_000_000, 0, 0),
            (dear, 10_000_000, 0, 10_000_000),
            (dear, 10_000_000, 14, 10_611_669),
            // 16 wei of base fee are not above 16 times 1 wei of blob fee, 17 are.
            (16, 5_000_000, 0, 3_164_992),
            (17, 5_000_000, 0, 5_000_000),
        ] {
            let found = after(base_fee, 0, excess, blobs).excess_blob_gas;
            assert_eq!(found, want, "{base_fee} {excess} {blobs}");
        }
    }

    #[test]
    fn the_blob_fee_grows_with_the_excess_exponentially() {
        let fraction = 11_684_671;
        for (excess, want) in [
            (0, 1),
            (fraction, 2),
            (2 * fraction, 7),
            (10 * fraction, 22_026),
        ] {
            assert_eq!(BlobParams::bpo2().calc_blob_fee(excess), want, "{excess}");
        }
    }

    #[test]
    fn a_held_blob_fee_is_reached_and_not_missed_by_much() {
        let blobs = BlobParams::bpo2();
        for fee in [
            0,
            1,
            2,
            7,
            1_000_000_000,
            123_456_789_012,
            u128::from(u64::MAX),
        ] {
            let excess = excess_for(fee, &blobs);
            let reached = blobs.calc_blob_fee(excess);
            assert!(reached >= fee, "{fee}: {reached}");
            assert!(
                excess == 0 || blobs.calc_blob_fee(excess - 1) < fee,
                "{fee}"
            );
        }
        // Whatever is asked for, the answer is finite.
        let most = excess_for(u128::MAX, &blobs);
        assert!(blobs.calc_blob_fee(most) > 10u128.pow(25));
    }
}
