//! What deltas do to the store, and what a source's state does to its lists.

use super::*;
use crate::model::{
    delta::Usage,
    fixtures::{ago, cluster, cluster_node, now, pod, put},
    rows::PodRow,
    table::Presence,
};

fn report(name: &str, state: State, seconds: i64) -> Delta {
    Delta::Health(Health { source: cluster(name), state, since: ago(seconds), message: String::new() })
}

fn names(store: &Store) -> String {
    store.pods.iter().map(|pod| pod.name.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_only_announced_never_takes_the_place_of_what_is_known() {
    let mut store = Store::default();
    let scope = Scope::all(&SourceId::new("host", "h1"), TableId::Nodes);
    let row = |os: Option<&str>| {
        let mut row = NodeRow::unknown("h1");
        row.os = os.map(Into::into);
        RowSet::Nodes(vec![row])
    };
    let os = |store: &Store| store.nodes.get(&"h1".into()).map(|node| node.os.clone());
    store.apply(Delta::Announce(scope.clone(), row(None)), Timestamp::UNIX_EPOCH);
    assert_eq!(os(&store), Some(None));
    store.apply(Delta::Upsert(scope.clone(), row(Some("Debian"))), Timestamp::UNIX_EPOCH);
    store.apply(Delta::Announce(scope, row(None)), Timestamp::UNIX_EPOCH);
    assert_eq!(os(&store), Some(Some("Debian".into())));
}

#[test]
fn a_list_replaces_what_it_does_not_mention_and_no_other_list() {
    let mut store = Store::default();
    let source = cluster("eqiad");
    let web = Scope::part(&source, TableId::Pods, "mw-web");
    let api = Scope::part(&source, TableId::Pods, "mw-api");
    let rows = |names: &[&str]| RowSet::Pods(names.iter().map(|name| pod("eqiad", "ns", name)).collect());
    store.apply(Delta::Upsert(web.clone(), rows(&["a", "b"])), now());
    store.apply(Delta::Upsert(api, rows(&["c"])), now());
    store.apply(Delta::Begin(web.clone()), now());
    store.apply(Delta::Upsert(web.clone(), rows(&["b", "d"])), now());
    assert_eq!(names(&store), "a b c d", "a list under way empties nothing");
    store.apply(Delta::Commit(web), now());
    assert_eq!(names(&store), "b c d");
    assert_eq!(store.pods.presence(0), Some(Presence::Ghost(now())));
}

#[test]
fn a_fault_voids_the_lists_of_its_source_only() {
    let mut store = Store::default();
    for name in ["eqiad", "codfw"] {
        put(&mut store, &cluster(name), RowSet::Pods(vec![pod(name, "ns", name)]));
        store.apply(Delta::Begin(Scope::all(&cluster(name), TableId::Pods)), now());
    }
    store.apply(report("eqiad", State::Unreachable, 0), now());
    for name in ["eqiad", "codfw"] {
        store.apply(Delta::Commit(Scope::all(&cluster(name), TableId::Pods)), now());
    }
    assert_eq!(names(&store), "eqiad");
    let list = Scope::all(&cluster("eqiad"), TableId::Pods);
    store.apply(Delta::Begin(list.clone()), now());
    store.apply(report("eqiad", State::Stale, 0), now());
    store.apply(Delta::Commit(list), now());
    assert_eq!(names(&store), "", "the list by which it heals is not void because the fault is told anew");
}

#[test]
fn a_state_began_when_it_began() {
    let mut store = Store::default();
    let source = cluster("eqiad");
    assert_eq!(store.state(&source), State::Connecting);
    store.apply(report("eqiad", State::Live, 100), now());
    store.apply(report("eqiad", State::Live, 50), now());
    assert_eq!(store.health[&source].since, ago(100), "the same state, told again");
    store.apply(report("eqiad", State::Stale, 10), now());
    assert_eq!((store.state(&source), store.health[&source].since), (State::Stale, ago(10)));
}

#[test]
fn usage_falls_on_rows_that_are_there() {
    let mut store = Store::default();
    put(&mut store, &cluster("eqiad"), RowSet::Pods(vec![pod("eqiad", "ns", "a")]));
    put(&mut store, &cluster("eqiad"), RowSet::ClusterNodes(vec![cluster_node("eqiad", "n1")]));
    let usage = |key: &str| Usage { key: key.into(), cpu: Some(250), memory: Some(1 << 20), at: now() };
    store.apply(Delta::Usage(TableId::Pods, vec![usage("eqiad/ns/a"), usage("eqiad/ns/none")]), now());
    store.apply(Delta::Usage(TableId::ClusterNodes, vec![usage("eqiad/n1")]), now());
    assert_eq!(store.pods.len(), 1);
    assert_eq!(store.pods.at(0).and_then(|row| row.cpu), Some(250));
    assert_eq!(store.cluster_nodes.at(0).and_then(|row| row.memory), Some(1 << 20));
}

#[test]
fn a_pod_told_again_keeps_what_only_others_tell_and_its_successor_does_not() {
    let mut store = Store::default();
    let with = |change: fn(&mut PodRow)| {
        let mut row = pod("eqiad", "ns", "a");
        change(&mut row);
        RowSet::Pods(vec![row])
    };
    put(&mut store, &cluster("eqiad"), with(|row| (row.cpu, row.recent.hour) = (Some(5), Some(2))));
    put(&mut store, &cluster("eqiad"), with(|_| ()));
    let known = |store: &Store| store.pods.at(0).map(|row| (row.cpu, row.recent.hour));
    assert_eq!(known(&store), Some((Some(5), Some(2))));
    put(&mut store, &cluster("eqiad"), with(|row| row.recent.hour = Some(3)));
    assert_eq!(known(&store), Some((Some(5), Some(3))), "newer windows come with the row");
    put(&mut store, &cluster("eqiad"), with(|row| row.uid = "another".into()));
    assert_eq!(known(&store), Some((None, None)));
}

#[test]
fn what_the_cache_remembers_never_replaces_what_a_source_said() {
    let mut store = Store::default();
    put(&mut store, &cluster("codfw"), RowSet::Pods(vec![pod("codfw", "ns", "c")]));
    for (name, pods) in [("eqiad", vec![pod("eqiad", "ns", "a")]), ("codfw", vec![pod("codfw", "ns", "c")])] {
        store.remember(&Scope::all(&cluster(name), TableId::Pods), RowSet::Pods(pods));
    }
    assert_eq!(names(&store), "c a");
    assert_eq!(store.pods.presence(0), Some(Presence::Present), "its source has spoken");
    assert_eq!(store.pods.presence(1), Some(Presence::Cached));
}

#[test]
fn what_no_list_confirms_goes_once_its_source_is_live_for_a_while() {
    let mut store = Store::default();
    let (eqiad, codfw) = (cluster("eqiad"), cluster("codfw"));
    let remembered = |store: &mut Store, source: &SourceId, part: &str, name: &str| {
        store.remember(&Scope::part(source, TableId::Pods, part), RowSet::Pods(vec![pod("c", "ns", name)]));
    };
    // The last run saw some namespaces; this one sees all, and another cluster does not answer.
    remembered(&mut store, &eqiad, "mw-web", "old");
    remembered(&mut store, &eqiad, "mw-web", "there");
    remembered(&mut store, &codfw, "mw-web", "away");
    store.apply(report("eqiad", State::Live, 0), now());
    store.apply(report("codfw", State::Unreachable, 0), now());
    let all = Scope::all(&eqiad, TableId::Pods);
    let job = Scope::all(&eqiad, TableId::Jobs);
    let list = |store: &mut Store, at: Timestamp| {
        store.apply(Delta::Begin(all.clone()), at);
        store.apply(Delta::Upsert(all.clone(), RowSet::Pods(vec![pod("c", "ns", "there")])), at);
        store.apply(Delta::Commit(all.clone()), at);
    };
    let later = |times: i32| now() + DOUBT * times;
    store.apply(Delta::Commit(job), now());
    store.doubt(later(1));
    assert_eq!(names(&store), "old there away", "no list of pods yet");
    list(&mut store, later(1));
    store.doubt(later(1));
    assert_eq!(names(&store), "old there away", "other lists of pods may come");
    store.apply(Delta::Begin(all.clone()), later(2));
    store.doubt(later(2));
    assert_eq!(names(&store), "old there away", "a list is under way");
    store.apply(Delta::Commit(all.clone()), later(2));
    store.apply(report("eqiad", State::Stale, 0), later(2));
    store.doubt(later(3));
    assert!(names(&store).starts_with("old "), "its source is not current");
    store.apply(report("eqiad", State::Live, 0), later(3));
    list(&mut store, later(3));
    store.doubt(later(4));
    assert_eq!(names(&store), "there away");
}

#[test]
fn a_visitor_sees_the_row_of_a_slot() {
    struct Keys(Vec<Key>);
    impl Visitor for Keys {
        fn see<R: crate::model::table::Row>(&mut self, row: &R) {
            self.0.push(row.key().clone());
        }
    }
    let mut store = Store::default();
    put(&mut store, &cluster("eqiad"), RowSet::Pods(vec![pod("eqiad", "ns", "a"), pod("eqiad", "ns", "b")]));
    let mut seen = Keys(Vec::new());
    for slot in [1, 7] {
        store.visit(TableId::Pods, slot, &mut seen);
    }
    assert_eq!(seen.0, ["eqiad/ns/b".into()]);
}

#[test]
fn every_table_is_found_by_its_name() {
    for &table in TableId::ALL {
        assert_eq!(TableId::named(table.name()), Some(table));
        assert_eq!(Store::default().rows(table).id(), table);
    }
    assert_eq!(TableId::named("nothing"), None);
}

#[test]
fn row_sets_split_and_join_within_their_table() {
    let pods = RowSet::Pods(vec![pod("eqiad", "ns", "a"), pod("eqiad", "ns", "b")]);
    let mut split = pods.split().into_iter();
    let (key, mut first) = split.next().expect("two rows");
    assert_eq!((key.as_str(), first.len()), ("eqiad/ns/a", 1));
    let (_, second) = split.next().expect("two rows");
    assert!(first.append(second).is_none());
    assert_eq!(first.len(), 2);
    let nodes = RowSet::ClusterNodes(vec![cluster_node("eqiad", "n1")]);
    assert!(first.append(nodes).is_some(), "rows of another table are given back");
}
