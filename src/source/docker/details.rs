//! A container's inspect as a document to read. Environment, arguments and labels that look like secrets are
//! masked; every text is taken as hostile.

use serde_json::{Map, Value};

use super::list::moment;
use crate::model::{
    document::{Document, Line},
    field::Tone,
    text,
};

/// Entries of one list (environment, mounts, labels, …) that are shown.
const ENTRIES: usize = 500;
/// Results of a health check that are shown; the engine keeps five.
const CHECKS: usize = 10;

/// The inspect of a container, readable.
pub(super) fn document(inspect: &Value) -> Document {
    let mut document = Document::default();
    general(inspect, &mut document);
    state(&inspect["State"], &mut document);
    resources(inspect, &mut document);
    networks(inspect, &mut document);
    mounts(inspect, &mut document);
    environment(&inspect["Config"]["Env"], &mut document);
    labels(&inspect["Config"]["Labels"], &mut document);
    document
}

fn general(inspect: &Value, document: &mut Document) {
    let config = &inspect["Config"];
    document.heading("Container");
    pair(document, "Name", string(&inspect["Name"]).trim_start_matches('/'));
    pair(document, "ID", string(&inspect["Id"]));
    pair(document, "Image", string(&config["Image"]));
    pair(document, "Image ID", string(&inspect["Image"]));
    let words = std::iter::once(&inspect["Path"]).chain(list(&inspect["Args"])).map(string);
    document.command(0, "Command", words.filter(|word| !word.is_empty()));
    pair(document, "Directory", string(&config["WorkingDir"]));
    pair(document, "User", string(&config["User"]));
    pair(document, "Host name", string(&config["Hostname"]));
    document.moment(0, "Created", moment(string(&inspect["Created"])));
    let policy = &inspect["HostConfig"]["RestartPolicy"];
    let most = policy["MaximumRetryCount"].as_u64().filter(|&most| most > 0);
    let most = most.map(|most| format!(", at most {most} times")).unwrap_or_default();
    pair(document, "Restart policy", &format!("{}{most}", string(&policy["Name"])));
    pair(document, "Log driver", string(&inspect["HostConfig"]["LogConfig"]["Type"]));
    if inspect["HostConfig"]["Privileged"] == true {
        document.pair_in(0, "Privileged", "yes", Tone::Warn);
    }
}

fn state(state: &Value, document: &mut Document) {
    document.heading("State");
    let word = string(&state["Status"]);
    let tone = match word {
        "running" => Tone::Good,
        "restarting" | "dead" => Tone::Bad,
        "paused" => Tone::Warn,
        _ => Tone::Plain,
    };
    document.pair_in(0, "State", text::name(word), tone);
    if let Some(pid) = state["Pid"].as_u64().filter(|&pid| pid > 0) {
        document.pair("PID on the host", pid.to_string());
    }
    document.moment(0, "Started", moment(string(&state["StartedAt"])));
    document.moment(0, "Finished", moment(string(&state["FinishedAt"])));
    if let Some(code) = state["ExitCode"].as_i64().filter(|_| !matches!(word, "running" | "paused" | "created")) {
        document.pair_in(0, "Exit code", code.to_string(), if code == 0 { Tone::Plain } else { Tone::Bad });
    }
    if state["OOMKilled"] == true {
        document.pair_in(0, "Out of memory", "killed by the kernel", Tone::Bad);
    }
    if let Some(error) = state["Error"].as_str().filter(|error| !error.is_empty()) {
        document.pair_in(0, "Error", text::name(error), Tone::Bad);
    }
    health(&state["Health"], document);
}

fn health(health: &Value, document: &mut Document) {
    let word = string(&health["Status"]);
    if matches!(word, "" | "none") {
        return;
    }
    document.heading("Health");
    let tone = match word {
        "healthy" => Tone::Good,
        "unhealthy" => Tone::Bad,
        _ => Tone::Warn,
    };
    document.pair_in(0, "Health", text::name(word), tone);
    if let Some(failing) = health["FailingStreak"].as_u64().filter(|&failing| failing > 0) {
        document.pair_in(0, "Failed in a row", failing.to_string(), Tone::Bad);
    }
    let log: Vec<&Value> = list(&health["Log"]).collect();
    for check in &log[log.len().saturating_sub(CHECKS)..] {
        let code = check["ExitCode"].as_i64().unwrap_or(0);
        document.moment(1, format!("Exit code {code}"), moment(string(&check["Start"])));
        for line in string(&check["Output"]).lines().filter(|line| !line.trim().is_empty()).take(5) {
            let tone = if code == 0 { Tone::Dim } else { Tone::Warn };
            document.lines.push(Line::Text(format!("      {}", text::name(line)), tone));
        }
    }
}

fn resources(inspect: &Value, document: &mut Document) {
    let host = &inspect["HostConfig"];
    document.heading("Resources");
    pair(document, "Restarts", &inspect["RestartCount"].as_u64().map(|n| n.to_string()).unwrap_or_default());
    let number = |name: &str| host[name].as_i64().filter(|&number| number > 0);
    let limit = |document: &mut Document, name: &str, value: Option<String>| {
        document.pair(name, value.unwrap_or_else(|| "unlimited".into()));
    };
    let quota = number("CpuQuota").zip(number("CpuPeriod").or(Some(100_000)));
    let cores = number("NanoCpus").map(|nanos| nanos as f64 / 1e9).or(quota.map(|(q, p)| q as f64 / p as f64));
    limit(document, "CPU limit", cores.map(|cores| format!("{cores} cores")));
    limit(document, "Memory limit", number("Memory").map(bytes));
    limit(document, "Process limit", number("PidsLimit").map(|n| n.to_string()));
    pair(document, "CPU set", string(&host["CpusetCpus"]));
    if let Some(reserved) = number("MemoryReservation") {
        document.pair("Memory reserved", bytes(reserved));
    }
    for name in ["CapAdd", "CapDrop", "SecurityOpt"] {
        let words: Vec<&str> = list(&host[name]).map(string).collect();
        pair(document, name, &words.join(" "));
    }
}

/// Bytes in the largest unit of 1024 that leaves one or more.
fn bytes(bytes: i64) -> String {
    let units = [("GiB", 1i64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    units.iter().find(|(_, unit)| bytes >= *unit).map_or_else(
        || format!("{bytes} B"),
        |(name, unit)| {
            let value = format!("{:.1}", bytes as f64 / *unit as f64);
            format!("{} {name}", value.trim_end_matches(".0"))
        },
    )
}

fn networks(inspect: &Value, document: &mut Document) {
    let settings = &inspect["NetworkSettings"];
    document.heading("Network");
    pair(document, "Mode", string(&inspect["HostConfig"]["NetworkMode"]));
    for (name, network) in object(&settings["Networks"]) {
        let addresses: Vec<&str> = [&network["IPAddress"], &network["GlobalIPv6Address"]]
            .map(string)
            .into_iter()
            .filter(|a| !a.is_empty())
            .collect();
        let addresses = if addresses.is_empty() { "–".to_owned() } else { addresses.join(", ") };
        document.pair_in(1, text::name(name), text::name(&addresses), Tone::Plain);
    }
    for (port, bindings) in object(&settings["Ports"]) {
        let to: Vec<String> = list(bindings)
            .map(|binding| format!("{}:{}", string(&binding["HostIp"]), string(&binding["HostPort"])))
            .collect();
        let to = if to.is_empty() { "not published".to_owned() } else { to.join(", ") };
        document.pair_in(1, text::name(port), text::name(&to), Tone::Plain);
    }
}

fn mounts(inspect: &Value, document: &mut Document) {
    let mounts: Vec<&Value> = list(&inspect["Mounts"]).collect();
    if mounts.is_empty() {
        return;
    }
    document.heading("Mounts");
    for mount in mounts {
        let source = match string(&mount["Name"]) {
            "" => string(&mount["Source"]),
            name => name,
        };
        let mode = if mount["RW"] == false { " (read-only)" } else { "" };
        let value = format!("{} {source}{mode}", string(&mount["Type"]));
        document.pair_in(1, text::name(string(&mount["Destination"])), text::name(&value), Tone::Plain);
    }
}

fn environment(environment: &Value, document: &mut Document) {
    document.heading("Environment");
    for entry in list(environment).map(string) {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        document.guarded(1, name, value);
    }
}

fn labels(labels: &Value, document: &mut Document) {
    document.heading("Labels");
    for (name, value) in object(labels) {
        document.guarded(1, name, string(value));
    }
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten().take(ENTRIES)
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).take(ENTRIES)
}

fn pair(document: &mut Document, name: &str, value: &str) {
    if !value.is_empty() {
        document.pair(name, text::name(value));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::yaml;

    const SECRETS: &str = include_str!("../../../tests/fixtures/docker/inspect-secrets.json");
    const UNHEALTHY: &str = include_str!("../../../tests/fixtures/docker/inspect-unhealthy.json");
    const OUT_OF_MEMORY: &str = include_str!("../../../tests/fixtures/docker/inspect-out-of-memory.json");

    fn value(json: &str) -> Value {
        serde_json::from_str(json).expect("an inspect")
    }

    /// What a screen shows before secrets are asked for.
    fn shown(document: &Document) -> String {
        let lines = document.lines.iter().map(|line| match line {
            Line::Heading(text) | Line::Text(text, _) => text.clone(),
            Line::Pair { name, value, .. } => format!("{name}: {value}"),
            Line::Secret { name: Some(name), masked, .. } => format!("{name}: {masked}"),
            Line::Secret { masked, .. } => masked.clone(),
            Line::Moment { name, .. } => format!("{name}: @"),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn no_secret_is_shown_and_none_is_lost() {
        let document = document(&value(SECRETS));
        let text = shown(&document);
        for secret in [
            "hunter2-not-for-screens",
            "tok-5f4dcc3b5aa765d6",
            "s3cr3t-in-url",
            "wJalrXUtnFEMIK7MDENG",
            "secret-in-arguments",
        ] {
            assert!(!text.contains(secret), "{secret}");
            assert!(!shown(&yaml::document(value(SECRETS))).contains(secret), "{secret} in YAML");
        }
        assert!(text.contains("DB_PASSWORD: ••••••") && text.contains("LANG: C.UTF-8"), "{text}");
        let kept = document
            .lines
            .iter()
            .any(|line| matches!(line, Line::Secret { whole, .. } if whole.reveal() == "hunter2-not-for-screens"));
        assert!(kept, "asked for, it is shown");
    }

    #[test]
    fn the_health_checks_words_are_there() {
        let text = shown(&document(&value(UNHEALTHY)));
        assert!(text.contains("Health: unhealthy") && text.contains("no answer on /healthz"), "{text}");
        assert!(text.contains("Failed in a row: "), "{text}");
    }

    #[test]
    fn the_end_and_the_limits_are_there() {
        let text = shown(&document(&value(OUT_OF_MEMORY)));
        for line in [
            "State: exited",
            "Exit code: 137",
            "Out of memory: killed by the kernel",
            "Memory limit: 24 MiB",
            "CPU limit: unlimited",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }

    #[test]
    fn yaml_is_the_whole_object() {
        let yaml = shown(&yaml::document(value(OUT_OF_MEMORY)));
        let back: Value = serde_yaml_ng::from_str(&yaml).expect("YAML");
        assert_eq!(back["State"], value(OUT_OF_MEMORY)["State"]);
    }

    #[test]
    fn an_empty_or_odd_answer_is_survived() {
        for json in ["{}", "null", "[]", r#"{"State":5,"Config":{"Env":{"a":1},"Labels":["x"]},"Mounts":{}}"#] {
            assert!(!document(&value(json)).lines.is_empty());
            let _ = yaml::document(value(json));
        }
    }

    #[test]
    fn bytes_are_readable() {
        assert_eq!([512, 1536, 67_108_864, 1 << 30].map(bytes), ["512 B", "1.5 KiB", "64 MiB", "1 GiB"]);
    }

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 60, 6, |inner| {
            let name = prop_oneof![
                "(Name|State|Status|Config|Env|Labels|Args|Path|Mounts|Health|Log|Output|HostConfig|NetworkSettings|Networks|Ports)",
                ".{0,6}"
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name, inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_an_engine_answers_is_shown_inert(inspect in anything()) {
            prop_assert!(shown(&document(&inspect)).chars().all(|c| c == '\n' || text::is_shown(c)));
        }
    }
}
