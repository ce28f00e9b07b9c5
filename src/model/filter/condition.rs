//! A parsed query and how it judges a row.
//!
//! A value that is not known matches nothing but `field=unknown` and `field:–`: what is not known is neither
//! above nor below, neither equal nor different.

use std::{cmp::Ordering, fmt};

use jiff::Timestamp;

use super::{
    parser,
    words::{Needle, any_text},
};
use crate::model::{table::Rows, value::Value};

/// A query.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    Test(Condition),
    /// A word without a field: in any text field.
    Word(Needle, String),
    Not(Box<Expr>),
    /// Two or more, joined by `and`.
    All(Vec<Expr>),
    /// Two or more, joined by `or`.
    Any(Vec<Expr>),
}

/// `field operator literal`.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) field: usize,
    pub(super) name: &'static str,
    pub(super) op: Op,
    /// As typed, for printing.
    pub(super) literal: String,
    pub(super) wanted: Wanted,
    /// The literal asks for what is not known.
    pub(super) unknown: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Like,
    NotLike,
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// What the literal says.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Text(Needle),
    Number(f64),
    /// `7/8` of a fraction.
    Fraction(u32, u32),
    /// A share of a fraction: 1 is all of it.
    Share(f64),
    /// Only what is not known.
    Unknown,
}

impl Op {
    /// Longest first, so that `>=` is not read as `>`.
    pub(super) const ALL: [(&'static str, Self); 9] = [
        ("!=", Self::NotEqual),
        ("!:", Self::NotLike),
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        ("==", Self::Equal),
        ("=", Self::Equal),
        (":", Self::Like),
        (">", Self::Above),
        ("<", Self::Below),
    ];

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Like => ":",
            Self::NotLike => "!:",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }

    /// Whether it asks for an order rather than for equality.
    pub(super) fn is_order(self) -> bool {
        matches!(self, Self::Above | Self::AtLeast | Self::Below | Self::AtMost)
    }
}

impl Expr {
    pub(super) fn matches(&self, rows: &dyn Rows, slot: u32, now: Timestamp) -> bool {
        match self {
            Self::Test(condition) => condition.matches(&rows.value(slot, condition.field), now),
            Self::Word(needle, _) => any_text(rows, slot, needle),
            Self::Not(inner) => !inner.matches(rows, slot, now),
            Self::All(parts) => parts.iter().all(|part| part.matches(rows, slot, now)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(rows, slot, now)),
        }
    }
}

impl Condition {
    fn matches(&self, value: &Value, now: Timestamp) -> bool {
        if value.is_unknown() {
            return self.unknown && matches!(self.op, Op::Equal | Op::Like);
        }
        match self.op {
            Op::Equal | Op::Like => self.is(value, now),
            Op::NotEqual | Op::NotLike => !self.is(value, now),
            Op::Above => self.order(value, now) == Some(Ordering::Greater),
            Op::AtLeast => self.order(value, now).is_some_and(Ordering::is_ge),
            Op::Below => self.order(value, now) == Some(Ordering::Less),
            Op::AtMost => self.order(value, now).is_some_and(Ordering::is_le),
        }
    }

    fn is(&self, value: &Value, now: Timestamp) -> bool {
        match (&self.wanted, value) {
            (Wanted::Text(needle), Value::Text(text)) => needle.matches(text),
            (Wanted::Text(needle), other) => needle.matches(&other.show(now)),
            (Wanted::Fraction(ready, total), Value::Fraction(r, t)) => (ready, total) == (r, t),
            _ => self.order(value, now) == Some(Ordering::Equal),
        }
    }

    /// How the value stands to the literal.
    fn order(&self, value: &Value, now: Timestamp) -> Option<Ordering> {
        match (&self.wanted, value) {
            (Wanted::Fraction(ready, total), Value::Fraction(r, t)) => Some(near(share(*r, *t), share(*ready, *total))),
            (Wanted::Share(wanted), Value::Fraction(r, t)) => Some(near(share(*r, *t), *wanted)),
            (Wanted::Number(wanted), value) => Some(near(value.number(now).or_else(|| written(value))?, *wanted)),
            _ => None,
        }
    }
}

/// Ready of total; all of nothing is all.
fn share(ready: u32, total: u32) -> f64 {
    if total == 0 { 1.0 } else { f64::from(ready) / f64::from(total) }
}

/// A number that its field prints in a form of its own (`load`).
fn written(value: &Value) -> Option<f64> {
    match value {
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// The order of two numbers that were computed in different ways: equal within 10⁻⁹ of the literal.
fn near(value: f64, wanted: f64) -> Ordering {
    if (value - wanted).abs() <= wanted.abs() * 1e-9 { Ordering::Equal } else { value.total_cmp(&wanted) }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str, inside: fn(&Self) -> bool| {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                if inside(part) { write!(f, "({part})")? } else { write!(f, "{part}")? }
            }
            Ok(())
        };
        match self {
            Self::Test(Condition { name, op, literal, .. }) => {
                write!(f, "{name}{}", op.text())?;
                if parser::is_bare(literal) { f.write_str(literal) } else { f.write_str(&parser::quote(literal)) }
            }
            Self::Word(_, typed) => f.write_str(&parser::quote(typed)),
            Self::Not(inner) if matches!(**inner, Self::All(_) | Self::Any(_)) => write!(f, "not ({inner})"),
            Self::Not(inner) => write!(f, "not {inner}"),
            Self::All(parts) => list(f, parts, "and", |part| matches!(part, Self::All(_) | Self::Any(_))),
            // `and` binds closer, so it needs no parentheses here.
            Self::Any(parts) => list(f, parts, "or", |part| matches!(part, Self::Any(_))),
        }
    }
}
