//! What each command does. One arm a command; the compiler misses none.

use jiff::SignedDuration;

use super::{
    App,
    effect::Effect,
    menu::{Choice, Menu},
    messages::Level,
    prompt::{Prompt, PromptKind},
    related,
    saved::SavedView,
    tab::{self, TABS},
    text_page::TextPage,
    update::TWICE,
};
use crate::{
    command::{self, Command},
    model::{query::Query, store::TableId},
};

impl App {
    /// Runs a line of the palette: a command's name with its argument, a table's name, `q`.
    pub(super) fn run_line(&mut self, line: &str, effects: &mut Vec<Effect>) {
        let (name, argument) = line.split_once(' ').map_or((line, ""), |(name, rest)| (name, rest.trim()));
        if name.is_empty() {
            return;
        }
        let name = match name {
            "q" | "exit" | "q!" => "quit",
            "ns" => "namespace",
            "po" => "pods",
            "deploy" | "deployments" => "workloads",
            "ev" => "events",
            "no" => "nodes",
            name => name,
        };
        if let Some(spec) = command::named(name) {
            let (context, table) = (self.context(), self.table());
            if spec.applies(context, table) {
                self.dispatch(spec.command, argument, effects);
            } else if let Some((tab, lens)) = TableId::named(name).and_then(tab::place) {
                self.go_to_lens(tab, lens);
            } else {
                self.tell(
                    Level::Warning,
                    format!(":{name} means nothing here ({})", spec.context.title().to_lowercase()),
                );
            }
        } else if let Some(table) = TableId::named(name) {
            match tab::place(table) {
                Some((tab, lens)) => self.go_to_lens(tab, lens),
                None => self.open_sources(),
            }
            if !argument.is_empty() {
                self.filter(argument);
            }
        } else {
            let nearest = command::SPECS
                .iter()
                .map(|spec| spec.id)
                .min_by_key(|id| strsim::damerau_levenshtein(id, name))
                .unwrap_or_default();
            self.tell(Level::Warning, format!("there is no command :{name}; did you mean :{nearest}?"));
        }
    }

    pub(super) fn tell(&mut self, level: Level, text: impl Into<String>) {
        self.messages.tell(self.now, level, text);
    }

    /// Filters the table in front.
    pub(super) fn filter(&mut self, text: &str) {
        if let Some((view, store)) = self.view_and_store() {
            view.set_filter(text, store);
        }
    }

    /// Sets what is searched for in the page in front.
    pub(super) fn search(&mut self, text: &str) {
        if let Some(page) = self.logs_mut() {
            text.clone_into(&mut page.search);
        } else if let Some(page) = self.text_mut() {
            text.clone_into(&mut page.search);
        }
    }

    /// Goes to the next or previous place found.
    pub(super) fn find(&mut self, forward: bool) {
        let (height, now) = (self.text_height(), self.now);
        let (found, search) = if let Some(page) = self.logs_mut() {
            (page.find(forward, height), page.search.clone())
        } else if let Some(page) = self.text_mut() {
            (page.find(forward, height, now), page.search.clone())
        } else {
            return;
        };
        if !found && !search.is_empty() {
            self.tell(Level::Info, format!("{search} is not here"));
        }
    }

    fn prompt(&mut self, kind: PromptKind, text: &str) {
        self.prompt = Some(Prompt::new(kind, text));
        self.prompt_changed();
    }

    /// Does what a command does.
    #[expect(clippy::too_many_lines, reason = "one arm a command: a match the compiler keeps complete")]
    pub(super) fn dispatch(&mut self, command: Command, argument: &str, effects: &mut Vec<Effect>) {
        let height = self.table_height();
        let text_height = self.text_height();
        let half = isize::try_from(height / 2).unwrap_or(1).max(1);
        match command {
            Command::Filter if argument.is_empty() => {
                let text = self.view().map(|view| view.filter_text.clone()).unwrap_or_default();
                self.prompt(PromptKind::Filter, &text);
            }
            Command::Filter => self.filter(argument),
            Command::Palette => self.prompt(PromptKind::Palette, ""),
            Command::Help => self.open_help(),
            Command::Back => self.back(effects),
            Command::Quit => effects.push(Effect::Quit),
            Command::Interrupt => self.interrupt(effects),
            Command::Tab => self.tab_named(argument),
            Command::NextTab => self.turn(1),
            Command::PreviousTab => self.turn(TABS.len() - 1),
            Command::Sources => self.open_sources(),
            Command::Messages => self.open_messages(),
            Command::Theme => self.theme(argument),
            Command::Mouse => {
                self.mouse = !self.mouse;
                effects.push(Effect::Mouse(self.mouse));
                let text = if self.mouse {
                    "the mouse works here"
                } else {
                    "the mouse is the terminal's: select text with it"
                };
                self.tell(Level::Info, text);
            }
            Command::Zoom => self.zoom = !self.zoom,
            Command::Lock => {
                self.role.lock();
                self.tell(Level::Info, "read-only until :unlock");
            }
            Command::Unlock => {
                self.role.unlock();
                let text = format!("role: {}", self.role.name());
                self.tell(Level::Info, text);
            }
            Command::RefreshAll => {
                for view in self.all_views() {
                    view.touch();
                }
                effects.push(Effect::Clear);
            }
            Command::Down => self.go(1),
            Command::Up => self.go(-1),
            Command::First => self.go(isize::MIN),
            Command::Last => self.go(isize::MAX),
            Command::PageDown => self.go(half),
            Command::PageUp => self.go(-half),
            Command::ColumnsLeft => self.columns(-1),
            Command::ColumnsRight => self.columns(1),
            Command::Drill => self.drill(effects),
            Command::Details => self.open_text("details", Query::Details, effects),
            Command::Yaml => self.open_text("yaml", Query::Yaml, effects),
            Command::Events => self.open_text("events", Query::Events, effects),
            Command::Logs => self.open_logs(false, effects),
            Command::PreviousLogs => self.open_logs(true, effects),
            Command::Related => self.related_menu(),
            Command::Lens => self.lens(argument),
            Command::Sort => self.sort(argument),
            Command::OnlyWrong => {
                if let Some((view, _)) = self.view_and_store() {
                    view.only_wrong = !view.only_wrong;
                    view.touch();
                }
            }
            Command::Freeze => {
                let now = self.now;
                if let Some((view, store)) = self.view_and_store() {
                    view.toggle_freeze(store, now);
                }
            }
            Command::Mark => {
                if let Some((view, store)) = self.view_and_store() {
                    view.toggle_mark(store);
                }
            }
            Command::MarkRange => {
                if let Some((view, store)) = self.view_and_store() {
                    view.mark_range(store);
                }
            }
            Command::ClearMarks => {
                if let Some((view, _)) = self.view_and_store() {
                    view.marks.clear();
                }
            }
            Command::Copy => {
                let names = self.names();
                self.copy(names.join("\n"), &names.join(", "), effects);
            }
            Command::SaveView => self.save_view(effects),
            Command::Refresh => {
                if let Some((view, _)) = self.view_and_store() {
                    view.touch();
                }
            }
            Command::Namespace => {
                let filter = if argument.is_empty() { String::new() } else { format!("namespace={argument}") };
                self.filter(&filter);
            }
            Command::TextDown => self.scroll_text(1),
            Command::TextUp => self.scroll_text(-1),
            Command::TextFirst => self.scroll_text(isize::MIN),
            Command::TextLast => self.scroll_text(isize::MAX),
            Command::TextPageDown => self.scroll_text(half),
            Command::TextPageUp => self.scroll_text(-half),
            Command::TextSearch | Command::LogSearch => self.search_command(argument),
            Command::TextNext | Command::LogNext => self.find(true),
            Command::TextPrevious | Command::LogPrevious => self.find(false),
            Command::Reveal => {
                let can = self.text().is_some_and(TextPage::has_secrets);
                if let Some(page) = self.text_mut().filter(|_| can) {
                    page.revealed = !page.revealed;
                } else {
                    self.tell(Level::Info, "nothing is masked here");
                }
            }
            Command::TextCopy => {
                let now = self.now;
                if let Some(page) = self.text() {
                    let with = if page.revealed { "the text with its secrets" } else { "the text" };
                    self.copy(page.copy(now), with, effects);
                }
            }
            Command::TextReload => self.reload(effects),
            Command::LogDown => self.scroll_logs(1),
            Command::LogUp => self.scroll_logs(-1),
            Command::LogFirst => self.scroll_logs(isize::MIN),
            Command::LogLast => {
                if let Some(page) = self.logs_mut() {
                    page.follow = true;
                }
            }
            Command::LogPageDown => self.scroll_logs(half),
            Command::LogPageUp => self.scroll_logs(-half),
            Command::LogFollow => {
                if let Some(page) = self.logs_mut() {
                    page.follow_or_hold(text_height);
                }
            }
            Command::LogOnlyFound => {
                if let Some(page) = self.logs_mut() {
                    page.only_found = !page.only_found;
                }
            }
            Command::LogPreviousRun => self.ask_logs_anew(|page| page.previous = !page.previous, effects),
            Command::LogSince => self.log_since(argument, effects),
            Command::LogTimes => self.log_style(|style| style.times = !style.times),
            Command::LogWrap => self.log_style(|style| style.wrap = !style.wrap),
            Command::LogJson => self.log_style(|style| style.json = !style.json),
            Command::LogSave => self.log_save(argument, effects),
            Command::LogCopy => {
                if let Some(page) = self.logs() {
                    let shown = page.shown();
                    let text = page.text(shown.window(page.first(&shown, text_height), text_height));
                    self.copy(text, "the lines on screen", effects);
                }
            }
        }
    }

    /// One `ctrl-c` cancels what is in progress; two in a row quit.
    fn interrupt(&mut self, effects: &mut Vec<Effect>) {
        let twice = self.interrupted.is_some_and(|at| self.now.duration_since(at) < TWICE);
        self.interrupted = Some(self.now);
        if twice {
            effects.push(Effect::Quit);
            return;
        }
        let busy = self.text().is_some_and(|page| page.document.is_none() && page.failed.is_none());
        if busy {
            self.close(effects);
            self.tell(Level::Info, "cancelled");
        } else {
            self.tell(Level::Info, "ctrl-c again, or :q, ends ronde");
        }
    }

    fn turn(&mut self, tabs: usize) {
        self.active = (self.active + tabs) % TABS.len();
        self.came_from.clear();
    }

    fn tab_named(&mut self, argument: &str) {
        let wanted = argument.to_lowercase();
        let found = TABS.iter().position(|tab| wanted.starts_with(tab.number) || tab.name.to_lowercase() == wanted);
        match found {
            Some(tab) => self.go_to_tab(tab),
            None => self.tell(Level::Warning, format!("there is no tab {argument}")),
        }
    }

    fn theme(&mut self, argument: &str) {
        if self.settings.themes.iter().any(|name| name == argument) {
            argument.clone_into(&mut self.settings.theme);
        } else {
            let text = format!("themes: {}", self.settings.themes.join(", "));
            self.tell(Level::Info, text);
        }
    }

    fn go(&mut self, rows: isize) {
        if let Some((view, store)) = self.view_and_store() {
            view.go(rows, store);
        }
    }

    fn columns(&mut self, by: isize) {
        if let Some((view, store)) = self.view_and_store() {
            let most = view.rows(store).field_count().saturating_sub(2);
            view.column_offset = view.column_offset.saturating_add_signed(by).min(most);
        }
    }

    fn related_menu(&mut self) {
        let Some((table, key)) = self.selected() else { return };
        let items = related::links(&self.store, table, &key)
            .into_iter()
            .map(|(label, link)| (label, Choice::Link(link)))
            .collect();
        self.menu = Menu::new("related", items, 0);
    }

    fn lens(&mut self, argument: &str) {
        let lenses = TABS[self.active].lenses;
        let found = |name: &str| {
            TABS.iter()
                .enumerate()
                .find_map(|(tab, spec)| spec.lenses.iter().position(|lens| lens.name == name).map(|lens| (tab, lens)))
        };
        if argument.is_empty() {
            let items = lenses.iter().enumerate().map(|(at, lens)| (lens.name.to_owned(), Choice::Lens(at))).collect();
            self.menu = Menu::new("lens", items, self.tab().lens);
        } else if let Some(lens) = lenses.iter().position(|lens| lens.name == argument) {
            self.go_to_lens(self.active, lens);
        } else if let Some((tab, lens)) = found(argument) {
            self.go_to_lens(tab, lens);
        } else {
            let names: Vec<_> = lenses.iter().map(|lens| lens.name).collect();
            self.tell(Level::Warning, format!("there is no lens {argument}; here are {}", names.join(", ")));
        }
    }

    fn sort(&mut self, argument: &str) {
        let Some(rows) = self.rows() else { return };
        if argument.is_empty() {
            let items = (0..rows.field_count())
                .map(|at| (format!("{:<16} {}", rows.field(at).name, rows.field(at).doc), Choice::Sort(at)))
                .collect();
            let selected = self.view().and_then(|view| view.sort).map_or(0, |sort| sort.field);
            self.menu = Menu::new("sort by", items, selected);
        } else {
            match rows.field_named(argument) {
                Some(field) => self.sort_by(field),
                None => self.tell(Level::Warning, format!("there is no field {argument}; o lists them")),
            }
        }
    }

    fn copy(&mut self, text: String, what: &str, effects: &mut Vec<Effect>) {
        if text.is_empty() {
            return;
        }
        let shown: String = what.chars().take(60).collect();
        self.tell(Level::Info, format!("copied {shown}"));
        effects.push(Effect::Copy(text));
    }

    fn save_view(&mut self, effects: &mut Vec<Effect>) {
        let Some(view) = self.view() else { return };
        let rows = view.rows(&self.store);
        let saved = SavedView {
            filter: view.filter_text.clone(),
            sort: view.sort.map(|sort| rows.field(sort.field).name.to_owned()).unwrap_or_default(),
            descending: view.sort.is_some_and(|sort| sort.descending),
            only_wrong: view.only_wrong,
        };
        let table = view.table;
        self.saved.views.insert(table, saved);
        self.tell(Level::Info, format!("saved the view of {}: filter and sort are back next time", table.name()));
        effects.push(Effect::SaveViews(self.saved.clone()));
    }

    fn search_command(&mut self, argument: &str) {
        if argument.is_empty() {
            let text =
                self.logs().map(|page| page.search.clone()).or_else(|| self.text().map(|page| page.search.clone()));
            self.prompt(PromptKind::Search, &text.unwrap_or_default());
        } else {
            self.search(argument);
            self.find(true);
        }
    }

    fn scroll_text(&mut self, lines: isize) {
        let height = self.text_height();
        if let Some(page) = self.text_mut() {
            page.scroll(lines, height);
        }
    }

    fn scroll_logs(&mut self, lines: isize) {
        let height = self.text_height();
        if let Some(page) = self.logs_mut() {
            page.scroll(lines, height);
        }
    }

    fn log_style(&mut self, change: impl FnOnce(&mut super::log_page::LineStyle)) {
        if let Some(page) = self.logs_mut() {
            change(&mut page.style);
        }
    }

    fn log_since(&mut self, argument: &str, effects: &mut Vec<Effect>) {
        if argument.is_empty() {
            self.prompt(PromptKind::Argument(Command::LogSince), "10m");
        } else if argument.eq_ignore_ascii_case("all") {
            self.ask_logs_anew(|page| page.since = None, effects);
        } else {
            match humantime::parse_duration(argument).ok().and_then(|since| SignedDuration::try_from(since).ok()) {
                Some(since) => self.ask_logs_anew(|page| page.since = Some(since), effects),
                None => {
                    self.tell(Level::Warning, format!("{argument} is no length of time; write it like 10m, 2h or 1d"));
                }
            }
        }
    }

    fn log_save(&mut self, argument: &str, effects: &mut Vec<Effect>) {
        let now = self.now;
        let Some(page) = self.logs() else { return };
        if argument.is_empty() {
            let name: String = page
                .title
                .trim_start_matches("logs ")
                .chars()
                .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
                .take(80)
                .collect();
            let file = format!("{name}-{}.log", now.strftime("%Y%m%dT%H%M%S"));
            self.prompt(PromptKind::Argument(Command::LogSave), &file);
        } else {
            let shown = page.shown();
            let text = page.text(shown.window(0, shown.len()));
            effects.push(Effect::Write(argument.into(), text));
        }
    }
}
