//! What every simulated system has in common.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    delta::Delta,
    document::Document,
    field::Tone,
    key::{Key, SourceId},
    rows::EventRow,
    store::TableId,
    table::Row,
};

/// A simulated system: pure, driven by the time it is given.
pub(super) trait Part: Send {
    /// The source it plays.
    fn id(&self) -> &SourceId;

    /// The world as it is found: everything, listed.
    fn start(&mut self, now: Timestamp) -> Vec<Delta>;

    /// What happened in the `passed` time up to now.
    fn step(&mut self, now: Timestamp, passed: Duration) -> Vec<Delta>;

    /// All there is to know of a row; `None` when it is gone.
    fn details(&self, table: TableId, key: &Key, now: Timestamp) -> Option<Document>;

    /// Events about a row.
    fn events(&self, _key: &Key) -> Vec<EventRow> {
        Vec::new()
    }
}

/// A row's fields as a document that says it is made up.
pub(super) fn describe<R: Row>(row: &R, now: Timestamp) -> Document {
    let mut document = Document::default();
    document.heading(format!("DEMO {}", row.key()));
    for field in R::FIELDS {
        let value = (field.get)(row);
        let tone = field.tone.map_or(Tone::Plain, |tone| tone(row, now));
        if !matches!(value, crate::model::value::Value::Spark(_)) {
            document.pair_in(0, field.meta.name, value.show(now), tone);
        }
    }
    document
}

/// Counts out events of a pace over steps of any length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    each: f64,
    owed: f64,
}

impl Pace {
    /// One every `seconds`.
    pub(super) fn every(seconds: f64) -> Self {
        Self { each: seconds, owed: 0.0 }
    }

    /// So many a second; none for 0.
    pub(super) fn per_second(rate: f64) -> Self {
        Self::every(if rate > 0.0 { 1.0 / rate } else { f64::INFINITY })
    }

    /// How many are due after this time.
    pub(super) fn due(&mut self, passed: Duration) -> usize {
        self.owed += passed.as_secs_f64() / self.each;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "never negative; a handful")]
        let due = self.owed as usize;
        self.owed -= due as f64;
        due
    }
}

/// A moment some seconds ago.
pub(super) fn ago(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(now)
}

/// A moment some seconds ahead.
pub(super) fn ahead(now: Timestamp, seconds: i64) -> Timestamp {
    ago(now, -seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_owes_nothing_whatever_the_steps() {
        let mut pace = Pace::per_second(7.0);
        let due: usize = (0..1000).map(|_| pace.due(Duration::from_millis(100))).sum();
        assert!((699..=700).contains(&due), "{due}");
        assert_eq!(Pace::per_second(0.0).due(Duration::from_secs(1000)), 0);
    }
}
