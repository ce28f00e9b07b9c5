//! A number that moves smoothly: a function of time, so that it has a past as well.

use std::sync::Arc;

use jiff::Timestamp;

use super::random::Random;

/// Swings around a middle, with a slow and a quick motion. Never below 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wave {
    middle: f64,
    swing: f64,
    phase: f64,
}

impl Wave {
    /// Around `middle`, by at most `swing` (a share of it, 0 to 1) up and down.
    pub(super) fn around(middle: f64, swing: f64, random: &mut Random) -> Self {
        Self { middle, swing, phase: random.between(0.0, 1000.0) }
    }

    /// The value at a moment.
    pub(super) fn at(&self, now: Timestamp) -> f64 {
        self.second(now.as_millisecond() as f64 / 1000.0)
    }

    fn second(&self, second: f64) -> f64 {
        let slow = (second / 97.0 + self.phase).sin();
        let quick = (second / 7.3 + self.phase * 3.7).sin() * (second / 3.1 + self.phase).cos();
        (self.middle * (1.0 + self.swing * (0.65 * slow + 0.35 * quick))).max(0.0)
    }

    /// The value as a count.
    pub(super) fn count(&self, now: Timestamp) -> u64 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "never negative; far below the limit"
        )]
        let count = self.at(now) as u64;
        count
    }

    /// Sixty values up to now, one every two seconds, oldest first.
    pub(super) fn history(&self, now: Timestamp) -> Arc<[f32]> {
        let end = now.as_millisecond() as f64 / 1000.0;
        #[allow(clippy::cast_possible_truncation, reason = "a sparkline has eight levels")]
        (0..60).map(|n| self.second(end - 2.0 * f64::from(59 - n)) as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_smoothly_and_stays_in_its_bounds() {
        let wave = Wave::around(50.0, 0.8, &mut Random::of(1, "wave"));
        let at = |second: i64| wave.at(Timestamp::from_second(1_700_000_000 + second).expect("a moment"));
        let values: Vec<f64> = (0..2000).map(at).collect();
        assert!(values.iter().all(|value| (10.0..=90.0).contains(value)));
        assert!(values.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 10.0), "no jumps within a second");
        assert!(values.iter().any(|value| (value - values[0]).abs() > 5.0), "but it moves");
    }

    #[test]
    fn its_history_ends_now() {
        let wave = Wave::around(50.0, 0.8, &mut Random::of(1, "wave"));
        let now = Timestamp::from_second(1_700_000_000).expect("a moment");
        let history = wave.history(now);
        assert_eq!(history.len(), 60);
        assert!((f64::from(history[59]) - wave.at(now)).abs() < 1e-3);
    }
}
