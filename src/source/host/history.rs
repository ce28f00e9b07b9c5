//! A short past of one number: what a sparkline shows.

use std::{collections::VecDeque, sync::Arc, time::Duration};

/// The time of one sample.
pub(super) const EVERY: Duration = Duration::from_secs(2);

/// Samples that are kept: two minutes.
pub(super) const SAMPLES: usize = 60;

/// The last [`SAMPLES`] values, oldest first. What was not known left no sample.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<f32>);

impl History {
    /// Adds a value, if there is one.
    pub(super) fn push(&mut self, value: Option<f64>) {
        let Some(value) = value else { return };
        if self.0.len() == SAMPLES {
            self.0.pop_front();
        }
        #[allow(clippy::cast_possible_truncation, reason = "a sparkline has eight levels; f32 has enough digits")]
        self.0.push_back(value as f32);
    }

    /// The values, as a row carries them.
    pub(super) fn shared(&self) -> Arc<[f32]> {
        self.0.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_samples_go_and_unknown_ones_never_come() {
        let mut history = History::default();
        history.push(None);
        for n in 0..100 {
            history.push(Some(f64::from(n)));
        }
        let kept = history.shared();
        assert_eq!(kept.len(), SAMPLES);
        assert!((kept[0] - 40.0).abs() < f32::EPSILON && (kept[59] - 99.0).abs() < f32::EPSILON);
    }
}
