//! Keeps the layers of the source as `docs/architecture.md` draws them: who may import what, how long a file may be,
//! what every file must have. Reads the source as text, and is itself tested on texts that break each rule.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Lines a file may have without its tests.
const LONGEST: usize = 600;

/// A layer: which files, and which imports they must not have.
struct Layer {
    /// Beginning of the path under `src/`; a folder also covers the file of its name.
    files: &'static str,
    /// Files it does not hold for.
    except: &'static [&'static str],
    /// Paths that must not be named, as they stand after `use` or in an expression.
    forbidden: &'static [&'static str],
}

const LAYERS: &[Layer] = &[
    Layer {
        files: "model",
        except: &[],
        forbidden: &[
            "tokio",
            "ratatui",
            "crossterm",
            "kube",
            "k8s_openapi",
            "bollard",
            "reqwest",
            "rusqlite",
            "crate::config",
            "crate::source",
            "crate::action",
            "crate::command",
            "crate::app",
            "crate::view",
            "crate::cache",
            "crate::theme",
            "crate::remote",
            "crate::term",
        ],
    },
    Layer { files: "source", except: &[], forbidden: &["ratatui", "crossterm", "crate::app", "crate::view"] },
    Layer { files: "remote", except: &[], forbidden: &["ratatui", "crossterm", "crate::app", "crate::view"] },
    Layer {
        files: "view",
        except: &[],
        forbidden: &["tokio", "kube", "k8s_openapi", "bollard", "reqwest", "rusqlite", "crate::source", "crate::cache"],
    },
    Layer { files: "command", except: &[], forbidden: &["ratatui", "kube", "bollard", "rusqlite", "crate::view"] },
    Layer { files: "action", except: &[], forbidden: &["ratatui", "crossterm", "crate::app", "crate::view"] },
    Layer { files: "config", except: &[], forbidden: &["tokio", "ratatui", "kube", "bollard", "rusqlite"] },
    Layer { files: "cache", except: &[], forbidden: &["ratatui", "crossterm", "kube", "bollard"] },
    Layer { files: "", except: &["main.rs"], forbidden: &["color_eyre"] },
    Layer {
        files: "",
        except: &["source/host/command.rs", "source/kubernetes/client.rs", "action", "remote"],
        forbidden: &["std::process::Command", "tokio::process", "process::Command"],
    },
];

/// Whether a file lies in `layer`, given as a file or as a module with or without its folder.
fn is_in(file: &str, layer: &str) -> bool {
    layer.is_empty()
        || file == layer
        || file.strip_prefix(layer).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// The code without comments and strings' insides left in: what stands after `//` on a line is dropped.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| {
        let comment = line.find("//").filter(|&at| !line[..at].ends_with(':'));
        (index + 1, comment.map_or(line, |at| &line[..at]))
    })
}

/// The lines before the tests that stand in the same file.
fn without_tests(text: &str) -> &str {
    let tests = ["#[cfg(test)]\nmod tests {", "#[cfg(test)]\nmod tests;"];
    tests.iter().filter_map(|mark| text.find(mark)).min().map_or(text, |at| &text[..at])
}

/// Expands `use a::{b, c::{d}};` to `a::b`, `a::c::d`.
fn expand(prefix: &str, tree: &str, into: &mut Vec<String>) {
    let mut depth = 0;
    let mut from = 0;
    let parts = tree.char_indices().filter_map(|(at, c)| match c {
        '{' => {
            depth += 1;
            None
        }
        '}' => {
            depth -= 1;
            None
        }
        ',' if depth == 0 => Some(std::mem::replace(&mut from, at + 1)..at),
        _ => None,
    });
    let mut ranges: Vec<_> = parts.collect();
    ranges.push(from..tree.len());
    for part in ranges.into_iter().map(|range| tree[range].trim()).filter(|part| !part.is_empty()) {
        match part.split_once('{') {
            Some((path, inside)) => {
                let inside = inside.trim_end().strip_suffix('}').unwrap_or(inside);
                expand(&format!("{prefix}{}", path.trim()), inside, into);
            }
            None => into.push(format!("{prefix}{}", part.split(" as ").next().unwrap_or(part).trim())),
        }
    }
}

/// Every path the code names: imports in full, and paths in expressions.
fn paths(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut import: Option<(usize, String)> = None;
    for (number, line) in code(text) {
        let trimmed = line.trim();
        let begins = ["use ", "pub use ", "pub(crate) use ", "pub(super) use "];
        if let Some((_, import)) = import.as_mut() {
            import.push_str(trimmed);
        } else if let Some(rest) = begins.iter().find_map(|begin| trimmed.strip_prefix(begin)) {
            import = Some((number, rest.to_owned()));
        } else {
            let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
            found.extend(words.filter(|word| word.contains("::")).map(|word| (number, word.to_owned())));
        }
        if let Some((number, whole)) = import.take_if(|(_, whole)| whole.ends_with(';')) {
            let mut expanded = Vec::new();
            expand("", whole.trim_end_matches(';'), &mut expanded);
            found.extend(expanded.into_iter().map(|path| (number, path)));
        }
    }
    found
}

/// What is wrong with the text of `file` (its path under `src/`), one line each.
fn faults(file: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !text.starts_with("//!") {
        faults.push(format!("{file}: begins without a //! that says what it owns"));
    }
    let lines = without_tests(text).lines().count();
    if lines > LONGEST && !file.ends_with("tests.rs") {
        faults.push(format!("{file}: {lines} lines without tests, more than {LONGEST}"));
    }
    if file.ends_with("/mod.rs") {
        faults.push(format!("{file}: is called mod.rs"));
    }
    for (number, line) in text.lines().enumerate() {
        let words = line.split(|c: char| !c.is_alphanumeric());
        if words.clone().any(|word| matches!(word, "TODO" | "FIXME" | "XXX")) {
            faults.push(format!("{file}:{}: something is left to do", number + 1));
        }
        let allows = line.contains("allow(") || line.contains("expect(clippy");
        let bad = ["unwrap_used", "expect_used", "clippy::panic", "unsafe_code", "disallowed_methods"];
        if allows && bad.iter().any(|lint| line.contains(lint)) {
            faults.push(format!("{file}:{}: allows what this project does without", number + 1));
        }
    }
    for layer in LAYERS.iter().filter(|layer| is_in(file, layer.files)) {
        if layer.except.iter().any(|except| is_in(file, except)) {
            continue;
        }
        for (number, path) in paths(without_tests(text)) {
            let path = path.trim_start_matches("::");
            let names = |forbidden: &&&str| path == **forbidden || path.starts_with(&format!("{forbidden}::"));
            if let Some(forbidden) = layer.forbidden.iter().find(names) {
                let layer = if layer.files.is_empty() { "everything else" } else { layer.files };
                faults.push(format!("{file}:{number}: {layer} must not know {forbidden} ({path})"));
            }
        }
    }
    faults
}

/// Files under `folder` that end in `.rs`, each with its text.
fn sources(folder: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            found.push((path, text));
        }
    }
    Ok(found)
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn the_source_keeps_its_layers() {
    let files = sources(&src()).expect("the source can be read");
    assert!(files.len() > 30, "found {} files only", files.len());
    let mut all = Vec::new();
    for (path, text) in files {
        let file = path.strip_prefix(src()).expect("it is below src").to_string_lossy();
        all.extend(faults(&file, &text));
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

#[test]
fn a_permit_is_made_in_the_gate_only() {
    let files = sources(&src()).expect("the source can be read");
    let constructs =
        |line: &str| line.contains("Permit {") && !["struct ", "impl "].iter().any(|word| line.contains(word));
    let places: Vec<_> = files
        .into_iter()
        .filter(|(_, text)| code(text).any(|(_, line)| constructs(line)))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(places, [src().join("action/gate.rs")]);
}

#[test]
fn the_rules_catch_what_breaks_them() {
    let caught = |file: &str, text: &str| faults(file, &format!("//! A file.\n{text}\n"));
    for (file, text) in [
        ("model/pod.rs", "use tokio::sync::mpsc;"),
        ("model.rs", "pub use kube::Client;"),
        ("model/pod.rs", "use std::{\n    fmt,\n};\nuse crate::{\n    config::Config,\n    view,\n};"),
        ("model/pod.rs", "fn f() { ratatui::run(|_| ()) }"),
        ("source/docker/list.rs", "use crate::{app::App, model::key::Key};"),
        ("source/docker.rs", "use ::crossterm::event;"),
        ("view/pods.rs", "use bollard as docker;"),
        ("view/pods.rs", "use tokio::time::sleep;"),
        ("command/keymap.rs", "use ratatui::style::Style;"),
        ("action/plan.rs", "use ratatui;"),
        ("app/state.rs", "use color_eyre::Result;"),
        ("app/state.rs", "use std::process::{Command, Stdio};"),
        ("app/state.rs", "use std::{fmt, process::Command};"),
        ("source/docker.rs", "async fn f() { tokio::process::Command::new(\"x\"); }"),
        ("app/state.rs", "#[allow(clippy::unwrap_used)]"),
        ("app/state.rs", "// TODO: more"),
        ("app/mod.rs", ""),
    ] {
        assert!(!caught(file, text).is_empty(), "{file} may say {text}");
    }
    for (file, text) in [
        ("main.rs", "use color_eyre::eyre::Result;\nuse ratatui::DefaultTerminal;"),
        ("view/pods.rs", "use ratatui::{buffer::Buffer, layout::Rect};\nuse crate::model::rows::PodRow;"),
        ("source/host/command.rs", "use tokio::process::Command;"),
        ("remote/session.rs", "use std::process::Command;"),
        ("action/restart.rs", "use kube::Api;"),
        ("model/pod.rs", "// tokio::sync is not known here; see https://docs.rs/tokio"),
        ("model/kubeconfig.rs", "use std::fmt;\nuse super::kube_like;"),
        ("model/pod.rs", "#[cfg(test)]\nmod tests {\n    use tokio::test;\n}"),
        ("models.rs", "use tokio::sync::mpsc;"),
    ] {
        assert_eq!(caught(file, text), [""; 0], "{file}: {text}");
    }
    assert_eq!(faults("app.rs", "use std::fmt;\n").len(), 1, "no //!");
    assert_eq!(caught("app.rs", &"\n".repeat(LONGEST)).len(), 1, "too long");
    let tested = "\n".repeat(LONGEST - 10) + "#[cfg(test)]\nmod tests {\n" + &"\n".repeat(100);
    assert_eq!(caught("app.rs", &tested), [""; 0], "tests do not count");
}

#[test]
fn imports_are_read_in_full() {
    let text = "use a::{b, c::{self, d as e}, f::g};\npub(crate) use h;\nlet x = i::j(k::<l::m>());";
    let found: Vec<String> = paths(text).into_iter().map(|(_, path)| path).collect();
    assert_eq!(found, ["a::b", "a::c::self", "a::c::d", "a::f::g", "h", "i::j", "k::", "l::m"]);
}
