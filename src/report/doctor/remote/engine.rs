//! What an engine's answer means.

use futures::{FutureExt, future::BoxFuture};

use super::{
    super::{Check, Probe, Verdict},
    unanswered,
};
use crate::{
    config::schema::Engine,
    source::docker::probe::{self, Door, Probed},
};

/// An engine to ask.
pub(super) struct Asked(pub(super) Engine);

impl Probe for Asked {
    fn subject(&self) -> String {
        format!("docker:{}", self.0.name)
    }

    fn ask(&self) -> BoxFuture<'_, Vec<Check>> {
        async {
            vec![match probe::probe(&self.0).await {
                Ok(probed) => told(self.subject(), &probed),
                Err(failed) => unanswered(self.subject(), failed),
            }]
        }
        .boxed()
    }
}

fn told(subject: String, probed: &Probed) -> Check {
    let Probed { place, product, version, api, .. } = probed;
    let (verdict, door) = match probed.door {
        Door::Group => (Verdict::Ok, "whoever may open it can do anything on its machine; ronde only reads"),
        Door::Everybody => {
            (Verdict::Warn, "every user of this machine may open it, and can do anything on it: chmod 0660 the socket")
        }
        Door::Certificate => {
            (Verdict::Ok, "whoever has its certificate can do anything on its machine; ronde only reads")
        }
        Door::Network => (
            Verdict::Warn,
            "no TLS: whoever reaches this port can do anything on its machine; set it up with certificates",
        ),
    };
    let (newest, oldest) = api;
    let api = match (newest.is_empty(), oldest.is_empty()) {
        (true, _) => String::new(),
        (_, true) => format!(", API {newest}"),
        _ => format!(", API {newest} (from {oldest})"),
    };
    let release = if version.is_empty() { String::new() } else { format!(" {version}") };
    Check::new(verdict, subject, format!("{place}: {product}{release}{api}; {door}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_it_is_and_who_may_open_it() {
        let probed = |door| Probed {
            place: "/run/docker.sock".into(),
            product: "Docker",
            version: "28.5.1".into(),
            api: ("1.51".into(), "1.24".into()),
            door,
        };
        let check = told("docker:x".into(), &probed(Door::Group));
        assert_eq!(check.verdict, Verdict::Ok);
        assert_eq!(
            check.finding,
            "/run/docker.sock: Docker 28.5.1, API 1.51 (from 1.24); whoever may open it can do anything on its machine; \
             ronde only reads"
        );
        for (door, verdict, part) in [
            (Door::Everybody, Verdict::Warn, "every user of this machine"),
            (Door::Network, Verdict::Warn, "no TLS"),
            (Door::Certificate, Verdict::Ok, "certificate"),
        ] {
            let check = told("docker:x".into(), &probed(door));
            assert!(check.verdict == verdict && check.finding.contains(part), "{check:?}");
        }
        let bare = Probed { version: String::new(), api: <_>::default(), ..probed(Door::Group) };
        assert!(told("docker:x".into(), &bare).finding.starts_with("/run/docker.sock: Docker; "));
    }
}
