//! The order of a table: exactly what matches, once each, sorted.

use proptest::prelude::*;

use super::*;
use crate::model::{
    fixtures::{cluster, now, pod, put},
    rows::PodRow,
    store::{RowSet, Store},
};

fn store(pods: Vec<PodRow>) -> Store {
    let mut store = Store::default();
    put(&mut store, &cluster("eqiad"), RowSet::Pods(pods));
    store
}

fn sort(store: &Store, field: &str, descending: bool) -> Sort {
    Sort { field: store.rows(TableId::Pods).field_named(field).expect("a field"), descending }
}

fn named(store: &Store, filter: &str, only_wrong: bool, sort: Option<Sort>) -> String {
    let rows = store.rows(TableId::Pods);
    let filter = Filter::parse(filter, rows).expect("a filter");
    let order = order(rows, &filter, only_wrong, sort, now());
    order.iter().filter_map(|&slot| store.pods.at(slot)).map(|pod| pod.name.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_unknown_is_last_either_way() {
    let mut pods: Vec<PodRow> = ["a", "b", "c", "d"].iter().map(|name| pod("eqiad", "ns", name)).collect();
    (pods[0].cpu, pods[2].cpu, pods[3].cpu) = (Some(5), Some(10), Some(5));
    let store = store(pods);
    assert_eq!(named(&store, "", false, Some(sort(&store, "cpu", false))), "a d c b");
    assert_eq!(named(&store, "", false, Some(sort(&store, "cpu", true))), "c a d b");
}

#[test]
fn without_a_sort_keys_go_by_their_parts() {
    let store = store(vec![
        pod("eqiad", "mw-web-next", "a"),
        pod("eqiad", "mw-web", "b"),
        pod("codfw", "mw-web", "c"),
        pod("eqiad", "mw-web", "b-1"),
    ]);
    assert_eq!(named(&store, "", false, None), "c b b-1 a");
}

#[test]
fn ghosts_stay_in_their_place_and_what_is_well_can_be_left_out() {
    let mut crashed = pod("eqiad", "ns", "b");
    crashed.status = "Error".into();
    let mut store = store(vec![pod("eqiad", "ns", "a"), crashed, pod("eqiad", "ns", "c")]);
    store.pods.remove(&"eqiad/ns/b".into(), now());
    assert_eq!(named(&store, "", false, None), "a b c");
    assert_eq!(named(&store, "", true, None), "b");
    store.pods.bury(now() + crate::model::table::GHOST);
    assert_eq!(named(&store, "", false, None), "a c");
}

#[test]
fn a_fuzzy_filter_puts_the_best_fit_first() {
    let store = store(vec![pod("eqiad", "ns", "w-e-b-1"), pod("eqiad", "ns", "web-1"), pod("eqiad", "ns", "zzz")]);
    assert_eq!(named(&store, "-f web1", false, None), "web-1 w-e-b-1");
    assert_eq!(named(&store, "-f web1", false, Some(sort(&store, "pod", false))), "w-e-b-1 web-1");
}

#[test]
fn default_sorts_name_fields_that_exist() {
    for table in [TableId::Findings, TableId::Processes, TableId::ContainerProcesses, TableId::Events] {
        assert!(default_sort(table).is_some(), "{table:?}");
    }
    assert_eq!(default_sort(TableId::Pods), None);
}

fn some_pod() -> impl Strategy<Value = PodRow> {
    (
        "[a-c]{1,2}",
        "[a-c]{1,3}",
        proptest::option::of(0u64..4),
        0u32..3,
        prop_oneof![Just("Running"), Just("Error"), Just("Completed")],
        proptest::option::of("[a-b]"),
    )
        .prop_map(|(namespace, name, cpu, restarts, status, node)| {
            let mut row = pod("eqiad", &namespace, &name);
            (row.cpu, row.restarts, row.status) = (cpu, restarts, status.into());
            row.node = node.map(Into::into);
            row
        })
}

proptest! {
    #[test]
    fn the_order_is_the_matching_rows_once_each_sorted(
        pods in proptest::collection::vec(some_pod(), 0..40),
        gone in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        field in 0usize..23,
        descending: bool,
        only_wrong: bool,
        filter in prop_oneof![Just(""), Just("a"), Just("cpu>=2"), Just("!status:Running"), Just("node=unknown")],
    ) {
        let mut store = store(pods.clone());
        for index in gone {
            if !pods.is_empty() {
                store.pods.remove(&pods[index.index(pods.len())].key, now());
            }
        }
        let rows = store.rows(TableId::Pods);
        let field = field.min(rows.field_count() - 1);
        let filter = Filter::parse(filter, rows).expect("a filter");
        let sort = Sort { field, descending };
        let slots = order(rows, &filter, only_wrong, Some(sort), now());

        let mut expected: Vec<u32> = (0..rows.slot_count())
            .filter(|&s| filter.matches(rows, s, now()) && (!only_wrong || rows.severity(s, now()).is_wrong()))
            .collect();
        let mut found = slots.clone();
        expected.sort_unstable();
        found.sort_unstable();
        prop_assert_eq!(found, expected);

        for pair in slots.windows(2) {
            let (a, b) = (rows.value(pair[0], field), rows.value(pair[1], field));
            prop_assert!(b.is_unknown() || !a.is_unknown());
            if !a.is_unknown() && !b.is_unknown() {
                let order = if descending { b.compare(&a, now()) } else { a.compare(&b, now()) };
                prop_assert!(order.is_le());
                prop_assert!(order.is_ne() || by_parts(rows.key(pair[0]).unwrap(), rows.key(pair[1]).unwrap()).is_lt());
            }
        }
        prop_assert_eq!(order(rows, &filter, only_wrong, Some(sort), now()), slots);
    }

    #[test]
    fn keys_have_a_total_order(a in "[a/-]{0,20}", b in "[a/-]{0,20}", c in "[a/-]{0,20}") {
        let key = |text: &str| Key::from(text);
        let by_split = a.split('/').collect::<Vec<_>>().cmp(&b.split('/').collect::<Vec<_>>());
        prop_assert_eq!(by_parts(&key(&a), &key(&b)), by_split);
        prop_assert_eq!(by_parts(&key(&b), &key(&a)), by_split.reverse());
        if by_parts(&key(&a), &key(&b)).is_le() && by_parts(&key(&b), &key(&c)).is_le() {
            prop_assert!(by_parts(&key(&a), &key(&c)).is_le());
        }
    }
}
