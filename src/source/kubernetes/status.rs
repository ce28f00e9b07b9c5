//! STATUS, READY and RESTARTS of a pod, exactly as kubectl prints them.
//!
//! The rules are those of `printPod` in kubernetes' `pkg/printers/internalversion/printers.go`, versions 1.34 and 1.35;
//! the server prints, so its version decides.

use std::borrow::Cow;

use jiff::Timestamp;

use super::slim::{ContainerStatus, EndedState, Pod};

/// Which release's rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// Up to 1.34: a pod whose first container completed is `Completed`, whatever the others did.
    Until34,
    /// From 1.35: a container that failed beside one that completed gives its reason.
    Since35,
}

impl Release {
    /// The rules of a server of this minor version, `34` or `35+`; unknown is taken as new.
    pub(crate) fn of_minor(minor: &str) -> Self {
        let digits: String = minor.chars().take_while(char::is_ascii_digit).collect();
        if digits.parse().is_ok_and(|minor: u32| minor < 35) { Self::Until34 } else { Self::Since35 }
    }
}

/// What kubectl's columns say of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Printed<'a> {
    pub(crate) status: Cow<'a, str>,
    pub(crate) ready: u32,
    pub(crate) total: u32,
    pub(crate) restarts: u32,
    /// When the last restart that counts happened.
    pub(crate) restarted: Option<Timestamp>,
}

/// Restarts summed, with the newest end of a former run.
#[derive(Clone, Copy, Default)]
struct Restarts {
    count: u32,
    at: Option<Timestamp>,
}

impl Restarts {
    fn add(&mut self, container: &ContainerStatus) {
        self.count = self.count.saturating_add(u32::try_from(container.restart_count).unwrap_or(0));
        self.at = self.at.max(container.last_state.terminated.as_ref().and_then(|ended| ended.finished_at));
    }
}

/// The columns of a pod.
pub(crate) fn printed(pod: &Pod, release: Release) -> Printed<'_> {
    let (spec, status) = (&pod.spec, &pod.status);
    let is_sidecar =
        |name: &str| spec.init_containers.iter().any(|container| container.name == name && container.is_sidecar());
    let sidecars = spec.init_containers.iter().filter(|container| container.is_sidecar()).count();
    let mut reason = Cow::from(if status.reason.is_empty() { &*status.phase } else { &*status.reason });
    if status.conditions.iter().any(|c| c.kind == "PodScheduled" && c.reason == "SchedulingGated") {
        reason = "SchedulingGated".into();
    }
    let (mut ready, mut all, mut beside) = (0, Restarts::default(), Restarts::default());
    let mut initializing = false;
    for (index, container) in status.init_container_statuses.iter().enumerate() {
        let sidecar = is_sidecar(&container.name);
        all.add(container);
        if sidecar {
            beside.add(container);
        }
        let ended = container.state.terminated.as_ref();
        let waiting = container.state.waiting.as_ref().map_or("", |waiting| &waiting.reason);
        reason = match ended {
            Some(ended) if ended.exit_code == 0 => continue,
            _ if sidecar && container.started => {
                ready += u32::from(container.ready);
                continue;
            }
            Some(ended) => format!("Init:{}", ended_reason(ended)).into(),
            None if !matches!(waiting, "" | "PodInitializing") => format!("Init:{waiting}").into(),
            None => format!("Init:{index}/{}", spec.init_containers.len()).into(),
        };
        initializing = true;
        break;
    }
    let initialized = status.conditions.iter().find(|c| c.kind == "Initialized").is_some_and(|c| c.status == "True");
    if !initializing || initialized {
        // The first start of ordinary init containers is over: their restarts count no longer.
        all = beside;
        let (mut running, mut error) = (false, None);
        // From last to first, so that the first container's word is the last.
        for container in status.container_statuses.iter().rev() {
            all.add(container);
            let waiting = container.state.waiting.as_ref().map_or("", |waiting| &waiting.reason);
            if !waiting.is_empty() {
                reason = waiting.into();
            } else if let Some(ended) = &container.state.terminated {
                reason = ended_reason(ended);
                if ended.exit_code != 0 {
                    error = Some(reason.clone());
                }
            } else if container.ready && container.state.running.is_some() {
                running = true;
                ready += 1;
            }
        }
        if reason == "Completed" {
            let is_ready = status.conditions.iter().any(|condition| condition.holds("Ready"));
            let error = error.filter(|_| release == Release::Since35);
            reason = match (running && is_ready, error, running) {
                (true, ..) => "Running".into(),
                (false, Some(error), _) => error,
                (false, None, true) => "NotReady".into(),
                (false, None, false) => reason,
            };
        }
    }
    if pod.metadata.deletion_timestamp.is_some() {
        if status.reason == "NodeLost" {
            reason = "Unknown".into();
        } else if !matches!(&*status.phase, "Succeeded" | "Failed") {
            reason = "Terminating".into();
        }
    }
    let total = u32::try_from(spec.containers.len() + sidecars).unwrap_or(u32::MAX);
    Printed { status: reason, ready, total, restarts: all.count, restarted: all.at.filter(|_| all.count > 0) }
}

/// The reason a container ended, in kubectl's words.
pub(crate) fn ended_reason(ended: &EndedState) -> Cow<'_, str> {
    match (&*ended.reason, ended.signal) {
        ("", 0) => format!("ExitCode:{}", ended.exit_code).into(),
        ("", signal) => format!("Signal:{signal}").into(),
        (reason, _) => reason.into(),
    }
}

#[cfg(test)]
mod tests;
