//! How long the console takes: frames, keys, changes, orders, findings, the first frame. `cargo bench --bench console`.
//!
//! Beside each frame stands what ratatui's own table takes for the same cells, so that a ratio survives a noisy machine.

#![allow(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]

mod world;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use jiff::SignedDuration;
use ratatui::{
    layout::Constraint,
    style::{Modifier, Style},
    widgets::{Row, Table, TableState},
};
use ronde::{
    app::{event::Event, update::update},
    cache::{Cache, fold::Fold},
    model::{
        derive,
        filter::Filter,
        order::{Sort, order},
        restarts::RestartLog,
        store::TableId,
        table::Rows,
        triage,
    },
};
use world::{SIZE, World, empty, terminal};

const SIZES: [usize; 2] = [10_000, 100_000];

/// Changes the loop takes at once; a key waits behind them at most.
const BATCH: usize = 512;

fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("frame");
    for pods in SIZES {
        let mut world = World::new(pods);
        let mut screen = terminal();
        group.bench_function(BenchmarkId::new("ronde", pods), |b| b.iter(|| world.draw(&mut screen)));
        let rows: &dyn Rows = &world.app.store.pods;
        let order = &world.app.view().expect("a table is in front").order;
        let visible = &order[..usize::from(SIZE.1 - 5).min(order.len())];
        let mut screen = terminal();
        let mut state = TableState::default().with_selected(0);
        group.bench_function(BenchmarkId::new("ratatui-visible-rows", pods), |b| {
            b.iter(|| screen.draw(|frame| ratatui_table(rows, visible, &world, frame, &mut state)).map(|_| ()));
        });
        group.bench_function(BenchmarkId::new("ratatui-all-rows", pods), |b| {
            b.iter(|| screen.draw(|frame| ratatui_table(rows, order, &world, frame, &mut state)).map(|_| ()));
        });
        group.bench_function(BenchmarkId::new("sums-of-all-rows", pods), |b| {
            b.iter(|| black_box(derive::sums(rows, order)));
        });
    }
    group.finish();
}

/// The same rows by ratatui's own table: a cell for each column that ronde has room for.
fn ratatui_table(rows: &dyn Rows, slots: &[u32], world: &World, frame: &mut ratatui::Frame, state: &mut TableState) {
    let columns: Vec<(usize, u16)> = (0..rows.field_count())
        .filter_map(|field| Some((field, rows.field(field).column?)))
        .filter(|(_, column)| column.priority < 5)
        .map(|(field, column)| (field, column.min.max(8)))
        .collect();
    let lines = slots.iter().map(|&slot| {
        Row::new(columns.iter().map(|(field, _)| rows.value(slot, *field).show(world.now)).collect::<Vec<_>>())
    });
    let header = Row::new(columns.iter().map(|(field, _)| rows.field(*field).title).collect::<Vec<_>>());
    let table = Table::new(lines, columns.iter().map(|(_, width)| Constraint::Length(*width)))
        .header(header)
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    frame.render_stateful_widget(table, frame.area(), state);
}

fn keys(c: &mut Criterion) {
    let mut group = c.benchmark_group("key-to-frame");
    let mut world = World::new(10_000);
    let mut screen = terminal();
    group.bench_function("quiet/10000", |b| {
        b.iter(|| {
            world.press("j");
            world.draw(&mut screen);
        });
    });
    // The worst a key meets at 1,000 changes a second: a batch before it, findings and the order due with it.
    let mut took = Vec::new();
    group.bench_function("behind-512-changes/10000", |b| {
        b.iter_custom(|rounds| {
            let mut total = Duration::ZERO;
            for _ in 0..rounds {
                let mut changes = world.changes(BATCH);
                changes.truncate(BATCH);
                let began = Instant::now();
                update(&mut world.app, Event::Data(changes), world.now);
                world.press("j");
                world.draw(&mut screen);
                let time = began.elapsed();
                took.push(time);
                total += time;
            }
            total
        });
    });
    group.finish();
    took.sort_unstable();
    let at = |percent: usize| took.get(took.len() * percent / 100).or(took.last()).copied().unwrap_or_default();
    println!("key-to-frame/behind-512-changes: p50 {:?}, p99 {:?} of {} keys\n", at(50), at(99), took.len());
}

fn changes(c: &mut Criterion) {
    let mut world = World::new(10_000);
    c.bench_function("apply-1000-changes/10000", |b| {
        b.iter_custom(|rounds| {
            let mut total = Duration::ZERO;
            for _ in 0..rounds {
                let mut changes = world.changes(1000);
                changes.truncate(1000);
                let began = Instant::now();
                for delta in changes {
                    world.app.store.apply(delta, world.now);
                }
                total += began.elapsed();
                world.pass(SignedDuration::from_secs(11));
            }
            total
        });
    });
}

fn orders(c: &mut Criterion) {
    let mut group = c.benchmark_group("order");
    for pods in SIZES {
        let world = World::new(pods);
        let rows: &dyn Rows = &world.app.store.pods;
        let sort = |name: &str| rows.field_named(name).map(|field| Sort { field, descending: true });
        let filter = |text: &str| Filter::parse(text, rows).expect("a filter");
        for (name, filter, sort) in [
            ("by-key", filter(""), None),
            ("by-number", filter(""), sort("memory")),
            ("by-name", filter(""), sort("name")),
            ("text-filter", filter("mw-web"), None),
            ("condition", filter("cpu>100m and (ns:mw-* or restarts>=3)"), None),
            ("fuzzy", filter("-f mwweb"), None),
        ] {
            group.bench_function(BenchmarkId::new(name, pods), |b| {
                b.iter(|| black_box(order(rows, &filter, false, sort, world.now)));
            });
        }
    }
    group.finish();
}

fn findings(c: &mut Criterion) {
    let world = World::new(10_000);
    c.bench_function("triage/10000", |b| b.iter(|| black_box(triage::findings(&world.app.store, world.now))));
}

/// What a tick writes down for the cache.
fn saving(c: &mut Criterion) {
    let world = World::new(10_000);
    c.bench_function("save/400-rows", |b| {
        b.iter_batched_ref(
            Fold::default,
            |fold| (0..400).for_each(|slot| world.app.store.visit(TableId::Pods, slot, fold)),
            BatchSize::PerIteration,
        );
    });
}

fn first_frame(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cache.db");
    let world = World::new(10_000);
    let mut cache = Cache::open(&path, 1 << 30, world.now).expect("a cache");
    let store = &world.app.store;
    let pods = store.rows(TableId::Pods);
    for (number, scope) in (0..pods.scope_count()).filter_map(|number| Some((number, pods.scope(number)?))) {
        let mut fold = Fold::default();
        for slot in (0..pods.slot_count()).filter(|slot| pods.scope_of(*slot) == Some(number)) {
            store.visit(TableId::Pods, slot, &mut fold);
        }
        cache.save_rows(scope, &fold.finish(), world.now).expect("rows are saved");
    }
    drop(cache);
    c.bench_function("first-frame/10000-cached", |b| {
        b.iter_batched_ref(
            || (empty(world.now), terminal()),
            |(app, screen)| {
                let cache = Cache::open(&path, 1 << 30, world.now).expect("a cache");
                let rows = cache.load_rows(|_| true).expect("rows").rows;
                let remembered = Event::Remembered { rows, looked: None, restarts: RestartLog::default() };
                update(app, remembered, world.now);
                screen
                    .draw(|frame| {
                        ronde::view::draw(app, &world.themes, frame);
                    })
                    .map(|_| ())
            },
            BatchSize::PerIteration,
        );
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2)).without_plots();
    targets = frames, keys, changes, orders, findings, saving, first_frame
}
criterion_main!(benches);
