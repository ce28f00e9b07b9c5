//! How long a system still gets fixes of security holes.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// So long before its end the end of a system's support is said to be near: time to plan the upgrade.
const NEAR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Until when a release is supported, without a contract that costs money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    /// The end of its regular support: the moment after its last day.
    pub regular: Timestamp,
    /// The end of its long-term support (by Debian LTS, say); none where there is no such thing.
    pub long: Option<Timestamp>,
}

/// What its support is worth now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Regular support.
    Supported,
    /// The regular support is over; a long-term team still mends what is widely used.
    Long,
    /// All support ends within three months.
    Ending,
    /// No support.
    Ended,
}

impl Support {
    /// Its end, all of it.
    pub fn end(self) -> Timestamp {
        self.long.map_or(self.regular, |long| long.max(self.regular))
    }

    /// The last day of a support that ends at this moment, as people write it: `2026-07-11`.
    pub fn last_day(end: Timestamp) -> String {
        let last = end.checked_sub(SignedDuration::from_secs(1)).unwrap_or(end);
        last.strftime("%Y-%m-%d").to_string()
    }

    /// What it is worth at this moment.
    pub fn stage(self, now: Timestamp) -> Stage {
        if now >= self.end() {
            Stage::Ended
        } else if self.end().duration_since(now) <= NEAR {
            Stage::Ending
        } else if now >= self.regular {
            Stage::Long
        } else {
            Stage::Supported
        }
    }
}

impl Stage {
    /// The word in tables and filters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Long => "LTS",
            Self::Ending => "ends soon",
            Self::Ended => "ended",
        }
    }
}
