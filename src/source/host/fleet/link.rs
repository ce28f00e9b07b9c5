//! Keeps a host connected: connects, asks the probe for what is due, and connects again when that ended, not too often.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{
    super::super::{Demand, backoff},
    schedule::Schedule,
};
use crate::remote::{Connection, Door, Section, Target, Trouble, pace::Pace, sockets::Sockets};

/// What becomes of a connection.
pub(super) enum Event {
    /// The probe answers; by this door further programs can be run.
    Up(Door),
    /// A section came.
    Section(Section),
    /// The probe has been silent for so long; the connection stands.
    Quiet(Duration),
    /// There is no connection: why, and the same as a line for a person.
    Down(Trouble, String),
}

/// Waits between logins that are refused: servers ban an address after some five in ten minutes.
const REFUSED: [Duration; 4] =
    [Duration::from_secs(20), Duration::from_mins(2), Duration::from_mins(5), Duration::from_mins(15)];

/// The longest wait between two tries at a host that cannot be reached.
const LONGEST: Duration = Duration::from_secs(15);

/// How often a silence is told anew, with its length.
const TOLD: Duration = Duration::from_secs(5);

/// The way to one host.
pub(super) struct Link {
    target: Target,
    pace: Pace,
    sockets: Sockets,
    seed: u64,
}

impl Link {
    /// The way to `node` at `target`.
    pub(super) fn new(node: &Arc<str>, target: Target, pace: Pace, sockets: Sockets) -> Self {
        let seed = node.bytes().fold(7u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Self { target, pace, sockets, seed }
    }

    /// Goes on until it is dropped, or nobody takes its events.
    pub(super) async fn run(self, mut demand: watch::Receiver<Demand>, events: mpsc::Sender<Event>) {
        sleep(Pace::jitter(self.seed)).await;
        let mut failures = 0;
        loop {
            let began = Instant::now();
            let trouble = self.hold(&mut demand, &events).await;
            // A connection that lasted was a good one: the next try comes soon.
            if began.elapsed() > Duration::from_mins(1) {
                failures = 0;
            }
            let line = trouble.line(&self.target.command(&["ssh"]));
            let wait = self.pause(&trouble, failures);
            if events.send(Event::Down(trouble, line)).await.is_err() {
                return;
            }
            failures += 1;
            sleep(wait).await;
        }
    }

    /// Connects and asks, until that ends.
    async fn hold(&self, _demand: &mut watch::Receiver<Demand>, events: &mpsc::Sender<Event>) -> Trouble {
        let turn = self.pace.turn().await;
        let socket = self.sockets.path();
        let mut connection = match Connection::open(&self.target, &socket).await {
            Ok(connection) => connection,
            Err(trouble) => return trouble,
        };
        drop(turn);
        let door = Door { target: self.target.clone(), socket: connection.socket().to_owned() };
        if events.send(Event::Up(door)).await.is_err() {
            return Trouble::Lost("nobody listens any more".to_owned());
        }
        let mut schedule = Schedule::new(Instant::now());
        let mut wake = Instant::now();
        loop {
            tokio::select! {
                section = connection.next() => match section {
                    Ok(section) => {
                        schedule.answered(&section.name);
                        wake = schedule.next();
                        if events.send(Event::Section(section)).await.is_err() {
                            return Trouble::Lost("nobody listens any more".to_owned());
                        }
                    }
                    Err(trouble) => return trouble,
                },
                () = sleep_until(wake) => {
                    let now = Instant::now();
                    if let Some(silence) = schedule.silence(now) {
                        let _ = events.send(Event::Quiet(silence)).await;
                        wake = now + TOLD;
                        continue;
                    }
                    let due = schedule.due(now);
                    if !due.is_empty() && let Err(trouble) = connection.request(&due).await {
                        return trouble;
                    }
                    wake = schedule.next();
                }
            }
        }
    }

    fn pause(&self, trouble: &Trouble, failures: u32) -> Duration {
        if trouble.is_counted() {
            let step = usize::try_from(failures).unwrap_or(usize::MAX).min(REFUSED.len() - 1);
            return REFUSED[step];
        }
        backoff(failures, self.seed).min(LONGEST)
    }
}
