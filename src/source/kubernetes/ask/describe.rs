//! An object, readable: what `kubectl describe` tells, as far as it helps at three in the morning.

use jiff::Timestamp;
use serde_json::Value;

use super::{events, object::Reference};
use crate::{
    model::{
        document::{Document, Line},
        field::Tone,
        text,
    },
    source::kubernetes::{slim::Event, trouble::Trouble},
};

mod pod;

/// Members of a list that are shown.
const SHOWN: usize = 200;

/// The object with its events.
pub(super) fn describe(reference: &Reference, object: &Value, events: Result<Vec<Event>, Trouble>) -> Document {
    let mut document = Document::default();
    let out = &mut document;
    out.heading(text::name(&format!("{} {}", reference.kind, reference.name)));
    metadata(out, object);
    match reference.kind {
        "Pod" => pod::pod(out, object, reference.container.as_deref()),
        "Node" => node(out, object),
        "Event" => event(out, object),
        "CronJob" => cron_job(out, object),
        "Job" => job(out, object),
        _ => workload(out, object),
    }
    out.heading("Events");
    match events {
        Ok(events) => events::write(out, 0, &events),
        Err(trouble) => out.lines.push(Line::Text(text::name(&trouble.to_string()).into_owned(), Tone::Dim)),
    }
    document
}

/// A member, or a member of a member.
fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().try_fold(value, |value, member| value.get(member)).unwrap_or(&Value::Null)
}

/// A scalar as text; empty for anything else.
fn word(value: &Value) -> String {
    match value {
        Value::String(word) => text::name(word).into_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten().take(SHOWN)
}

/// `a=1, b=2` of an object's scalars.
fn pairs(value: &Value) -> String {
    let members = value.as_object().into_iter().flatten().take(SHOWN);
    members.map(|(name, value)| format!("{}={}", text::name(name), word(value))).collect::<Vec<_>>().join(", ")
}

/// Adds a pair when there is something to say.
fn say(out: &mut Document, indent: u8, name: &str, value: String) {
    if !value.is_empty() {
        out.pair_in(indent, text::name(name), value, Tone::Plain);
    }
}

fn metadata(out: &mut Document, object: &Value) {
    let meta = at(object, &["metadata"]);
    say(out, 0, "namespace", word(at(meta, &["namespace"])));
    out.moment(0, "created", moment(at(meta, &["creationTimestamp"])));
    if let Some(at) = moment(at(meta, &["deletionTimestamp"])) {
        out.moment(0, "deletion asked", Some(at));
    }
    for owner in list(at(meta, &["ownerReferences"])) {
        say(out, 0, "owner", format!("{}/{}", word(at(owner, &["kind"])), word(at(owner, &["name"]))));
    }
    say(out, 0, "labels", pairs(at(meta, &["labels"])));
}

/// Conditions, those that are not as they should be in another tone.
fn conditions(out: &mut Document, object: &Value) {
    let conditions = at(object, &["status", "conditions"]);
    if list(conditions).next().is_some() {
        out.heading("Conditions");
    }
    for condition in list(conditions) {
        let (kind, status) = (word(at(condition, &["type"])), word(at(condition, &["status"])));
        let bad_when_true =
            ["Pressure", "Unavailable", "Failed", "ReplicaFailure"].iter().any(|end| kind.ends_with(end));
        let tone = match (&*status, bad_when_true) {
            ("True", false) | ("False", true) => Tone::Plain,
            _ => Tone::Warn,
        };
        let why = [word(at(condition, &["reason"])), word(at(condition, &["message"]))];
        let why = why.iter().filter(|why| !why.is_empty()).cloned().collect::<Vec<_>>().join(": ");
        out.pair_in(0, kind, if why.is_empty() { status } else { format!("{status} ({why})") }, tone);
        out.moment(1, "since", moment(at(condition, &["lastTransitionTime"])));
    }
}

fn node(out: &mut Document, object: &Value) {
    if at(object, &["spec", "unschedulable"]) == &Value::Bool(true) {
        out.pair_in(0, "cordoned", "yes: no new pods", Tone::Warn);
    }
    for taint in list(at(object, &["spec", "taints"])) {
        let value = word(at(taint, &["value"]));
        let value = if value.is_empty() { value } else { format!("={value}") };
        say(out, 0, "taint", format!("{}{value}:{}", word(at(taint, &["key"])), word(at(taint, &["effect"]))));
    }
    for address in list(at(object, &["status", "addresses"])) {
        say(out, 0, &word(at(address, &["type"])), word(at(address, &["address"])));
    }
    let info = at(object, &["status", "nodeInfo"]);
    for (name, member) in [
        ("kubelet", "kubeletVersion"),
        ("runtime", "containerRuntimeVersion"),
        ("kernel", "kernelVersion"),
        ("system", "osImage"),
        ("architecture", "architecture"),
        ("boot", "bootID"),
    ] {
        say(out, 0, name, word(at(info, &[member])));
    }
    say(out, 0, "provider", word(at(object, &["spec", "providerID"])));
    out.heading("Capacity");
    say(out, 0, "capacity", pairs(at(object, &["status", "capacity"])));
    say(out, 0, "allocatable", pairs(at(object, &["status", "allocatable"])));
    conditions(out, object);
}

fn event(out: &mut Document, object: &Value) {
    let involved = at(object, &["involvedObject"]);
    say(out, 0, "about", format!("{}/{}", word(at(involved, &["kind"])), word(at(involved, &["name"]))));
    for member in ["type", "reason", "message", "count", "reportingComponent", "action"] {
        say(out, 0, member, word(at(object, &[member])));
    }
    for (name, member) in [("first", "firstTimestamp"), ("last", "lastTimestamp"), ("time", "eventTime")] {
        out.moment(0, name, moment(at(object, &[member])));
    }
}

fn cron_job(out: &mut Document, object: &Value) {
    let (spec, status) = (at(object, &["spec"]), at(object, &["status"]));
    for member in ["schedule", "timeZone", "suspend", "concurrencyPolicy", "startingDeadlineSeconds"] {
        say(out, 0, member, word(at(spec, &[member])));
    }
    out.moment(0, "last scheduled", moment(at(status, &["lastScheduleTime"])));
    out.moment(0, "last succeeded", moment(at(status, &["lastSuccessfulTime"])));
    for active in list(at(status, &["active"])) {
        say(out, 0, "running", word(at(active, &["name"])));
    }
    pod::template(out, at(spec, &["jobTemplate", "spec", "template"]));
}

fn job(out: &mut Document, object: &Value) {
    let (spec, status) = (at(object, &["spec"]), at(object, &["status"]));
    for member in ["completions", "parallelism", "backoffLimit", "activeDeadlineSeconds", "suspend"] {
        say(out, 0, member, word(at(spec, &[member])));
    }
    for member in ["active", "succeeded", "failed"] {
        say(out, 0, member, word(at(status, &[member])));
    }
    out.moment(0, "started", moment(at(status, &["startTime"])));
    out.moment(0, "completed", moment(at(status, &["completionTime"])));
    conditions(out, object);
    pod::template(out, at(spec, &["template"]));
}

fn workload(out: &mut Document, object: &Value) {
    let (spec, status) = (at(object, &["spec"]), at(object, &["status"]));
    say(out, 0, "selector", pairs(at(spec, &["selector", "matchLabels"])));
    for strategy in ["strategy", "updateStrategy"] {
        say(out, 0, "strategy", word(at(spec, &[strategy, "type"])));
    }
    say(out, 0, "wanted", word(at(spec, &["replicas"])));
    for (name, member) in [
        ("pods", "replicas"),
        ("ready", "readyReplicas"),
        ("updated", "updatedReplicas"),
        ("available", "availableReplicas"),
        ("wanted", "desiredNumberScheduled"),
        ("ready", "numberReady"),
        ("updated", "updatedNumberScheduled"),
        ("available", "numberAvailable"),
        ("misplaced", "numberMisscheduled"),
        ("revision", "updateRevision"),
    ] {
        say(out, 0, name, word(at(status, &[member])));
    }
    conditions(out, object);
    pod::template(out, at(spec, &["template"]));
}

#[cfg(test)]
mod tests;
