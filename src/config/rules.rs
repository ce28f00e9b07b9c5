//! What the schema cannot say: names stand once, a host and an engine are reached in one way, an accent has a target.

use super::{
    error::{Problem, quoted, suggestion},
    tree::{Item, Layer, Node, place},
};
use crate::remote::aliases::is_match;

/// Lists of named tables.
const NAMED: [&str; 3] = ["hosts", "engines", "clusters"];

/// What an accent may stand for.
const TARGETS: [&str; 3] = ["cluster", "engine", "host"];

/// Mistakes within one file that merging would hide.
pub(super) fn of_file(tree: &Node, layers: &[Layer]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for list in NAMED {
        let elements = tree.entry(list).map(|entry| entry.node.elements()).unwrap_or_default();
        for (n, element) in elements.iter().enumerate() {
            let Some(name) = element.entry("name") else { continue };
            let first = elements[..n]
                .iter()
                .filter_map(|other| other.entry("name"))
                .find(|other| other.node.text().is_some() && other.node.text() == name.node.text());
            if let Some(first) = first {
                let text = name.node.text().unwrap_or_default();
                let message =
                    format!("two [[{list}]] are named `{text}`; the first is at {}", place(layers, first.node.origin));
                problems.push(Problem { place: place(layers, name.node.origin), message });
            }
        }
    }
    problems
}

/// Mistakes of all layers together.
pub(super) fn of_whole(tree: &Node, layers: &[Layer]) -> Vec<Problem> {
    let mut problems = hosts(tree, layers);
    problems.extend(engines(tree, layers));
    problems.extend(accents(tree, layers));
    problems
}

fn hosts(tree: &Node, layers: &[Layer]) -> Vec<Problem> {
    let hosts = tree.entry("hosts").map(|entry| entry.node.elements()).unwrap_or_default();
    let mut problems = Vec::new();
    for host in hosts {
        let mut say = |node: &Node, message: &str| {
            problems.push(Problem { place: place(layers, node.origin), message: message.to_owned() });
        };
        match (host.entry("name"), host.entry("match"), host.entry("ssh")) {
            (None, None, _) => say(host, "a host has neither `name` nor `match`; one must say which host it is"),
            (Some(_), Some(pattern), _) => {
                say(&pattern.node, "a host has both `name` and `match`; with `match` each host has its own name");
            }
            (None, Some(_), Some(ssh)) => {
                say(&ssh.node, "a host has both `match` and `ssh`; with `match` ssh_config says whom to connect to");
            }
            _ => {}
        }
    }
    problems
}

fn engines(tree: &Node, layers: &[Layer]) -> Vec<Problem> {
    let engines = tree.entry("engines").map(|entry| entry.node.elements()).unwrap_or_default();
    let mut problems = Vec::new();
    for engine in engines {
        let name = engine.name().unwrap_or_default();
        let mut say = |node: &Node, message: String| {
            problems.push(Problem { place: place(layers, node.origin), message });
        };
        let ways = ["docker", "context", "host"].map(|way| engine.entry(way).map(|entry| (way, &entry.node)));
        match ways.iter().flatten().collect::<Vec<_>>()[..] {
            [(first, _), (second, node), ..] => {
                say(node, format!("engine `{name}` has both `{first}` and `{second}`; one says where it listens"));
            }
            [] => {
                let message = "has neither `docker` nor `context` nor `host`; one must say where it listens";
                say(engine, format!("engine `{name}` {message}"));
            }
            _ => {}
        }
        if let Some(host) = engine.entry("host").filter(|host| host.node.text().is_some()) {
            if let Some(message) = unknown_host(tree, host.node.text().unwrap_or_default()) {
                say(&host.node, format!("engine `{name}` is behind {message}"));
            }
        } else if let Some(socket) = engine.entry("socket") {
            say(&socket.node, format!("engine `{name}` has `socket`, which only `host` uses"));
        }
        let docker = engine.entry("docker");
        let is_tcp = docker.and_then(|entry| entry.node.text()).is_some_and(|text| !text.starts_with("unix:"));
        if let Some(certificates) = engine.entry("certificates").filter(|_| !is_tcp) {
            say(
                &certificates.node,
                format!("engine `{name}` has `certificates`, which only `docker = \"tcp://…\"` uses"),
            );
        }
    }
    problems
}

/// What is wrong with the name of a host; nothing when it is one. A pattern may name any host that it matches.
fn unknown_host(tree: &Node, host: &str) -> Option<String> {
    let hosts = tree.entry("hosts").map(|entry| entry.node.elements()).unwrap_or_default();
    let said = |key: &str| -> Vec<&str> { hosts.iter().filter_map(|host| host.entry(key)?.node.text()).collect() };
    let is_known = said("name").contains(&host) || said("match").iter().any(|pattern| is_match(pattern, host));
    (!is_known).then(|| format!("host `{host}`, which no [[hosts]] names{}", suggestion(host, said("name"))))
}

fn accents(tree: &Node, layers: &[Layer]) -> Vec<Problem> {
    let accents = tree.entry("ui").and_then(|entry| entry.node.entry("accent"));
    let Some(Item::Table(accents)) = accents.map(|entry| &entry.node.item) else { return Vec::new() };
    let is_target =
        |key: &str| key.split_once(':').is_some_and(|(kind, name)| TARGETS.contains(&kind) && !name.is_empty());
    let wrong = accents.iter().filter(|(key, _)| !is_target(key));
    let forms = TARGETS.map(|target| format!("{target}:NAME"));
    wrong
        .map(|(key, entry)| Problem {
            place: place(layers, entry.key),
            message: format!(
                "`ui.accent` has no target `{key}`; expected {}",
                quoted(&forms.each_ref().map(String::as_str))
            ),
        })
        .collect()
}
