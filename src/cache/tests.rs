//! The cache against real files: saved, shared, damaged, locked, full, newer, somebody else's.

use std::{
    fs::{self, Permissions},
    io::{Seek, SeekFrom, Write},
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{fold::Fold, worker::Worker, *};
use crate::model::key::Key;
use crate::model::rows::{
    ContainerKind, ContainerRow, ContainerState, NodeRow, PodContainer, PodRow, Restarts, Termination,
};
use crate::model::{fixtures::put, store::Store};

const LIMIT: u64 = 64 << 20;

struct Place {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    Place { path: dir.path().join("ronde/state.db"), _dir: dir }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn open(place: &Place) -> Result<Cache, Error> {
    Cache::open(&place.path, LIMIT, at(0))
}

fn pod(n: usize) -> PodRow {
    let name = format!("mw-web.eqiad.main-7f65b9c8d-{n:05}");
    let container = |i: usize| PodContainer {
        name: format!("container-{i}").into(),
        image: format!("registry.example.org/mediawiki/service-{i}:2026-11-25-120000").into(),
        kind: ContainerKind::App,
        state: ContainerState::Running,
        ready: true,
        restarts: 0,
        last: None,
    };
    PodRow {
        key: Key::of(&["eqiad", "mw-web", &name]),
        cluster: "eqiad".into(),
        datacentre: Some("eqiad".into()),
        namespace: format!("ns-{}", n % 100).into(),
        name: name.into(),
        uid: format!("6f1c2f0e-0000-4000-8000-{n:012}").into(),
        status: "Running".into(),
        ready: 8,
        containers_total: 8,
        restarts: 1,
        restarted: Some(at(1)),
        recent: Restarts { hour: Some(1), day: None, since_look: Some(0) },
        last: Some(Box::new(Termination { reason: "OOMKilled".into(), exit_code: 137, at: Some(at(0)) })),
        cpu: Some(250),
        memory: Some(3 << 30),
        cpu_request: Some(1000),
        memory_limit: None,
        node: Some(format!("mw{}", n % 200).into()),
        ip: "10.0.0.1".into(),
        owner: Some("ReplicaSet/mw-web-7f65b9c8d".into()),
        created: Some(at(0)),
        unready_since: None,
        deleted: None,
        labels: (0..6).map(|i| (format!("label-{i}").into(), format!("value-{}", i + n % 3).into())).collect(),
        containers: (0..8).map(container).collect(),
    }
}

fn pods(range: std::ops::Range<usize>) -> Folded {
    let mut fold = Fold::default();
    range.map(pod).for_each(|pod| fold.add(&pod));
    fold.finish()
}

/// The rows as they come from a table.
fn folded(rows: &RowSet) -> Folded {
    let (mut store, mut fold) = (Store::default(), Fold::default());
    let table = rows.table();
    put(&mut store, &SourceId::new("kubernetes", "eqiad"), rows.clone());
    (0..store.rows(table).slot_count()).for_each(|slot| store.visit(table, slot, &mut fold));
    fold.finish()
}

fn histories(log: &RestartLog) -> Folded {
    let mut fold = Fold::default();
    log.after(None).for_each(|history| fold.add(&history));
    fold.finish()
}

fn scope(name: &str, table: TableId) -> Scope {
    Scope::all(&SourceId::new("kubernetes", name), table)
}

fn loaded(cache: &Cache) -> Vec<(Scope, usize)> {
    cache.load_rows(|_| true).unwrap().rows.iter().map(|(scope, rows)| (scope.clone(), rows.len())).collect()
}

#[test]
fn what_was_saved_is_there_at_the_next_start() {
    let place = place();
    let mut node = NodeRow::unknown("h1");
    node.cpu_history = [1.0, 2.5].into();
    node.load = Some([0.5, 1.0, 1.5]);
    let mut container = ContainerRow::unknown(&"local".into(), "4f1c", "web");
    container.labels = vec![("com.example".into(), "\u{1b}[31m".into())];
    let saved = [
        (scope("eqiad", TableId::Pods), RowSet::Pods((0..3).map(pod).collect())),
        (Scope::part(&SourceId::new("kubernetes", "codfw"), TableId::Pods, "mw-web"), RowSet::Pods(vec![pod(3)])),
        (Scope::all(&SourceId::new("host", "h1"), TableId::Nodes), RowSet::Nodes(vec![node])),
        (Scope::all(&SourceId::new("docker", "local"), TableId::Containers), RowSet::Containers(vec![container])),
    ];
    let mut cache = open(&place).unwrap();
    for (n, (scope, rows)) in saved.iter().enumerate() {
        cache.save_rows(scope, &folded(rows), at(-i64::try_from(n).unwrap())).unwrap();
    }
    cache.save_rows(&scope("eqiad", TableId::Events), &pods(0..1), at(0)).unwrap();
    drop(cache);
    let remembered = open(&place).unwrap().load_rows(|_| true).unwrap();
    assert!(remembered.broken.is_empty());
    let text = |rows: &[(Scope, RowSet)]| format!("{rows:?}");
    assert_eq!(text(&remembered.rows), text(&saved), "newest first, every field as it was, no events");
}

#[test]
fn saving_again_replaces() {
    let place = place();
    let mut cache = open(&place).unwrap();
    let scope = scope("eqiad", TableId::Pods);
    cache.save_rows(&scope, &pods(0..5), at(0)).unwrap();
    cache.save_rows(&scope, &pods(0..2), at(1)).unwrap();
    assert_eq!(loaded(&cache), [(scope.clone(), 2)]);
    cache.save_rows(&scope, &pods(0..0), at(2)).unwrap();
    assert_eq!(loaded(&cache), [], "a scope without rows is nothing to remember");
}

#[test]
fn equal_names_share_memory_after_loading() {
    let place = place();
    let mut cache = open(&place).unwrap();
    cache.save_rows(&scope("eqiad", TableId::Pods), &pods(0..300), at(0)).unwrap();
    let remembered = cache.load_rows(|_| true).unwrap();
    let RowSet::Pods(rows) = &remembered.rows[0].1 else { panic!("pods") };
    let (a, b) = (&rows[0], &rows[200]);
    assert!(Arc::ptr_eq(&a.namespace, &b.namespace) && Arc::ptr_eq(&a.status, &b.status));
    assert!(Arc::ptr_eq(&a.containers, &b.containers));
    assert!(Arc::ptr_eq(&a.labels, &rows[201].labels));
    assert!(Arc::ptr_eq(&a.last.as_ref().unwrap().reason, &b.last.as_ref().unwrap().reason));
}

#[test]
fn restarts_and_the_last_look_are_remembered() {
    let place = place();
    let mut cache = open(&place).unwrap();
    assert_eq!(cache.looked_at().unwrap(), None);
    cache.set_looked_at(at(5)).unwrap();
    cache.set_looked_at(at(7)).unwrap();
    let restarts = restarted();
    cache.save_restarts(&histories(&restarts)).unwrap();
    drop(cache);
    let cache = open(&place).unwrap();
    assert_eq!(cache.looked_at().unwrap(), Some(at(7)));
    assert_eq!(cache.load_restarts(at(1)).unwrap(), restarts);
    let later = at(1) + crate::model::restarts::MEMORY;
    assert!(cache.load_restarts(later).unwrap().is_empty(), "too old");
    cache.db.execute("UPDATE restarts SET data = substr(data, 1, 20)", []).unwrap();
    assert!(cache.load_restarts(at(1)).unwrap().is_empty(), "damaged: begins anew");
}

fn restarted() -> RestartLog {
    let mut restarts = RestartLog::default();
    restarts.observe(&mut pod(1), at(0));
    assert_eq!(restarts.len(), 1);
    restarts
}

#[test]
fn file_and_directory_are_private() {
    let place = place();
    drop(open(&place).unwrap());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.path), 0o600);
    assert_eq!(mode(place.path.parent().unwrap()), 0o700);
    fs::set_permissions(&place.path, Permissions::from_mode(0o644)).unwrap();
    let mut cache = open(&place).unwrap();
    cache.save_rows(&scope("eqiad", TableId::Pods), &pods(0..1), at(0)).unwrap();
    for beside in ["", "-wal", "-shm"] {
        assert_eq!(mode(Path::new(&format!("{}{beside}", place.path.display()))), 0o600, "state.db{beside}");
    }
}

#[test]
fn what_others_could_have_put_there_is_refused() {
    let place = place();
    let directory = place.path.parent().unwrap();
    fs::create_dir(directory).unwrap();
    fs::set_permissions(directory, Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(open(&place), Err(Error::Shared { .. })));
    fs::set_permissions(directory, Permissions::from_mode(0o700)).unwrap();
    let elsewhere = directory.join("elsewhere");
    fs::write(&elsewhere, "precious").unwrap();
    symlink(&elsewhere, &place.path).unwrap();
    assert!(matches!(open(&place), Err(Error::NotAFile { .. })));
    assert_eq!(fs::read(&elsewhere).unwrap(), b"precious");
    fs::remove_file(&place.path).unwrap();
    fs::create_dir(&place.path).unwrap();
    assert!(matches!(open(&place), Err(Error::NotAFile { .. })));
}

#[test]
fn a_file_of_another_user_is_refused() {
    let place = place();
    drop(open(&place).unwrap());
    // Only root may give a file away; without it there is nothing to see here.
    if std::os::unix::fs::chown(&place.path, Some(12_345), None).is_ok() {
        let error = open(&place).unwrap_err();
        assert!(matches!(error, Error::Owner { owner: 12_345, .. }), "{error}");
    }
    if std::os::unix::fs::chown(place.path.parent().unwrap(), Some(12_345), None).is_ok() {
        assert!(matches!(open(&place), Err(Error::Owner { .. })));
    }
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

fn asides(place: &Place) -> Vec<String> {
    let names = fs::read_dir(place.path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|name| name.contains(".damaged-")).collect()
}

#[test]
fn a_damaged_file_is_moved_aside_and_a_new_one_begins() {
    let header = |path: &Path| overwrite(path, 0, &[0xff; 64]);
    let pages = |path: &Path| overwrite(path, PAGE, &[0x5a; 8192]);
    let emptied = |path: &Path| fs::OpenOptions::new().write(true).open(path).unwrap().set_len(5000).unwrap();
    let text =
        |path: &Path| fs::write(path, "not a database at all, but long enough to look like one ".repeat(99)).unwrap();
    let damages: [&dyn Fn(&Path); 4] = [&header, &pages, &emptied, &text];
    for (n, damage) in damages.iter().enumerate() {
        let place = place();
        let mut cache = open(&place).unwrap();
        cache.save_rows(&scope("eqiad", TableId::Pods), &pods(0..500), at(0)).unwrap();
        drop(cache);
        damage(&place.path);
        let before = fs::read(&place.path).unwrap();
        let error = open(&place).unwrap_err();
        let Error::Damaged { aside, .. } = &error else { panic!("damage {n}: {error}") };
        assert_eq!(fs::read(aside).unwrap(), before, "kept as it was");
        assert_eq!(error.to_string().lines().count(), 1);
        assert_eq!(loaded(&open(&place).unwrap()), []);
        overwrite(&place.path, 0, &[0xff; 64]);
        assert!(matches!(open(&place), Err(Error::Damaged { .. })));
        assert_eq!(asides(&place).len(), 2, "a second one in the same second has its own name");
    }
}

#[test]
fn damaged_rows_are_told_and_forgotten_and_the_others_kept() {
    let place = place();
    let mut cache = open(&place).unwrap();
    let (good, bad) = (scope("codfw", TableId::Pods), scope("eqiad", TableId::Pods));
    cache.save_rows(&bad, &pods(0..50), at(0)).unwrap();
    cache.save_rows(&good, &pods(0..50), at(0)).unwrap();
    let data: Vec<u8> =
        cache.db.query_row("SELECT data FROM rows WHERE source LIKE '%eqiad'", [], |r| r.get(0)).unwrap();
    for at_byte in (0..data.len()).step_by(data.len() / 40) {
        let mut damaged = data.clone();
        damaged[at_byte] ^= 0x10;
        cache.db.execute("INSERT OR REPLACE INTO rows SELECT 'kubernetes:eqiad', tbl, part, saved, layout, ?1 FROM rows WHERE source LIKE '%codfw'", [damaged]).unwrap();
        let remembered = cache.load_rows(|_| true).unwrap();
        assert_eq!(remembered.broken, std::slice::from_ref(&bad), "byte {at_byte}");
        assert_eq!(remembered.rows.len(), 1);
        assert_eq!(remembered.rows[0].0, good);
        assert_eq!(loaded(&cache).len(), 1);
    }
}

#[test]
fn rows_of_another_layout_are_passed_over() {
    let place = place();
    let mut cache = open(&place).unwrap();
    cache.save_rows(&scope("eqiad", TableId::Pods), &pods(0..5), at(0)).unwrap();
    cache.db.execute("UPDATE rows SET layout = layout + 1", []).unwrap();
    let remembered = cache.load_rows(|_| true).unwrap();
    assert!(remembered.rows.is_empty() && remembered.broken.is_empty());
}

#[test]
fn every_kept_table_has_a_layout_and_survives() {
    let mut layouts: Vec<_> = KEPT.iter().map(|&table| blob::layout(table)).collect();
    layouts.sort_unstable();
    layouts.dedup();
    assert_eq!(layouts.len(), KEPT.len());
    assert!(!layouts.contains(&0));
    for table in KEPT {
        let rows = blob::rows(table, &pods(0..0).data.unwrap(), &mut intern::Known::default());
        assert_eq!(rows.map(|rows| rows.table()), Some(table));
    }
}

#[test]
fn a_newer_file_is_left_alone() {
    let place = place();
    let cache = open(&place).unwrap();
    cache.db.pragma_update(None, "user_version", VERSION + 1).unwrap();
    drop(cache);
    let before = fs::read(&place.path).unwrap();
    assert!(matches!(open(&place), Err(Error::Newer { found: 2, known: 1, .. })));
    assert_eq!(fs::read(&place.path).unwrap(), before);
    assert!(asides(&place).is_empty());
}

#[test]
fn another_programs_database_is_left_alone() {
    let place = place();
    fs::create_dir(place.path.parent().unwrap()).unwrap();
    Connection::open(&place.path)
        .unwrap()
        .execute_batch("CREATE TABLE bookmarks (url); PRAGMA user_version = 1;")
        .unwrap();
    assert!(matches!(open(&place), Err(Error::Foreign { .. })));
    assert!(asides(&place).is_empty());
}

#[test]
fn a_second_console_reads_and_writes_beside_the_first_and_a_lock_is_told() {
    let place = place();
    let mut first = open(&place).unwrap();
    let mut second = open(&place).unwrap();
    first.save_rows(&scope("eqiad", TableId::Pods), &pods(0..1), at(0)).unwrap();
    second.save_rows(&scope("codfw", TableId::Pods), &pods(0..1), at(0)).unwrap();
    assert_eq!(loaded(&first).len(), 2);
    first.db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = second.save_rows(&scope("codfw", TableId::Pods), &pods(0..1), at(0)).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    first.db.execute_batch("COMMIT").unwrap();
    second.save_rows(&scope("codfw", TableId::Pods), &pods(0..1), at(0)).unwrap();
    drop((first, second));

    let holder = Connection::open(&place.path).unwrap();
    holder.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE held (x);").unwrap();
    let error = open(&place).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    assert!(asides(&place).is_empty(), "a locked file is not a damaged one");
}

#[test]
fn the_file_stays_within_its_limit_and_forgets_what_is_oldest() {
    let place = place();
    let limit = 512 << 10;
    let mut cache = Cache::open(&place.path, limit, at(0)).unwrap();
    for n in 0..60 {
        cache.save_rows(&scope(&format!("c{n}"), TableId::Pods), &pods(0..400), at(n)).unwrap();
    }
    let kept = loaded(&cache);
    assert_eq!(kept[0].0, scope("c59", TableId::Pods), "the newest is there");
    assert!(kept.len() < 60 && kept.len() > 3, "{} kept", kept.len());
    assert_eq!(kept.last().unwrap().0, scope(&format!("c{}", 60 - kept.len()), TableId::Pods), "no gaps");
    drop(cache);
    let size = fs::metadata(&place.path).unwrap().len();
    assert!(size <= limit, "{size} bytes");
}

#[test]
fn what_never_fits_says_full_and_costs_the_others_nothing() {
    let place = place();
    let mut cache = Cache::open(&place.path, 128 << 10, at(0)).unwrap();
    cache.save_rows(&scope("codfw", TableId::Pods), &pods(0..10), at(0)).unwrap();
    let error = cache.save_rows(&scope("eqiad", TableId::Pods), &pods(0..5000), at(0)).unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert_eq!(loaded(&cache), [(scope("codfw", TableId::Pods), 10)]);
    cache.save_rows(&scope("eqiad", TableId::Pods), &pods(0..10), at(0)).unwrap();
}

#[test]
fn what_nobody_saved_for_a_month_is_forgotten() {
    let place = place();
    let mut cache = open(&place).unwrap();
    cache.save_rows(&scope("old", TableId::Pods), &pods(0..1), at(0)).unwrap();
    cache.save_rows(&scope("new", TableId::Pods), &pods(0..1), at(10)).unwrap();
    drop(cache);
    let cache = Cache::open(&place.path, LIMIT, at(5) + KEEP).unwrap();
    assert_eq!(loaded(&cache), [(scope("new", TableId::Pods), 1)]);
}

#[test]
fn the_worker_writes_everything_that_waits_before_it_ends() {
    let place = place();
    let worker = Worker::start(open(&place).unwrap(), Box::new(|error| panic!("{error}"))).unwrap();
    for n in 0..50 {
        worker.rows(scope(&format!("c{}", n % 5), TableId::Pods), pods(0..n + 1), at(0));
    }
    worker.restarts(histories(&restarted()));
    worker.looked(at(3));
    assert!(worker.stop(Duration::from_mins(1)));
    let cache = open(&place).unwrap();
    let mut sizes: Vec<_> = loaded(&cache).into_iter().map(|(_, size)| size).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [46, 47, 48, 49, 50], "the last of each scope");
    assert_eq!(cache.load_restarts(at(0)).unwrap().len(), 1);
    assert_eq!(cache.looked_at().unwrap(), Some(at(3)));
}

#[test]
fn a_full_queue_drops_the_oldest_rows_and_never_restarts() {
    let place = place();
    let cache = open(&place).unwrap();
    let blocker = Connection::open(&place.path).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let ours = told.clone();
    let worker = Worker::start(cache, Box::new(move |error| ours.lock().unwrap().push(error.to_string()))).unwrap();
    for n in 0..2 * worker::LIMIT {
        worker.rows(scope(&format!("c{n}"), TableId::Pods), pods(0..1), at(0));
        worker.restarts(histories(&restarted()));
    }
    assert!(worker.dropped() > 0);
    blocker.execute_batch("COMMIT").unwrap();
    assert!(worker.stop(Duration::from_mins(1)));
    let cache = open(&place).unwrap();
    let kept = loaded(&cache);
    assert!(kept.iter().any(|(kept, _)| *kept == scope(&format!("c{}", 2 * worker::LIMIT - 1), TableId::Pods)));
    // The first write may have met the lock; an error is told once until a write succeeds.
    assert!(told.lock().unwrap().len() <= 1);
    assert_eq!(cache.load_restarts(at(0)).unwrap().len(), 1);
}

#[test]
fn a_reader_sees_what_was_saved_and_leaves_nothing_where_nothing_was() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("state.db");
    assert!(Cache::open_to_read(&path).is_err());
    assert!(!path.exists(), "reading makes no file");
    let now = at(1_700_000_000);
    let mut restarts = RestartLog::default();
    restarts.observe(&mut pod(1), now);
    {
        let mut cache = Cache::open(&path, 1 << 20, now).unwrap();
        cache.save_restarts(&histories(&restarts)).unwrap();
        cache.set_looked_at(now).unwrap();
        // While a console has it open, too.
        let reader = Cache::open_to_read(&path).unwrap();
        assert_eq!(reader.load_restarts(now).unwrap(), restarts);
    }
    let mut reader = Cache::open_to_read(&path).unwrap();
    assert_eq!((reader.load_restarts(now).unwrap(), reader.looked_at().unwrap()), (restarts, Some(now)));
    assert!(reader.set_looked_at(at(1)).is_err(), "a reader does not write");
    std::fs::write(&path, "no database at all, only text").unwrap();
    assert!(Cache::open_to_read(&path).is_err());
}
