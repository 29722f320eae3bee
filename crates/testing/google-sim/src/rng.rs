//! A small seeded generator, so that a run can be repeated.

/// A SplitMix64 generator.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Makes a generator from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number in `0..1`.
    pub fn unit(&mut self) -> f64 {
        // 53 bits fit a double exactly.
        #[allow(clippy::cast_precision_loss)]
        let bits = (self.next_u64() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }

    /// Tells whether an event of this probability happens now.
    pub fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.unit() < probability
    }

    /// Returns a text of `length` characters out of `alphabet`.
    pub fn text(&mut self, length: usize, alphabet: &[u8]) -> String {
        (0..length)
            .map(|_| {
                let at =
                    usize::try_from(self.next_u64() % (alphabet.len().max(1) as u64)).unwrap_or_default();
                alphabet.get(at).copied().map_or('a', char::from)
            })
            .collect()
    }

    /// Returns a text of URL-safe characters, as tokens have.
    pub fn token(&mut self, length: usize) -> String {
        self.text(length, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let (mut a, mut b) = (Rng::new(7), Rng::new(7));
        assert_eq!(a.token(30), b.token(30));
        assert_ne!(a.token(30), Rng::new(8).token(30));
    }

    #[test]
    fn probabilities_are_respected_roughly() {
        let mut rng = Rng::new(1);
        let hits = (0..10_000).filter(|_| rng.happens(0.1)).count();
        assert!((800..1200).contains(&hits), "{hits}");
        assert!(!rng.happens(0.0));
    }
}
