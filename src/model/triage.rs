//! What is wrong, ranked: some rules over all tables, one file each, grouped by cause, each finding with its evidence.
//!
//! Rows of a source that fails keep the findings they had when it failed: they are judged as of that moment, so that
//! silence is not mistaken for trouble. The failure is a finding of its own.

mod cases;
mod cluster;
mod containers;
mod machines;
mod pods;
mod schedule;
mod sources;

use std::{cmp::Reverse, collections::BTreeSet};

use jiff::Timestamp;

use self::cases::Cases;
use super::{
    delta::{Delta, Scope},
    key::SourceId,
    rows::FindingRow,
    store::{RowSet, Store, TableId},
    table::{Presence, Rows},
};

/// The rules, with what they know beyond the tables.
#[derive(Clone, Debug, Default)]
pub struct Triage {
    /// Clusters, engines and machines that are production; they come first among equals.
    pub production: BTreeSet<String>,
}

/// What is wrong, worst first, when no place is known as production.
pub fn findings(store: &Store, now: Timestamp) -> Vec<FindingRow> {
    Triage::default().findings(store, now)
}

impl Triage {
    /// What is wrong, ranked by severity, production, number of rows, newest.
    pub fn findings(&self, store: &Store, now: Timestamp) -> Vec<FindingRow> {
        let seen = Seen { store, now };
        let mut cases = Cases::default();
        let folded = pods::find(&seen, &mut cases);
        cluster::find(&seen, &folded, &mut cases);
        containers::find(&seen, &mut cases);
        machines::find(&seen, &mut cases);
        sources::find(&seen, &mut cases);
        let mut findings = cases.into_findings();
        for finding in &mut findings {
            finding.since = since(store, finding);
        }
        findings.sort_by_cached_key(|finding| {
            (
                Reverse(finding.severity),
                !self.production.contains(&*finding.place),
                Reverse(finding.count),
                Reverse(finding.since),
                finding.key.clone(),
            )
        });
        for (rank, finding) in (0..).zip(&mut findings) {
            finding.rank = rank;
        }
        findings
    }

    /// Puts what is wrong into the table of findings. Says whether anything changed.
    pub fn refresh(&self, store: &mut Store, now: Timestamp) -> bool {
        let findings = self.findings(store, now);
        let same = findings.len() == store.findings.len()
            && findings.iter().all(|finding| {
                let slot = store.findings.slot(&finding.key);
                slot.and_then(|slot| store.findings.presence(slot)) == Some(Presence::Present)
                    && store.findings.get(&finding.key) == Some(finding)
            });
        if same {
            return false;
        }
        let scope = Scope::all(&SourceId::new("triage", "findings"), TableId::Findings);
        store.apply(Delta::Begin(scope.clone()), now);
        store.apply(Delta::Upsert(scope.clone(), RowSet::Findings(findings)), now);
        store.apply(Delta::Commit(scope), now);
        true
    }
}

/// A finding that stands already began when it began, whatever its newest row says.
fn since(store: &Store, finding: &FindingRow) -> Option<Timestamp> {
    let slot = store.findings.slot(&finding.key);
    let standing = slot.and_then(|slot| store.findings.presence(slot)) == Some(Presence::Present);
    let before = store.findings.get(&finding.key).filter(|_| standing).and_then(|known| known.since);
    match (before, finding.since) {
        (Some(before), Some(since)) => Some(before.min(since)),
        (before, since) => before.or(since),
    }
}

/// The store as of a moment.
struct Seen<'a> {
    store: &'a Store,
    now: Timestamp,
}

impl Seen<'_> {
    /// The moment as of which rows of a source are judged: now, or when the source failed.
    fn now(&self, source: &SourceId) -> Timestamp {
        match self.store.health.get(source) {
            Some(health) if health.state.is_fault() => self.now.min(health.since),
            _ => self.now,
        }
    }
}

#[cfg(test)]
mod tests;
