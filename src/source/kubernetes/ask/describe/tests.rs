//! Descriptions of captured objects, and of anything at all.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn reference(kind: &'static str) -> Reference {
    Reference { kind, namespace: "mw-web".into(), name: "web-1".into(), container: None }
}

fn shown(document: &Document) -> String {
    let mut text = String::new();
    for line in &document.lines {
        let line = match line {
            Line::Heading(heading) => format!("# {heading}"),
            Line::Pair { indent, name, value, .. } => format!("{}{name}: {value}", "  ".repeat((*indent).into())),
            Line::Secret { indent, name, masked, .. } => {
                format!("{}{}: {masked}", "  ".repeat((*indent).into()), name.as_deref().unwrap_or_default())
            }
            Line::Moment { indent, name, at } => format!("{}{name}: {at}", "  ".repeat((*indent).into())),
            Line::Text(text, _) => text.clone(),
        };
        text.extend([line.as_str(), "\n"]);
    }
    text
}

#[test]
fn a_pod_tells_state_limits_probes_and_environment() {
    let pod = json!({
        "metadata": {"name": "web-1", "namespace": "mw-web", "labels": {"app": "web"}, "ownerReferences": [{"kind": "ReplicaSet", "name": "web-7f"}]},
        "spec": {"nodeName": "node1", "tolerations": [{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute", "tolerationSeconds": 300}],
            "volumes": [{"name": "conf", "configMap": {"name": "web"}}, {"name": "db", "secret": {"secretName": "db"}}],
            "containers": [{"name": "php", "image": "php:8", "args": ["--token", "s3cr3t", "--port=80"], "resources": {"requests": {"cpu": "250m"}, "limits": {"memory": "1Gi"}},
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5},
                "env": [{"name": "DB_PASSWORD", "value": "s3cr3t"}, {"name": "LEVEL", "value": "info"},
                        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "db", "key": "token"}}}]}]},
        "status": {"phase": "Running", "qosClass": "Burstable", "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}],
            "containerStatuses": [{"name": "php", "ready": false, "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-25T10:00:00Z"}}}]}
    });
    let event: Event = serde_json::from_value(
        json!({"metadata": {"name": "e"}, "type": "Warning", "reason": "BackOff", "message": "Back-off", "count": 3,
        "lastTimestamp": "2026-11-25T10:00:00Z"}),
    )
    .unwrap();
    let text = shown(&describe(&reference("Pod"), &pod, Ok(vec![event])));
    for expected in [
        "# Pod web-1\n",
        "owner: ReplicaSet/web-7f\n",
        "QoS: Burstable\n",
        "php: php:8\n",
        "  state: waiting: CrashLoopBackOff\n",
        "  last run: terminated: OOMKilled, exit code 137\n",
        "    finished: 2026-11-25T10:00:00Z\n",
        "  restarts: 7\n",
        "  arguments: --token •••••• --port=80\n",
        "  requests: cpu=250m\n",
        "  limits: memory=1Gi\n",
        "  readiness: http /healthz:8080, every 5 s, 1 s at most, 3 failures\n",
        "    DB_PASSWORD: ••••••\n",
        "    LEVEL: info\n",
        "    TOKEN: from secretKeyRef db token\n",
        "Ready: False (ContainersNotReady)\n",
        "tolerations: node.kubernetes.io/not-ready:NoExecute for 300 s\n",
        "conf: configMap web\n",
        "db: secret db\n",
        "BackOff ×3: Back-off",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
    assert!(!text.contains("s3cr3t"), "{text}");
}

#[test]
fn every_kind_has_its_words() {
    for (kind, object, expected) in [
        (
            "Node",
            json!({"spec": {"unschedulable": true, "taints": [{"key": "a", "effect": "NoSchedule"}]},
            "status": {"conditions": [{"type": "DiskPressure", "status": "True"}]}}),
            &["cordoned: yes", "taint: a:NoSchedule", "DiskPressure: True"][..],
        ),
        (
            "CronJob",
            json!({"spec": {"schedule": "*/5 * * * *", "suspend": false}}),
            &["schedule: */5 * * * *", "# Pod template"],
        ),
        (
            "Job",
            json!({"status": {"failed": 3, "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}}),
            &["failed: 3", "Failed: True (BackoffLimitExceeded)"],
        ),
        ("Deployment", json!({"spec": {"replicas": 3}, "status": {"readyReplicas": 2}}), &["wanted: 3", "ready: 2"]),
        (
            "Event",
            json!({"involvedObject": {"kind": "Pod", "name": "a"}, "reason": "BackOff"}),
            &["about: Pod/a", "reason: BackOff"],
        ),
    ] {
        let text = shown(&describe(&reference(kind), &object, Err(Trouble::Forbidden("no events for you".into()))));
        for expected in expected {
            assert!(text.contains(expected), "{expected:?} is not in\n{text}");
        }
        assert!(text.contains("no events for you"));
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from)
    ];
    let name = prop_oneof![
        "(metadata|spec|status|containers|env|name|value|valueFrom|state|conditions|template|taints|volumes|labels|httpGet|livenessProbe)",
        ".{0,6}"
    ];
    leaf.prop_recursive(5, 60, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_the_server_answers_is_shown_inert(object in anything(), kind in prop::sample::select(vec!["Pod", "Node", "Event", "Job", "CronJob", "Deployment"])) {
        let document = describe(&reference(kind), &object, Ok(Vec::new()));
        prop_assert!(shown(&document).chars().all(|c| c == '\n' || text::is_shown(c)));
    }
}
