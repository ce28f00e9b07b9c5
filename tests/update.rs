//! The console as a pure function: events in, state and effects out.

#![allow(clippy::expect_used, reason = "a test ends where what it expects does not hold")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ronde::{
    action::role::Role,
    app::{App, Settings, effect::Effect, event::Event, saved::SavedViews, update::update},
    command::{Context, keymap::Keymap, keys::Key},
    model::{
        delta::{Delta, Scope},
        health::{Health, State},
        key::{Key as RowKey, SourceId},
        query::{Answer, LogLine, Query},
        rows::{ContainerRow, NodeRow},
        store::{RowSet, TableId},
    },
};

fn start() -> Timestamp {
    "2026-11-25T22:00:00Z".parse().expect("a time")
}

/// A console driven by keys and changes, with a clock of its own.
struct Driver {
    app: App,
    now: Timestamp,
    source: SourceId,
}

impl Driver {
    fn new() -> Self {
        let app = App::new(Settings::default(), Role::admin(), Keymap::default(), SavedViews::default(), start());
        let mut driver = Self { app, now: start(), source: SourceId::new("host", "test") };
        driver.send(Event::Resize(120, 40));
        driver.keys("2");
        driver
    }

    fn send(&mut self, event: Event) -> Vec<Effect> {
        update(&mut self.app, event, self.now)
    }

    /// Keys as people write them, separated by spaces.
    fn keys(&mut self, keys: &str) -> Vec<Effect> {
        keys.split(' ').flat_map(|key| self.send(Event::Key(Key::parse(key).expect(key)))).collect()
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            let key = if c == ' ' { "space".to_owned() } else { c.to_string() };
            self.keys(&key);
        }
    }

    fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.send(Event::Tick);
    }

    fn scope(&self) -> Scope {
        Scope::all(&self.source, TableId::Nodes)
    }

    fn upsert(&mut self, name: &str, cpu: f64) {
        let mut row = NodeRow::unknown(name);
        row.cpu = Some(cpu);
        let scope = self.scope();
        self.send(Event::Data(vec![Delta::Upsert(scope, RowSet::Nodes(vec![row]))]));
    }

    fn remove(&mut self, name: &str) {
        let scope = self.scope();
        self.send(Event::Data(vec![Delta::Remove(scope, RowKey::from(name))]));
    }

    fn names(&self) -> Vec<String> {
        let view = self.app.view().expect("a table is in front");
        let rows = view.rows(&self.app.store);
        view.order
            .iter()
            .map(|&slot| rows.key(slot).expect("the order names rows that are there").to_string())
            .collect()
    }

    fn selected(&self) -> Option<String> {
        self.app.view().and_then(|view| view.selected.as_ref()).map(ToString::to_string)
    }
}

fn three() -> Driver {
    let mut driver = Driver::new();
    for (name, cpu) in [("h1", 10.0), ("h2", 90.0), ("h3", 50.0)] {
        driver.upsert(name, cpu);
    }
    driver.wait(1);
    driver
}

#[test]
fn a_filter_works_as_one_types_and_esc_takes_it_back() {
    let mut driver = three();
    driver.keys("/");
    driver.text("cpu>40");
    assert_eq!(driver.names(), ["h2", "h3"]);
    driver.keys("enter");
    assert_eq!(driver.names(), ["h2", "h3"]);
    driver.keys("esc");
    assert_eq!(driver.names(), ["h1", "h2", "h3"]);
}

#[test]
fn the_old_filter_is_selected_typing_replaces_it_and_moving_keeps_it() {
    let mut driver = three();
    driver.keys("/");
    driver.text("cpu>40");
    driver.keys("enter");
    let text = |driver: &Driver| driver.app.view().map(|view| view.filter_text.clone()).expect("a table");
    driver.keys("/");
    assert_eq!(text(&driver), "cpu>40", "opened, it still holds");
    driver.text("h3");
    assert_eq!(text(&driver), "h3");
    driver.keys("esc");
    assert_eq!(text(&driver), "cpu>40", "esc brings the old one back");
    driver.keys("/ end");
    driver.text("5");
    assert_eq!(text(&driver), "cpu>405");
    driver.keys("enter / backspace");
    assert_eq!(text(&driver), "");
    driver.keys("enter /");
    driver.text("h2");
    driver.keys("enter /");
    driver.send(Event::Paste("h1".into()));
    assert_eq!(text(&driver), "h1");
}

#[test]
fn a_key_that_means_nothing_here_says_so() {
    let mut driver = three();
    driver.keys("y");
    let said = driver.app.messages.flash(driver.app.now).map(|message| message.text.clone());
    assert_eq!(said.as_deref(), Some("y (yaml) is not for nodes"));
    assert!(driver.app.tab().stack.is_empty());
}

#[test]
fn revealed_secrets_are_masked_again_when_one_leaves() {
    let mut driver = three();
    let effects = driver.keys("i");
    let id = effects.iter().find_map(|effect| match effect {
        Effect::Ask(id, ..) => Some(*id),
        _ => None,
    });
    let mut document = ronde::model::document::Document::default();
    document.guarded(0, "DB_PASSWORD", "hunter2");
    driver.send(Event::Answer(id.expect("a question"), Answer::Document(document)));
    let revealed = |driver: &Driver| driver.app.text().is_some_and(|page| page.revealed);
    let copied = |driver: &mut Driver| {
        let effects = driver.keys("c");
        let copied = effects.into_iter().find_map(|effect| match effect {
            Effect::Copy(text) => Some(text),
            _ => None,
        });
        copied.expect("a copy")
    };
    assert!(!copied(&mut driver).contains("hunter2"));
    for leave in ["? q", "3 2", "tab backtab"] {
        driver.keys("v");
        assert!(revealed(&driver), "{leave}");
        assert!(copied(&mut driver).contains("hunter2"), "what is shown is what is copied");
        driver.keys(leave);
        assert!(driver.app.text().is_some() && !revealed(&driver), "{leave}");
    }
}

#[test]
fn a_filter_that_cannot_be_read_leaves_the_last_one_and_says_why() {
    let mut driver = three();
    for filter in ["cpu>40", "cpu>40 and bogus>1"] {
        driver.keys(":");
        driver.text(&format!("filter {filter}"));
        driver.keys("enter");
    }
    let view = driver.app.view().expect("a table");
    assert!(view.filter_error.as_ref().is_some_and(|error| error.message.contains("bogus")), "{:?}", view.filter_error);
    assert_eq!(driver.names(), ["h2", "h3"]);
}

#[test]
fn a_capital_letter_sorts_by_its_column_and_again_the_other_way() {
    let mut driver = three();
    driver.keys("shift-c");
    assert_eq!(driver.names(), ["h2", "h3", "h1"]);
    driver.keys("shift-c");
    assert_eq!(driver.names(), ["h1", "h3", "h2"]);
}

#[test]
fn the_selection_follows_its_row_when_the_order_changes() {
    let mut driver = three();
    driver.keys("shift-c g j");
    assert_eq!(driver.selected().as_deref(), Some("h3"));
    driver.upsert("h3", 99.0);
    driver.wait(1);
    assert_eq!(driver.names()[0], "h3");
    assert_eq!(driver.selected().as_deref(), Some("h3"));
}

#[test]
fn a_row_that_vanished_stays_as_a_ghost_and_is_not_acted_on() {
    let mut driver = three();
    driver.keys("j");
    driver.remove("h2");
    driver.wait(1);
    assert_eq!(driver.selected().as_deref(), Some("h2"), "the ghost keeps the selection");
    let effects = driver.keys("i");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Ask(..))), "{effects:?}");
    let told = driver.app.messages.flash(driver.now).map(|message| message.text.clone());
    assert_eq!(told.as_deref(), Some("that row is gone"));
    driver.wait(11);
    driver.wait(1);
    assert_eq!(driver.names(), ["h1", "h3"]);
}

#[test]
fn a_frozen_view_stands_still_and_counts_what_waits() {
    let mut driver = three();
    driver.keys("shift-p");
    driver.upsert("h4", 1.0);
    driver.remove("h1");
    driver.wait(15);
    assert_eq!(driver.names(), ["h1", "h2", "h3"]);
    let view = driver.app.view().expect("a table");
    assert!(view.waiting(&driver.app.store) >= 2);
    driver.keys("shift-p");
    driver.wait(1);
    assert_eq!(driver.names(), ["h2", "h3", "h4"]);
}

#[test]
fn marks_that_the_filter_hides_are_left_out_and_counted() {
    let mut driver = three();
    driver.keys("space space");
    driver.keys("/");
    driver.text("h2");
    driver.keys("enter");
    let view = driver.app.view().expect("a table");
    assert_eq!(view.targets(&driver.app.store), (vec![RowKey::from("h2")], 1));
}

#[test]
fn a_range_is_marked_from_the_last_mark() {
    let mut driver = three();
    driver.keys("space j ctrl-space");
    assert_eq!(driver.app.view().expect("a table").marks.len(), 3);
    driver.keys("ctrl-\\");
    assert!(driver.app.view().expect("a table").marks.is_empty());
}

#[test]
fn details_are_asked_of_the_rows_source_and_shown_when_they_come() {
    let mut driver = three();
    let effects = driver.keys("i");
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Ask(id, source, Query::Details(TableId::Nodes, key)) => Some((*id, source.clone(), key.to_string())),
        _ => None,
    });
    let (id, source, key) = asked.expect("a question");
    assert_eq!((source, key.as_str()), (driver.source.clone(), "h1"));
    let mut document = ronde::model::document::Document::default();
    document.pair("Kernel", "6.18");
    driver.send(Event::Answer(id, Answer::Document(document)));
    assert_eq!(driver.app.text().map(ronde::app::text_page::TextPage::len), Some(1));
    let effects = driver.keys("esc");
    assert!(effects.contains(&Effect::Cancel(id)));
    assert_eq!(driver.app.context(), Context::Table);
}

#[test]
fn logs_of_marked_containers_on_two_engines_are_asked_of_both_and_merged() {
    let mut driver = Driver::new();
    for engine in ["one", "two"] {
        let source = SourceId::new("docker", engine);
        let mut row = ContainerRow::unknown(&engine.into(), "id", &format!("web-{engine}"));
        row.state = "running".into();
        let scope = Scope::all(&source, TableId::Containers);
        driver.send(Event::Data(vec![Delta::Upsert(scope, RowSet::Containers(vec![row]))]));
    }
    driver.keys("3");
    let effects = driver.keys("space space l");
    let asks: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask(id, source, Query::Logs(query)) => Some((*id, source.clone(), query.keys.len())),
            _ => None,
        })
        .collect();
    assert_eq!(asks.len(), 2, "{effects:?}");
    for (at, (id, source, keys)) in asks.iter().enumerate() {
        assert_eq!(*keys, 1);
        let line = |second: i64| LogLine {
            at: Timestamp::from_second(1000 + second * 2 + i64::try_from(at).expect("small")).ok(),
            origin: source.name().into(),
            text: format!("{second}"),
        };
        driver.send(Event::Answer(*id, Answer::Lines(vec![line(0), line(1)])));
    }
    let page = driver.app.logs().expect("logs");
    let origins: Vec<_> = page.lines.iter().map(|line| &*line.origin).collect();
    assert_eq!(origins, ["one", "two", "one", "two"]);
}

#[test]
fn esc_and_q_never_quit_and_ctrl_c_quits_only_twice() {
    let mut driver = three();
    assert!(!driver.keys("esc q esc q q").contains(&Effect::Quit));
    assert!(!driver.keys("ctrl-c").contains(&Effect::Quit));
    assert!(driver.keys("ctrl-c").contains(&Effect::Quit));
    driver.wait(5);
    assert!(!driver.keys("ctrl-c").contains(&Effect::Quit));
    driver.keys(":");
    driver.text("q");
    assert!(driver.keys("enter").contains(&Effect::Quit));
}

#[test]
fn sources_hear_what_is_on_screen_and_forget_it_after_five_minutes() {
    let mut driver = three();
    let effects = driver.keys("4");
    let demand = effects.iter().find_map(|effect| match effect {
        Effect::Demand(demand) => Some(demand.clone()),
        _ => None,
    });
    let demand = demand.expect("a demand");
    assert!(demand.wants(TableId::Pods) && demand.wants(TableId::Nodes));
    driver.now += SignedDuration::from_mins(6);
    let effects = driver.send(Event::Tick);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Demand(demand) if !demand.wants(TableId::Nodes))),
        "{effects:?}"
    );
}

#[test]
fn a_source_that_fails_keeps_its_rows() {
    let mut driver = three();
    let health = Health {
        source: driver.source.clone(),
        state: State::Unreachable,
        since: driver.now,
        message: "refused".into(),
    };
    driver.send(Event::Data(vec![Delta::Begin(driver.scope()), Delta::Health(health), Delta::Commit(driver.scope())]));
    driver.wait(60);
    assert_eq!(driver.names(), ["h1", "h2", "h3"]);
}

#[test]
fn a_saved_view_is_back_next_time() {
    let mut driver = three();
    driver.keys("shift-c");
    driver.keys("/");
    driver.text("h");
    let effects = driver.keys("enter ctrl-s");
    let saved = effects.into_iter().find_map(|effect| match effect {
        Effect::SaveViews(views) => Some(views),
        _ => None,
    });
    let saved = saved.expect("views to save");
    let app = App::new(Settings::default(), Role::admin(), Keymap::default(), saved, start());
    let view = &app.tabs[1].views[0];
    assert_eq!(view.filter_text, "h");
    assert!(view.sort.is_some_and(|sort| sort.descending));
}

#[derive(Clone, Debug)]
enum Step {
    Upsert(u8, u8),
    Remove(u8),
    Key(&'static str),
    Wait(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = prop::sample::select(vec![
        "j",
        "k",
        "g",
        "shift-g",
        "ctrl-d",
        "ctrl-u",
        "shift-c",
        "shift-m",
        "space",
        "ctrl-space",
        "ctrl-z",
        "shift-p",
        "r",
        "1",
        "2",
        "4",
        "enter",
        "esc",
        "i",
        "q",
        "z",
    ]);
    let step = prop_oneof![
        4 => (0u8..12, any::<u8>()).prop_map(|(name, cpu)| Step::Upsert(name, cpu)),
        2 => (0u8..12).prop_map(Step::Remove),
        4 => key.prop_map(Step::Key),
        1 => (0u8..15).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever happens: every row in the order is there and matches, none twice, and the selection is one of them.
    #[test]
    fn the_order_names_each_matching_row_once_and_the_selection_is_in_it(steps in steps()) {
        let mut driver = three();
        for step in steps {
            let before = driver.app.view().filter(|view| view.is_chosen()).map(|view| (view.table, view.selected.clone()));
            let is_data = !matches!(step, Step::Key(_));
            match step {
                Step::Upsert(name, cpu) => driver.upsert(&format!("h{name}"), f64::from(cpu)),
                Step::Remove(name) => driver.remove(&format!("h{name}")),
                Step::Key(key) => { driver.keys(key); }
                Step::Wait(seconds) => driver.wait(seconds.into()),
            }
            let Some(view) = driver.app.view() else { continue };
            let rows = view.rows(&driver.app.store);
            let live: Vec<_> = view.order.iter().filter_map(|&slot| rows.key(slot)).collect();
            let unique: std::collections::BTreeSet<_> = live.iter().collect();
            prop_assert_eq!(unique.len(), live.len());
            // Data moves a chosen selection only when its row is gone.
            if let Some((table, Some(selected))) = before
                && is_data && table == view.table && rows.slot(&selected).is_some() && !view.only_wrong
            {
                prop_assert_eq!(view.selected.as_ref(), Some(&selected));
            }
        }
    }
}

#[test]
fn a_group_leads_to_its_machines_whatever_else_they_are_in() {
    let mut driver = Driver::new();
    let groups =
        [("h1", Some("web")), ("h2", Some("prod,web")), ("h3", Some("web2")), ("h4", Some("db,web,x")), ("h5", None)];
    let rows = groups.map(|(name, groups)| NodeRow { groups: groups.map(Into::into), ..NodeRow::unknown(name) });
    let scope = driver.scope();
    driver.send(Event::Data(vec![Delta::Upsert(scope, RowSet::Nodes(rows.to_vec()))]));
    driver.wait(1);
    let lens = |driver: &mut Driver| {
        driver.keys(":");
        driver.text("lens groups");
        driver.keys("enter");
    };
    lens(&mut driver);
    assert_eq!(driver.names(), ["(no group)", "db", "prod", "web", "web2", "x"]);
    driver.keys("j j j enter");
    assert_eq!(driver.names(), ["h1", "h2", "h4"]);
    driver.keys("esc g enter");
    assert_eq!(driver.names(), ["h5"]);
}
