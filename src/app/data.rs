//! What sources, cache and answers tell, taken into the state.

use jiff::{SignedDuration, Timestamp};

use super::{App, Page, effect::Effect, layout, table_view::TableView};
use crate::{
    model::{
        delta::{Delta, Scope},
        query::{Answer, AskId},
        restarts::RestartLog,
        rows::FindingRow,
        store::{RowSet, TableId},
        table::Rows,
    },
    source::Demand,
};

/// Of which state of the data a frame is; see [`App::looks`].
#[derive(PartialEq)]
pub(super) struct Looks {
    rows: Option<u64>,
    waiting: Option<u64>,
    order: Option<u64>,
    findings: u64,
    health: u64,
}

/// The shortest time between two rounds of triage.
const TRIAGE_EVERY: SignedDuration = SignedDuration::from_millis(500);

impl App {
    pub(super) fn data(&mut self, deltas: Vec<Delta>) {
        for mut delta in deltas {
            if let Delta::Upsert(_, RowSet::Pods(pods)) = &mut delta {
                for pod in pods {
                    self.restarts.observe(pod, self.now);
                }
            }
            self.store.apply(delta, self.now);
        }
    }

    pub(super) fn remember(&mut self, rows: Vec<(Scope, RowSet)>, looked: Option<Timestamp>, restarts: RestartLog) {
        self.restarts = restarts;
        self.restarts.set_look(looked);
        for (scope, rows) in rows {
            self.store.remember(&scope, rows);
        }
    }

    /// Time passed: ghosts go, restarts leave their windows, what only the cache knows is doubted.
    pub(super) fn tick(&mut self) {
        self.store.bury(self.now);
        if self.now.as_second() % 60 == 0 {
            self.restarts.forget_gone(&self.store, self.began);
            self.restarts.refresh(&mut self.store, self.now);
            self.store.doubt(self.now);
        }
    }

    pub(super) fn answer(&mut self, id: AskId, answer: Answer) {
        for tab in &mut self.tabs {
            for page in &mut tab.stack {
                match page {
                    Page::Text(page) if page.ask == Some(id) => {
                        match answer {
                            Answer::Document(document) => page.document = Some(document),
                            Answer::Failed(why) => page.failed = Some(why),
                            _ => {}
                        }
                        return;
                    }
                    Page::Logs(page) if page.asks.contains(&id) => {
                        match answer {
                            Answer::Lines(lines) => page.add(lines),
                            Answer::Dropped(count) => page.dropped += count,
                            Answer::Failed(why) => page.failed.push(why),
                            Answer::End => {
                                page.asks.remove(&id);
                            }
                            Answer::Document(_) => {}
                        }
                        return;
                    }
                    _ => {}
                }
            }
        }
    }

    /// Brings what is in front up to date: derived rows, findings, order, scroll.
    pub(super) fn settle(&mut self) {
        self.triage();
        if let Some(table) = self.table() {
            match self.view().and_then(|view| view.within.as_ref()?.pod.clone()) {
                Some(pod) => self.derived.refresh_containers_of(&mut self.store, &pod, self.now),
                None => self.derived.refresh(&mut self.store, table, self.now),
            }
        }
        let height = self.table_height();
        let now = self.now;
        if let Some((view, store)) = self.view_and_store() {
            view.rebuild(store, now);
            view.scroll_into(height);
        }
        self.reclaim();
    }

    /// Findings, at most every [`TRIAGE_EVERY`]: the tab's number shows them wherever one is.
    fn triage(&mut self) {
        let observed = TableId::ALL.iter().filter(|table| **table != TableId::Findings);
        let generation: u64 = observed.map(|table| self.store.rows(*table).generation()).sum();
        let due = self.triage_of.is_none_or(|(seen, at)| {
            let waited = self.now.duration_since(at).abs();
            // Some findings come with time alone.
            (seen != generation && waited >= TRIAGE_EVERY) || waited >= SignedDuration::from_secs(5)
        });
        if due {
            self.derived.refresh(&mut self.store, TableId::Nodes, self.now);
            self.rules.refresh(&mut self.store, self.now);
            self.triage_of = Some((generation, self.now));
        }
    }

    /// Slots of buried rows are given away once no view's order names them: the one in front has been rebuilt,
    /// the others forget their order and make it anew when they come to the front.
    fn reclaim(&mut self) {
        let Some((view, store)) = self.view_and_store() else { return };
        if !store.has_retired() || view.is_behind(store) {
            return;
        }
        let order = view.take_order();
        for view in self.all_views() {
            view.forget_order();
        }
        if let Some((view, store)) = self.view_and_store() {
            view.restore_order(order);
            store.reclaim();
        }
    }

    /// Rows of the table in front that fit on the screen, without its header.
    pub fn table_height(&self) -> usize {
        usize::from(layout::screen(self.size, self.zoom).body.height.saturating_sub(1)).max(1)
    }

    /// Lines of text that fit.
    pub fn text_height(&self) -> usize {
        usize::from(layout::screen(self.size, self.zoom).body.height).max(1)
    }

    /// Tells sources what is on screen, when that changed.
    pub(super) fn demand(&mut self, effects: &mut Vec<Effect>) {
        let mut demand = Demand::default();
        if let Some(view) = self.view() {
            let table = view.table;
            let rows = view.rows(&self.store);
            let height = self.table_height();
            let end = (view.top + height).min(view.order.len());
            let keys = view.order[view.top.min(end)..end].iter().filter_map(|&slot| rows.key(slot)).cloned().collect();
            demand.visible.insert(table, keys);
            self.shown.insert(table, self.now);
            if table == TableId::Groups {
                self.shown.insert(TableId::Nodes, self.now);
            }
            if table == TableId::Projects {
                self.shown.insert(TableId::Containers, self.now);
            }
        }
        demand.tables = self.wanted();
        if demand != self.demand {
            self.demand = demand.clone();
            effects.push(Effect::Demand(demand));
        }
    }

    /// Changes with all that data may change on the screen: the rows in front, the findings counted in the header, how
    /// sources stand. (Ages change with time; there is a frame a second for them.)
    pub(super) fn looks(&self) -> Looks {
        Looks {
            rows: self.rows().map(Rows::generation),
            waiting: self.view().map(|view| view.waiting(&self.store)),
            order: self.view().map(TableView::version),
            findings: self.store.findings.generation(),
            health: self.store.told,
        }
    }

    /// Findings at least as bad as a warning.
    pub fn finding_count(&self) -> usize {
        self.store.findings.iter().filter(|finding: &&FindingRow| finding.severity.is_wrong()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        action::role::Role,
        app::{Settings, event::Event, saved::SavedViews, update::update},
        command::keymap::Keymap,
        model::fixtures::{cluster, cluster_node, now, pod},
    };

    #[test]
    fn data_that_is_not_on_the_screen_changes_nothing_there() {
        let mut app = App::new(Settings::default(), Role::read_only(), Keymap::default(), SavedViews::default(), now());
        (app.size, app.active) = ((200, 50), 3);
        let mut later = now();
        let mut changes = |rows: RowSet| {
            let scope = Scope::all(&cluster("eqiad"), rows.table());
            later += SignedDuration::from_secs(1);
            let before = app.looks();
            update(&mut app, Event::Data(vec![Delta::Upsert(scope, rows)]), later);
            app.looks() != before
        };
        let web = pod("eqiad", "mw-web", "web-1");
        assert!(changes(RowSet::Pods(vec![web.clone()])), "a row in front");
        assert!(!changes(RowSet::Pods(vec![web.clone()])), "as it was");
        let mut node = cluster_node("eqiad", "node1");
        assert!(!changes(RowSet::ClusterNodes(vec![node.clone()])), "another table");
        node.status = "NotReady".into();
        assert!(changes(RowSet::ClusterNodes(vec![node])), "a finding, counted in the header");
    }
}
