//! Zipf-distributed ranks: few accounts receive most payments, as in real payment traffic.

use rand::Rng;

/// Draws ranks `0..n` with probability proportional to `1 / (rank + 1)` (exponent 1.0).
#[derive(Debug)]
pub struct Zipf {
    /// Running sums of the weights; a draw is a binary search in it.
    cumulative: Vec<f64>,
}

impl Zipf {
    /// A distribution over `n >= 1` ranks.
    ///
    /// # Panics
    /// If `n` is zero: there would be nothing to draw.
    #[must_use]
    pub fn new(n: usize) -> Self {
        assert!(n > 0, "a Zipf distribution needs at least one rank");
        let cumulative = (1..=n)
            .scan(0.0, |sum, rank| {
                *sum += 1.0 / rank as f64;
                Some(*sum)
            })
            .collect();
        Self { cumulative }
    }

    /// One rank.
    pub fn draw(&self, rng: &mut impl Rng) -> usize {
        let last = self.cumulative.len() - 1;
        let point = rng.random::<f64>() * self.cumulative[last];
        self.cumulative
            .partition_point(|&sum| sum <= point)
            .min(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn shares_follow_the_harmonic_weights() {
        let zipf = Zipf::new(1000);
        let mut rng = StdRng::seed_from_u64(7);
        let mut counts = vec![0u32; 1000];
        for _ in 0..200_000 {
            counts[zipf.draw(&mut rng)] += 1;
        }
        // H(1000) = 7.485, so rank 0 has 13.36 % and rank 9 has 1.336 % of 200,000.
        assert!(counts[0].abs_diff(26_720) < 800, "{}", counts[0]);
        assert!(counts[9].abs_diff(2_672) < 250, "{}", counts[9]);
    }

    #[test]
    fn one_rank_is_always_drawn() {
        let mut rng = StdRng::seed_from_u64(1);
        assert_eq!(Zipf::new(1).draw(&mut rng), 0);
    }
}
