//! The last line: the input line, a message, or what the keys do here.

use ratatui::buffer::Buffer;

use super::paint::{fill, put, width};
use crate::{
    app::{
        App,
        layout::{Area, Hit, Hits, Screen},
        messages::Level,
        prompt::Prompt,
        tab::TABS,
    },
    command::{Command, Spec},
    theme::Theme,
};

/// Draws the foot. Returns where the cursor stands when there is an input line.
pub(super) fn draw(
    app: &App,
    theme: &Theme,
    screen: &Screen,
    buffer: &mut Buffer,
    hits: &mut Hits,
) -> Option<(u16, u16)> {
    let mut area = screen.foot;
    // A zoomed screen has no foot until there is something to say or type.
    if area.height == 0 && screen.body.height > 1 && (app.prompt.is_some() || app.messages.flash(app.now).is_some()) {
        area = Area { y: screen.body.y + screen.body.height - 1, height: 1, ..screen.body };
        fill(buffer, area, theme.text);
    }
    if area.height == 0 {
        return None;
    }
    if let Some(prompt) = &app.prompt {
        return Some(input(prompt, theme, area, screen.body, buffer));
    }
    if let Some(message) = app.messages.flash(app.now) {
        let style = match message.level {
            Level::Info => theme.title,
            Level::Warning => theme.warn,
            Level::Error => theme.bad,
        };
        put(buffer, area.x + 1, area.y, &message.text, area.width.saturating_sub(2), style);
        return None;
    }
    hints(app, theme, area, buffer, hits);
    None
}

/// What the keys do here, as many as fit; the way to the help always.
fn hints(app: &App, theme: &Theme, area: Area, buffer: &mut Buffer, hits: &mut Hits) {
    let shown: Vec<_> = app
        .keymap
        .hints(app.context(), app.table())
        .into_iter()
        .filter_map(|(key, spec)| Some((key, hint(app, spec)?, spec.command)))
        .collect();
    let cells = |key: &str, hint: &str| width(key) + 1 + width(hint);
    let help = shown.iter().find(|(.., command)| *command == Command::Help);
    let help = help.map_or(0, |(key, hint, _)| cells(key, hint) + 2);
    let right = area.x + area.width;
    let mut x = area.x + 1;
    let mut full = false;
    for (key, hint, command) in &shown {
        let needed = cells(key, hint);
        full |= *command != Command::Help && x + needed + help > right;
        if x + needed > right || (full && *command != Command::Help) {
            continue;
        }
        let from = x;
        x += put(buffer, x, area.y, key, area.width, theme.key);
        x += put(buffer, x, area.y, &format!(" {hint}"), right.saturating_sub(x), theme.hint);
        hits.0.push((Area { x: from, y: area.y, width: x - from, height: 1 }, Hit::Command(*command)));
        x += 2;
    }
}

/// What a command is called here; none where it would do nothing.
fn hint(app: &App, spec: &Spec) -> Option<&'static str> {
    match (spec.command, app.text(), app.view()) {
        (Command::Reveal, Some(page), _) if !page.has_secrets() => None,
        (Command::Reveal, Some(page), _) => Some(if page.revealed { "mask secrets" } else { "show secrets" }),
        (Command::Back, _, Some(view)) if !view.filter_text.is_empty() => Some("clear filter"),
        (Command::Back, ..) if !app.leads_back() => None,
        (Command::Lens, ..) if TABS[app.active].lenses.len() < 2 => None,
        _ => Some(spec.hint),
    }
}

/// Completions shown at once.
const SHOWN: usize = 8;

fn input(prompt: &Prompt, theme: &Theme, area: Area, body: Area, buffer: &mut Buffer) -> (u16, u16) {
    completions(prompt, theme, body, area, buffer);
    fill(buffer, area, theme.prompt);
    put(buffer, area.x + 1, area.y, prompt.sign(), 1, theme.key);
    let room = usize::from(area.width.saturating_sub(4)).max(1);
    let scroll = prompt.input.visual_scroll(room);
    let text: String = prompt.input.value().chars().skip(scroll).collect();
    let style = if prompt.selected { theme.selection } else { theme.prompt };
    put(buffer, area.x + 2, area.y, &text, area.width.saturating_sub(3), style);
    let cursor = prompt.input.visual_cursor().saturating_sub(scroll);
    (area.x + 2 + u16::try_from(cursor).unwrap_or(0).min(area.width.saturating_sub(3)), area.y)
}

fn completions(prompt: &Prompt, theme: &Theme, body: Area, foot: Area, buffer: &mut Buffer) {
    let count = prompt.completions.len().min(SHOWN).min(usize::from(body.height.saturating_sub(2)));
    let first = prompt.chosen.map_or(0, |chosen| chosen.saturating_sub(count.saturating_sub(1)));
    let names = prompt.completions.iter().map(|(name, _)| width(name)).max().unwrap_or(0).min(40);
    for (line, (name, remark)) in prompt.completions.iter().skip(first).take(count).enumerate() {
        let y = foot.y - u16::try_from(count - line).unwrap_or(0);
        let area = Area { x: foot.x + 1, y, width: foot.width.saturating_sub(2).min(100), height: 1 };
        let style = if prompt.chosen == Some(first + line) { theme.selection } else { theme.menu };
        fill(buffer, area, style);
        put(buffer, area.x + 1, y, name, names, style);
        put(buffer, area.x + names + 3, y, remark, area.width.saturating_sub(names + 4), style);
    }
}
