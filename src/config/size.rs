//! Sizes as people write them: `64MiB`, `1.5 GiB`, `500kB`, `4096`.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("format" = "size"))]
pub struct Size(pub u64);

/// Units, longest first within a letter; a bare letter is binary, as `K` is in tables.
const UNITS: [(&str, u64); 14] = [
    ("tib", 1 << 40),
    ("gib", 1 << 30),
    ("mib", 1 << 20),
    ("kib", 1 << 10),
    ("tb", 1_000_000_000_000),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
    ("t", 1 << 40),
    ("g", 1 << 30),
    ("m", 1 << 20),
    ("k", 1 << 10),
    ("b", 1),
    ("", 1),
];

/// Why a text is no size.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected a size such as \"64MiB\" or \"500kB\"")]
pub struct NotASize;

impl FromStr for Size {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, NotASize> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let unit = unit.trim().to_ascii_lowercase();
        let factor = UNITS.iter().find(|(name, _)| *name == unit).ok_or(NotASize)?.1;
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(factor).map(Self).ok_or(NotASize);
        }
        let bytes = number.parse::<f64>().map_err(|_| NotASize)? * factor as f64;
        // 2^53: beyond it a float no longer counts single bytes.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 and 2^53 here")]
        if (0.0..9_007_199_254_740_992.0).contains(&bytes) { Ok(Self(bytes as u64)) } else { Err(NotASize) }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("TiB", 1u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match units.iter().find(|(_, factor)| self.0 > 0 && self.0.is_multiple_of(*factor)) {
            Some((unit, factor)) => write!(f, "{}{unit}", self.0 / factor),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl TryFrom<String> for Size {
    type Error = NotASize;
    fn try_from(text: String) -> Result<Self, NotASize> {
        text.parse()
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in
            [("64MiB", 64 << 20), ("1.5 GiB", 3 << 29), ("500kB", 500_000), ("4096", 4096), ("8k", 8192), ("0", 0)]
        {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "MiB", "-1", "1e3", "64 MiBs", "1..2k", "99999999999999999999", "18446744073709551615k"] {
            assert_eq!(text.parse::<Size>(), Err(NotASize), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes in any::<u64>()) {
            prop_assert_eq!(Size(bytes).to_string().parse(), Ok(Size(bytes)));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = text.parse::<Size>();
        }
    }
}
