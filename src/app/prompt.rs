//! The input line: a filter, a command by name, a search, an argument.

use tui_input::{Input, backend::crossterm::EventHandler as _};

use crate::{
    command::{Command, Context, SPECS, keys::Key},
    model::{store::TableId, table::Rows},
};

/// Characters of a pasted text that are taken.
const PASTED: usize = 4096;

/// What the line is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PromptKind {
    /// Filter the table in front, as one types.
    Filter,
    /// A command by name.
    Palette,
    /// Find text in the page in front.
    Search,
    /// The argument of a command.
    Argument(Command),
}

/// An input line with what would complete it.
#[derive(Debug)]
pub struct Prompt {
    /// What it is for.
    pub kind: PromptKind,
    /// The text and the cursor.
    pub input: Input,
    /// What was there before; esc brings it back.
    pub before: String,
    /// Ways to go on, best first, each with a remark.
    pub completions: Vec<(String, String)>,
    /// The completion chosen with tab.
    pub chosen: Option<usize>,
    /// The text it began with is still as it was: typing replaces it, a key that moves or completes keeps it.
    pub selected: bool,
}

impl Prompt {
    /// An input line with text to begin with.
    pub fn new(kind: PromptKind, text: &str) -> Self {
        Self {
            kind,
            input: Input::new(text.to_owned()),
            before: text.to_owned(),
            completions: Vec::new(),
            chosen: None,
            selected: !text.is_empty(),
        }
    }

    /// Applies a key that edits.
    pub fn edit(&mut self, key: Key) {
        let replaces = key.character().is_some() || matches!(&*key.show(), "space" | "backspace" | "delete" | "ctrl-h");
        if std::mem::take(&mut self.selected) && replaces {
            self.input.reset();
        }
        self.input.handle_event(&crossterm::event::Event::Key(key.event()));
    }

    /// Takes text as if it were typed.
    pub fn paste(&mut self, text: &str) {
        if std::mem::take(&mut self.selected) {
            self.input.reset();
        }
        for c in text.chars().filter(|c| !c.is_control()).take(PASTED) {
            self.input.handle(tui_input::InputRequest::InsertChar(c));
        }
    }

    /// The character before the text.
    pub fn sign(&self) -> &'static str {
        match self.kind {
            PromptKind::Filter | PromptKind::Search => "/",
            PromptKind::Palette => ":",
            PromptKind::Argument(_) => ">",
        }
    }

    /// Computes the completions for the text as it is now.
    pub fn complete(&mut self, rows: Option<&dyn Rows>, context: Context, themes: &[String]) {
        self.chosen = None;
        self.completions = match self.kind {
            PromptKind::Palette => palette(self.input.value(), rows, context, themes),
            PromptKind::Filter => rows.map(|rows| fields(self.input.value(), rows)).unwrap_or_default(),
            PromptKind::Search | PromptKind::Argument(_) => Vec::new(),
        };
    }

    /// Takes the next completion (or the previous) into the text.
    pub fn choose(&mut self, forward: bool) {
        self.selected = false;
        if self.completions.is_empty() {
            return;
        }
        let count = self.completions.len();
        let next = match (self.chosen, forward) {
            (None, true) => 0,
            (None, false) => count - 1,
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
        };
        self.chosen = Some(next);
        self.input = Input::new(self.completions[next].0.clone());
    }
}

fn palette(text: &str, rows: Option<&dyn Rows>, context: Context, themes: &[String]) -> Vec<(String, String)> {
    let text = text.trim_start();
    if let Some((command, argument)) = text.split_once(' ') {
        let argument = argument.trim_start().to_lowercase();
        let names: Vec<(String, String)> = match command {
            "theme" => themes.iter().map(|name| (name.clone(), String::new())).collect(),
            "sort" => rows.map(field_names).unwrap_or_default(),
            "lens" => super::tab::TABS
                .iter()
                .flat_map(|tab| tab.lenses.iter().map(|lens| (lens.name.to_owned(), tab.name.to_owned())))
                .collect(),
            "tab" => super::tab::TABS.iter().map(|tab| (tab.number.to_string(), tab.name.to_owned())).collect(),
            _ => Vec::new(),
        };
        return names
            .into_iter()
            .filter(|(name, _)| name.starts_with(&argument))
            .map(|(name, remark)| (format!("{command} {name}"), remark))
            .collect();
    }
    let mut found: Vec<(String, String)> = SPECS
        .iter()
        .filter(|spec| spec.id.contains(text) && (spec.context == Context::Anywhere || spec.context == context))
        .map(|spec| (spec.id.to_owned(), spec.doc.to_owned()))
        .chain(
            TableId::ALL
                .iter()
                .filter(|table| table.name().contains(text))
                .map(|t| (t.name().to_owned(), t.doc().to_owned())),
        )
        .collect();
    found.sort_by_key(|(id, _)| (!id.starts_with(text), id.clone()));
    found
}

fn field_names(rows: &dyn Rows) -> Vec<(String, String)> {
    (0..rows.field_count()).map(|at| rows.field(at)).map(|meta| (meta.name.to_owned(), meta.doc.to_owned())).collect()
}

/// Completes the last word of a filter to a field's name.
fn fields(text: &str, rows: &dyn Rows) -> Vec<(String, String)> {
    let start = text.rfind([' ', '(']).map_or(0, |at| at + 1);
    let (before, word) = text.split_at(start);
    if word.is_empty() {
        return Vec::new();
    }
    field_names(rows)
        .into_iter()
        .filter(|(name, _)| name.starts_with(&word.to_lowercase()) && name != word)
        .map(|(name, remark)| (format!("{before}{name}"), remark))
        .collect()
}
