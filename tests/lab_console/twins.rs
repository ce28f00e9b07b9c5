//! Tables without a screen say what the systems' own tools say, and how it went by the exit code.

use std::collections::BTreeMap;

use serde_json::Value;

use super::bench::{Lab, ronde, tool};

fn rows(output: &std::process::Output) -> Vec<Value> {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    document["rows"].as_array().expect("rows").clone()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default()
}

/// Pods of both clusters by `kubectl`: cluster/namespace/name to ready, status, restarts.
fn printed(lab: &Lab) -> BTreeMap<String, String> {
    let mut pods = BTreeMap::new();
    for cluster in ["eqiad", "codfw"] {
        for line in lab.kubectl(cluster, &["get", "pods", "-A", "--no-headers"]).lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            pods.insert(format!("{cluster}/{}/{}", words[0], words[1]), words[2..5].join(" "));
        }
    }
    pods
}

#[test]
fn every_pod_is_listed_as_kubectl_prints_it() {
    let lab = Lab::take();
    // What changes between two looks may differ; what does not, may not. A few tries, for a row may come and go between.
    let mut differences = Vec::new();
    for _ in 0..5 {
        let before = printed(&lab);
        let listed: BTreeMap<String, String> = rows(&lab.ronde(&["list", "pods", "-o", "json", "--wait", "2m"]))
            .iter()
            .map(|row| {
                let key = format!("{}/{}/{}", text(row, "cluster"), text(row, "namespace"), text(row, "pod"));
                (key, format!("{} {} {}", text(row, "ready"), text(row, "status"), row["restarts"]))
            })
            .collect();
        let after = printed(&lab);
        let stable: Vec<_> = before.iter().filter(|(key, line)| after.get(*key) == Some(line)).collect();
        assert!(stable.len() > 100, "only {} pods stand still", stable.len());
        differences = stable
            .iter()
            .filter(|(key, line)| listed.get(*key) != Some(line))
            .map(|(key, line)| format!("{key}: kubectl {line}, ronde {:?}", listed.get(*key)))
            .chain(
                listed
                    .keys()
                    .filter(|key| !before.contains_key(*key) && !after.contains_key(*key))
                    .map(|key| format!("{key}: in no list of kubectl")),
            )
            .collect();
        if differences.is_empty() {
            return;
        }
    }
    panic!("{} differ:\n{}", differences.len(), differences.join("\n"));
}

/// The same state, and as many processes; of Podman's, the docker client tells no number.
fn agrees(said: &(String, Option<u64>), listed: &(String, Option<u64>)) -> bool {
    said.0 == listed.0 && (said.1.is_none() || said.1 == listed.1)
}

/// Containers by `docker`: name to state and, for what runs, processes.
fn engine_says(lab: &Lab, engine: &str) -> BTreeMap<String, (String, Option<u64>)> {
    let lines = |text: String| -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str(line).expect("docker prints JSON")).collect()
    };
    let stats = lines(lab.docker_at(engine, &["stats", "--no-stream", "--no-trunc", "--format", "json"]));
    let pids: BTreeMap<String, u64> =
        stats.iter().filter_map(|row| Some((text(row, "Name").to_owned(), text(row, "PIDs").parse().ok()?))).collect();
    lines(lab.docker_at(engine, &["ps", "-a", "--no-trunc", "--format", "json"]))
        .iter()
        .map(|row| {
            let (name, state) = (text(row, "Names").to_owned(), text(row, "State").to_owned());
            let count = pids.get(&name).copied().filter(|_| matches!(&*state, "running" | "paused"));
            (name, (state, count))
        })
        .collect()
}

#[test]
fn every_container_is_listed_as_docker_prints_it() {
    listed_as_docker_prints_them("LAB_DOCKER", "engine=lab", 10);
}

#[test]
fn every_container_of_podman_is_listed_as_docker_prints_it() {
    listed_as_docker_prints_them("LAB_PODMAN", "engine=podman", 8);
}

/// Compares the containers of one engine, of which more than `least` stand still.
fn listed_as_docker_prints_them(engine: &str, filter: &str, least: usize) {
    let lab = Lab::take();
    let mut differences = Vec::new();
    for _ in 0..5 {
        let before = engine_says(&lab, engine);
        let listed: BTreeMap<String, (String, Option<u64>)> =
            rows(&lab.ronde(&["list", "containers", "--filter", filter, "-o", "json", "--wait", "1m"]))
                .iter()
                .map(|row| (text(row, "container").to_owned(), (text(row, "state").to_owned(), row["pids"].as_u64())))
                .collect();
        let after = engine_says(&lab, engine);
        let stable: Vec<_> = before.iter().filter(|(name, said)| after.get(*name) == Some(said)).collect();
        assert!(stable.len() > least, "only {stable:?} stand still");
        differences = stable
            .iter()
            .filter(|(name, said)| !listed.get(*name).is_some_and(|listed| agrees(said, listed)))
            .map(|(name, said)| format!("{name}: docker {said:?}, ronde {:?}", listed.get(*name)))
            .collect();
        if listed.len() != before.len() && before.len() == after.len() {
            differences.push(format!("{} containers, docker has {}", listed.len(), before.len()));
        }
        if differences.is_empty() {
            return;
        }
    }
    panic!("{}", differences.join("\n"));
}

#[test]
fn limits_are_those_the_engine_was_given() {
    let lab = Lab::take();
    let listed = rows(&lab.ronde(&["list", "containers", "--filter", "engine=lab", "-o", "json", "--wait", "1m"]));
    let all: u64 = tool("free", &["-b"]).lines().nth(1).unwrap().split_whitespace().nth(1).unwrap().parse().unwrap();
    let mut compared = 0;
    for row in listed.iter().filter(|row| text(row, "state") == "running") {
        let name = text(row, "container");
        let given: u64 =
            lab.docker(&["inspect", "-f", "{{.HostConfig.Memory}}", name]).trim().parse().expect("a number of bytes");
        // One that starts over and over is running now and has no sample yet.
        let Some(limit) = row["memory-limit"].as_u64() else { continue };
        assert_eq!(limit, if given == 0 { all } else { given }, "{name}");
        compared += usize::from(given != 0);
    }
    assert!(compared >= 2, "`memory` and `shop-db-1` have limits");
}

#[test]
fn this_machine_is_listed_as_its_own_tools_print_it() {
    let _lab = Lab::take();
    let host = rows(&ronde(&["list", "nodes", "-o", "json", "--wait", "1m"]));
    let free = tool("free", &["-b"]);
    let memory: Vec<u64> =
        free.lines().nth(1).unwrap().split_whitespace().skip(1).map(|word| word.parse().unwrap()).collect();
    assert_eq!(host[0]["memory-total"].as_u64(), Some(memory[0]));
    // Used moves while one looks: total less available, within a twentieth of the machine.
    let used = host[0]["memory-used"].as_u64().expect("known");
    assert!(used.abs_diff(memory[0] - memory[5]) < memory[0] / 20, "{used} against {memory:?}");
    let mounted = rows(&ronde(&["list", "disks", "-o", "json", "--wait", "1m"]));
    let root = mounted.iter().find(|row| text(row, "mount") == "/").expect("/ is mounted");
    let df = tool("df", &["-B1", "--output=size,used,avail", "/"]);
    let sizes: Vec<u64> = df.lines().nth(1).unwrap().split_whitespace().map(|word| word.parse().unwrap()).collect();
    assert_eq!(root["size"].as_u64(), Some(sizes[0]));
    for (field, size) in [("used", sizes[1]), ("available", sizes[2])] {
        let listed = root[field].as_u64().expect("known");
        assert!(listed.abs_diff(size) < sizes[0] / 50, "{field}: {listed} against {size}");
    }
}

#[test]
fn the_exit_code_says_how_it_went() {
    let lab = Lab::take();
    assert_eq!(lab.ronde(&["list", "containers", "--wait", "1m"]).status.code(), Some(0));
    for wrong in [&["list", "containers", "--filter", "cpu>"][..], &["list", "nonsense"], &["list", "pods", "-s", "x"]]
    {
        let output = lab.ronde(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{wrong:?}");
    }
    let down = lab.fault("engine", &["stop"], &["start"]);
    let output = lab.ronde(&["list", "containers", "--wait", "20s"]);
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("docker:lab: unreachable"), "{said}");
    assert_eq!(lab.ronde(&["list", "pods", "--wait", "2m"]).status.code(), Some(0), "clusters do not mind");
    down.mend();
}
