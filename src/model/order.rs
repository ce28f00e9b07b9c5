//! The order of a table on screen: which slots, in which sequence.
//!
//! Each row's sort key is read once. What is unknown comes last whichever way one sorts; ties go by key.

use std::{borrow::Cow, cmp::Ordering};

use jiff::Timestamp;

use super::{
    filter::Filter,
    key::Key,
    rows::{ContainerRow, EventRow, FindingRow, ProcessRow},
    store::TableId,
    table::{Row, Rows},
    value::{Kind, Value},
};

/// By which field, which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sort {
    /// Index of the field.
    pub field: usize,
    /// Greatest first.
    pub descending: bool,
}

/// How a table is sorted before a person says otherwise; none is by key: cluster, namespace, name. A container's key is
/// its id, which says nothing to anybody.
pub fn default_sort(table: TableId) -> Option<Sort> {
    match table {
        TableId::Containers => by::<ContainerRow>("container", false),
        TableId::Findings => by::<FindingRow>("rank", false),
        TableId::Processes | TableId::ContainerProcesses => by::<ProcessRow>("cpu", true),
        TableId::Events => by::<EventRow>("last", false),
        _ => None,
    }
}

fn by<R: Row>(name: &str, descending: bool) -> Option<Sort> {
    R::FIELDS.iter().position(|field| field.meta.name == name).map(|field| Sort { field, descending })
}

/// The slots of the rows that pass `filter`, ghosts among them, sorted. Without a sort a fuzzy filter puts the best fit
/// first. `only_wrong` leaves what is degraded or broken.
pub fn order(rows: &dyn Rows, filter: &Filter, only_wrong: bool, sort: Option<Sort>, now: Timestamp) -> Vec<u32> {
    let passing = (0..rows.slot_count())
        .filter(|&slot| filter.matches(rows, slot, now) && (!only_wrong || rows.severity(slot, now).is_wrong()));
    let keyed = passing.filter_map(|slot| Some((slot, rows.key(slot)?)));
    match sort {
        Some(Sort { field, descending }) if is_text(rows, field) => {
            by_text(keyed.map(|(slot, key)| (text(rows.value(slot, field)), key, slot)), descending)
        }
        Some(Sort { field, descending }) => {
            by_number(rows, keyed.map(|(slot, _)| (rank(number(rows, slot, field, now), descending), slot)))
        }
        None if filter.is_fuzzy() => {
            by_number(rows, keyed.map(|(slot, _)| (rank(filter.score(rows, slot).map(f64::from), true), slot)))
        }
        None => {
            let mut keyed: Vec<_> = keyed.collect();
            keyed.sort_by(|a, b| by_parts(a.1, b.1));
            keyed.into_iter().map(|(slot, _)| slot).collect()
        }
    }
}

fn by_text<'a>(rows: impl Iterator<Item = (Option<Cow<'a, str>>, &'a Key, u32)>, descending: bool) -> Vec<u32> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|a, b| {
        let by_value = match (&a.0, &b.0) {
            (Some(a), Some(b)) if descending => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        };
        by_value.then_with(|| by_parts(a.1, b.1))
    });
    rows.into_iter().map(|(_, _, slot)| slot).collect()
}

/// Sorts by rank, which is compared without a look at the rows; only equal ranks need their keys.
fn by_number(rows: &dyn Rows, ranked: impl Iterator<Item = (u64, u32)>) -> Vec<u32> {
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_unstable();
    for equal in ranked.chunk_by_mut(|a, b| a.0 == b.0).filter(|equal| equal.len() > 1) {
        equal.sort_by(|a, b| match (rows.key(a.1), rows.key(b.1)) {
            (Some(a), Some(b)) => by_parts(a, b),
            (a, b) => a.cmp(&b),
        });
    }
    ranked.into_iter().map(|(_, slot)| slot).collect()
}

/// A number as one that sorts as wanted: the bits of an IEEE 754 number, turned so that they ascend with it
/// (as [`f64::total_cmp`] does), or descend; what is unknown is last.
fn rank(number: Option<f64>, descending: bool) -> u64 {
    const SIGN: u64 = 1 << 63;
    // Adding zero makes −0 one with 0.
    let Some(bits) = number.map(|number| (number + 0.0).to_bits()) else { return u64::MAX };
    let ascending = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    if descending { !ascending } else { ascending }
}

/// The order of two keys part by part, so that `mw-web/…` stands before `mw-web-next/…`.
pub fn by_parts(a: &Key, b: &Key) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let shorter = a.len().min(b.len());
    // Keys share long beginnings (cluster, namespace); skip them by words.
    let words = a.chunks_exact(8).zip(b.chunks_exact(8)).take_while(|(a, b)| a == b).count();
    let at = (words * 8..shorter).find(|&at| a[at] != b[at]);
    at.map_or_else(|| a.len().cmp(&b.len()), |at| (a[at] != b'/', a[at]).cmp(&(b[at] != b'/', b[at])))
}

/// Severity is text on the screen and a scale in a sort.
fn is_severity(rows: &dyn Rows, field: usize) -> bool {
    rows.field(field).name == "severity"
}

fn is_text(rows: &dyn Rows, field: usize) -> bool {
    rows.field(field).kind == Kind::Text && !is_severity(rows, field)
}

fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn number(rows: &dyn Rows, slot: u32, field: usize, now: Timestamp) -> Option<f64> {
    if is_severity(rows, field) {
        return Some(f64::from(rows.severity(slot, now) as u8));
    }
    match rows.value(slot, field) {
        // A number that its field prints in a form of its own.
        Value::Text(text) => text.parse().ok(),
        value => value.number(now),
    }
}

#[cfg(test)]
mod tests;
