//! An event, as far as tables need it.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Meta, Text, nullable, time};

/// An event.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    pub(crate) metadata: Meta,
    #[serde(default, rename = "type", deserialize_with = "nullable")]
    pub(crate) kind: Text,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) reason: Text,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) message: String,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) involved_object: Involved,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) count: i64,
    #[serde(default, deserialize_with = "time")]
    pub(crate) first_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "time")]
    pub(crate) last_timestamp: Option<Timestamp>,
    #[serde(default, rename = "eventTime", deserialize_with = "time")]
    pub(crate) happened: Option<Timestamp>,
    #[serde(default)]
    pub(crate) series: Option<Series>,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) reporting_component: Text,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) source: Reporter,
}

/// What it is about.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Involved {
    pub(crate) kind: Text,
    pub(crate) name: Text,
}

/// A new-style event that goes on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Series {
    pub(crate) count: i64,
    #[serde(deserialize_with = "time")]
    pub(crate) last_observed_time: Option<Timestamp>,
}

/// Who reports an old-style event.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reporter {
    pub(crate) component: Text,
}

impl Event {
    /// When it was last seen: the newest of all moments it carries.
    pub(crate) fn last(&self) -> Option<Timestamp> {
        let series = self.series.as_ref().and_then(|series| series.last_observed_time);
        [series, self.last_timestamp, self.happened, self.metadata.creation_timestamp].into_iter().flatten().max()
    }

    /// How often it was seen.
    pub(crate) fn times(&self) -> u32 {
        let count = self.series.as_ref().map_or(self.count, |series| series.count.max(self.count));
        u32::try_from(count.max(1)).unwrap_or(u32::MAX)
    }
}
