//! What is saved in steps is what is there, and a table that changes in between is due again.

use super::*;
use crate::model::{
    delta::Delta,
    fixtures::{ago, cluster, now, pod},
    store::RowSet,
};

fn rows(folded: &Folded) -> usize {
    folded.len()
}

fn put_pods(store: &mut Store, part: &str, names: std::ops::Range<usize>) {
    let scope = Scope::part(&cluster("eqiad"), TableId::Pods, part);
    let pods = names.map(|n| pod("eqiad", part, &format!("web-{n}"))).collect();
    store.apply(Delta::Upsert(scope, RowSet::Pods(pods)), now());
}

fn saved(store: &Store, step: usize) -> (Vec<(String, usize)>, usize) {
    let mut saving = Saving::new(store.rows(TableId::Pods));
    let (mut scopes, mut steps) = (Vec::new(), 0);
    loop {
        steps += 1;
        let put = |scope: Scope, folded: Folded| scopes.push((scope.part.to_string(), rows(&folded)));
        if saving.step(store, &mut Budget(Some(step)), put) {
            return (scopes, steps);
        }
    }
}

#[test]
fn every_scope_is_saved_however_small_the_steps() {
    let mut store = Store::default();
    // Scopes that lie mixed in the table.
    for n in 0..10 {
        put_pods(&mut store, "a", n..n + 1);
        put_pods(&mut store, "b", n..n + 1);
    }
    put_pods(&mut store, "empty", 0..1);
    store.apply(
        Delta::Remove(Scope::part(&cluster("eqiad"), TableId::Pods, "empty"), "eqiad/empty/web-0".into()),
        now(),
    );
    let all = [("a".to_owned(), 10), ("b".to_owned(), 10), ("empty".to_owned(), 0)];
    for (step, least) in [(1, 20), (3, 7), (1000, 1)] {
        let (scopes, steps) = saved(&store, step);
        assert_eq!(scopes, all);
        assert!(steps >= least, "{steps} steps of {step} rows");
    }
}

#[test]
fn a_slot_that_went_to_another_scope_meanwhile_is_passed_over() {
    let mut store = Store::default();
    put_pods(&mut store, "a", 0..4);
    let mut saving = Saving::new(store.rows(TableId::Pods));
    let mut counts = Vec::new();
    assert!(!saving.step(&store, &mut Budget(Some(1)), |_, _| ()));
    let scope = Scope::all(&cluster("eqiad"), TableId::Pods);
    store.apply(Delta::Upsert(scope, RowSet::Pods(vec![pod("eqiad", "a", "web-1")])), now());
    store.apply(Delta::Remove(Scope::part(&cluster("eqiad"), TableId::Pods, "a"), "eqiad/a/web-2".into()), now());
    assert!(saving.step(&store, &mut Budget(None), |_, folded| counts.push(rows(&folded))));
    assert_eq!(counts, [2], "the first and the last");
    assert_ne!(saving.generation, store.rows(TableId::Pods).generation(), "due again");
}

#[test]
fn histories_are_saved_in_steps() {
    let mut log = RestartLog::default();
    for n in 0..10 {
        let mut row = pod("eqiad", "ns", &format!("web-{n}"));
        (row.restarts, row.restarted) = (1, Some(ago(60)));
        log.observe(&mut row, now());
    }
    let (mut restarts, mut steps) = (Restarts::default(), 1);
    while !restarts.step(&log, &mut Budget(Some(4))) {
        steps += 1;
    }
    assert_eq!((steps, rows(&restarts.fold.finish())), (3, 10));
    let mut none = Restarts::default();
    assert!(none.step(&RestartLog::default(), &mut Budget(Some(1))));
}
