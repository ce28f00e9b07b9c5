//! Differences of counters over time.

use jiff::Timestamp;

/// When something was read, by the machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Elapsed {
    /// Seconds since boot, suspended time included.
    pub(super) uptime: Option<f64>,
    /// When it booted.
    pub(super) booted: Option<Timestamp>,
}

impl Elapsed {
    /// Seconds since an earlier reading; `None` when they are of two different boots, or no time passed.
    pub(super) fn since(&self, before: &Self) -> Option<f64> {
        Some(self.uptime? - before.uptime?).filter(|&seconds| seconds > 0.0)
    }
}

/// Growth a second; `None` when the counter shrank: it was reset, and the difference means nothing.
pub(super) fn rate(before: u64, now: u64, seconds: f64) -> Option<f64> {
    now.checked_sub(before).map(|grown| grown as f64 / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_shrank_has_no_rate() {
        assert_eq!(rate(1000, 3000, 2.0), Some(1000.0));
        assert_eq!(rate(3000, 10, 2.0), None);
    }

    #[test]
    fn an_uptime_that_went_back_is_another_boot() {
        let at = |uptime| Elapsed { uptime: Some(uptime), booted: None };
        assert_eq!(at(12.5).since(&at(10.0)), Some(2.5));
        assert_eq!(at(3.0).since(&at(10.0)), None);
        assert_eq!(at(3.0).since(&at(3.0)), None);
        assert_eq!(Elapsed::default().since(&at(3.0)), None);
    }
}
