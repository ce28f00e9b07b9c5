//! From single rows to findings: cases of one rule, place and cause become one finding.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use crate::model::{
    key::Key,
    rows::{FindingRow, Subject},
    severity::Severity,
};

/// One row of which a rule says that it is wrong.
pub(super) struct Case {
    pub(super) rule: &'static str,
    pub(super) severity: Severity,
    /// Cluster, engine or machine.
    pub(super) place: Arc<str>,
    /// What cases of the same cause have in common; names the finding within rule and place.
    pub(super) cause: String,
    /// The row, as people name it.
    pub(super) object: String,
    /// What they have in common, as people name it.
    pub(super) group: String,
    pub(super) title: String,
    /// The row's own name, for the evidence where one speaks for many; empty when the evidence names it anyhow.
    pub(super) name: String,
    /// Facts without ages: an age would change the finding every second.
    pub(super) evidence: String,
    pub(super) since: Option<Timestamp>,
    pub(super) subject: Subject,
    /// Rows it stands for.
    pub(super) count: u32,
}

#[derive(Default)]
pub(super) struct Cases {
    by_key: HashMap<Key, (Case, u32)>,
}

/// What is needed of a case to put it to others of its cause.
pub(super) struct Cause<'a> {
    pub(super) rule: &'static str,
    pub(super) place: &'a str,
    /// As [`Case::cause`].
    pub(super) name: &'a str,
    pub(super) severity: Severity,
    pub(super) since: Option<Timestamp>,
    /// Key of the row.
    pub(super) subject: &'a Key,
    pub(super) count: u32,
}

impl Cases {
    /// Adds a case to those of the same cause.
    pub(super) fn add(&mut self, case: Case) {
        let (name, place, row) = (case.cause.clone(), case.place.clone(), case.subject.key.clone());
        let Case { rule, severity, since, count, .. } = case;
        self.add_as(&Cause { rule, place: &place, name: &name, severity, since, subject: &row, count }, || case);
    }

    /// Adds a case to those of the same cause. The worst one, the first by key among equals, speaks for all; only such a
    /// one is made, since where thousands are wrong, the words of thousands would be made for nothing.
    pub(super) fn add_as(&mut self, new: &Cause<'_>, case: impl FnOnce() -> Case) {
        let key = Key::of(&[new.rule, new.place, new.name]);
        let Some((known, count)) = self.by_key.get_mut(&key) else {
            self.by_key.insert(key, (case(), new.count));
            return;
        };
        *count = count.saturating_add(new.count);
        let since = match (known.since, new.since) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        if (new.severity, &known.subject.key) > (known.severity, new.subject) {
            *known = case();
        }
        known.since = since;
    }

    pub(super) fn into_findings(self) -> Vec<FindingRow> {
        self.by_key
            .into_iter()
            .map(|(key, (case, count))| FindingRow {
                key,
                rule: case.rule.into(),
                rank: 0,
                severity: case.severity,
                place: case.place,
                evidence: if count > 1 && !case.name.is_empty() {
                    format!("{}: {}", case.name, case.evidence)
                } else {
                    case.evidence
                },
                object: if count > 1 { case.group } else { case.object },
                title: case.title,
                since: case.since,
                count,
                subject: case.subject,
            })
            .collect()
    }
}
