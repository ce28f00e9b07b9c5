//! Whether each host is connected, for those who observe something behind it. Hosts tell; others look, by the host's name.

use std::{
    collections::HashMap,
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use super::{session::Door, sockets::Sockets};
use crate::model::health::State;

/// The way to one host.
#[derive(Clone, Debug)]
pub enum Way {
    /// Not tried to its end yet.
    Unknown,
    /// It is connected.
    Open(Door),
    /// It is not: what that means for what is behind it, and why, as a line for a person.
    Closed(State, String),
}

/// The ways to all hosts of a console. Clones are the same.
#[derive(Clone, Default)]
pub struct Ways(Arc<Mutex<HashMap<String, watch::Sender<Way>>>>);

impl fmt::Debug for Ways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ways")
    }
}

impl Ways {
    /// The way to `host` is so from now on.
    pub fn tell(&self, host: &str, way: Way) {
        self.sender(host).send_replace(way);
    }

    /// The way to `host`, as it is and will be.
    pub fn watch(&self, host: &str) -> watch::Receiver<Way> {
        self.sender(host).subscribe()
    }

    fn sender(&self, host: &str) -> watch::Sender<Way> {
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ways.entry(host.to_owned()).or_insert_with(|| watch::Sender::new(Way::Unknown)).clone()
    }
}

/// What is needed to observe something behind a host.
#[derive(Clone, Debug)]
pub struct Route {
    /// The host's name.
    pub host: Arc<str>,
    /// The way to it.
    pub way: watch::Receiver<Way>,
    /// Where sockets of ours may stand.
    pub sockets: Result<Sockets, Arc<io::Error>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_looks_early_sees_what_is_told_later() {
        let ways = Ways::default();
        let watched = ways.watch("h1");
        assert!(matches!(*watched.borrow(), Way::Unknown));
        ways.clone().tell("h1", Way::Closed(State::Unreachable, "refused".to_owned()));
        assert!(matches!(&*watched.borrow(), Way::Closed(State::Unreachable, why) if why == "refused"));
        assert!(matches!(*ways.watch("h2").borrow(), Way::Unknown));
    }
}
