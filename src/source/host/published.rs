//! A machine as the console knows it: parts come in, rows and the source's state go out when they changed.

use std::sync::Arc;

use super::{
    Outlet,
    latest::{Latest, Part},
};
use crate::model::{
    delta::Scope,
    health::State,
    rows::{DiskRow, UnitRow},
    store::{RowSet, TableId},
};

/// What is known, and what the console was told of it.
pub(super) struct Published {
    /// Everything that was read last.
    pub(super) latest: Latest,
    outlet: Outlet,
    sent_disks: Option<Vec<DiskRow>>,
    sent_units: Option<Vec<UnitRow>>,
    processes_shown: bool,
    listed: bool,
    health: Option<(State, String)>,
}

impl Published {
    /// Nothing is known of `node` yet.
    pub(super) fn new(node: &Arc<str>, outlet: Outlet) -> Self {
        Self {
            latest: Latest::new(node),
            outlet,
            sent_disks: None,
            sent_units: None,
            processes_shown: false,
            listed: false,
            health: None,
        }
    }

    fn scope(&self, table: TableId) -> Scope {
        Scope::all(self.outlet.source(), table)
    }

    /// Takes a part and tells the console what changed by it.
    pub(super) async fn take(&mut self, part: Part) {
        match part {
            Part::Facts(facts) => {
                let readable = facts.memory.total.is_some();
                self.latest.take_facts(*facts);
                let (state, message) = self.state(readable);
                self.tell_health(state, message).await;
            }
            Part::Disks(round) => {
                self.latest.hung = round.hung;
                if self.sent_disks.as_ref() != Some(&round.rows) {
                    self.outlet.replace(&self.scope(TableId::Disks), RowSet::Disks(round.rows.clone())).await;
                    self.sent_disks = Some(round.rows.clone());
                }
                self.latest.disks = Some(round.rows);
            }
            // The rows stay as they were last known; the remark on the source says so.
            Part::Units(Err(fault)) => (self.latest.units, self.latest.units_fault) = (None, Some(fault)),
            Part::Units(Ok(units)) => {
                let rows = units.clone().unwrap_or_default();
                if self.sent_units.as_ref() != Some(&rows) {
                    self.outlet.replace(&self.scope(TableId::Units), RowSet::Units(rows.clone())).await;
                    self.sent_units = Some(rows);
                }
                (self.latest.units, self.latest.units_fault) = (units, None);
            }
            Part::Processes(processes) => {
                let scope = self.scope(TableId::Processes);
                if processes.full {
                    self.outlet.replace(&scope, RowSet::Processes(processes.rows.clone())).await;
                } else if self.processes_shown {
                    // Nobody looks any more, and nothing keeps the rows true.
                    self.outlet.replace(&scope, RowSet::Processes(Vec::new())).await;
                }
                self.processes_shown = processes.full;
                self.latest.processes = processes;
            }
            Part::Standing(standing) => self.latest.standing = Some(standing),
            Part::Skew(skew) => self.latest.skew = Some(skew),
            Part::Cost(cost) => self.latest.cost = Some(cost),
        }
        if self.latest.facts.is_some() {
            let (scope, row) = (self.scope(TableId::Nodes), RowSet::Nodes(vec![self.latest.row()]));
            if self.listed {
                self.outlet.upsert(&scope, row).await;
            } else {
                // The first time as a whole list: who waits for one must know that no more machines come.
                self.outlet.replace(&scope, row).await;
                self.listed = true;
            }
        }
    }

    /// The machine is there; its row says no more until it was reached.
    pub(super) async fn announce(&self) {
        let row = RowSet::Nodes(vec![self.latest.row()]);
        self.outlet.announce(&self.scope(TableId::Nodes), row).await;
    }

    fn state(&self, readable: bool) -> (State, String) {
        if !readable {
            return (
                State::Unreachable,
                "cannot read /proc/meminfo: is /proc mounted and readable for this user?".into(),
            );
        }
        let mounts = match self.latest.hung.as_slice() {
            [] => None,
            [one] => Some(format!("mount {one} does not answer")),
            [one, more @ ..] => Some(format!("mount {one} and {} more do not answer", more.len())),
        };
        let remarks: Vec<String> = mounts.into_iter().chain(self.latest.units_fault.clone()).collect();
        (State::Polling, remarks.join("; "))
    }

    /// Tells the source's state, when it is another than the last.
    pub(super) async fn tell_health(&mut self, state: State, message: String) {
        let health = Some((state, message));
        if self.health != health
            && let Some((state, message)) = health.clone()
        {
            self.outlet.health(state, message).await;
            self.health = health;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        model::{
            delta::Delta,
            key::{Key, SourceId},
            store::Store,
        },
        source::{
            Inbox,
            host::{disks, facts},
        },
    };

    fn unit(name: &str, active: &str) -> UnitRow {
        UnitRow {
            key: Key::of(&["h1", name]),
            node: "h1".into(),
            unit: name.into(),
            load: "loaded".into(),
            active: active.into(),
            sub: active.into(),
            description: "".into(),
        }
    }

    fn readable() -> Part {
        let mut facts = facts::Facts::default();
        facts.memory.total = Some(1);
        Part::Facts(Box::new(facts))
    }

    #[tokio::test]
    async fn a_part_that_fails_keeps_its_rows_and_says_so_and_the_node_does_not_know() {
        let (inbox, mut store) = (Inbox::default(), Store::default());
        let source = SourceId::new("host", "h1");
        let mut machine = Published::new(&"h1".into(), inbox.outlet(source.clone()));
        let mut know = |inbox: &Inbox| {
            for delta in inbox.try_take(1000) {
                store.apply(delta, Timestamp::UNIX_EPOCH);
            }
            let failed = store.nodes.get(&"h1".into()).map(|node| node.failed_units);
            let message = store.health.get(&source).map(|health| health.message.clone()).unwrap_or_default();
            (store.units.iter().count(), failed, message)
        };
        machine.take(Part::Units(Ok(Some(vec![unit("a.service", "failed"), unit("b.service", "active")])))).await;
        assert_eq!(know(&inbox), (2, None, String::new()), "no row before the first facts");
        machine.take(readable()).await;
        assert_eq!(know(&inbox), (2, Some(Some(1)), String::new()));
        machine.take(Part::Units(Err("systemctl does not answer".into()))).await;
        machine.take(readable()).await;
        assert_eq!(know(&inbox), (2, Some(None), "systemctl does not answer".into()));
        machine.take(Part::Units(Ok(None))).await;
        machine.take(readable()).await;
        assert_eq!(know(&inbox), (0, Some(None), String::new()));
    }

    #[tokio::test]
    async fn the_first_row_of_the_machine_comes_as_a_whole_list_and_then_as_changes() {
        let inbox = Inbox::default();
        let mut machine = Published::new(&"h1".into(), inbox.outlet(SourceId::new("host", "h1")));
        let nodes = |inbox: &Inbox| {
            let deltas = inbox.try_take(10);
            let is_nodes = |delta: &Delta| matches!(delta, Delta::Commit(scope) if scope.table == TableId::Nodes);
            (deltas.iter().any(is_nodes), deltas.iter().any(|delta| matches!(delta, Delta::Upsert(..))))
        };
        machine.take(readable()).await;
        assert_eq!(nodes(&inbox), (true, true));
        machine.take(readable()).await;
        assert_eq!(nodes(&inbox), (false, true));
    }

    #[tokio::test]
    async fn what_did_not_change_is_not_sent_again() {
        let inbox = Inbox::default();
        let mut machine = Published::new(&"h1".into(), inbox.outlet(SourceId::new("host", "h1")));
        let round = || Part::Disks(disks::Round { rows: Vec::new(), hung: Vec::new() });
        machine.take(round()).await;
        assert_eq!(inbox.try_take(10).len(), 2, "an empty list begins and ends");
        machine.take(round()).await;
        assert!(inbox.try_take(10).is_empty());
    }

    #[tokio::test]
    async fn a_machine_that_cannot_be_read_is_unreachable() {
        let inbox = Inbox::default();
        let source = SourceId::new("host", "h1");
        let mut machine = Published::new(&"h1".into(), inbox.outlet(source.clone()));
        machine.take(Part::Facts(Box::default())).await;
        let mut store = Store::default();
        for delta in inbox.try_take(10) {
            store.apply(delta, Timestamp::UNIX_EPOCH);
        }
        assert_eq!(store.state(&source), State::Unreachable);
    }
}
