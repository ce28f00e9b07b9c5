//! `ronde doctor` against the lab's engine and API servers (`tests/lab/up`); skipped, with a line that says so, where
//! `RONDE_LAB` does not name the lab's directory.

#![allow(clippy::disallowed_methods, reason = "a test runs the program it is about")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::{fmt::Write, fs, path::PathBuf, process::Output, time::Duration};

use assert_cmd::Command;
use serde_json::Value;

/// The lab's directory, and what its `env` says.
struct Lab {
    root: PathBuf,
    env: String,
}

impl Lab {
    fn find(part: &str) -> Option<Self> {
        let lab = std::env::var_os("RONDE_LAB").filter(|lab| !lab.is_empty()).map(PathBuf::from).and_then(|root| {
            let env = fs::read_to_string(root.join("env")).ok()?;
            Some(Self { root, env })
        });
        let lab = lab.filter(|lab| lab.fact("LAB_PARTS").split(' ').any(|found| found == part));
        if lab.is_none() {
            println!("skipped: RONDE_LAB does not name a lab with {part} (tests/lab/up)");
        }
        lab
    }

    fn fact(&self, name: &str) -> &str {
        let prefix = format!("{name}=");
        self.env.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default().trim_matches('"')
    }
}

/// A cluster of the configuration: the lab's eqiad, as one of its users, under that user's name.
fn cluster(lab: &Lab, user: &str) -> String {
    let path = lab.root.join("kube").join(user);
    format!("[[clusters]]\nname = \"{user}\"\nkubeconfig = \"{}\"\ncontext = \"eqiad\"\n", path.display())
}

/// Exit code and checks of a doctor with this configuration.
fn doctor(configuration: &str) -> (i32, Vec<Value>) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("c.toml");
    fs::write(&file, format!("discover = false\n{configuration}")).unwrap();
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("ronde"));
    command.env_clear().env("HOME", home.path()).env("LANG", "C.UTF-8");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    // Far beyond the limit of any probe: a hang is a failure, not a figure.
    let output: Output = command
        .arg("--config")
        .arg(&file)
        .args(["doctor", "-o", "json"])
        .timeout(Duration::from_mins(2))
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    (output.status.code().expect("it ended by itself"), report["checks"].as_array().unwrap().clone())
}

/// Verdicts and findings of one subject, a line each.
fn of(checks: &[Value], subject: &str) -> String {
    checks.iter().filter(|check| check["subject"] == subject).fold(String::new(), |mut lines, check| {
        writeln!(lines, "{} {}", check["verdict"].as_str().unwrap(), check["finding"].as_str().unwrap()).unwrap();
        lines
    })
}

#[test]
fn what_each_user_may_do_is_told() {
    let Some(lab) = Lab::find("eqiad") else { return };
    let users = ["admin", "junior", "limited"].map(|user| cluster(&lab, user)).concat();
    let (code, checks) = doctor(&users);
    let (admin, junior, limited) =
        (of(&checks, "kubernetes:admin"), of(&checks, "kubernetes:junior"), of(&checks, "kubernetes:limited"));
    let port = lab.fact("LAB_EQIAD_PORT_API");
    assert!(admin.contains(&format!("ok https://127.0.0.1:{port}: v1.")), "{admin}");
    assert!(
        admin.contains(
            "warn credentials allow more than reading: exec into pods, delete pods, change deployments, read secrets; \
             ronde does not use it"
        ),
        "{admin}"
    );
    assert!(!junior.contains("more than reading") && junior.contains("allow no exec"), "{junior}");
    assert!(junior.contains("ok pods of all namespaces may be listed"), "{junior}");
    assert!(limited.contains("warn pods may be listed only in mw-web;"), "{limited}");
    assert!(limited.contains("warn nodes may not be listed: "), "{limited}");
    assert_eq!(code, 0, "warnings are no failure: {checks:?}");
}

#[test]
fn a_plugin_that_hangs_or_fails_is_named_and_holds_up_nobody() {
    let Some(lab) = Lab::find("eqiad") else { return };
    let users = ["exec-hang", "exec-fail", "admin"].map(|user| cluster(&lab, user)).concat();
    let (code, checks) = doctor(&users);
    let hang = of(&checks, "kubernetes:exec-hang");
    assert!(hang.contains("fail credential plugin `exec-plugin` did not answer within"), "{hang}");
    let fail = of(&checks, "kubernetes:exec-fail");
    assert!(fail.contains("`exec-plugin` failed: exec-plugin: your session has expired"), "{fail}");
    assert!(of(&checks, "kubernetes:admin").contains("ok pods of all namespaces"), "{checks:?}");
    assert_eq!(code, 1);
}

#[test]
fn the_engine_tells_its_release_and_an_address_where_nobody_listens_is_out_of_reach() {
    let Some(lab) = Lab::find("docker") else { return };
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let engines = format!(
        "[[engines]]\nname = \"lab\"\ndocker = \"{}\"\n[[engines]]\nname = \"stopped\"\ndocker = \"tcp://127.0.0.1:{port}\"\n",
        lab.fact("LAB_DOCKER")
    );
    let (code, checks) = doctor(&engines);
    let found = of(&checks, "docker:lab");
    assert!(found.contains(": Docker ") && found.contains(", API 1."), "{found}");
    assert!(found.contains("can do anything on its machine"), "{found}");
    let stopped = of(&checks, "docker:stopped");
    assert!(stopped.starts_with("unreachable ") && stopped.contains(&format!("127.0.0.1:{port}")), "{stopped}");
    assert_eq!(code, 4);
}

#[test]
fn a_cluster_where_nobody_listens_is_out_of_reach() {
    let Some(lab) = Lab::find("eqiad") else { return };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = fs::read_to_string(lab.root.join("kube/admin")).unwrap();
    let text = text.replace(&format!("127.0.0.1:{}", lab.fact("LAB_EQIAD_PORT_API")), &format!("127.0.0.1:{port}"));
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let cluster =
        format!("[[clusters]]\nname = \"gone\"\nkubeconfig = \"{}\"\ncontext = \"eqiad\"\n", file.path().display());
    let (code, checks) = doctor(&cluster);
    let gone = of(&checks, "kubernetes:gone");
    assert!(
        gone.starts_with(&format!("unreachable cannot reach https://127.0.0.1:{port}: connection refused")),
        "{gone}"
    );
    assert_eq!((code, gone.lines().count()), (4, 1));
}
