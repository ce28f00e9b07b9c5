//! A container's row from what the list and inspect say of it. Pure; names and labels are taken as hostile.

use std::sync::Arc;

use jiff::Timestamp;

use super::api::{Inspect, Port, Summary};
use crate::model::{key::Interner, rows::ContainerRow, text};

/// Labels that a row keeps.
const LABELS: usize = 64;
/// Published ports that a row shows.
const PORTS: usize = 24;

/// The container's name: the first, without the slash that Docker puts before it.
pub(super) fn name(names: &[String]) -> String {
    // A link from another container is a name with two slashes; the own one has one.
    let own = names.iter().map(|name| name.trim_start_matches('/')).find(|name| !name.contains('/'));
    let first = own.or_else(|| names.first().map(|name| name.trim_start_matches('/')));
    text::name(first.unwrap_or("")).into_owned()
}

/// Writes what the list says into the row.
pub(super) fn apply_summary(summary: &Summary, names: &mut Interner, row: &mut ContainerRow) {
    row.name = shared(&row.name, &name(&summary.names));
    row.image = names.get(&text::name(&summary.image));
    row.state = names.get(&text::name(&summary.state.to_ascii_lowercase()));
    row.status = text::name(&summary.status).into_owned();
    row.health = health_in(&summary.status).map(|health| names.get(health));
    row.ports = ports(&summary.ports);
    if row.created.is_none() {
        row.created = summary.created.and_then(|seconds| Timestamp::from_second(seconds).ok());
    }
    let label = |name: &str| summary.labels.get(name).filter(|value| !value.is_empty());
    // Podman's own compose writes its own names.
    let project = label("com.docker.compose.project").or_else(|| label("io.podman.compose.project"));
    let service = label("com.docker.compose.service").or_else(|| label("io.podman.compose.service"));
    row.project = project.map(|project| names.get(&text::name(project)));
    row.service = service.map(|service| names.get(&text::name(service)));
    row.labels = summary
        .labels
        .iter()
        .take(LABELS)
        .map(|(name, value)| (names.get(&text::name(name)), text::name(value).into_owned()))
        .collect();
    if !runs(row) {
        row.pid = None;
    }
}

/// Writes what inspect says into the row.
pub(super) fn apply_inspect(inspect: &Inspect, names: &mut Interner, row: &mut ContainerRow) {
    let state = &inspect.state;
    if !state.status.is_empty() {
        row.state = names.get(&text::name(&state.status.to_ascii_lowercase()));
    }
    row.health = match &*state.health.status {
        "" | "none" => None,
        health => Some(names.get(&text::name(health))),
    };
    row.created = moment(&inspect.created).or(row.created);
    row.started = moment(&state.started_at);
    row.finished = moment(&state.finished_at);
    row.restarts = inspect.restart_count;
    row.oom_killed = state.oom_killed;
    row.pid = state.pid.filter(|&pid| pid > 0 && runs(row));
    // A container that runs reports 0 whatever its last run ended with; then what was known before is the truth.
    if !runs(row) && row.finished.is_some() {
        row.exit_code = state.exit_code;
    }
}

/// Whether the container has processes.
pub(super) fn runs(row: &ContainerRow) -> bool {
    matches!(&*row.state, "running" | "paused")
}

/// Keeps the old allocation when the text is the same.
fn shared(old: &Arc<str>, new: &str) -> Arc<str> {
    if **old == *new { old.clone() } else { new.into() }
}

/// A moment as the engine writes it; year 1 means never.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().filter(|at| at.as_second() > 0)
}

/// A moment in nanoseconds since 1970.
pub(super) fn moment_of_nanos(nanos: i64) -> Option<Timestamp> {
    Timestamp::from_nanosecond(i128::from(nanos)).ok().filter(|at| at.as_second() > 0)
}

/// The health that stands in the list's words, until inspect says it.
fn health_in(status: &str) -> Option<&'static str> {
    [("(healthy)", "healthy"), ("(unhealthy)", "unhealthy"), ("(health: starting)", "starting")]
        .into_iter()
        .find(|(words, _)| status.ends_with(words))
        .map(|(_, health)| health)
}

/// Published ports, `127.0.0.1:8080→80/tcp`; all addresses are not named, IPv4 and IPv6 of the same port once.
fn ports(ports: &[Port]) -> String {
    let mut shown: Vec<String> = ports
        .iter()
        .filter_map(|port| {
            let public = port.public?;
            let address = match &*port.ip {
                "" | "0.0.0.0" | "::" => String::new(),
                ip if ip.contains(':') => format!("[{}]:", text::name(ip)),
                ip => format!("{}:", text::name(ip)),
            };
            let protocol = if port.protocol.is_empty() { "tcp" } else { &*port.protocol };
            Some(format!("{address}{public}→{}/{}", port.private, text::name(protocol)))
        })
        .collect();
    shown.sort();
    shown.dedup();
    let more = shown.len().saturating_sub(PORTS);
    shown.truncate(PORTS);
    let line = shown.join(", ");
    if more > 0 { format!("{line}, +{more}") } else { line }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{severity::Severity, table::Row, text::is_shown};

    const INSPECT: &str = include_str!("../../../tests/fixtures/docker/inspect-out-of-memory.json");
    const LIST: &str = include_str!("../../../tests/fixtures/docker/list.json");

    fn row() -> ContainerRow {
        ContainerRow::unknown(&"lab".into(), "4f1c", "")
    }

    fn list() -> Vec<Summary> {
        serde_json::from_str(LIST).expect("a list")
    }

    fn listed(name: &str) -> ContainerRow {
        let summary = list().into_iter().find(|one| one.names[0] == format!("/{name}")).expect("a container");
        let mut row = row();
        apply_summary(&summary, &mut Interner::default(), &mut row);
        row
    }

    #[test]
    fn the_list_of_an_engine_becomes_rows() {
        let row = listed("shop-web-1");
        assert_eq!((&*row.name, &*row.state, &*row.image), ("shop-web-1", "running", "ronde-lab/busybox:1"));
        assert_eq!((row.project.as_deref(), row.service.as_deref()), (Some("shop"), Some("web")));
        assert!(row.created.is_some());
        assert_eq!(listed("unhealthy").health.as_deref(), Some("unhealthy"));
        assert_eq!(listed("healthy").health.as_deref(), Some("healthy"));
        assert_eq!(listed("idle").health, None);
        assert_eq!(&*listed("paused").state, "paused");
    }

    #[test]
    fn hostile_labels_and_names_are_inert_and_bounded() {
        for summary in list() {
            let mut row = row();
            apply_summary(&summary, &mut Interner::default(), &mut row);
            for (name, value) in &row.labels {
                assert!(name.chars().chain(value.chars()).all(is_shown), "{name}={value:?}");
                assert!(value.len() <= text::NAME_LIMIT * 4);
            }
        }
    }

    #[test]
    fn inspect_tells_the_end_of_a_container() {
        let mut row = listed("out-of-memory");
        let inspect: Inspect = serde_json::from_str(INSPECT).expect("an inspect");
        apply_inspect(&inspect, &mut Interner::default(), &mut row);
        assert_eq!((row.exit_code, row.oom_killed, row.restarts, row.pid), (Some(137), Some(true), Some(0), None));
        assert!(row.started < row.finished && row.finished.is_some());
        assert_eq!(row.severity(Timestamp::UNIX_EPOCH), Severity::Critical);
    }

    #[test]
    fn a_running_container_keeps_the_exit_code_that_was_seen() {
        let mut inspect: Inspect = serde_json::from_str(INSPECT).expect("an inspect");
        let mut row = row();
        apply_inspect(&inspect, &mut Interner::default(), &mut row);
        inspect.state.status = "running".into();
        inspect.state.exit_code = Some(0);
        inspect.state.pid = Some(77);
        apply_inspect(&inspect, &mut Interner::default(), &mut row);
        assert_eq!((row.exit_code, row.pid), (Some(137), Some(77)));

        let mut first = super::tests::row();
        inspect.state.finished_at = "0001-01-01T00:00:00Z".into();
        apply_inspect(&inspect, &mut Interner::default(), &mut first);
        assert_eq!((first.exit_code, first.finished), (None, None));
    }

    #[test]
    fn ports_are_compact() {
        let port = |ip: &str, public: Option<u16>, private: u16| Port {
            ip: ip.into(),
            private,
            public,
            protocol: "tcp".into(),
        };
        let all = [
            port("0.0.0.0", Some(8080), 80),
            port("::", Some(8080), 80),
            port("127.0.0.1", Some(9000), 90),
            port("::1", Some(9000), 90),
            port("", None, 443),
        ];
        assert_eq!(ports(&all), "127.0.0.1:9000→90/tcp, 8080→80/tcp, [::1]:9000→90/tcp");
        let many: Vec<Port> = (1..100).map(|n| port("", Some(n), n)).collect();
        assert!(ports(&many).ends_with(", +75"), "{}", ports(&many));
    }

    #[test]
    fn the_own_name_is_found_among_links() {
        assert_eq!(name(&["/other/alias".into(), "/web".into()]), "web");
        assert_eq!(name(&["podman-style".into()]), "podman-style");
        assert_eq!(name(&[]), "");
    }

    #[test]
    fn absent_and_null_fields_are_nothing_and_unknown_words_are_kept() {
        let summary: Summary = serde_json::from_str(
            r#"{"Id":"a","Names":null,"Labels":null,"Ports":null,"State":"stopped","Status":null,"HostConfig":null,"New":[]}"#,
        )
        .expect("a summary");
        let mut row = row();
        apply_summary(&summary, &mut Interner::default(), &mut row);
        assert_eq!((&*row.state, &*row.ports, row.created), ("stopped", "", None));
    }

    proptest! {
        #[test]
        fn no_text_in_a_summary_reaches_a_row_alive(text in any::<String>(), key in any::<String>(), ip in any::<String>()) {
            let summary = Summary {
                names: vec![text.clone()], image: text.clone(), state: text.clone(), status: text.clone(),
                labels: [(key, text), ("com.docker.compose.project".into(), ip.clone())].into(),
                ports: vec![Port { ip: ip.clone(), public: Some(1), protocol: ip, ..Port::default() }],
                ..Summary::default()
            };
            let mut row = row();
            apply_summary(&summary, &mut Interner::default(), &mut row);
            let all = [&*row.name, &*row.image, &*row.state, &row.status, &row.ports, row.project.as_deref().unwrap_or("")];
            prop_assert!(all.iter().all(|text| text.chars().all(is_shown)));
            prop_assert!(row.labels.iter().all(|(name, value)| name.chars().chain(value.chars()).all(is_shown)));
        }
    }
}
