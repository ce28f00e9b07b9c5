//! One case for each rule of `printPod`.

use serde_json::{Value, json};

use super::*;

fn pod(value: Value) -> Pod {
    let mut pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
    if let (Some(pod), Value::Object(value)) = (pod.as_object_mut(), value) {
        for (name, value) in value {
            pod.insert(name, value);
        }
    }
    serde_json::from_value(pod).unwrap()
}

fn says(value: Value, release: Release) -> (String, u32, u32, u32) {
    let pod = pod(value);
    let printed = printed(&pod, release);
    (printed.status.into_owned(), printed.ready, printed.total, printed.restarts)
}

fn running(name: &str, ready: bool, restarts: u32) -> Value {
    json!({"name": name, "ready": ready, "started": true, "restartCount": restarts, "state": {"running": {"startedAt": "2026-11-01T00:00:00Z"}}})
}

fn waiting(name: &str, reason: &str, restarts: u32) -> Value {
    json!({"name": name, "ready": false, "restartCount": restarts, "state": {"waiting": {"reason": reason}}})
}

fn ended(name: &str, reason: &str, exit: i32, signal: i32) -> Value {
    json!({"name": name, "ready": false, "restartCount": 0, "state": {"terminated": {"reason": reason, "exitCode": exit, "signal": signal}}})
}

fn condition(kind: &str, status: &str) -> Value {
    json!({"type": kind, "status": status})
}

#[test]
fn phase_reason_and_gate() {
    for (status, expected) in [
        (json!({"phase": "Pending"}), "Pending"),
        (json!({"phase": "Running"}), "Running"),
        (json!({"phase": "Failed", "reason": "Evicted"}), "Evicted"),
        (json!({"phase": "Failed", "reason": "UnexpectedAdmissionError"}), "UnexpectedAdmissionError"),
        (json!({"phase": "Unknown"}), "Unknown"),
        (
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}),
            "SchedulingGated",
        ),
        (
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}),
            "Pending",
        ),
    ] {
        for release in [Release::Until34, Release::Since35] {
            assert_eq!(says(json!({"status": status}), release), (expected.into(), 0, 2, 0));
        }
    }
}

#[test]
fn app_containers_the_first_has_the_last_word() {
    for (containers, expected) in [
        (json!([running("a", true, 1), running("b", true, 2)]), ("Running", 2, 2, 3)),
        (json!([running("a", false, 0), running("b", true, 0)]), ("Running", 1, 2, 0)),
        (json!([waiting("a", "CrashLoopBackOff", 7), running("b", true, 0)]), ("CrashLoopBackOff", 1, 2, 7)),
        (json!([running("a", true, 0), waiting("b", "ImagePullBackOff", 0)]), ("ImagePullBackOff", 1, 2, 0)),
        (
            json!([waiting("a", "ErrImagePull", 0), waiting("b", "CreateContainerConfigError", 0)]),
            ("ErrImagePull", 0, 2, 0),
        ),
        (json!([waiting("a", "", 0), waiting("b", "ContainerCreating", 0)]), ("ContainerCreating", 0, 2, 0)),
        (json!([ended("a", "OOMKilled", 137, 0), running("b", true, 0)]), ("OOMKilled", 1, 2, 0)),
        (json!([ended("a", "Error", 1, 0), ended("b", "Completed", 0, 0)]), ("Error", 0, 2, 0)),
        (json!([ended("a", "", 3, 0)]), ("ExitCode:3", 0, 2, 0)),
        (json!([ended("a", "", 137, 9)]), ("Signal:9", 0, 2, 0)),
        (json!([ended("a", "ContainerStatusUnknown", 137, 0)]), ("ContainerStatusUnknown", 0, 2, 0)),
        (json!([ended("a", "Completed", 0, 0), ended("b", "Completed", 0, 0)]), ("Completed", 0, 2, 0)),
        // Ready without running is not counted.
        (json!([{"name": "a", "ready": true, "restartCount": 0, "state": {}}]), ("Running", 0, 2, 0)),
    ] {
        for release in [Release::Until34, Release::Since35] {
            let got = says(json!({"status": {"phase": "Running", "containerStatuses": containers}}), release);
            assert_eq!(got, (expected.0.into(), expected.1, expected.2, expected.3), "{containers}");
        }
    }
}

#[test]
fn completed_beside_others() {
    let completed = ended("a", "Completed", 0, 0);
    for (other, ready, until34, since35) in [
        (running("b", true, 0), true, "Running", "Running"),
        (running("b", true, 0), false, "NotReady", "NotReady"),
        (running("b", false, 0), false, "Completed", "Completed"),
        (ended("b", "Error", 2, 0), false, "Completed", "Error"),
        (ended("b", "OOMKilled", 137, 0), false, "Completed", "OOMKilled"),
        (ended("b", "Completed", 0, 0), false, "Completed", "Completed"),
    ] {
        let value = json!({"status": {"phase": "Running", "conditions": [condition("Ready", if ready { "True" } else { "False" })],
            "containerStatuses": [completed, other]}});
        assert_eq!(says(value.clone(), Release::Until34).0, until34, "{other}");
        assert_eq!(says(value, Release::Since35).0, since35, "{other}");
    }
    // A failed, a completed and a running one: 1.35 names the failure unless the pod is ready.
    let value = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}, "status": {"phase": "Running",
        "conditions": [condition("Ready", "False")], "containerStatuses": [completed, ended("b", "Error", 1, 0), running("c", true, 0)]}});
    assert_eq!(says(value.clone(), Release::Until34), ("NotReady".into(), 1, 3, 0));
    assert_eq!(says(value, Release::Since35), ("Error".into(), 1, 3, 0));
}

fn initializing(init: &Value, initialized: &str) -> (String, u32, u32, u32) {
    let value = json!({
        "spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}, {"name": "j"}]},
        "status": {"phase": "Pending", "conditions": [condition("Initialized", initialized)], "initContainerStatuses": init,
                   "containerStatuses": [waiting("a", "PodInitializing", 0)]}
    });
    let got = says(value.clone(), Release::Until34);
    assert_eq!(got, says(value, Release::Since35));
    got
}

#[test]
fn init_containers_in_order_up_to_the_first_unfinished() {
    let done = ended("i", "Completed", 0, 0);
    for (init, expected) in [
        (json!([running("i", false, 0)]), ("Init:0/3", 0, 2, 0)),
        (json!([waiting("i", "PodInitializing", 0)]), ("Init:0/3", 0, 2, 0)),
        (json!([waiting("i", "CrashLoopBackOff", 4)]), ("Init:CrashLoopBackOff", 0, 2, 4)),
        (json!([waiting("i", "ImagePullBackOff", 0)]), ("Init:ImagePullBackOff", 0, 2, 0)),
        (json!([ended("i", "Error", 1, 0)]), ("Init:Error", 0, 2, 0)),
        (json!([ended("i", "", 5, 0)]), ("Init:ExitCode:5", 0, 2, 0)),
        (json!([ended("i", "", 143, 15)]), ("Init:Signal:15", 0, 2, 0)),
        // The sidecar: not started is unfinished; started counts as ready when it is.
        (json!([done, waiting("s", "PodInitializing", 0)]), ("Init:1/3", 0, 2, 0)),
        (json!([done, running("s", true, 2), running("j", false, 1)]), ("Init:2/3", 1, 2, 3)),
        (json!([done, running("s", false, 0), running("j", false, 0)]), ("Init:2/3", 0, 2, 0)),
        (json!([done, waiting("s", "CrashLoopBackOff", 9)]), ("Init:CrashLoopBackOff", 0, 2, 9)),
    ] {
        assert_eq!(initializing(&init, "False"), (expected.0.into(), expected.1, expected.2, expected.3), "{init}");
    }
}

#[test]
fn once_initialized_only_sidecars_and_apps_count() {
    let init = json!([
        {"name": "i", "restartCount": 5, "state": {"terminated": {"reason": "Completed", "exitCode": 0}},
         "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-11-09T00:00:00Z"}}},
        {"name": "s", "restartCount": 2, "ready": true, "started": true, "state": {"running": {}},
         "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-11-05T00:00:00Z"}}}
    ]);
    let value = json!({
        "spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}]},
        "status": {"phase": "Running", "conditions": [condition("Initialized", "True")], "initContainerStatuses": init,
            "containerStatuses": [{"name": "a", "ready": true, "restartCount": 1, "state": {"running": {}},
                "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-11-03T00:00:00Z"}}}]}
    });
    let pod = pod(value);
    let printed = printed(&pod, Release::Since35);
    assert_eq!((&*printed.status, printed.ready, printed.total, printed.restarts), ("Running", 2, 2, 3));
    // The newest end among those that count: the sidecar's, not the init container's.
    assert_eq!(printed.restarted, Some("2026-11-05T00:00:00Z".parse().unwrap()));
    // A sidecar that crashes after initialization does not hide the pod's state.
    assert_eq!(
        initializing(&json!([ended("i", "Completed", 0, 0), waiting("s", "CrashLoopBackOff", 3)]), "True").0,
        "PodInitializing"
    );
}

#[test]
fn deletion() {
    for (phase, reason, expected) in [
        ("Running", "", "Terminating"),
        ("Pending", "", "Terminating"),
        ("Running", "NodeLost", "Unknown"),
        ("Succeeded", "", "Succeeded"),
        ("Failed", "Evicted", "Evicted"),
        ("Failed", "NodeLost", "Unknown"),
    ] {
        let value = json!({"metadata": {"name": "p", "deletionTimestamp": "2026-11-01T00:00:00Z"}, "status": {"phase": phase, "reason": reason}});
        assert_eq!(says(value, Release::Since35).0, expected, "{phase} {reason}");
    }
}

#[test]
fn ephemeral_containers_never_count() {
    let value = json!({
        "spec": {"containers": [{"name": "a"}], "ephemeralContainers": [{"name": "e"}]},
        "status": {"phase": "Running", "containerStatuses": [running("a", true, 0)],
                   "ephemeralContainerStatuses": [waiting("e", "CrashLoopBackOff", 8)]}
    });
    assert_eq!(says(value, Release::Since35), ("Running".into(), 1, 1, 0));
}

#[test]
fn the_servers_release_decides() {
    for (minor, release) in
        [("34", Release::Until34), ("33+", Release::Until34), ("35", Release::Since35), ("", Release::Since35)]
    {
        assert_eq!(Release::of_minor(minor), release, "{minor}");
    }
}
