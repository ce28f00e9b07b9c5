//! Kubernetes quantities (`250m`, `1.5Gi`, `12e3`) as whole numbers.
//!
//! Grammar and rounding as in `k8s.io/apimachinery/pkg/api/resource`: what is smaller than the unit asked for rounds up.

/// Millicores of a processor quantity; none when it is not a quantity, is negative or is too large.
pub(crate) fn millicores(text: &str) -> Option<u64> {
    scaled(text, 1000)
}

/// Whole units of a quantity (bytes, pods); none when it is not a quantity, is negative or is too large.
pub(crate) fn units(text: &str) -> Option<u64> {
    scaled(text, 1)
}

/// The quantity times `times`, rounded up.
fn scaled(text: &str, times: u128) -> Option<u64> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || fraction.len() + whole.len() > 24 {
        return None;
    }
    let (binary, decimal) = suffix_scale(suffix)?;
    let digits: u128 = format!("0{whole}{fraction}").parse().ok()?;
    let top = digits.checked_mul(times)?.checked_mul(binary)?;
    // Decimal places left to move: those of the suffix, less those of the fraction.
    let places = decimal - i32::try_from(fraction.len()).ok()?;
    let power = 10u128.checked_pow(places.unsigned_abs());
    let value = match (places >= 0, power) {
        (true, Some(power)) => top.checked_mul(power)?,
        (false, Some(power)) => top.div_ceil(power),
        (true, None) => return (top == 0).then_some(0),
        (false, None) => u128::from(top > 0),
    };
    u64::try_from(value).ok()
}

/// A suffix as a binary factor and a power of ten.
fn suffix_scale(suffix: &str) -> Option<(u128, i32)> {
    Some(match suffix {
        "" => (1, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            (1, exponent.parse().ok()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_suffix_is_read() {
        for (text, expected) in [
            ("0", Some(0)),
            ("5", Some(5)),
            ("1k", Some(1000)),
            ("1M", Some(1_000_000)),
            ("2G", Some(2_000_000_000)),
            ("1T", Some(1_000_000_000_000)),
            ("1P", Some(1_000_000_000_000_000)),
            ("1E", Some(1_000_000_000_000_000_000)),
            ("1Ki", Some(1024)),
            ("1.5Gi", Some(1_610_612_736)),
            ("8Ei", Some(1 << 63)),
            ("16Ei", None),
            ("1e3", Some(1000)),
            ("1E3", Some(1000)),
            ("12e-1", Some(2)),
            ("0.1", Some(1)),
            (".5Ki", Some(512)),
            ("+3", Some(3)),
            ("100m", Some(1)),
            ("128974848000m", Some(128_974_848)),
            ("1e999", None),
            ("0e999", Some(0)),
            ("1e-999", Some(1)),
            ("", None),
            (".", None),
            ("-1", None),
            ("1.2.3", None),
            ("1Kb", None),
            ("1e", None),
            ("1 ", None),
        ] {
            assert_eq!(units(text), expected, "{text:?}");
        }
        for (text, expected) in [
            ("250m", Some(250)),
            ("2", Some(2000)),
            ("1.5", Some(1500)),
            ("12345678n", Some(13)),
            ("1500u", Some(2)),
            ("0n", Some(0)),
        ] {
            assert_eq!(millicores(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in ".{0,40}") {
            let _ = (units(&text), millicores(&text));
        }

        #[test]
        fn numbers_come_back(n in 0u64..1 << 50) {
            prop_assert_eq!(units(&n.to_string()), Some(n));
            prop_assert_eq!(millicores(&format!("{n}m")), Some(n));
            prop_assert_eq!(units(&format!("{n}Ki")), Some(n * 1024));
            prop_assert_eq!(millicores(&format!("{n}n")), Some(n.div_ceil(1_000_000)));
        }

        #[test]
        fn more_is_never_less(a in 0u32.., b in 0u32.., suffix in "(n|u|m||k|M|G|Ki|Mi|Gi|e2|E-2)") {
            let (low, high) = (a.min(b), a.max(b));
            let value = |number: u32| units(&format!("{number}{suffix}"));
            prop_assert!(value(low) <= value(high));
        }
    }
}
