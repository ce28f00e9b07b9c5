//! Screens of a simulated fleet at a fixed moment, compared with stored ones; and the README's picture, made the same way.

#![allow(clippy::expect_used, reason = "a test ends where what it expects does not hold")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer, style::Style};
use ronde::{
    action::role::Role,
    app::{App, Settings, event::Event, saved::SavedViews, update::update},
    command::{keymap::Keymap, keys::Key},
    model::{
        delta::{Delta, Scope},
        document::Document,
        field::Tone,
        health::{Health, State},
        key::SourceId,
        query::{Answer, LogLine},
        rows::ContainerRow,
        store::{RowSet, TableId},
    },
    source::demo::{Demo, Shape},
    theme::Themes,
    view,
};

fn now() -> Timestamp {
    "2026-11-25T02:58:00Z".parse().expect("a time")
}

/// A console over a small fleet, as it is found.
fn console(settings: Settings, shape: &Shape) -> App {
    let mut app = App::new(settings, Role::read_only(), Keymap::default(), SavedViews::default(), now());
    let deltas = Demo::new(shape).start(now());
    update(&mut app, Event::Data(deltas), now());
    update(&mut app, Event::Tick, now() + SignedDuration::from_secs(5));
    app
}

fn small() -> Shape {
    Shape { seed: 7, hosts: 5, containers: 12, pods: 60, namespaces: 4, ..Shape::default() }
}

fn settings() -> Settings {
    Settings { user: "alice".into(), demo: true, ..Settings::default() }
}

fn keys(app: &mut App, keys: &str) {
    let at = app.now;
    for key in keys.split(' ') {
        update(app, Event::Key(Key::parse(key).expect(key)), at);
    }
}

fn draw(app: &mut App, columns: u16, rows: u16) -> Buffer {
    let at = app.now;
    update(app, Event::Resize(columns, rows), at);
    let themes = Themes::load(None).expect("themes");
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a terminal");
    let mut hits = None;
    terminal.draw(|frame| hits = Some(view::draw(app, &themes, frame))).expect("drawn");
    app.hits = hits.expect("hits");
    terminal.backend().buffer().clone()
}

/// The text of each row, without what is blank at its end.
fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let row: String =
            (0..buffer.area.width).filter_map(|x| buffer.cell((x, y)).map(ratatui::buffer::Cell::symbol)).collect();
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// Each run of cells of one style that is not the plain one: row, columns, style.
fn styles(buffer: &Buffer) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut x = 0;
        while let Some(style) = buffer.cell((x, y)).map(ratatui::buffer::Cell::style) {
            let from = x;
            while buffer.cell((x, y)).is_some_and(|cell| cell.style() == style) {
                x += 1;
            }
            let plain = Style::reset().underline_color(ratatui::style::Color::Reset);
            if style.fg != plain.fg || style.bg != plain.bg || !style.add_modifier.is_empty() {
                let _ = writeln!(
                    out,
                    "{y:>2} {from:>3}-{:<3} {:?} on {:?} {:?}",
                    x - 1,
                    style.fg,
                    style.bg,
                    style.add_modifier
                );
            }
        }
    }
    out
}

#[test]
fn every_tab_at_every_size() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60), (40, 10)] {
        for tab in ["1", "2", "3", "4"] {
            let mut app = console(settings(), &small());
            keys(&mut app, tab);
            let buffer = draw(&mut app, columns, rows);
            insta::assert_snapshot!(format!("tab{tab}_{columns}x{rows}"), text(&buffer));
        }
    }
}

#[test]
fn every_lens() {
    for (tab, count) in [("2", 4), ("3", 3), ("4", 5)] {
        for lens in 1..=count {
            let mut app = console(settings(), &small());
            keys(&mut app, &format!("{tab} v"));
            assert!(app.menu.is_some(), "a menu is drawn over the table until something is chosen");
            keys(&mut app, &lens.to_string());
            assert!(app.menu.is_none());
            insta::assert_snapshot!(format!("lens{tab}_{lens}"), text(&draw(&mut app, 120, 20)));
            insta::assert_snapshot!(format!("lens{tab}_{lens}_narrow"), text(&draw(&mut app, 80, 16)));
        }
    }
}

#[test]
fn styles_of_a_table() {
    let mut app = console(settings(), &small());
    keys(&mut app, "4 space j");
    let buffer = draw(&mut app, 80, 16);
    insta::assert_snapshot!("styles_dark", styles(&buffer));
    let mut app = console(Settings { no_color: true, ..settings() }, &small());
    keys(&mut app, "4 space j");
    let buffer = draw(&mut app, 80, 16);
    let shown = styles(&buffer);
    assert!(!shown.contains("Light") && !shown.contains("Rgb"), "{shown}");
    insta::assert_snapshot!("styles_no_color", shown);
}

#[test]
fn in_ascii_every_cell_is_ascii() {
    let mut app = console(Settings { ascii: true, ..settings() }, &small());
    for tab in ["1", "2", "3", "4"] {
        keys(&mut app, tab);
        let screen = text(&draw(&mut app, 100, 30));
        assert!(screen.is_ascii(), "{screen}");
    }
}

#[test]
fn menus_input_and_help_lie_over_the_table() {
    let mut app = console(settings(), &small());
    keys(&mut app, "4 o");
    insta::assert_snapshot!("menu_sort", text(&draw(&mut app, 80, 24)));
    keys(&mut app, "esc :");
    keys(&mut app, "l e n");
    insta::assert_snapshot!("palette", text(&draw(&mut app, 80, 24)));
    keys(&mut app, "esc /");
    keys(&mut app, "c p u > 5");
    insta::assert_snapshot!("filter", text(&draw(&mut app, 80, 24)));
    keys(&mut app, "enter ?");
    insta::assert_snapshot!("help", text(&draw(&mut app, 100, 40)));
}

#[test]
fn a_stale_source_marks_its_rows_and_stands_in_the_title() {
    let mut app = console(settings(), &small());
    let health = Health {
        source: SourceId::new("kubernetes", "codfw"),
        state: State::Unreachable,
        since: now(),
        message: "codfw: 10.192.0.1:6443 refused the connection; is the API server running?".into(),
    };
    update(&mut app, Event::Data(vec![Delta::Health(health)]), now() + SignedDuration::from_secs(42));
    keys(&mut app, "4");
    let screen = text(&draw(&mut app, 120, 12));
    assert!(screen.contains("codfw ◌ unreachable 42s"), "{screen}");
    assert!(screen.lines().any(|line| line.starts_with("~codfw")), "{screen}");
    keys(&mut app, "ctrl-o");
    insta::assert_snapshot!("sources", text(&draw(&mut app, 120, 16)));
}

#[test]
fn details_and_logs() {
    let mut app = console(settings(), &small());
    keys(&mut app, "3 i");
    let ask = app.text().and_then(|page| page.ask).expect("a question");
    let mut document = Document::default();
    document.heading("Container");
    document.pair_in(1, "Image", "nginx:1.27", Tone::Plain);
    document.moment(1, "Started", Some(now() - SignedDuration::from_hours(3)));
    document.guarded(1, "DB_PASSWORD", "hunter2");
    update(&mut app, Event::Answer(ask, Answer::Document(document)), now());
    let screen = text(&draw(&mut app, 100, 24));
    assert!(!screen.contains("hunter2") && screen.contains("v show secrets"), "{screen}");
    insta::assert_snapshot!("details", screen);
    keys(&mut app, "v");
    let screen = text(&draw(&mut app, 100, 24));
    assert!(screen.contains("hunter2") && screen.contains("v mask secrets"), "{screen}");
    assert!(screen.contains("secrets shown"), "{screen}");

    keys(&mut app, "q l");
    let ask = *app.logs().and_then(|page| page.asks.iter().next()).expect("a question");
    let line = |second: i64, origin: &str, text: &str| LogLine {
        at: Some(now() + SignedDuration::from_secs(second)),
        origin: origin.into(),
        text: text.into(),
    };
    let lines = vec![
        line(0, "web-1", r#"{"ts":"x","level":"error","msg":"no route to db","port":5432}"#),
        line(1, "web-2", "plain text with \x1b[31mcolour\x1b[0m and a bell\x07"),
        line(2, "web-1", &"long ".repeat(60)),
    ];
    update(&mut app, Event::Answer(ask, Answer::Lines(lines)), now());
    keys(&mut app, "w t");
    insta::assert_snapshot!("logs", text(&draw(&mut app, 100, 16)));

    keys(&mut app, "4 l");
    let ask = *app.logs().and_then(|page| page.asks.iter().next()).expect("a question");
    let lines = vec![line(0, "web-7f65d-x2l4q/app", "one"), line(1, "web-7f65d-x2l4q/proxy", "two")];
    update(&mut app, Event::Answer(ask, Answer::Lines(lines)), now());
    let screen = text(&draw(&mut app, 80, 24));
    assert!(
        screen.contains("app   one") && screen.contains("proxy two"),
        "of one pod, its name is in the title\n{screen}"
    );
}

#[test]
fn hostile_names_stay_in_their_cells() {
    let mut app = console(settings(), &Shape { containers: 0, ..small() });
    let source = SourceId::new("docker", "lab");
    let hostile = [
        "\x1b[2J\x1b]0;owned\x07clear".to_owned(),
        "日本語の名前がとても長いコンテナ".to_owned(),
        "e\u{301}\u{302}\u{303}combining\u{300}".to_owned(),
        "\u{202e}txet lortnoc idib\u{2066}".to_owned(),
        "zero\u{200b}width\u{200d}joined".to_owned(),
        "x".repeat(10_000),
        "👩‍👩‍👧‍👦 family".to_owned(),
    ];
    let rows = hostile
        .iter()
        .enumerate()
        .map(|(n, name)| ContainerRow::unknown(&"lab".into(), &format!("{n}"), name))
        .collect();
    let scope = Scope::all(&source, TableId::Containers);
    update(&mut app, Event::Data(vec![Delta::Upsert(scope, RowSet::Containers(rows))]), now());
    keys(&mut app, "3");
    let buffer = draw(&mut app, 80, 14);
    for cell in &buffer.content {
        assert!(cell.symbol().chars().all(ronde::model::text::is_shown), "{:?}", cell.symbol());
    }
    insta::assert_snapshot!("hostile", text(&buffer));
}

#[test]
fn a_finding_leads_to_its_row_and_esc_leads_back() {
    let mut app = console(settings(), &small());
    keys(&mut app, "1 down");
    let finding = app.view().and_then(|view| view.selected.clone());
    keys(&mut app, "enter");
    assert!(app.active != 0 && app.leads_back());
    keys(&mut app, "esc");
    assert_eq!((app.active, app.view().and_then(|view| view.selected.clone())), (0, finding));
    keys(&mut app, "enter 2 esc");
    assert_eq!(app.active, 1, "who went on by himself is not led back");
}

#[test]
fn a_capital_letter_goes_through_the_columns_it_begins() {
    let mut app = console(settings(), &small());
    keys(&mut app, "4");
    let mut sorts = Vec::new();
    for _ in 0..5 {
        keys(&mut app, "shift-r");
        let view = app.view().expect("pods");
        let sort = view.sort.expect("sorted");
        sorts.push((view.rows(&app.store).field(sort.field).title, sort.descending));
    }
    assert_eq!(sorts, [("READY", true), ("READY", false), ("RESTARTS", true), ("RESTARTS", false), ("READY", true)]);
}

#[test]
fn a_click_means_what_was_drawn() {
    use ronde::app::event::Mouse;
    let mut app = console(settings(), &small());
    draw(&mut app, 120, 30);
    let at = app.now;
    let tab = app.hits.0.iter().find(|(_, hit)| matches!(hit, ronde::app::layout::Hit::Tab(3))).expect("the tab").0;
    update(&mut app, Event::Mouse(Mouse::Press(tab.x + 1, tab.y)), at);
    assert_eq!(app.active, 3);
    draw(&mut app, 120, 30);
    let clicked = app.hits.at(10, 8).cloned();
    update(&mut app, Event::Mouse(Mouse::Press(10, 8)), at);
    let selected = app.view().and_then(|view| view.selected.clone()).map(ronde::app::layout::Hit::Row);
    assert!(selected.is_some() && selected == clicked);
}

/// The README's picture is a screen of the program itself; `RONDE_BLESS=1` draws it anew.
#[test]
fn the_picture_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/screen.svg");
    let mut app = console(settings(), &Shape::default());
    let picture = view::picture::svg(&draw(&mut app, 150, 34));
    if std::env::var_os("RONDE_BLESS").is_some() {
        std::fs::write(path, &picture).expect("docs/screen.svg can be written");
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stored == picture, "docs/screen.svg is not current: run RONDE_BLESS=1 cargo test");
}

/// What a person, a cat on the keyboard or a window manager does.
#[derive(Clone, Debug)]
enum Doing {
    Key(String),
    Press(u16, u16),
    Wheel(i8),
    Paste(String),
    Size(u16, u16),
}

fn doings() -> impl Strategy<Value = Vec<Doing>> {
    let named = prop::sample::select(ronde::command::SPECS.iter().flat_map(|spec| spec.keys).collect::<Vec<_>>());
    let doing = prop_oneof![
        6 => named.prop_map(|key| Doing::Key((*key).to_owned())),
        3 => prop::sample::select(vec!["enter", "esc", "1", "2", "3", "4", "down", "backspace", "home", "tab"])
            .prop_map(|key| Doing::Key(key.to_owned())),
        2 => proptest::char::range('a', 'z').prop_map(|c| Doing::Key(c.to_string())),
        1 => proptest::char::range('a', 'z').prop_map(|c| Doing::Key(format!("shift-{c}"))),
        1 => (0u16..230, 0u16..70).prop_map(|(x, y)| Doing::Press(x, y)),
        1 => (-5i8..5).prop_map(Doing::Wheel),
        1 => any::<String>().prop_map(Doing::Paste),
        2 => (0u16..230, 0u16..70).prop_map(|(columns, rows)| Doing::Size(columns, rows)),
    ];
    prop::collection::vec(doing, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_one_does_every_screen_can_be_drawn(doings in doings()) {
        use ronde::app::event::Mouse;
        let mut app = console(settings(), &small());
        let mut size = (80, 24);
        for doing in doings {
            let at = app.now + SignedDuration::from_millis(300);
            match doing {
                Doing::Key(key) => drop(update(&mut app, Event::Key(Key::parse(&key).expect("a key")), at)),
                Doing::Press(x, y) => drop(update(&mut app, Event::Mouse(Mouse::Press(x, y)), at)),
                Doing::Wheel(lines) => drop(update(&mut app, Event::Mouse(Mouse::Wheel(lines)), at)),
                Doing::Paste(text) => drop(update(&mut app, Event::Paste(text), at)),
                Doing::Size(columns, rows) => size = (columns, rows),
            }
            let buffer = draw(&mut app, size.0, size.1);
            for cell in &buffer.content {
                prop_assert!(cell.symbol().chars().all(ronde::model::text::is_shown), "{:?}", cell.symbol());
            }
        }
    }
}
