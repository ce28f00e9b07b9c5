//! A pod, or the template of pods, readable.

use serde_json::Value;

use super::{at, conditions, list, moment, pairs, say, word};
use crate::model::{document::Document, field::Tone, text};

/// A pod; of its containers only `container`, when given.
pub(super) fn pod(out: &mut Document, object: &Value, container: Option<&str>) {
    let (spec, status) = (at(object, &["spec"]), at(object, &["status"]));
    for (name, value) in [
        ("node", at(spec, &["nodeName"])),
        ("address", at(status, &["podIP"])),
        ("phase", at(status, &["phase"])),
        ("reason", at(status, &["reason"])),
        ("message", at(status, &["message"])),
        ("QoS", at(status, &["qosClass"])),
        ("priority", at(spec, &["priorityClassName"])),
        ("service account", at(spec, &["serviceAccountName"])),
    ] {
        say(out, 0, name, word(value));
    }
    out.moment(0, "started", moment(at(status, &["startTime"])));
    for (heading, specs, states) in [
        ("Init containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        ("Ephemeral containers", "ephemeralContainers", "ephemeralContainerStatuses"),
    ] {
        let mut headed = false;
        for one in list(at(spec, &[specs])) {
            let name = at(one, &["name"]);
            if container.is_some_and(|wanted| name.as_str() != Some(wanted)) {
                continue;
            }
            if !std::mem::replace(&mut headed, true) {
                out.heading(heading);
            }
            let state = list(at(status, &[states])).find(|state| at(state, &["name"]) == name);
            self::container(out, one, state);
        }
    }
    conditions(out, object);
    placement(out, spec);
}

/// The template of a workload's pods.
pub(super) fn template(out: &mut Document, template: &Value) {
    let spec = at(template, &["spec"]);
    out.heading("Pod template");
    say(out, 0, "labels", pairs(at(template, &["metadata", "labels"])));
    for containers in ["initContainers", "containers"] {
        for one in list(at(spec, &[containers])) {
            container(out, one, None);
        }
    }
    placement(out, spec);
}

fn placement(out: &mut Document, spec: &Value) {
    out.heading("Placement and volumes");
    say(out, 0, "node selector", pairs(at(spec, &["nodeSelector"])));
    let tolerations: Vec<String> = list(at(spec, &["tolerations"])).map(toleration).collect();
    say(out, 0, "tolerations", tolerations.join(", "));
    for volume in list(at(spec, &["volumes"])) {
        say(out, 0, &word(at(volume, &["name"])), volume_source(volume));
    }
}

fn toleration(toleration: &Value) -> String {
    let (key, value, effect) =
        (word(at(toleration, &["key"])), word(at(toleration, &["value"])), word(at(toleration, &["effect"])));
    let key = if key.is_empty() { "everything".to_owned() } else { key };
    let value = if value.is_empty() { value } else { format!("={value}") };
    let seconds = word(at(toleration, &["tolerationSeconds"]));
    let seconds = if seconds.is_empty() { seconds } else { format!(" for {seconds} s") };
    if effect.is_empty() { format!("{key}{value}{seconds}") } else { format!("{key}{value}:{effect}{seconds}") }
}

/// `configMap web`, `secret db` (its name only), `hostPath /srv`.
fn volume_source(volume: &Value) -> String {
    let Some((kind, source)) = volume.as_object().and_then(|members| members.iter().find(|(name, _)| *name != "name"))
    else {
        return String::new();
    };
    let named = ["name", "secretName", "claimName", "path", "driver", "medium"]
        .iter()
        .map(|member| word(at(source, &[member])));
    let named = named.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ");
    format!("{} {named}", text::name(kind)).trim_end().to_owned()
}

fn container(out: &mut Document, spec: &Value, status: Option<&Value>) {
    out.pair_in(0, word(at(spec, &["name"])), word(at(spec, &["image"])), Tone::Accent);
    if at(spec, &["restartPolicy"]).as_str() == Some("Always") {
        say(out, 1, "sidecar", "yes".to_owned());
    }
    if let Some(status) = status {
        state(out, "state", at(status, &["state"]));
        state(out, "last run", at(status, &["lastState"]));
        let ready = at(status, &["ready"]) == &Value::Bool(true);
        out.pair_in(1, "ready", if ready { "yes" } else { "no" }, if ready { Tone::Good } else { Tone::Warn });
        say(out, 1, "restarts", word(at(status, &["restartCount"])));
        say(out, 1, "container id", word(at(status, &["containerID"])));
        say(out, 1, "image id", word(at(status, &["imageID"])));
    }
    for (name, member) in [("command", "command"), ("arguments", "args")] {
        let words: Vec<String> = list(at(spec, &[member])).map(word).collect();
        if !words.is_empty() {
            out.command(1, name, words.iter().map(String::as_str));
        }
    }
    let ports = list(at(spec, &["ports"])).map(|port| {
        format!("{}/{}", word(at(port, &["containerPort"])), at(port, &["protocol"]).as_str().unwrap_or("TCP"))
    });
    say(out, 1, "ports", text::name(&ports.collect::<Vec<_>>().join(", ")).into_owned());
    say(out, 1, "requests", pairs(at(spec, &["resources", "requests"])));
    say(out, 1, "limits", pairs(at(spec, &["resources", "limits"])));
    for (name, member) in [("liveness", "livenessProbe"), ("readiness", "readinessProbe"), ("startup", "startupProbe")]
    {
        say(out, 1, name, probe(at(spec, &[member])));
    }
    let mounts = list(at(spec, &["volumeMounts"])).map(|mount| {
        let read_only = if at(mount, &["readOnly"]) == &Value::Bool(true) { " (read only)" } else { "" };
        format!("{} at {}{read_only}", word(at(mount, &["name"])), word(at(mount, &["mountPath"])))
    });
    say(out, 1, "mounts", mounts.collect::<Vec<_>>().join(", "));
    for from in list(at(spec, &["envFrom"])) {
        for kind in ["configMapRef", "secretRef"] {
            let name = word(at(from, &[kind, "name"]));
            say(out, 1, "environment from", if name.is_empty() { name } else { format!("{kind} {name}") });
        }
    }
    for variable in list(at(spec, &["env"])) {
        environment(out, variable);
    }
}

/// A variable; masked when it looks secret, a reference as such.
fn environment(out: &mut Document, variable: &Value) {
    let name = word(at(variable, &["name"]));
    let value = word(at(variable, &["value"]));
    let from = at(variable, &["valueFrom"]);
    if let Some((kind, source)) = from.as_object().and_then(|members| members.iter().next()) {
        let of = ["name", "key", "fieldPath", "resource"].iter().map(|member| word(at(source, &[member])));
        let of = of.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        out.pair_in(2, name, format!("from {} {of}", text::name(kind)), Tone::Dim);
    } else {
        out.guarded(2, &name, &value);
    }
}

fn state(out: &mut Document, name: &str, state: &Value) {
    let Some((kind, detail)) = state.as_object().and_then(|members| members.iter().next()) else { return };
    let (reason, message) = (word(at(detail, &["reason"])), word(at(detail, &["message"])));
    let tone = match (&**kind, at(detail, &["exitCode"]).as_i64()) {
        ("running", _) => Tone::Good,
        ("terminated", Some(0)) => Tone::Dim,
        ("waiting", _) if matches!(&*reason, "ContainerCreating" | "PodInitializing") => Tone::Warn,
        _ => Tone::Bad,
    };
    let exit = word(at(detail, &["exitCode"]));
    let exit = if exit.is_empty() { exit } else { format!("exit code {exit}") };
    let parts = [reason, exit, message];
    let detailed = parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ");
    let kind = text::name(kind);
    out.pair_in(1, name, if detailed.is_empty() { kind.into_owned() } else { format!("{kind}: {detailed}") }, tone);
    out.moment(2, "started", moment(at(detail, &["startedAt"])));
    out.moment(2, "finished", moment(at(detail, &["finishedAt"])));
}

/// `http /healthz:8080, every 10 s, 3 failures`.
fn probe(probe: &Value) -> String {
    let how = if let Some(http) = probe.get("httpGet") {
        format!("http {}:{}", word(at(http, &["path"])), word(at(http, &["port"])))
    } else if let Some(tcp) = probe.get("tcpSocket") {
        format!("tcp {}", word(at(tcp, &["port"])))
    } else if let Some(grpc) = probe.get("grpc") {
        format!("grpc {}", word(at(grpc, &["port"])))
    } else if let Some(exec) = probe.get("exec") {
        format!("exec {}", list(at(exec, &["command"])).map(word).collect::<Vec<_>>().join(" "))
    } else {
        return String::new();
    };
    let number = |member: &str, default: i64| at(probe, &[member]).as_i64().unwrap_or(default);
    format!(
        "{how}, every {} s, {} s at most, {} failures",
        number("periodSeconds", 10),
        number("timeoutSeconds", 1),
        number("failureThreshold", 3)
    )
}
