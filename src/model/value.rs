//! What a cell holds: a typed value, its text for people, its JSON for programs, its order for sorting.
//!
//! A value that is not known is [`Value::Unknown`] and prints `–`; it is never 0.

use std::{borrow::Cow, cmp::Ordering};

use jiff::Timestamp;

/// The type of a field, fixed per field: says how a literal in a filter is read and how a cell is aligned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Free text.
    Text,
    /// A count.
    Int,
    /// Percent, 0 to 100 (more than 100 where several cores are summed).
    Percent,
    /// Processor use in thousandths of a core (millicores); written `250m` or `1.2`.
    Cpu,
    /// Bytes; written with binary units, `3.1G` is 3.1 × 1024³.
    Bytes,
    /// Bytes per second.
    Rate,
    /// A length of time, in seconds; written `90s`, `5m`, `2d`.
    Duration,
    /// A moment; shown as the age it has, compared as that age.
    Age,
    /// Yes or no.
    Bool,
    /// `ready/total`.
    Fraction,
    /// A short history, drawn as a sparkline; neither sorted nor filtered.
    Spark,
}

/// One cell. See [`Kind`] for units.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Not known: not measured yet, not available, not permitted.
    Unknown,
    /// Free text.
    Text(Cow<'a, str>),
    /// A count.
    Int(i64),
    /// A count and when it last grew, as kubectl prints restarts: `3 (2d ago)`.
    Count(u32, Option<Timestamp>),
    /// Percent.
    Percent(f64),
    /// Millicores.
    Cpu(u64),
    /// Bytes.
    Bytes(u64),
    /// Bytes per second.
    Rate(f64),
    /// Seconds.
    Duration(i64),
    /// A moment.
    Time(Timestamp),
    /// Yes or no.
    Bool(bool),
    /// Ready of total.
    Fraction(u32, u32),
    /// Samples, oldest first.
    Spark(&'a [f32]),
}

impl<'a> Value<'a> {
    /// Text, borrowed.
    pub fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// `wrap` of the value, or unknown.
    pub fn known<T>(value: Option<T>, wrap: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Unknown, wrap)
    }

    /// The text a person reads.
    pub fn show(&self, now: Timestamp) -> Cow<'a, str> {
        match self {
            Self::Unknown => Cow::Borrowed("–"),
            Self::Text(text) => text.clone(),
            Self::Int(n) => n.to_string().into(),
            Self::Count(n, Some(at)) if *n > 0 => format!("{n} ({} ago)", duration(seconds_between(*at, now))).into(),
            Self::Count(n, _) => n.to_string().into(),
            Self::Percent(p) => percent(*p).into(),
            Self::Cpu(m) => cpu(*m).into(),
            Self::Bytes(b) => bytes(*b as f64).into(),
            Self::Rate(r) => bytes(*r).into(),
            Self::Duration(s) => duration(*s).into(),
            Self::Time(at) => duration(seconds_between(*at, now)).into(),
            Self::Bool(true) => Cow::Borrowed("yes"),
            Self::Bool(false) => Cow::Borrowed("no"),
            Self::Fraction(ready, total) => format!("{ready}/{total}").into(),
            Self::Spark(_) => Cow::Borrowed(""),
        }
    }

    /// The number a sort or comparison uses; `None` for text and what is unknown. An age is in seconds.
    pub fn number(&self, now: Timestamp) -> Option<f64> {
        Some(match self {
            Self::Int(n) | Self::Duration(n) => *n as f64,
            Self::Count(n, _) => f64::from(*n),
            Self::Percent(x) | Self::Rate(x) => *x,
            Self::Cpu(n) | Self::Bytes(n) => *n as f64,
            Self::Time(at) => seconds_between(*at, now) as f64,
            Self::Bool(yes) => f64::from(u8::from(*yes)),
            Self::Fraction(ready, total) => f64::from(*ready) - f64::from(*total) + f64::from(*total) * 1e-6,
            Self::Unknown | Self::Text(_) | Self::Spark(_) => return None,
        })
    }

    /// JSON with the field's unit: bytes, millicores, seconds, RFC 3339 moments; unknown is `null`.
    pub fn json(&self) -> serde_json::Value {
        use serde_json::{Value as Json, json};
        match self {
            Self::Unknown => Json::Null,
            Self::Text(text) => json!(text),
            Self::Int(n) | Self::Duration(n) => json!(n),
            Self::Count(n, _) => json!(n),
            Self::Percent(x) | Self::Rate(x) => json!((x * 100.0).round() / 100.0),
            Self::Cpu(n) | Self::Bytes(n) => json!(n),
            Self::Time(at) => json!(at.to_string()),
            Self::Bool(yes) => json!(yes),
            Self::Fraction(ready, total) => json!(format!("{ready}/{total}")),
            Self::Spark(samples) => json!(samples),
        }
    }

    /// The order of two cells of one field, ascending; what is unknown comes last whichever way one sorts,
    /// so it is left to the caller ([`Self::is_unknown`]).
    pub fn compare(&self, other: &Self, now: Timestamp) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.number(now).unwrap_or(f64::MIN).total_cmp(&other.number(now).unwrap_or(f64::MIN)),
        }
    }

    /// Whether the value is not known.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// Whole seconds from `then` to `now`; negative when `then` lies ahead.
pub fn seconds_between(then: Timestamp, now: Timestamp) -> i64 {
    now.as_second() - then.as_second()
}

/// A length of time as kubectl prints ages (`HumanDuration` in apimachinery's `duration` package).
pub fn duration(seconds: i64) -> String {
    if seconds < -1 {
        return "<invalid>".into();
    }
    let s = seconds.max(0);
    let (m, h) = (s / 60, s / 3600);
    let d = h / 24;
    let pair = |big: i64, unit: &str, rest: i64, small: &str| {
        if rest == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{rest}{small}") }
    };
    match s {
        0..120 => format!("{s}s"),
        120..600 => pair(m, "m", s % 60, "s"),
        600..10_800 => format!("{m}m"),
        10_800..28_800 => pair(h, "h", m % 60, "m"),
        28_800..172_800 => format!("{h}h"),
        172_800..691_200 => pair(d, "d", h % 24, "h"),
        691_200..63_072_000 => format!("{d}d"),
        63_072_000..252_288_000 => pair(d / 365, "y", d % 365, "d"),
        _ => format!("{}y", d / 365),
    }
}

/// Bytes with binary units and about three digits: `0`, `512`, `1.5K`, `312M`, `3.1G`.
pub fn bytes(bytes: f64) -> String {
    let mut size = bytes.max(0.0);
    for unit in ["", "K", "M", "G", "T", "P"] {
        if size < 999.5 || unit == "P" {
            return if unit.is_empty() || size >= 9.95 {
                format!("{size:.0}{unit}")
            } else {
                format!("{size:.1}{unit}")
            };
        }
        size /= 1024.0;
    }
    String::new()
}

/// Millicores as `250m` below one core and `1.2` from there on.
pub fn cpu(milli: u64) -> String {
    match milli {
        0..1000 => format!("{milli}m"),
        1000..9950 => format!("{:.1}", milli as f64 / 1000.0),
        _ => format!("{:.0}", milli as f64 / 1000.0),
    }
}

/// Percent with one decimal below 10, none from there on.
pub fn percent(percent: f64) -> String {
    if percent < 9.95 { format!("{percent:.1}%") } else { format!("{percent:.0}%") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_written_like_kubectl() {
        // The cases of apimachinery's own table for HumanDuration.
        for (seconds, text) in [
            (1, "1s"),
            (70, "70s"),
            (190, "3m10s"),
            (600, "10m"),
            (2820, "47m"),
            (3600, "60m"),
            (3660, "61m"),
            (10_860, "3h1m"),
            (14_400, "4h"),
            (86_400, "24h"),
            (86_400 * 2, "2d"),
            (86_400 * 2 + 3600, "2d1h"),
            (86_400 * 8, "8d"),
            (86_400 * 365, "365d"),
            (86_400 * 365 * 2, "2y"),
            (86_400 * 366 * 2, "2y2d"),
            (86_400 * 365 * 8, "8y"),
            (0, "0s"),
            (-1, "0s"),
            (-2, "<invalid>"),
        ] {
            assert_eq!(duration(seconds), text, "{seconds} s");
        }
    }

    #[test]
    fn sizes_keep_about_three_digits() {
        for (n, text) in [
            (0.0, "0"),
            (999.0, "999"),
            (1024.0, "1.0K"),
            (1536.0, "1.5K"),
            (3.1 * 1024f64.powi(3), "3.1G"),
            (512.0 * 1024.0 * 1024.0, "512M"),
            (1000.0 * 1024.0, "1.0M"),
        ] {
            assert_eq!(bytes(n), text);
        }
    }

    #[test]
    fn what_is_unknown_is_a_dash_and_null() {
        assert_eq!(Value::Unknown.show(Timestamp::UNIX_EPOCH), "–");
        assert!(Value::Unknown.json().is_null());
    }
}
