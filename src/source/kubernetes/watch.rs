//! Lists one kind of object and follows its changes, for ever: pages into rows at once, then events as they come.
//!
//! A list is marked by begin and commit, so a table is never emptied by listing again. A watch that ends goes on where it
//! ended; only when the server has forgotten that version is the list made again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::watch, time::timeout};

use super::{
    board::Target,
    call,
    context::{Context, Link},
    heard::{Heard, cut_off},
    kind::Kind,
    lines::Splitter,
    rows::Reader,
    slim::{Change, Failure, Page, Version, Versioned},
    trouble::Trouble,
};
use crate::{
    model::{delta::Scope, store::RowSet},
    source::backoff,
};

/// Objects a page of a list has.
const PAGE: u32 = 100;

/// How long a page may take.
const PAGE_LIMIT: Duration = Duration::from_secs(30);

/// How long the server may take to open a watch.
const OPEN_LIMIT: Duration = Duration::from_secs(10);

/// Silence after which a watch is opened anew. Servers send a bookmark every minute; what is silent for longer may be cut
/// somewhere on the way without either end knowing.
const SILENCE: Duration = Duration::from_secs(90);

/// How long the server keeps a watch open.
const WATCH_SECONDS: u32 = 290;

/// Bytes of one event; etcd refuses objects far smaller.
const EVENT: usize = 16 << 20;

/// How long a kind that may not be listed is left alone. A server that has just started denies what it will allow, so the
/// first denials are not believed.
const DENIED: Duration = Duration::from_secs(20);

/// Doublings of the wait after failures: of a whole server that is away, the observer says when it is back; what fails alone
/// is tried every few seconds.
const DOUBLINGS: u32 = 2;

/// A version that is forgotten sooner than this after the list was made is not bad luck: the next list waits.
const SOON_GONE: Duration = Duration::from_secs(10);

/// One list with its watch.
pub(crate) struct Watch {
    context: Arc<Context>,
    target: Target,
    scope: Scope,
    reader: Reader,
    /// When anything was heard here.
    heard: Arc<Heard>,
}

/// How following ended.
enum End {
    /// The server closed it, or it must be opened anew: go on from the version.
    Again,
    /// The version is too old: list.
    Gone,
}

impl Watch {
    /// A watch of the target. It does nothing yet.
    pub(crate) fn new(context: Arc<Context>, target: Target) -> Self {
        let scope = target.0.scope(&context.source, target.1.as_deref());
        let reader = Reader::new(context.cluster.clone(), *context.release.borrow(), context.ledger.clone());
        let reader = reader.standing_in(context.datacentre.clone());
        Self { context, target, scope, reader, heard: Arc::new(Heard::nothing()) }
    }

    /// Lists and follows until it is dropped.
    pub(crate) async fn run(mut self) {
        let mut failures = 0;
        let mut version: Option<String> = None;
        let mut listed_at: Option<Instant> = None;
        let mut recovered = self.context.recovered.subscribe();
        let heard = self.heard.clone();
        loop {
            recovered.mark_unchanged();
            let Some(link) = self.context.client() else {
                self.rest(&mut recovered, DENIED, &mut failures).await;
                continue;
            };
            let started = Instant::now();
            let result = match version.take() {
                None => tokio::select! {
                    listed = self.list(&link) => listed.map(|listed| {
                        version = Some(listed);
                        None
                    }),
                    () = cut_off(&mut recovered, &heard) => {
                        failures = 0;
                        Err(Trouble::Gone("interrupted while listing".into()))
                    }
                },
                Some(mut from) => {
                    let end = tokio::select! {
                        end = self.follow(&link, &mut from) => end,
                        () = cut_off(&mut recovered, &heard) => {
                            failures = 0;
                            Ok(End::Again)
                        }
                    };
                    if !matches!(end, Ok(End::Gone) | Err(Trouble::Gone(_))) {
                        version = Some(from);
                    }
                    end.map(Some)
                }
            };
            match result {
                Ok(None) => {
                    // A server that forgets at once what it has just listed must not be asked in a loop.
                    failures = if listed_at.is_some_and(|at| at.elapsed() < SOON_GONE) { failures } else { 0 };
                    listed_at = Some(Instant::now());
                    self.context.board.listed(&self.target).await;
                }
                Ok(Some(End::Again)) => {
                    self.context.board.listed(&self.target).await;
                    // Nor a proxy that closes every watch at once.
                    failures = if started.elapsed() < Duration::from_secs(1) { failures + 1 } else { 0 };
                    if failures > 1 {
                        self.rest(&mut recovered, self.wait(failures - 2), &mut failures).await;
                    }
                }
                // Listing again at once; when that fails too, it waits.
                Ok(Some(End::Gone)) | Err(Trouble::Gone(_)) if failures == 0 => failures = 1,
                Ok(Some(End::Gone)) => {
                    let wait = self.wait(failures);
                    failures += 1;
                    self.rest(&mut recovered, wait, &mut failures).await;
                }
                Err(trouble) => {
                    tracing::debug!(kind = self.target.0.plural(), %trouble, "watch");
                    self.context.board.failed(&self.target, &trouble).await;
                    self.context.poke.notify_one();
                    let wait = match trouble {
                        Trouble::Forbidden(_) | Trouble::Absent(_) if failures > 1 => DENIED,
                        _ => self.wait(failures),
                    };
                    failures = failures.saturating_add(1);
                    self.rest(&mut recovered, wait, &mut failures).await;
                }
            }
        }
    }

    /// How long to wait after so many failures.
    fn wait(&self, failures: u32) -> Duration {
        backoff(failures.min(DOUBLINGS), self.context.seed())
    }

    /// Waits, or less when the server has come back: then what failed before counts no more.
    async fn rest(
        &self,
        recovered: &mut watch::Receiver<Option<tokio::time::Instant>>,
        wait: Duration,
        failures: &mut u32,
    ) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = recovered.changed() => *failures = 0,
        }
    }

    /// Lists all pages; gives the version that a watch goes on from.
    async fn list(&mut self, link: &Link) -> Result<String, Trouble> {
        let (kind, namespace) = self.target.clone();
        let path = format!("{}?limit={PAGE}", kind.path(namespace.as_deref()));
        self.context.board.listing(&self.target).await;
        let faults = self.context.board.faults();
        let mut body = call::get(&link.client, &path, PAGE_LIMIT).await?;
        let mut spare = Vec::new();
        self.context.outlet.begin(&self.scope).await;
        if kind == Kind::CronJobs {
            self.context.ledger.begin(namespace.as_deref());
        }
        loop {
            let page: Page<'_> = serde_json::from_slice(&body)
                .map_err(|_| Trouble::Garbled(format!("its list of {} is not of the expected form", kind.plural())))?;
            let Version { resource_version, more } = page.metadata;
            let more = more.filter(|more| !more.is_empty());
            // The next page is on its way while this one is read.
            let next = async {
                match &more {
                    Some(more) => {
                        let path = format!("{path}&continue={}", escaped(more));
                        let spare = std::mem::take(&mut spare);
                        call::get_into(&link.client, &path, PAGE_LIMIT, spare).await.map(Some)
                    }
                    None => Ok(None),
                }
            };
            let (next, ()) = tokio::join!(next, self.take(&page.items));
            if let Some(next) = next? {
                self.hear();
                spare = std::mem::replace(&mut body, next);
                continue;
            }
            self.context.outlet.commit(&self.scope).await;
            if kind == Kind::CronJobs {
                self.context.ledger.commit(namespace.as_deref());
            }
            // A fault in between made the console drop the mark: what is gone would stay for ever.
            return if self.context.board.faults() == faults {
                Ok(resource_version)
            } else {
                Err(Trouble::Gone("interrupted while listing".into()))
            };
        }
    }

    fn hear(&self) {
        self.heard.note();
        self.context.heard.note();
    }

    /// Rows of a page. An object that cannot be read is counted and passed over.
    async fn take(&mut self, items: &[&serde_json::value::RawValue]) {
        let mut unreadable = 0;
        for item in items {
            match self.reader.read(self.target.0, item.get()) {
                Ok(read) => {
                    self.context.outlet.upsert(&self.scope, read.rows).await;
                    self.cron(read.cron).await;
                }
                Err(_) => unreadable += 1,
            }
        }
        if unreadable > 0 {
            self.context.board.unreadable(unreadable).await;
        }
    }

    /// A cron job's row that changed because one of its jobs did.
    async fn cron(&self, row: Option<crate::model::rows::JobRow>) {
        if let Some(row) = row {
            let scope = Kind::CronJobs.scope(&self.context.source, self.target.1.as_deref());
            self.context.outlet.upsert(&scope, RowSet::Jobs(vec![row])).await;
        }
    }

    /// Follows from `version` on, and moves it. Cancel safe: what is not yet passed on is not yet in `version`.
    async fn follow(&mut self, link: &Link, version: &mut String) -> Result<End, Trouble> {
        let (kind, namespace) = self.target.clone();
        let path = format!(
            "{}?watch=1&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}&resourceVersion={}",
            kind.path(namespace.as_deref()),
            escaped(version)
        );
        let mut body = call::open(&link.client, &path, OPEN_LIMIT).await?;
        let mut lines = Splitter::new(EVENT);
        loop {
            let chunk = match timeout(SILENCE, call::chunk(&mut body)).await {
                Err(_) | Ok(Ok(None)) => return Ok(End::Again),
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Err(trouble)) => return Err(trouble),
            };
            self.hear();
            lines.push(chunk.as_ref());
            while let Some(line) = lines.next() {
                if line.cut {
                    return Ok(End::Gone);
                }
                if let Some(end) = self.event(line.bytes, version).await? {
                    return Ok(end);
                }
            }
        }
    }

    /// One line of a watch.
    async fn event(&mut self, line: &[u8], version: &mut String) -> Result<Option<End>, Trouble> {
        if line.is_empty() {
            return Ok(None);
        }
        let change: Change<'_> = serde_json::from_slice(line).map_err(|_| {
            Trouble::Garbled(format!("its watch of {} is not of the expected form", self.target.0.plural()))
        })?;
        let object = change.object.get();
        match &*change.kind {
            "ADDED" | "MODIFIED" | "DELETED" => {}
            "BOOKMARK" => {
                if let Ok(Versioned { metadata }) = serde_json::from_str(object) {
                    *version = metadata.resource_version;
                }
                return Ok(None);
            }
            _ => {
                let failure: Failure = serde_json::from_str(object).unwrap_or_default();
                return match failure.code {
                    410 => Ok(Some(End::Gone)),
                    code => Err(Trouble::of_status(code, &failure.message)),
                };
            }
        }
        let Ok(read) = self.reader.read(self.target.0, object) else {
            self.context.board.unreadable(1).await;
            if let Ok(Versioned { metadata }) = serde_json::from_str(object) {
                *version = metadata.resource_version;
            }
            return Ok(None);
        };
        if change.kind == "DELETED" {
            if let RowSet::Jobs(rows) = &read.rows {
                for row in rows {
                    self.context.ledger.forget(row);
                }
            }
            self.context.outlet.remove(&self.scope, read.key).await;
        } else {
            self.context.outlet.upsert(&self.scope, read.rows).await;
        }
        self.cron(read.cron).await;
        // Only now: whoever is interrupted before must see this change again.
        version.clear();
        version.push_str(&read.version);
        Ok(None)
    }
}

/// A value fit for a query.
pub(crate) fn escaped(value: &str) -> String {
    use std::fmt::Write;
    value.bytes().fold(String::with_capacity(value.len()), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_escaped() {
        assert_eq!(escaped("eyJ2=+/&a b"), "eyJ2%3D%2B%2F%26a%20b");
    }
}
