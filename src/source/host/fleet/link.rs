//! Keeps a host connected: connects, asks the probe for what is due, and connects again when that ended, not too often.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{
    super::super::backoff,
    schedule::{Schedule, Wanted},
};
use crate::remote::{
    Connection, Door, Resolved, Section, Target, Trouble, connection::Control, pace::Pace, resolved::fingerprint,
    sockets::Sockets, trouble::Unknown,
};

/// What becomes of a connection.
pub(super) enum Event {
    /// The probe answers.
    Up(Up),
    /// A section came.
    Section(Arrived),
    /// The probe has been silent for so long; the connection stands.
    Quiet(Duration),
    /// There is no connection: why, and the same as a line for a person.
    Down(Trouble, String),
}

/// A connection that has just been made.
pub(super) struct Up {
    /// By this door further programs can be run.
    pub(super) door: Door,
    /// The probe's process on the host.
    pub(super) pid: u32,
}

/// A section, and what its way here tells.
pub(super) struct Arrived {
    /// What came.
    pub(super) section: Section,
    /// How long it was waited for.
    pub(super) waited: Duration,
    /// Bytes that the probe has sent so far.
    pub(super) received: u64,
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
    wanted: watch::Receiver<Wanted>,
    seed: u64,
}

impl Link {
    /// The way to `node` at `target`, of which so much is `wanted`.
    pub(super) fn new(
        node: &Arc<str>,
        target: Target,
        pace: Pace,
        sockets: Sockets,
        wanted: watch::Receiver<Wanted>,
    ) -> Self {
        let seed = node.bytes().fold(7u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Self { target, pace, sockets, wanted, seed }
    }

    /// Goes on until it is dropped, or nobody takes its events.
    pub(super) async fn run(self, events: mpsc::Sender<Event>) {
        sleep(Pace::jitter(self.seed)).await;
        let mut failures = Failures::default();
        let mut known = None;
        loop {
            let began = Instant::now();
            let trouble = self.hold(&events).await;
            let trouble = self.explained(trouble, &mut known).await;
            // A connection that lasted was a good one: the next try comes soon.
            if began.elapsed() > Duration::from_mins(1) {
                failures = Failures::default();
            }
            let line = trouble.line(&self.target.command(&["ssh"]));
            let wait = failures.pause(&trouble, self.seed);
            if events.send(Event::Down(trouble, line)).await.is_err() {
                return;
            }
            sleep(wait).await;
        }
    }

    /// Connects and asks, until that ends.
    async fn hold(&self, events: &mpsc::Sender<Event>) -> Trouble {
        let turn = self.pace.turn().await;
        let control = match Resolved::of(&self.target).await {
            Ok(resolved) => match resolved.live_control(&self.target).await {
                Some(socket) => Control::Theirs(socket),
                None => Control::Own(self.sockets.path()),
            },
            Err(trouble) => return trouble,
        };
        let mut connection = match Connection::open(&self.target, control).await {
            Ok(connection) => connection,
            Err(trouble) => return trouble,
        };
        drop(turn);
        let door = Door::new(self.target.clone(), connection.socket().to_owned());
        if events.send(Event::Up(Up { door, pid: connection.pid })).await.is_err() {
            return Trouble::Lost("nobody listens any more".to_owned());
        }
        let mut demand = self.wanted.clone();
        let mut schedule = Schedule::new(Instant::now(), *demand.borrow_and_update());
        let mut wake = Instant::now();
        loop {
            tokio::select! {
                section = connection.next() => match section {
                    Ok(section) => {
                        let waited = schedule.answered(&section.name, Instant::now());
                        wake = schedule.next();
                        let arrived = Arrived { section, waited, received: connection.received };
                        if events.send(Event::Section(arrived)).await.is_err() {
                            return Trouble::Lost("nobody listens any more".to_owned());
                        }
                    }
                    Err(trouble) => return trouble,
                },
                Ok(()) = demand.changed() => {
                    schedule.want(*demand.borrow_and_update(), Instant::now());
                    wake = schedule.next();
                }
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

    /// The trouble with what a person needs to mend it: for a host key that is not known, its fingerprint (the host is asked for
    /// it once) and the command that accepts it; for a refused login, which key of ours waits for its passphrase.
    async fn explained(&self, trouble: Trouble, known: &mut Option<Unknown>) -> Trouble {
        let mut unknown = match trouble {
            Trouble::UnknownKey(unknown) => unknown,
            Trouble::Refused(methods) => {
                *known = None;
                let resolved = Resolved::of(&self.target).await.unwrap_or_default();
                return match resolved.locked_key().await {
                    Some(key) => Trouble::locked(&key),
                    None => Trouble::Refused(methods),
                };
            }
            other => {
                *known = None;
                return other;
            }
        };
        match known.as_ref().filter(|known| known.kind == unknown.kind) {
            Some(known) => unknown.clone_from(known),
            None => {
                unknown.fingerprint = fingerprint(&self.target).await.unwrap_or_default();
                if let Ok(resolved) = Resolved::of(&self.target).await {
                    unknown.accept = resolved.accept(&self.target, &unknown.kind);
                }
                *known = Some(unknown.clone()).filter(|known| !known.fingerprint.is_empty());
            }
        }
        Trouble::UnknownKey(unknown)
    }
}

/// Tries in a row that failed. Logins that were refused are counted apart: a host that was away meanwhile, or a session that
/// broke, does not make the next login come later.
#[derive(Default)]
struct Failures {
    refused: u32,
    others: u32,
}

impl Failures {
    /// One more; how long to wait before the next try.
    fn pause(&mut self, trouble: &Trouble, seed: u64) -> Duration {
        let count = if trouble.is_counted() { &mut self.refused } else { &mut self.others };
        let before = *count;
        *count = count.saturating_add(1);
        if !trouble.is_counted() {
            return backoff(before, seed).min(LONGEST);
        }
        let step = usize::try_from(before).unwrap_or(usize::MAX);
        REFUSED.get(step).copied().unwrap_or(REFUSED[REFUSED.len() - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_session_does_not_make_a_login_come_later() {
        let mut failures = Failures::default();
        let (lost, refused) = (Trouble::Lost("killed".into()), Trouble::Refused("publickey".into()));
        assert!(failures.pause(&lost, 1) < Duration::from_secs(2));
        assert_eq!(failures.pause(&refused, 1), REFUSED[0]);
        assert!(failures.pause(&lost, 1) < Duration::from_secs(4));
        let next: Vec<_> = (0..4).map(|_| failures.pause(&refused, 1)).collect();
        assert_eq!(next, [REFUSED[1], REFUSED[2], REFUSED[3], REFUSED[3]]);
    }
}
