//! A host that is also a node of a cluster: one row with both faces, each of which may be stale alone.

use serde_json::Value;

use super::bench::{Lab, PATIENCE, ronde};

/// `node1` by SSH and as a node of eqiad, and a host that is no node.
fn both(lab: &Lab) -> String {
    let (ssh, kubeconfig) = (lab.value("LAB_SSH_CONFIG"), lab.value("LAB_KUBECONFIG_ADMIN"));
    let host = |name: &str| format!("[[hosts]]\nname = \"{name}\"\ngroups = [\"all\", \"{name}s\"]\n");
    format!(
        "discover = false\n[ssh]\nconfig = \"{ssh}\"\n{}{}[[clusters]]\nname = \"eqiad\"\nkubeconfig = \"{kubeconfig}\"\ncontext = \"eqiad\"\n",
        host("node1"),
        host("bastion")
    )
}

/// The line of a machine on the page of nodes.
fn line<'a>(screen: &'a str, machine: &str) -> Option<&'a str> {
    screen.lines().find(|line| line.trim_start_matches(['~', '▸', ' ']).split_whitespace().next() == Some(machine))
}

fn says(screen: &str, machine: &str, words: &[&str]) -> bool {
    line(screen, machine).is_some_and(|line| words.iter().all(|word| line.contains(word)))
}

#[test]
fn a_node_that_is_a_host_is_one_row_of_which_either_face_may_be_old() {
    let lab = Lab::take();
    let mut terminal = lab.console_with(&both(&lab), 200, 40);
    terminal.send("2");
    let screen = terminal.wait_within(PATIENCE, "both faces", |screen| {
        says(screen, "node1", &["%", "Ready"]) && says(screen, "bastion", &["%"])
    });
    assert!(!says(&screen, "bastion", &["Ready"]), "shares the kernel, and so the boot id at most: {screen}");
    let fault = lab.fault("apiserver", &["eqiad", "freeze"], &["eqiad", "thaw"]);
    terminal.wait_within(PATIENCE, "the cluster's face is old, the host's is not", |screen| {
        says(screen, "node1", &["Ready, stale"]) && line(screen, "node1").is_some_and(|line| !line.starts_with('~'))
    });
    fault.mend();
    terminal.wait_within(PATIENCE, "both are new", |screen| {
        says(screen, "node1", &["Ready"]) && !says(screen, "node1", &["stale"])
    });
    let fault = lab.fault("host", &["node1", "kill-session"], &["node1", "start-sshd"]);
    terminal.wait_within(PATIENCE, "the host's face is old, the cluster's is there", |screen| {
        says(screen, "node1", &["Ready", "%"]) && line(screen, "node1").is_some_and(|line| line.starts_with('~'))
    });
    fault.mend();
    terminal.wait_within(PATIENCE, "live again", |screen| {
        says(screen, "node1", &["Ready"]) && line(screen, "node1").is_some_and(|line| !line.starts_with('~'))
    });
    // Cordoned by somebody: the row of the host says so.
    lab.kubectl("eqiad", &["cordon", "node1"]);
    terminal.wait_within(PATIENCE, "cordoned", |screen| says(screen, "node1", &["SchedulingDisabled"]));
    lab.kubectl("eqiad", &["uncordon", "node1"]);
    terminal.wait_within(PATIENCE, "not cordoned", |screen| !says(screen, "node1", &["SchedulingDisabled"]));
}

#[test]
fn without_a_screen_the_same_row_has_both_faces() {
    let lab = Lab::take();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), both(&lab)).expect("written");
    let config = file.path().to_str().expect("a path");
    let output = ronde(&["--config", config, "list", "nodes", "-o", "json", "--wait", "1m"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    let rows = document["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 2);
    let row = rows.iter().find(|row| row["node"] == "node1").expect("a row");
    assert_eq!((&row["cluster"], &row["status"]), (&Value::from("eqiad"), &Value::from("Ready")));
    let said = lab.kubectl("eqiad", &["get", "node", "node1", "-o", "jsonpath={.status.allocatable.pods}"]);
    assert_eq!(row["pods-allocatable"].as_u64(), said.trim().parse().ok());
    assert!(row["load"].is_string() && row["memory-used"].as_u64().is_some_and(|used| used > 0));
    let bastion = rows.iter().find(|row| row["node"] == "bastion").expect("a row");
    assert!(bastion["cluster"].is_null());
    // Debian 12 by the file of its release, whose dates are shipped.
    assert!(["supported", "LTS", "ends soon", "ended"].contains(&bastion["support"].as_str().expect("known")));
}
