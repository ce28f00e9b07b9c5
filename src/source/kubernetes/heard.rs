//! When something was last heard from the server. Bytes of a list or watch are a sign of life: a server that sends changes
//! and leaves questions waiting is busy, not away.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

/// The last moment something was heard, to the millisecond.
pub(crate) struct Heard {
    start: Instant,
    /// Milliseconds since the start, and one; zero before anything was heard.
    last: AtomicU64,
}

impl Heard {
    /// Nothing was heard yet.
    pub(crate) fn nothing() -> Self {
        Self { start: Instant::now(), last: AtomicU64::new(0) }
    }

    /// Something was heard now.
    pub(crate) fn note(&self) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.last.fetch_max(millis + 1, Ordering::Relaxed);
    }

    /// Whether anything was heard after this moment.
    pub(crate) fn since(&self, moment: Instant) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        last > 0 && self.start + Duration::from_millis(last - 1) > moment
    }
}

/// Returns when the server is back after it was away, unless something was heard here after it was last missed: what is
/// under way elsewhere may wait for an answer that never comes. The channel tells when it was last missed.
pub(crate) async fn cut_off(recovered: &mut watch::Receiver<Option<Instant>>, heard: &Heard) {
    loop {
        if recovered.changed().await.is_err() {
            // The source ends, and what waits with it.
            return std::future::pending().await;
        }
        let missed = *recovered.borrow_and_update();
        if !missed.is_some_and(|missed| heard.since(missed)) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_heard_counts_from_its_moment_on() {
        let heard = Heard::nothing();
        let start = Instant::now();
        assert!(!heard.since(start), "nothing was heard");
        advance(Duration::from_millis(100)).await;
        heard.note();
        assert!(heard.since(start));
        assert!(!heard.since(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_is_silent_is_cut_off() {
        let (sender, mut recovered) = watch::channel(None);
        let heard = Heard::nothing();
        let missed = Instant::now();
        advance(Duration::from_secs(1)).await;
        heard.note();
        sender.send_replace(Some(missed));
        assert!(cut_off(&mut recovered, &heard).now_or_never().is_none(), "it spoke after it was missed");
        advance(Duration::from_secs(1)).await;
        sender.send_replace(Some(Instant::now()));
        assert!(cut_off(&mut recovered, &heard).now_or_never().is_some());
    }
}
