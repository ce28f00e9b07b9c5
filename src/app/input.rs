//! Keys: first the menu, then the input line, then digits, capital letters and the table of commands.

use super::{App, effect::Effect, menu::Choice, messages::Level, prompt::PromptKind, tab::TABS};
use crate::{
    command::{Context, keys::Key},
    model::{order::Sort, value::Kind},
};

/// Capital letters that never sort: they mean something.
const RESERVED: [char; 4] = ['G', 'N', 'P', 'U'];

impl App {
    pub(super) fn key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        self.messages.dismiss();
        if self.menu.is_some() {
            return self.menu_key(key, effects);
        }
        if self.prompt.is_some() {
            return self.prompt_key(key, effects);
        }
        let (context, table) = (self.context(), self.table());
        if let Some(command) = self.keymap.command(key, context, table) {
            return self.dispatch(command, "", effects);
        }
        if let Some(c) = key.character() {
            if let Some(tab) = TABS.iter().position(|tab| tab.number == c) {
                return self.go_to_tab(tab);
            }
            if let (Some(spec), Some(table)) = (self.keymap.elsewhere(key, context), table) {
                return self.tell(Level::Info, format!("{} ({}) is not for {}", key.show(), spec.id, table.name()));
            }
            if context == Context::Table && c.is_uppercase() && !RESERVED.contains(&c) {
                self.sort_by_letter(c);
            }
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some(prompt) = &mut self.prompt {
            prompt.paste(text);
            self.prompt_changed();
        }
    }

    fn menu_key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        let Some(menu) = &mut self.menu else { return };
        match key.show().as_str() {
            "down" | "j" | "tab" => menu.go(1),
            "up" | "k" | "backtab" => menu.go(-1),
            "enter" => self.choose(effects),
            "esc" | "q" | "ctrl-c" => self.menu = None,
            _ => {
                let letter = key.character();
                if let Some(at) = letter.and_then(|c| menu.shortcut(c)) {
                    menu.selected = at;
                    if letter.is_some_and(|c| c.is_ascii_digit()) {
                        self.choose(effects);
                    }
                }
            }
        }
    }

    /// Does what the item under the bar does.
    pub(super) fn choose(&mut self, effects: &mut Vec<Effect>) {
        let Some(menu) = self.menu.take() else { return };
        let Some((_, choice)) = menu.items.into_iter().nth(menu.selected) else { return };
        match choice {
            Choice::Sort(field) => self.sort_by(field),
            Choice::Lens(lens) => self.go_to_lens(self.active, lens),
            Choice::Link(link) => self.follow(link, effects),
        }
    }

    fn prompt_key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        let Some(prompt) = &mut self.prompt else { return };
        match key.show().as_str() {
            "esc" | "ctrl-c" => self.prompt_cancel(),
            "enter" => self.prompt_enter(effects),
            "tab" | "down" => {
                prompt.choose(true);
                self.prompt_follow();
            }
            "backtab" | "up" => {
                prompt.choose(false);
                self.prompt_follow();
            }
            _ => {
                prompt.edit(key);
                self.prompt_changed();
            }
        }
    }

    /// The text of the input line changed: complete it, and filter as one types.
    pub(super) fn prompt_changed(&mut self) {
        let context = self.context();
        let Some(mut prompt) = self.prompt.take() else { return };
        prompt.complete(self.rows(), context, &self.settings.themes);
        self.prompt = Some(prompt);
        self.prompt_follow();
    }

    fn prompt_follow(&mut self) {
        let Some(prompt) = &self.prompt else { return };
        let text = prompt.input.value().to_owned();
        match prompt.kind {
            PromptKind::Filter => self.filter(&text),
            PromptKind::Search => self.search(&text),
            PromptKind::Palette | PromptKind::Argument(_) => {}
        }
    }

    fn prompt_cancel(&mut self) {
        let Some(prompt) = self.prompt.take() else { return };
        match prompt.kind {
            PromptKind::Filter => self.filter(&prompt.before),
            PromptKind::Search => self.search(&prompt.before),
            PromptKind::Palette | PromptKind::Argument(_) => {}
        }
    }

    fn prompt_enter(&mut self, effects: &mut Vec<Effect>) {
        let Some(prompt) = self.prompt.take() else { return };
        let text = prompt.input.value().trim().to_owned();
        match prompt.kind {
            PromptKind::Filter => {
                if let Some(error) = self.view().and_then(|view| view.filter_error.as_ref()) {
                    let message = format!("filter: {}", error.message);
                    self.messages.tell(self.now, Level::Warning, message);
                }
            }
            PromptKind::Search => self.find(true),
            PromptKind::Palette => self.run_line(&text, effects),
            PromptKind::Argument(command) => self.dispatch(command, &text, effects),
        }
    }

    /// Sorts by the first column whose header begins with the letter; again: the other way round, then by the next such
    /// column (R: READY, then RESTARTS).
    fn sort_by_letter(&mut self, letter: char) {
        let (Some(rows), Some(view)) = (self.rows(), self.view()) else { return };
        let begins = |&at: &usize| {
            let meta = rows.field(at);
            meta.column.is_some() && meta.title.starts_with(letter)
        };
        let fields: Vec<usize> = (0..rows.field_count()).filter(begins).collect();
        let now = view.sort.and_then(|sort| Some((fields.iter().position(|&at| at == sort.field)?, sort)));
        let field = match now {
            Some((at, sort)) if sort.descending != begins_descending(rows.field(sort.field).kind) => {
                fields.get((at + 1) % fields.len())
            }
            Some((at, _)) => fields.get(at),
            None => fields.first(),
        };
        match field.copied() {
            Some(field) => self.sort_by(field),
            None => {
                let text = format!("no column begins with {letter}; o lists all fields");
                self.messages.tell(self.now, Level::Info, text);
            }
        }
    }

    /// Sorts by a field; by the same field again, the other way round. Numbers begin with the largest.
    pub(super) fn sort_by(&mut self, field: usize) {
        let Some((view, store)) = self.view_and_store() else { return };
        let kind = view.rows(store).field(field).kind;
        let descending = match view.sort {
            Some(sort) if sort.field == field => !sort.descending,
            _ => begins_descending(kind),
        };
        view.sort = Some(Sort { field, descending });
        view.touch();
    }
}

/// Whether a sort by such values begins with the largest.
fn begins_descending(kind: Kind) -> bool {
    !matches!(kind, Kind::Text | Kind::Age | Kind::Bool)
}
