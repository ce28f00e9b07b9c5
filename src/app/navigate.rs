//! Going from one place to another, and back.

use super::{
    App, Page,
    effect::Effect,
    messages::Level,
    related::{self, Link},
    tab::{self, TABS},
    table_view::{TableView, Within},
};
use crate::{
    command::Command,
    model::{filter::Filter, key::Key, store::TableId},
};

/// Places that links led from that are kept.
const TRAIL: usize = 16;

impl App {
    /// Goes to a tab, as one left it; to its table when it is in front already.
    pub(super) fn go_to_tab(&mut self, tab: usize) {
        if tab == self.active {
            self.tab_mut().stack.clear();
        }
        self.active = tab.min(TABS.len() - 1);
        self.came_from.clear();
    }

    /// Goes to a tab's lens.
    pub(super) fn go_to_lens(&mut self, tab: usize, lens: usize) {
        self.active = tab;
        self.came_from.clear();
        let tab = self.tab_mut();
        tab.lens = lens.min(tab.views.len() - 1);
        tab.stack.clear();
    }

    /// Goes to one row, wherever its table stands. Says when it is not there, or what hid it.
    pub(super) fn go_to_row(&mut self, table: TableId, key: &Key) {
        if table == TableId::Sources {
            self.open_sources();
        } else if let Some((tab, lens)) = tab::place(table) {
            self.go_to_lens(tab, lens);
        }
        let now = self.now;
        if self.store.rows(table).slot(key).is_none() {
            self.messages.tell(now, Level::Warning, format!("{key} is not known (any more)"));
            return;
        }
        let Some((view, store)) = self.view_and_store() else { return };
        view.rebuild(store, now);
        if !view.select_key(key, store) {
            view.set_filter("", store);
            view.only_wrong = false;
            view.touch();
            view.rebuild(store, now);
            view.select_key(key, store);
            self.messages.tell(now, Level::Info, "the filter hid the row and was cleared");
        }
    }

    /// Follows a link from the selected row.
    pub(super) fn follow(&mut self, link: Link, effects: &mut Vec<Effect>) {
        match link {
            Link::Row(table, key) => {
                let from = (self.active, self.tab().lens);
                let mut trail = std::mem::take(&mut self.came_from);
                self.go_to_row(table, &key);
                if (self.active, self.tab().lens) != from {
                    trail.push(from);
                    trail.drain(..trail.len().saturating_sub(TRAIL));
                }
                self.came_from = trail;
            }
            Link::Logs => self.dispatch(Command::Logs, "", effects),
            Link::Details => self.dispatch(Command::Details, "", effects),
            Link::Matching { table, title, filter } => {
                let pod = self.view().filter(|view| view.table == TableId::Pods).and_then(|view| view.selected.clone());
                match Filter::parse(&filter, self.store.rows(table)) {
                    Ok(filter) => {
                        let within = Within { title, filter, pod: pod.filter(|_| table == TableId::PodContainers) };
                        self.tab_mut().stack.push(Page::Table(Box::new(TableView::within(table, within))));
                    }
                    Err(error) => self.messages.tell(self.now, Level::Error, format!("{filter}: {}", error.message)),
                }
            }
        }
    }

    /// Opens what the selected row is made of.
    pub(super) fn drill(&mut self, effects: &mut Vec<Effect>) {
        let Some((table, key)) = self.selected() else { return };
        if let Some((_, link)) = related::links(&self.store, table, &key).into_iter().next() {
            self.follow(link, effects);
        }
    }

    /// The selected row, if it is still there; says so when it is not.
    pub(super) fn selected(&mut self) -> Option<(TableId, Key)> {
        let view = self.view()?;
        let found = view.selected.clone().map(|key| (view.table, key));
        if found.is_some() && view.is_ghost(&self.store) {
            self.messages.tell(self.now, Level::Warning, "that row is gone");
            return None;
        }
        found
    }

    /// One step back: the filter, then the page, then the place from which a link led here. Never quits.
    pub(super) fn back(&mut self, effects: &mut Vec<Effect>) {
        if let Some((view, store)) = self.view_and_store()
            && !(view.filter_text.is_empty() && view.filter_error.is_none())
        {
            view.set_filter("", store);
            return;
        }
        if let Some(page) = self.tab_mut().stack.pop() {
            cancel(&page, effects);
        } else if let Some((tab, lens)) = self.came_from.pop() {
            let trail = std::mem::take(&mut self.came_from);
            self.go_to_lens(tab, lens);
            self.came_from = trail;
        } else if self.zoom {
            self.zoom = false;
        }
    }

    /// The sources, as a table over the tab in front.
    pub(super) fn open_sources(&mut self) {
        if self.table() != Some(TableId::Sources) {
            self.tab_mut().stack.push(Page::Table(Box::new(TableView::new(TableId::Sources))));
        }
    }
}

/// Nobody waits for a closed page's answers.
pub(super) fn cancel(page: &Page, effects: &mut Vec<Effect>) {
    match page {
        Page::Text(page) => effects.extend(page.ask.map(Effect::Cancel)),
        Page::Logs(page) => effects.extend(page.asks.iter().copied().map(Effect::Cancel)),
        Page::Table(_) => {}
    }
}
