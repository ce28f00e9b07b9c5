//! Rounds of the keeper, with a real file at their end.

use super::*;
use crate::{
    action::role::Role,
    app::{Settings, saved::SavedViews},
    command::keymap::Keymap,
    model::{
        fixtures::{ago, cluster, now, pod, put},
        store::RowSet,
    },
};

fn pods(range: std::ops::Range<usize>) -> RowSet {
    RowSet::Pods(range.map(|n| pod("eqiad", "mw-web", &format!("web-{n}"))).collect())
}

#[test]
fn a_round_takes_its_ticks_and_the_end_saves_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let cache = Cache::open(&path, 64 << 20, now()).unwrap();
    let worker = Worker::start(cache, Box::new(|error| panic!("{error}"))).unwrap();
    let mut keeper = Keeper::new(worker, now());
    let mut app = App::new(Settings::default(), Role::read_only(), Keymap::default(), SavedViews::default(), now());
    put(&mut app.store, &cluster("eqiad"), pods(0..3 * STEP));
    let mut restarted = pod("eqiad", "mw-web", "web-0");
    (restarted.restarts, restarted.restarted) = (1, Some(ago(60)));
    app.restarts.observe(&mut restarted, now());

    let tick = |keeper: &mut Keeper, app: &mut App, seconds: i64| {
        app.now = now() + SignedDuration::from_secs(seconds);
        keeper.keep(app);
        keeper.round.len()
    };
    assert_eq!(tick(&mut keeper, &mut app, 29), 0, "not yet");
    let mut ticks = 0;
    while tick(&mut keeper, &mut app, 30 + ticks) > 0 {
        ticks += 1;
    }
    assert!((3..=6).contains(&ticks), "{ticks} ticks");
    assert_eq!(tick(&mut keeper, &mut app, 59), 0, "the next round is not due");
    put(&mut app.store, &cluster("eqiad"), pods(0..3 * STEP + 1));
    assert_eq!(tick(&mut keeper, &mut app, 60), 2, "pods, and restarts");
    put(&mut app.store, &cluster("eqiad"), pods(0..3 * STEP + 2));
    keeper.end(&app);

    let cache = Cache::open(&path, 64 << 20, now()).unwrap();
    let rows: Vec<usize> = cache.load_rows(|_| true).unwrap().rows.iter().map(|(_, rows)| rows.len()).collect();
    assert_eq!(rows, [3 * STEP + 2]);
    assert_eq!(cache.load_restarts(now()).unwrap(), app.restarts);
    assert_eq!(cache.looked_at().unwrap(), Some(app.now));
}

#[test]
fn rows_of_what_this_run_does_not_observe_stay_in_the_file_and_off_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let open_cache = || Cache::open(&path, 64 << 20, now()).unwrap();
    let mut store = crate::model::store::Store::default();
    for name in ["eqiad", "codfw"] {
        let rows = RowSet::Pods(vec![pod(name, "mw-web", "web-0")]);
        put(&mut store, &cluster(name), rows);
    }
    let mut app = App::new(Settings::default(), Role::read_only(), Keymap::default(), SavedViews::default(), now());
    app.store = store;
    let worker = Worker::start(open_cache(), Box::new(|error| panic!("{error}"))).unwrap();
    Keeper::new(worker, now()).end(&app);

    let (tell, _told) = mpsc::channel(1);
    let opened = open(Some(open_cache()), &[cluster("codfw")].into(), &tell);
    let Event::Remembered { rows, .. } = opened.remembered else { panic!("another event") };
    let sources: Vec<&str> = rows.iter().map(|(scope, _)| scope.source.as_str()).collect();
    assert_eq!(sources, ["kubernetes:codfw"]);
    drop(opened.keeper);
    assert_eq!(open_cache().load_rows(|_| true).unwrap().rows.len(), 2, "both are still in the file");
}
