//! Numbers that look random and are the same for the same seed, on every machine and in every version.

/// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

/// What Kubernetes draws names of pods from: no vowels, so no words.
const LETTERS: [u8; 27] = *b"bcdfghjklmnpqrstvwxz2456789";

/// Words of five such letters.
const WORDS: u64 = 27u64.pow(5);

/// The n-th word of five letters. They look drawn, but none comes twice before all have come: the factor has no
/// divisor in common with their number.
pub(super) fn word(n: u64) -> String {
    let mut code = (n % WORDS * 5_915_587 + 1_234_577) % WORDS;
    let letter = |_| {
        let letter =
            usize::try_from(code % 27).ok().and_then(|at| LETTERS.get(at)).map_or('b', |&byte| char::from(byte));
        code /= 27;
        letter
    };
    (0..5).map(letter).collect()
}

impl Random {
    /// The sequence of `seed` for one purpose; other purposes draw other numbers.
    pub(super) fn of(seed: u64, purpose: &str) -> Self {
        // FNV-1a keeps purposes apart.
        let hash = purpose
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(seed ^ hash)
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 when `n` is.
    pub(super) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).unwrap_or(u64::MAX)).unwrap_or(0)
    }

    /// A number from `low` up to `high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.next() >> 11) as f64 / (1u64 << 53) as f64)
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn whole(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(usize::try_from(high - low + 1).unwrap_or(1))).unwrap_or(0)
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    /// Hexadecimal digits.
    pub(super) fn hex(&mut self, length: usize) -> String {
        (0..length).filter_map(|_| self.pick(b"0123456789abcdef")).map(|&byte| char::from(byte)).collect()
    }

    /// An identity as Kubernetes gives objects.
    pub(super) fn uuid(&mut self) -> String {
        format!("{}-{}-4{}-8{}-{}", self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_numbers() {
        // The first numbers of the reference implementation for the state 1234567.
        let mut random = Random(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn purposes_and_seeds_differ_and_bounds_hold() {
        assert_ne!(Random::of(1, "a").next(), Random::of(1, "b").next());
        assert_ne!(Random::of(1, "a").next(), Random::of(2, "a").next());
        let mut random = Random::of(1, "bounds");
        assert_eq!(random.below(0), 0);
        assert!((0..1000).all(|_| random.below(7) < 7));
        assert!((0..1000).all(|_| (3..=5).contains(&random.whole(3, 5))));
        assert!((0..1000).all(|_| (2.0..3.0).contains(&random.between(2.0, 3.0))));
        assert_eq!((random.hex(10).len(), random.uuid().len()), (10, 36));
    }

    #[test]
    fn no_word_comes_twice() {
        let words: std::collections::HashSet<String> = (0..200_000).map(word).collect();
        assert_eq!(words.len(), 200_000);
        assert!(words.iter().all(|word| word.len() == 5));
    }
}
