//! What stands right of an operator, read by the kind of the field: `500m`, `2Gi`, `80%`, `1h30m`, `7/8`, `yes`.

use crate::model::value::Kind;

/// A literal, in the unit of [`crate::model::value::Value::number`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Literal {
    /// A number.
    Number(f64),
    /// Ready of total.
    Fraction(u32, u32),
}

/// Reads a literal of `kind`, or says how one is written. Text is no literal of this kind; ask before.
pub(super) fn parse(kind: Kind, text: &str) -> Result<Literal, &'static str> {
    let (read, how): (Option<Literal>, _) = match kind {
        Kind::Int => (number(text).map(Literal::Number), "a number, like 3"),
        Kind::Percent => {
            (number(text.strip_suffix('%').unwrap_or(text)).map(Literal::Number), "a percentage, like 80 or 80%")
        }
        Kind::Cpu => (cpu(text).map(Literal::Number), "cores, like 1.5 or 500m"),
        Kind::Bytes => (bytes(text).map(Literal::Number), "a size, like 512M or 2Gi"),
        Kind::Rate => {
            (bytes(text.strip_suffix("/s").unwrap_or(text)).map(Literal::Number), "bytes a second, like 100k or 2M/s")
        }
        Kind::Duration | Kind::Age => (duration(text).map(Literal::Number), "a time, like 90s, 5m, 2h or 3d"),
        Kind::Bool => (truth(text).map(|yes| Literal::Number(f64::from(u8::from(yes)))), "yes or no"),
        Kind::Fraction => (fraction(text), "a fraction, like 7/8, or a share, like 1 or 50%"),
        Kind::Text | Kind::Spark => (None, "text"),
    };
    read.filter(|literal| !matches!(literal, Literal::Number(n) if !n.is_finite())).ok_or(how)
}

/// A plain decimal number; no `inf`, no `nan`.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    text.parse().ok().filter(|n: &f64| plain && n.is_finite())
}

fn positive(text: &str) -> Option<f64> {
    number(text).filter(|n| *n >= 0.0)
}

/// Millicores.
fn cpu(text: &str) -> Option<f64> {
    match text.strip_suffix('m') {
        Some(milli) => positive(milli),
        None => Some(positive(text)? * 1000.0),
    }
}

/// Bytes; all units are binary, as everywhere on the screen.
fn bytes(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let unit_at = lower.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(lower.len());
    let (digits, unit) = lower.split_at(unit_at);
    let power = match unit.strip_suffix('b').unwrap_or(unit) {
        "" => 0,
        "k" | "ki" => 1,
        "m" | "mi" => 2,
        "g" | "gi" => 3,
        "t" | "ti" => 4,
        "p" | "pi" => 5,
        _ => return None,
    };
    Some(positive(digits)? * 1024f64.powi(power))
}

/// Seconds: `90s`, `1h30m`, `2d`; a plain number is seconds.
fn duration(text: &str) -> Option<f64> {
    if let Some(seconds) = number(text) {
        return Some(seconds);
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| c.is_alphabetic())?;
        let (digits, tail) = rest.split_at(unit_at);
        let unit = tail.chars().next()?;
        let seconds = match unit.to_ascii_lowercase() {
            's' => 1.0,
            'm' => 60.0,
            'h' => 3600.0,
            'd' => 86_400.0,
            'w' => 604_800.0,
            'y' => 31_536_000.0,
            _ => return None,
        };
        total += positive(digits)? * seconds;
        rest = &tail[unit.len_utf8()..];
    }
    Some(total)
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "y" | "1" => Some(true),
        "no" | "false" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// `7/8`, or a share of the total: `1`, `0.5`, `50%`.
fn fraction(text: &str) -> Option<Literal> {
    if let Some((ready, total)) = text.split_once('/') {
        return Some(Literal::Fraction(ready.parse().ok()?, total.parse().ok()?));
    }
    Some(Literal::Number(match text.strip_suffix('%') {
        Some(percent) => positive(percent)? / 100.0,
        None => positive(text)?,
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn literals_are_read_as_people_write_them() {
        let n = |n| Ok(Literal::Number(n));
        for (kind, text, expected) in [
            (Kind::Cpu, "500m", n(500.0)),
            (Kind::Cpu, "1.5", n(1500.0)),
            (Kind::Bytes, "2Gi", n(2.0 * 1024f64.powi(3))),
            (Kind::Bytes, "512M", n(512.0 * 1024.0 * 1024.0)),
            (Kind::Bytes, "1.5g", n(1.5 * 1024f64.powi(3))),
            (Kind::Bytes, "100kB", n(102_400.0)),
            (Kind::Rate, "2M/s", n(2.0 * 1024.0 * 1024.0)),
            (Kind::Percent, "80%", n(80.0)),
            (Kind::Percent, "80", n(80.0)),
            (Kind::Age, "90s", n(90.0)),
            (Kind::Age, "1h30m", n(5400.0)),
            (Kind::Duration, "3d", n(259_200.0)),
            (Kind::Int, "-1", n(-1.0)),
            (Kind::Bool, "Yes", n(1.0)),
            (Kind::Fraction, "7/8", Ok(Literal::Fraction(7, 8))),
            (Kind::Fraction, "50%", n(0.5)),
        ] {
            assert_eq!(parse(kind, text), expected, "{kind:?} {text}");
        }
    }

    #[test]
    fn what_is_no_literal_says_how_one_is_written() {
        for (kind, text) in [
            (Kind::Cpu, "1.5c"),
            (Kind::Bytes, "2Gx"),
            (Kind::Bytes, "inf"),
            (Kind::Percent, "nan"),
            (Kind::Age, "5x"),
            (Kind::Age, "h"),
            (Kind::Int, "1e300"),
            (Kind::Bool, "maybe"),
            (Kind::Fraction, "7/x"),
            (Kind::Fraction, "total"),
        ] {
            assert!(parse(kind, text).is_err(), "{kind:?} {text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            for kind in [Kind::Int, Kind::Percent, Kind::Cpu, Kind::Bytes, Kind::Rate, Kind::Age, Kind::Bool, Kind::Fraction] {
                if let Ok(Literal::Number(n)) = parse(kind, &text) {
                    prop_assert!(n.is_finite());
                }
            }
        }
    }
}
