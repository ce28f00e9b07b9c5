//! The four paces at which a machine is read. Each is a task; files are read on blocking threads.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::{JoinSet, spawn_blocking},
    time::{MissedTickBehavior, interval, sleep},
};

#[cfg(target_os = "linux")]
use super::linux as machine;
#[cfg(not(target_os = "linux"))]
use super::portable as machine;
#[cfg(target_os = "linux")]
use super::standing::Standing;
use super::{disks::Disks, latest::Part, now, units};
use crate::{model::store::TableId, source::Demand};
use machine::{Machine, Root, Scanner};

const FACTS: Duration = Duration::from_secs(2);
const DISKS: Duration = Duration::from_secs(10);
const UNITS: Duration = Duration::from_secs(30);
const PROCESSES: Duration = Duration::from_secs(5);
const PROCESSES_SHOWN: Duration = Duration::from_millis(2500);

/// Rates need two looks; the second comes so soon after the first.
const SECOND_LOOK: Duration = Duration::from_millis(500);

/// Starts all of them. They end when they are dropped, or nobody takes their parts.
pub(super) fn start(
    tiers: &mut JoinSet<()>,
    node: &Arc<str>,
    root: &Path,
    parts: &mpsc::Sender<Part>,
    demand: watch::Receiver<Demand>,
) {
    let files = Root::at(root);
    tiers.spawn(facts(files.clone(), parts.clone()));
    tiers.spawn(processes(Scanner::new(&files, node), parts.clone(), demand));
    tiers.spawn(disks(files.clone(), Disks::new(node, root), parts.clone()));
    tiers.spawn(all_units(files, node.clone(), parts.clone()));
}

async fn facts(files: Root, parts: mpsc::Sender<Part>) {
    let mut beat = ticks(FACTS);
    let mut machine = Machine::default();
    let mut first = true;
    loop {
        beat.tick().await;
        let files = files.clone();
        let Ok((looked, facts)) = spawn_blocking(move || {
            let facts = machine.facts(&files);
            (machine, facts)
        })
        .await
        else {
            return;
        };
        machine = looked;
        if parts.send(Part::Facts(Box::new(facts))).await.is_err() {
            return;
        }
        if std::mem::take(&mut first) {
            sleep(SECOND_LOOK).await;
            beat.reset_immediately();
        }
    }
}

async fn processes(mut scanner: Scanner, parts: mpsc::Sender<Part>, mut demand: watch::Receiver<Demand>) {
    let mut first = true;
    loop {
        let full = demand.borrow_and_update().wants(TableId::Processes);
        let Ok((back, found)) = spawn_blocking(move || {
            let found = scanner.scan(full, now());
            (scanner, found)
        })
        .await
        else {
            return;
        };
        scanner = back;
        if parts.send(Part::Processes(found)).await.is_err() {
            return;
        }
        let pause = match (std::mem::take(&mut first), full) {
            (true, _) => SECOND_LOOK,
            (_, true) => PROCESSES_SHOWN,
            (_, false) => PROCESSES,
        };
        tokio::select! {
            () = sleep(pause) => {}
            // Who opens the table need not wait for the next beat.
            () = until_wanted(&mut demand), if !full => {}
        }
    }
}

/// Waits until processes are on screen. Without a console there is nobody to want them: waits for ever.
async fn until_wanted(demand: &mut watch::Receiver<Demand>) {
    if demand.wait_for(|demand| demand.wants(TableId::Processes)).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn disks(files: Root, mut disks: Disks, parts: mpsc::Sender<Part>) {
    let mut beat = ticks(DISKS);
    loop {
        beat.tick().await;
        let files = files.clone();
        let Ok((measured, round)) = spawn_blocking(move || {
            let round = disks.measure(&machine::mounts(&files));
            (disks, round)
        })
        .await
        else {
            return;
        };
        disks = measured;
        if parts.send(Part::Disks(round)).await.is_err() {
            return;
        }
    }
}

async fn all_units(files: Root, node: Arc<str>, parts: mpsc::Sender<Part>) {
    let mut beat = ticks(UNITS);
    loop {
        beat.tick().await;
        // sd_booted(3): without this directory systemd does not run here, and asking it would only fail.
        let units =
            if files.path("run/systemd/system").exists() { units::list(&node).await.map(Some) } else { Ok(None) };
        if parts.send(Part::Units(units)).await.is_err() {
            return;
        }
        #[cfg(target_os = "linux")]
        {
            let files = files.clone();
            let Ok(standing) = spawn_blocking(move || Standing::read(&files, |_| None)).await else { return };
            if parts.send(Part::Standing(standing)).await.is_err() {
                return;
            }
        }
    }
}

/// A beat that is late does not hurry afterwards (the machine slept, or was very busy).
fn ticks(every: Duration) -> tokio::time::Interval {
    let mut beat = interval(every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}
