//! The command line as scripts use it: the built program, in a home of its own.

#![allow(clippy::disallowed_methods, reason = "a test runs the tools it compares with")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Output};

use assert_cmd::Command;
use tempfile::TempDir;

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn ronde(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("ronde"));
        command.env_clear().env("HOME", self.path()).env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
        command.args(arguments).timeout(std::time::Duration::from_mins(1)).output().unwrap()
    }

    fn configure(&self, text: &str) {
        let path = self.path().join(".config/ronde/config.toml");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Exit code, standard output and standard error, with the home's path as `~`.
    fn told(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.ronde(arguments);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(self.path().to_str().unwrap(), "~");
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

#[test]
fn help_and_version() {
    let home = Home::new();
    let (code, out, _) = home.told(&["--version"]);
    assert_eq!((code, out), (0, format!("ronde {}\n", env!("CARGO_PKG_VERSION"))));
    let (code, out, _) = home.told(&["--help"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!("help", out);
    let (code, out, _) = home.told(&["list", "--help"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!("list_help", out);
}

#[test]
fn wrong_usage_is_2_and_says_what_would_be_right() {
    let home = Home::new();
    for (arguments, part) in [
        (&["lst"][..], "list"),
        (&["list", "pdos"], "pods"),
        (&["list", "pods", "--wait", "soon"], "expected a time such as 10s"),
        (&["list", "pods", "--wait", "2h"], "at most 1h"),
        (&["list", "pods", "--columns", "pod,colour"], "no column `colour` in pods; there are cluster, namespace, pod"),
        (&["list", "pods", "--sort", "-colour"], "--sort: no column `colour`"),
        (&["list", "pods", "--filter", "cpu>lots"], "--filter: "),
        (&["list", "pods", "-o", "yaml"], "json"),
        (
            &["--theme", "drak", "list", "pods"],
            "--theme: `ui.theme` cannot be \"drak\": no such theme; did you mean `dark`?",
        ),
        (&["--config", "/nowhere.toml", "list", "pods"], "/nowhere.toml: there is no such file"),
        (&["--log-level", "loud", "list", "pods"], "trace"),
    ] {
        let (code, out, err) = home.told(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(part), "{arguments:?}: {err}");
    }
}

#[test]
fn init_writes_an_example_that_is_well_and_never_overwrites() {
    let home = Home::new();
    let (code, out, err) = home.told(&["config", "init"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "~/.config/ronde/config.toml\n", ""));
    let path = home.path().join(".config/ronde/config.toml");
    assert_eq!(fs::read_to_string(&path).unwrap(), ronde::config::EXAMPLE);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let (code, out, _) = home.told(&["config", "check"]);
    assert_eq!(code, 0);
    assert!(out.contains("~/.config/ronde/config.toml: ok\n"), "{out}");

    fs::write(&path, "discover = false\n").unwrap();
    let (code, _, err) = home.told(&["config", "init"]);
    assert_eq!(code, 2);
    assert!(err.contains("is there already"), "{err}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "discover = false\n");
}

#[test]
fn check_tells_every_mistake_with_its_place() {
    let home = Home::new();
    home.configure("[ui]\nthem = \"dark\"\n[start]\nmode = \"root\"\n[keys]\nrefesh = [\"r\"]\n");
    let (code, out, err) = home.told(&["config", "check"]);
    assert_eq!((code, out.as_str()), (2, ""));
    let file = "~/.config/ronde/config.toml";
    assert_eq!(
        err,
        format!(
            "{file}:2:1: unknown key `them` in `ui`; did you mean `theme`?\n\
             {file}:4:8: `start.mode` cannot be \"root\"; expected one of `read-only`, `operator`, `admin`\n"
        )
    );
    home.configure("[keys]\nrefesh = [\"r\"]\n");
    let (code, _, err) = home.told(&["config", "check"]);
    assert_eq!(code, 2);
    assert!(err.starts_with(&format!("{file}:2:1: ")) && err.contains("`refresh`"), "{err}");
}

#[test]
fn show_says_where_each_part_comes_from_and_hides_secrets() {
    let home = Home::new();
    home.configure("discover = false\n[[engines]]\nname = \"far\"\ndocker = \"tcp://bob:hunter2@far:2376\"\n");
    let (code, out, _) = home.told(&["--ascii", "config", "show"]);
    assert_eq!(code, 0);
    assert!(!out.contains("hunter2"), "{out}");
    insta::assert_snapshot!(
        "show",
        out.lines().filter(|line| !line.contains("/etc/ronde")).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn the_schema_is_json_schema() {
    let (code, out, _) = Home::new().told(&["config", "schema"]);
    assert_eq!(code, 0);
    let schema: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(schema["properties"]["discover"]["type"], "boolean");
    assert!(schema["$schema"].as_str().unwrap().contains("json-schema.org"));
}

#[test]
fn completions_know_commands_flags_and_where_the_shell_can_tables() {
    let home = Home::new();
    for (shell, words) in [
        ("bash", &["--no-discover", "doctor", "cluster-nodes"][..]),
        ("zsh", &["--no-discover", "doctor", "cluster-nodes"]),
        ("fish", &["no-discover", "doctor"]),
    ] {
        let (code, out, err) = home.told(&["completions", shell]);
        assert_eq!((code, err.as_str()), (0, ""));
        for word in words {
            assert!(out.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(home.told(&["completions", "tcsh"]).0, 2);
}

#[test]
fn doctor_reports_a_broken_configuration_among_the_rest() {
    let home = Home::new();
    home.configure("discovr = true\n");
    let (code, out, err) = home.told(&["--no-discover", "doctor"]);
    assert_eq!((code, err.as_str()), (1, ""));
    assert!(out.contains("fail  configuration  ~/.config/ronde/config.toml:1:1: unknown key `discovr`"), "{out}");
    for subject in ["terminal", "colours", "locale", "size", "cache", "log", "clock"] {
        let line = out.lines().find(|line| line.split_whitespace().nth(1) == Some(subject));
        let word = line.unwrap().split(' ').next().unwrap();
        assert!(["ok", "warn", "fail"].contains(&word), "{subject}: {line:?}");
    }
}

#[test]
fn doctor_tells_what_cannot_be_reached() {
    let home = Home::new();
    home.configure("[[engines]]\nname = \"gone\"\ndocker = \"unix:///nowhere/docker.sock\"\n[[clusters]]\nname = \"c\"\nkubeconfig = \"~/kc\"\n");
    fs::write(home.path().join("kc"), "").unwrap();
    fs::set_permissions(home.path().join("kc"), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, out, _) = home.told(&["--no-discover", "doctor", "-o", "json"]);
    assert_eq!(code, 4);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let of = |subject: &str| checks.iter().find(|check| check["subject"] == subject).unwrap();
    assert_eq!(of("docker:gone")["verdict"], "unreachable");
    assert!(of("docker:gone")["finding"].as_str().unwrap().contains("no such socket"));
    assert_eq!(of("kubeconfig")["verdict"], "warn");
    assert!(of("kubeconfig")["finding"].as_str().unwrap().contains("chmod 0600"));
    assert_eq!(of("kubernetes:c")["verdict"], "fail", "an empty kubeconfig");
    assert_eq!(of("cache")["verdict"], "ok");
}

#[test]
fn nothing_to_observe_is_said() {
    let (code, out, err) = Home::new().told(&["--no-discover", "list", "pods"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("nothing to observe"), "{err}");
}
