//! Connections to an engine that cost something to make: kept and used again, few at a time, each for one request.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1::SendRequest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::AbortOnDropHandle;

use crate::remote::session::Session;

/// Connections at once. Each is one of the host's sessions, of which a person's logs and shells shall get some.
const LANES: usize = 3;

/// A connection that waits for its next request, and the session that carries it.
pub(super) struct Lane {
    /// Sends requests.
    pub(super) sender: SendRequest<Empty<Bytes>>,
    /// Drives the connection.
    pub(super) _connection: AbortOnDropHandle<()>,
    /// Carries the connection.
    pub(super) session: Box<Session>,
}

/// The connections to one engine over one connection to its host. Clones are the same.
#[derive(Clone)]
pub(super) struct Lanes(Arc<Shared>);

struct Shared {
    idle: Mutex<Vec<Lane>>,
    turns: Arc<Semaphore>,
    /// How many there may be, as far as is known.
    most: AtomicUsize,
    /// How many are lent to streams, which may last for ever.
    streams: AtomicUsize,
}

/// What becomes of a request that wants a connection.
pub(super) enum Turn {
    /// There is one, or one may be made.
    Now(Lease, Option<Lane>),
    /// Streams would leave none for anything else.
    Narrow,
}

/// The right to use one connection. Dropped, it is another's turn.
pub(super) struct Lease {
    lanes: Lanes,
    is_stream: bool,
    turn: Option<OwnedSemaphorePermit>,
}

impl Lanes {
    /// None yet; at most so many as sessions are known to be granted.
    pub(super) fn new(sessions: u32) -> Self {
        let most = LANES.min(usize::try_from(sessions).unwrap_or(LANES)).max(1);
        Self(Arc::new(Shared {
            idle: Mutex::default(),
            turns: Arc::new(Semaphore::new(most)),
            most: most.into(),
            streams: 0.into(),
        }))
    }

    /// Waits for a turn. A stream gets one only while another is left for requests.
    pub(super) async fn turn(&self, is_stream: bool) -> Turn {
        let most = || self.0.most.load(Ordering::Relaxed);
        let is_narrow = |streams: usize| streams >= most();
        if is_stream {
            let streams = self.0.streams.fetch_add(1, Ordering::Relaxed) + 1;
            if is_narrow(streams) {
                self.0.streams.fetch_sub(1, Ordering::Relaxed);
                return Turn::Narrow;
            }
        } else if is_narrow(self.0.streams.load(Ordering::Relaxed)) {
            return Turn::Narrow;
        }
        let mut lease = Lease { lanes: self.clone(), is_stream, turn: None };
        lease.turn = self.0.turns.clone().acquire_owned().await.ok();
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|lane| !lane.sender.is_closed());
        let lane = idle.pop();
        drop(idle);
        Turn::Now(lease, lane)
    }

    /// How many there may be.
    pub(super) fn most(&self) -> usize {
        self.0.most.load(Ordering::Relaxed)
    }
}

impl Lease {
    /// The host grants no session for this turn: there is one connection less from now on. False when that would be none.
    pub(super) fn refused(mut self) -> bool {
        let shared = &self.lanes.0;
        let less = |most: usize| (most > 1).then(|| most - 1);
        let is_less = shared.most.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
        if is_less && let Some(turn) = self.turn.take() {
            turn.forget();
        }
        is_less
    }

    /// The answer was read to its end: the connection is kept for the next.
    pub(super) fn give_back(self, lane: Lane) {
        self.lanes.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(lane);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.is_stream {
            self.lanes.0.streams.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn now(lanes: &Lanes, is_stream: bool) -> Option<Lease> {
        match lanes.turn(is_stream).now_or_never() {
            Some(Turn::Now(lease, _)) => Some(lease),
            Some(Turn::Narrow) | None => None,
        }
    }

    #[test]
    fn streams_leave_one_for_requests() {
        let lanes = Lanes::new(9);
        let first = now(&lanes, true).expect("free");
        let _second = now(&lanes, true).expect("free");
        assert!(now(&lanes, true).is_none());
        let request = now(&lanes, false).expect("free");
        assert!(now(&lanes, false).is_none(), "all are lent");
        drop((first, request));
        assert!(now(&lanes, true).is_some());
    }

    #[test]
    fn a_host_with_one_session_has_no_streams() {
        let lanes = Lanes::new(1);
        assert!(now(&lanes, true).is_none());
        assert!(now(&lanes, false).is_some());
        let lanes = Lanes::new(9);
        assert!(now(&lanes, false).expect("free").refused() && now(&lanes, false).expect("free").refused());
        assert_eq!(lanes.most(), 1);
        assert!(!now(&lanes, false).expect("free").refused(), "one is always tried");
        assert!(now(&lanes, true).is_none() && now(&lanes, false).is_some());
    }
}
