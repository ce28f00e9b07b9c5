//! The console's state and how it changes.
//!
//! [`update::update`] is pure: an event and the time in, effects out. [`run`] is the loop around it that owns the
//! terminal, the sources and the clock.

mod data;
mod dispatch;
pub mod effect;
pub mod event;
mod input;
pub mod layout;
pub mod log_page;
mod memory;
pub mod menu;
pub mod messages;
mod mouse;
mod navigate;
mod pages;
pub mod prompt;
pub mod related;
pub mod run;
pub mod saved;
mod supervisor;
pub mod tab;
pub mod table_view;
pub mod text_page;
pub mod update;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::{
    action::role::Role,
    command::{Context, keymap::Keymap},
    model::{
        derive::Derived,
        restarts::RestartLog,
        store::{Store, TableId},
        table::Rows,
        triage::Triage,
    },
    source::Demand,
};
use log_page::LogPage;
use menu::Menu;
use messages::Messages;
use prompt::Prompt;
use saved::SavedViews;
use tab::TABS;
use table_view::TableView;
use text_page::TextPage;

/// How long a table counts as wanted after it was last shown.
const WANTED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// What does not change while the console runs, but for the theme.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The user's name, for the header.
    pub user: String,
    /// The theme in use.
    pub theme: String,
    /// Themes there are.
    pub themes: Vec<String>,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Draw without colour.
    pub no_color: bool,
    /// A simulated fleet: marked everywhere.
    pub demo: bool,
    /// The time zone of the clock and of times of day.
    pub zone: jiff::tz::TimeZone,
    /// Accents of clusters, engines and machines: `cluster:eqiad` to a colour's name.
    pub accent: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user: String::new(),
            theme: crate::theme::DEFAULT.into(),
            themes: vec![crate::theme::DEFAULT.into()],
            ascii: false,
            no_color: false,
            demo: false,
            zone: jiff::tz::TimeZone::UTC,
            accent: BTreeMap::new(),
        }
    }
}

/// A page over a tab's table.
pub enum Page {
    /// Rows drilled into.
    Table(Box<TableView>),
    /// Text.
    Text(TextPage),
    /// Log lines.
    Logs(LogPage),
}

/// One tab as one left it.
pub struct TabState {
    /// The lens in use.
    pub lens: usize,
    /// A view for each lens.
    pub views: Vec<TableView>,
    /// Pages one went into, the last in front.
    pub stack: Vec<Page>,
}

/// The console.
pub struct App {
    /// What is known.
    pub store: Store,
    /// What is derived from it.
    pub derived: Derived,
    /// The rules that say what is wrong.
    pub rules: Triage,
    /// When pods restarted.
    pub restarts: RestartLog,
    /// When this run began.
    pub began: Timestamp,
    /// The time of the last event.
    pub now: Timestamp,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// What does not change.
    pub settings: Settings,
    /// What this user may do.
    pub role: Role,
    /// Keys.
    pub keymap: Keymap,
    /// The tabs.
    pub tabs: Vec<TabState>,
    /// The tab in front.
    pub active: usize,
    /// The input line.
    pub prompt: Option<Prompt>,
    /// The menu in front.
    pub menu: Option<Menu>,
    /// What ronde told.
    pub messages: Messages,
    /// Saved views.
    pub saved: SavedViews,
    /// The mouse is ours.
    pub mouse: bool,
    /// Header and hints make room.
    pub zoom: bool,
    /// What the last frame put where.
    pub hits: layout::Hits,
    /// Tabs and lenses from which links led here, oldest first.
    came_from: Vec<(usize, usize)>,
    next_ask: u64,
    interrupted: Option<Timestamp>,
    shown: BTreeMap<TableId, Timestamp>,
    demand: Demand,
    triage_of: Option<(u64, Timestamp)>,
}

impl App {
    /// A console that knows nothing yet.
    pub fn new(settings: Settings, role: Role, keymap: Keymap, saved: SavedViews, now: Timestamp) -> Self {
        let store = Store::default();
        let tabs = TABS
            .iter()
            .map(|tab| TabState {
                lens: 0,
                views: tab.lenses.iter().map(|lens| restored(lens.table, &saved, &store)).collect(),
                stack: Vec::new(),
            })
            .collect();
        Self {
            store,
            derived: Derived::default(),
            rules: Triage::default(),
            restarts: RestartLog::default(),
            began: now,
            now,
            size: (80, 24),
            settings,
            role,
            keymap,
            tabs,
            active: 0,
            prompt: None,
            menu: None,
            messages: Messages::default(),
            saved,
            mouse: false,
            zoom: false,
            hits: layout::Hits::default(),
            came_from: Vec::new(),
            next_ask: 0,
            interrupted: None,
            shown: BTreeMap::new(),
            demand: Demand::default(),
            triage_of: None,
        }
    }

    /// Whether there is a page or a place to go back to.
    pub fn leads_back(&self) -> bool {
        !self.tab().stack.is_empty() || !self.came_from.is_empty()
    }

    /// The tab in front.
    pub fn tab(&self) -> &TabState {
        &self.tabs[self.active]
    }

    fn tab_mut(&mut self) -> &mut TabState {
        &mut self.tabs[self.active]
    }

    /// The table in front, unless text or logs are.
    pub fn view(&self) -> Option<&TableView> {
        let tab = self.tab();
        match tab.stack.last() {
            None => tab.views.get(tab.lens),
            Some(Page::Table(view)) => Some(view),
            Some(_) => None,
        }
    }

    /// The page of text in front.
    pub fn text(&self) -> Option<&TextPage> {
        match self.tab().stack.last() {
            Some(Page::Text(page)) => Some(page),
            _ => None,
        }
    }

    /// The page of log lines in front.
    pub fn logs(&self) -> Option<&LogPage> {
        match self.tab().stack.last() {
            Some(Page::Logs(page)) => Some(page),
            _ => None,
        }
    }

    fn text_mut(&mut self) -> Option<&mut TextPage> {
        match self.tab_mut().stack.last_mut() {
            Some(Page::Text(page)) => Some(page),
            _ => None,
        }
    }

    /// Masks what was revealed on pages that are not in front any more.
    fn mask_behind(&mut self) {
        let active = self.active;
        for (at, tab) in self.tabs.iter_mut().enumerate() {
            let behind = tab.stack.len() - usize::from(at == active && !tab.stack.is_empty());
            for page in &mut tab.stack[..behind] {
                if let Page::Text(page) = page {
                    page.revealed = false;
                }
            }
        }
    }

    fn logs_mut(&mut self) -> Option<&mut LogPage> {
        match self.tab_mut().stack.last_mut() {
            Some(Page::Logs(page)) => Some(page),
            _ => None,
        }
    }

    /// The table in front and the store, both to change or read.
    fn view_and_store(&mut self) -> Option<(&mut TableView, &mut Store)> {
        let tab = &mut self.tabs[self.active];
        let view = match tab.stack.last_mut() {
            None => tab.views.get_mut(tab.lens)?,
            Some(Page::Table(view)) => view,
            Some(_) => return None,
        };
        Some((view, &mut self.store))
    }

    /// Where keys mean something now.
    pub fn context(&self) -> Context {
        match self.tab().stack.last() {
            None | Some(Page::Table(_)) => Context::Table,
            Some(Page::Text(_)) => Context::Text,
            Some(Page::Logs(_)) => Context::Logs,
        }
    }

    /// The table in front.
    pub fn table(&self) -> Option<TableId> {
        self.view().map(|view| view.table)
    }

    /// The rows of the table in front.
    pub fn rows(&self) -> Option<&dyn Rows> {
        self.view().map(|view| view.rows(&self.store))
    }

    /// Every view of every tab, in front or not.
    fn all_views(&mut self) -> impl Iterator<Item = &mut TableView> {
        self.tabs.iter_mut().flat_map(|tab| {
            tab.views.iter_mut().chain(tab.stack.iter_mut().filter_map(|page| match page {
                Page::Table(view) => Some(&mut **view),
                _ => None,
            }))
        })
    }

    /// Tables that are on screen or were lately.
    fn wanted(&self) -> BTreeSet<TableId> {
        self.shown
            .iter()
            .filter(|(_, at)| self.now.duration_since(**at) < WANTED_FOR)
            .map(|(table, _)| *table)
            .collect()
    }
}

/// A view as it was saved.
fn restored(table: TableId, saved: &SavedViews, store: &Store) -> TableView {
    let mut view = TableView::new(table);
    if let Some(saved) = saved.views.get(&table) {
        view.set_filter(&saved.filter, store);
        view.only_wrong = saved.only_wrong;
        view.sort = store
            .rows(table)
            .field_named(&saved.sort)
            .map(|field| crate::model::order::Sort { field, descending: saved.descending });
    }
    view
}
