//! A table against a plain map that does the same the slow way.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::model::{fixtures::now, rows::NodeRow};

#[derive(Clone, Debug)]
enum Step {
    Upsert(usize, u8, u32),
    Remember(usize, u8),
    Remove(u8),
    Begin(usize),
    Commit(usize),
    Interrupt(usize),
    Bury,
    Reclaim,
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let (scope, key) = (0..3usize, 0..8u8);
    prop_oneof![
        8 => (scope.clone(), key.clone(), 0..100u32).prop_map(|(s, k, v)| Step::Upsert(s, k, v)),
        1 => (scope.clone(), key.clone()).prop_map(|(s, k)| Step::Remember(s, k)),
        3 => key.prop_map(Step::Remove),
        3 => scope.clone().prop_map(Step::Begin),
        3 => scope.prop_map(Step::Commit),
        1 => (0..2usize).prop_map(Step::Interrupt),
        3 => Just(Step::Bury),
        2 => Just(Step::Reclaim),
        3 => (1..8i64).prop_map(Step::Wait),
    ]
}

/// Two scopes of one source, one of another.
fn scopes() -> [Scope; 3] {
    let (a, b) = (SourceId::new("host", "a"), SourceId::new("host", "b"));
    [Scope::all(&a, TableId::Nodes), Scope::part(&a, TableId::Nodes, "x"), Scope::all(&b, TableId::Nodes)]
}

fn key(n: u8) -> Key {
    format!("k{n}").as_str().into()
}

#[derive(Clone, Debug)]
struct Entry {
    scope: usize,
    value: Option<f64>,
    presence: Presence,
    /// Mentioned since the last begin of its scope.
    mentioned: bool,
    slot: u32,
}

#[derive(Default)]
struct Model {
    rows: BTreeMap<Key, Entry>,
    open: BTreeSet<usize>,
    /// Slots buried since the last reclaim.
    retired: BTreeSet<u32>,
}

impl Model {
    fn put(&mut self, table: &Table<NodeRow>, key: &Key, scope: usize, value: Option<f64>, presence: Presence) {
        let slot = table.slot(key).expect("it is there now");
        match self.rows.get(key) {
            Some(known) => assert_eq!(slot, known.slot, "a row keeps its slot"),
            None => assert!(!self.retired.contains(&slot), "slot {slot} was given away before every view rebuilt"),
        }
        let mentioned = presence != Presence::Cached;
        self.rows.insert(key.clone(), Entry { scope, value, presence, mentioned, slot });
    }

    fn ghost(entry: &mut Entry, now: Timestamp) {
        if !matches!(entry.presence, Presence::Ghost(_)) {
            entry.presence = Presence::Ghost(now);
        }
    }

    fn check(&self, table: &Table<NodeRow>) {
        let scopes = scopes();
        let there = self.rows.values().filter(|entry| !matches!(entry.presence, Presence::Ghost(_))).count();
        assert_eq!(table.len(), there);
        assert_eq!(table.iter().count(), there);
        for n in 0..8 {
            let key = key(n);
            let entry = self.rows.get(&key);
            assert_eq!(table.slot(&key), entry.map(|entry| entry.slot));
            assert_eq!(table.get(&key).map(|row| row.cpu), entry.map(|entry| entry.value));
        }
        for slot in 0..table.slot_count() {
            let owner = self.rows.iter().find(|(_, entry)| entry.slot == slot);
            assert_eq!(Rows::key(table, slot), owner.map(|(key, _)| key));
            assert_eq!(table.presence(slot), owner.map(|(_, entry)| entry.presence));
            assert_eq!(table.source(slot), owner.map(|(_, entry)| &scopes[entry.scope].source));
        }
    }
}

fn run(steps: Vec<Step>) {
    let scopes = scopes();
    let mut table: Table<NodeRow> = Table::new(TableId::Nodes);
    let mut model = Model::default();
    let mut now = now();
    for step in steps {
        let before = table.generation();
        match step {
            Step::Upsert(scope, n, value) => {
                let mut row = NodeRow::unknown(&key(n));
                row.cpu = Some(f64::from(value));
                let same = model.rows.get(&key(n)).is_some_and(|known| {
                    (known.scope, known.value, known.presence) == (scope, row.cpu, Presence::Present)
                });
                assert_eq!(table.upsert(&scopes[scope], row), model.rows.contains_key(&key(n)));
                model.put(&table, &key(n), scope, Some(f64::from(value)), Presence::Present);
                assert_eq!(table.generation() > before, !same, "a row that is as it was is no change");
            }
            Step::Remember(scope, n) => {
                table.remember(&scopes[scope], NodeRow::unknown(&key(n)));
                if !model.rows.contains_key(&key(n)) {
                    model.put(&table, &key(n), scope, None, Presence::Cached);
                }
            }
            Step::Remove(n) => {
                table.remove(&key(n), now);
                if let Some(entry) = model.rows.get_mut(&key(n)) {
                    Model::ghost(entry, now);
                }
            }
            Step::Begin(scope) => {
                table.begin(&scopes[scope]);
                model.open.insert(scope);
                model.rows.values_mut().filter(|entry| entry.scope == scope).for_each(|entry| entry.mentioned = false);
            }
            Step::Commit(scope) => {
                table.commit(&scopes[scope], now);
                if model.open.remove(&scope) {
                    let missing = |entry: &&mut Entry| entry.scope == scope && !entry.mentioned;
                    model.rows.values_mut().filter(missing).for_each(|entry| Model::ghost(entry, now));
                }
            }
            Step::Interrupt(source) => {
                let source = &scopes[source * 2].source;
                table.interrupt(source);
                model.open.retain(|scope| scopes[*scope].source != *source);
            }
            Step::Bury => {
                table.bury(now);
                let Model { rows, retired, .. } = &mut model;
                rows.retain(|_, entry| match entry.presence {
                    Presence::Ghost(since) if now.duration_since(since) >= GHOST => {
                        retired.insert(entry.slot);
                        false
                    }
                    _ => true,
                });
            }
            Step::Reclaim => {
                table.reclaim();
                model.retired.clear();
            }
            Step::Wait(seconds) => now += SignedDuration::from_secs(seconds),
        }
        model.check(&table);
    }
    // A copy is the same, and goes its own way.
    let copy = table.snapshot();
    for slot in 0..table.slot_count() {
        assert_eq!(copy.key(slot), Rows::key(&table, slot));
        assert_eq!(copy.presence(slot), table.presence(slot));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_table_does_what_a_map_does(steps in prop::collection::vec(step(), 0..120)) {
        run(steps);
    }
}

#[test]
fn a_list_that_was_interrupted_sweeps_nothing() {
    let [scope, ..] = scopes();
    let mut table: Table<NodeRow> = Table::new(TableId::Nodes);
    table.upsert(&scope, NodeRow::unknown("k0"));
    table.begin(&scope);
    table.interrupt(&scope.source);
    table.commit(&scope, now());
    assert_eq!(table.presence(0), Some(Presence::Present));
}

#[test]
fn what_only_the_cache_remembers_goes_with_the_first_list() {
    let [scope, ..] = scopes();
    let mut table: Table<NodeRow> = Table::new(TableId::Nodes);
    table.begin(&scope);
    table.remember(&scope, NodeRow::unknown("k0"));
    assert_eq!(table.presence(0), Some(Presence::Cached));
    table.upsert(&scope, NodeRow::unknown("k1"));
    table.commit(&scope, now());
    assert_eq!(table.presence(0), Some(Presence::Ghost(now())));
    assert_eq!(table.presence(1), Some(Presence::Present));
}

#[test]
fn slots_of_the_buried_are_used_again_after_reclaim() {
    let [scope, ..] = scopes();
    let mut table: Table<NodeRow> = Table::new(TableId::Nodes);
    table.upsert(&scope, NodeRow::unknown("k0"));
    table.remove(&key(0), now());
    table.bury(now() + GHOST);
    table.upsert(&scope, NodeRow::unknown("k1"));
    assert_eq!(table.slot(&key(1)), Some(1));
    table.reclaim();
    table.upsert(&scope, NodeRow::unknown("k2"));
    assert_eq!(table.slot(&key(2)), Some(0));
}
