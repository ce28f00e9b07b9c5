//! What does not depend on how busy the machine is: allocations of a frame, bytes it sends, bytes a pod takes.
//! `cargo bench --bench counts`. A binary of its own, because counting makes every allocation slower.

#![allow(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]

mod world;

use std::{
    alloc::System,
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::SignedDuration;
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect};
use ronde::app::{event::Event, update::update};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use world::{SIZE, World, terminal};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Pods in the fleet.
const PODS: usize = 10_000;

/// Counts what is written and forgets it.
#[derive(Clone, Default)]
struct Sent(Arc<AtomicUsize>);

impl Write for Sent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(bytes.len(), Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sent {
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

fn main() {
    println!("| count, {} pods, {}×{} | |\n|---|---|", PODS, SIZE.0, SIZE.1);
    let mut world = World::new(PODS);
    let mut screen = terminal();
    world.draw(&mut screen);
    line("allocations of a frame", allocations(|| world.draw(&mut screen)));
    line("allocations of a tick in which nothing changed", allocations(|| world.pass(SignedDuration::from_secs(1))));
    line("allocations of a key", allocations(|| world.press("j")));
    let mut changes = world.changes(1000);
    changes.truncate(1000);
    let now = world.now;
    let taken = allocations(|| drop(update(&mut world.app, Event::Data(changes), now)));
    line("allocations of taking 1,000 changes, with findings and order", taken);
    bytes(&mut world);
    // What its end gives back is what it kept; the fleet has rows of its own.
    let region = Region::new(COUNTING);
    drop(world.app);
    let kept = region.change();
    let kept = kept.bytes_deallocated.saturating_sub(kept.bytes_allocated);
    line("bytes the console keeps for a pod (with its share of all else)", kept / PODS);
}

fn bytes(world: &mut World) {
    let sent = Sent::default();
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, SIZE.0, SIZE.1)) };
    let mut screen = Terminal::with_options(CrosstermBackend::new(sent.clone()), options).expect("no other end");
    world.draw(&mut screen);
    line("bytes of the first frame", sent.take());
    world.draw(&mut screen);
    line("bytes of a frame in which nothing changed (the cursor hidden again; `term` sends none)", sent.take());
    world.press("j");
    world.draw(&mut screen);
    line("bytes of a frame after the selection moved", sent.take());
    // From the last row on screen on, half a page further shows other rows everywhere.
    for _ in 0..3 {
        world.press("ctrl-f");
        world.draw(&mut screen);
    }
    sent.take();
    world.press("ctrl-f");
    world.draw(&mut screen);
    line("bytes of a frame after half a page down", sent.take());
}

fn allocations(work: impl FnOnce()) -> usize {
    let region = Region::new(COUNTING);
    work();
    region.change().allocations
}

fn line(what: &str, count: usize) {
    println!("| {what} | {count} |");
}
