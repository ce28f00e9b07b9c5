//! One look at a cluster, for `ronde doctor`: is it there, what may be seen, what the credentials could do beyond. Every
//! question is one that only observes; knows no check's words.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use kube::Client;
use serde::Deserialize;

use super::{
    call, client,
    kind::Kind,
    metrics,
    rights::{self, Reach},
    slim::nullable,
    trouble::Trouble,
};
use crate::{config::schema::Cluster, model::text, source::probe::Failed};

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Namespaces in which it is asked what the credentials could do.
const NAMESPACES: usize = 10;

/// Questions at once.
const AT_ONCE: usize = 8;

/// A cluster that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The API server's address.
    pub server: String,
    /// Its release; empty where it does not say.
    pub version: String,
    /// When the credentials that a plugin issued end.
    pub expires: Option<Timestamp>,
    /// Where pods may be listed; the reason where they may not.
    pub pods: Result<Places, String>,
    /// Why nodes may not be listed.
    pub nodes: Result<(), String>,
    /// Why there are no measurements.
    pub metrics: Result<(), String>,
    /// What the credentials allow that changes or reveals; the reason where it could not be asked.
    pub beyond: Result<Vec<Beyond>, String>,
}

/// Where pods may be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Places {
    /// In the whole cluster.
    Cluster,
    /// In these namespaces, for people.
    Namespaces(String),
}

/// Something that the credentials allow and ronde does not need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// What: `exec into pods`.
    pub what: &'static str,
    /// In which namespaces of those that were asked for; none: in all of the cluster.
    pub namespaces: Option<Vec<String>>,
}

/// A right that is asked for.
struct Right {
    what: &'static str,
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    subresource: &'static str,
}

/// The rights that tell whether credentials only read.
const RIGHTS: [Right; 4] = [
    Right { what: "exec into pods", verb: "create", group: "", resource: "pods", subresource: "exec" },
    Right { what: "delete pods", verb: "delete", group: "", resource: "pods", subresource: "" },
    Right { what: "change deployments", verb: "patch", group: "apps", resource: "deployments", subresource: "" },
    Right { what: "read secrets", verb: "get", group: "", resource: "secrets", subresource: "" },
];

#[derive(Deserialize)]
struct Info {
    #[serde(default, rename = "gitVersion")]
    version: String,
}

#[derive(Deserialize)]
struct AccessReview {
    #[serde(default, deserialize_with = "nullable")]
    status: Access,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Access {
    allowed: bool,
}

/// The kubeconfig files that are read for a cluster, whether they are there or not.
pub fn files(cluster: &Cluster) -> Vec<PathBuf> {
    client::paths(cluster)
}

/// Asks the cluster, with the client that observes it. Every question has a limit of its own.
///
/// # Errors
/// When there are no credentials, or the server does not answer.
pub async fn probe(cluster: &Cluster) -> Result<Probed, Failed> {
    let connection = client::observer(cluster).await.map_err(|trouble| failed(&trouble, &cluster.name))?;
    let (client, server) = (connection.client, connection.server);
    let stop = |trouble: Trouble| failed(&trouble, &server);
    // First alone: where nothing answers, one line says so. Even who may see nothing may ask this, or is told why not.
    let version = match call::get_as::<Info>(&client, "/version", LIMIT).await {
        Ok(info) => text::name(&info.version).into_owned(),
        Err(Trouble::Forbidden(_) | Trouble::Absent(_) | Trouble::Garbled(_)) => String::new(),
        Err(trouble) => return Err(stop(trouble)),
    };
    let nodes = async {
        let answer = rights::may_list_kind(&client, Kind::Nodes, None).await;
        answer.map_err(|trouble| trouble.to_string())
    };
    let measured = async {
        let answer = call::get(&client, metrics::API, LIMIT).await;
        answer.map(drop).map_err(|trouble| match trouble {
            Trouble::Absent(_) => "it is not installed".to_owned(),
            other => other.to_string(),
        })
    };
    let reach = rights::reach(&client, &cluster.namespaces, &connection.namespace);
    let (reach, nodes, metrics) = tokio::join!(reach, nodes, measured);
    // `/version` is open to strangers: here the credentials count for the first time.
    if let Err(trouble @ (Trouble::Unauthorized(_) | Trouble::Unreachable(_) | Trouble::Slow(_))) = reach {
        return Err(stop(trouble));
    }
    let namespaces = asked_in(reach.as_ref().ok(), &connection.namespace);
    let beyond = beyond(&client, &namespaces).await.map_err(|trouble| trouble.to_string());
    let pods = match reach {
        Ok(reach) => Ok(reach.words().map_or(Places::Cluster, Places::Namespaces)),
        Err(trouble) => Err(trouble.to_string()),
    };
    Ok(Probed { server, version, expires: connection.expires, pods, nodes, metrics, beyond })
}

fn failed(trouble: &Trouble, server: &str) -> Failed {
    let silent = matches!(trouble, Trouble::Unreachable(_) | Trouble::Slow(_) | Trouble::Status(..));
    Failed { silent, line: trouble.line(server) }
}

/// The namespaces in which rights are asked for: some of those that may be seen, and the context's own.
fn asked_in(reach: Option<&Reach>, own: &str) -> Vec<String> {
    let seen = match reach {
        Some(Reach::Namespaces(names, _)) => &names[..],
        _ => &[],
    };
    let own = Some(own.to_owned()).filter(|name| rights::is_name(name));
    let names: BTreeSet<String> = seen.iter().take(NAMESPACES).map(ToString::to_string).chain(own).collect();
    names.into_iter().collect()
}

/// What is allowed of [`RIGHTS`]: everywhere, else in some of these namespaces.
async fn beyond(client: &Client, namespaces: &[String]) -> Result<Vec<Beyond>, Trouble> {
    let places: Vec<Option<&String>> = std::iter::once(None).chain(namespaces.iter().map(Some)).collect();
    let questions: Vec<_> = RIGHTS
        .iter()
        .flat_map(|right| places.iter().map(move |place| (right, *place)))
        .map(|(right, place)| async move {
            let allowed = is_allowed(client, right, place.map(String::as_str)).await?;
            Ok::<_, Trouble>((right.what, place.cloned(), allowed))
        })
        .collect();
    let answers: Vec<Result<_, Trouble>> = stream::iter(questions).buffered(AT_ONCE).collect().await;
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(summed(&answers))
}

/// Answers of one right after the other, each first for the whole cluster, as what they amount to.
fn summed(answers: &[(&'static str, Option<String>, bool)]) -> Vec<Beyond> {
    let mut beyond: Vec<Beyond> = Vec::new();
    for (what, place, _) in answers.iter().filter(|(.., allowed)| *allowed) {
        match (beyond.last_mut().filter(|last| last.what == *what), place) {
            (Some(Beyond { namespaces: None, .. }), _) => {}
            (Some(Beyond { namespaces: Some(names), .. }), Some(place)) => names.push(place.clone()),
            (_, place) => beyond.push(Beyond { what, namespaces: place.clone().map(|place| vec![place]) }),
        }
    }
    beyond
}

async fn is_allowed(client: &Client, right: &Right, namespace: Option<&str>) -> Result<bool, Trouble> {
    let body = serde_json::json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            // Without a namespace the question is about all of them.
            "namespace": namespace.unwrap_or_default(),
            "verb": right.verb,
            "group": right.group,
            "resource": right.resource,
            "subresource": right.subresource,
        }}
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    call::review::<AccessReview>(client, path, &body, LIMIT).await.map(|review| review.status.allowed)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_allowed_everywhere_names_no_namespace() {
        let answer = |what, place: Option<&str>, allowed| (what, place.map(str::to_owned), allowed);
        let answers = [
            answer("exec into pods", None, true),
            answer("exec into pods", Some("a"), true),
            answer("delete pods", None, false),
            answer("delete pods", Some("a"), true),
            answer("delete pods", Some("b"), true),
            answer("read secrets", None, false),
            answer("read secrets", Some("a"), false),
        ];
        let expected = [
            Beyond { what: "exec into pods", namespaces: None },
            Beyond { what: "delete pods", namespaces: Some(vec!["a".into(), "b".into()]) },
        ];
        assert_eq!(summed(&answers), expected);
    }

    #[test]
    fn few_namespaces_are_asked_for_and_the_contexts_is_among_them() {
        let names: Vec<Arc<str>> = (0..40).map(|n| format!("n{n:02}").into()).collect();
        let asked = asked_in(Some(&Reach::Namespaces(names, 0)), "z-own");
        assert_eq!((asked.len(), asked.last().map(String::as_str)), (NAMESPACES + 1, Some("z-own")));
        assert_eq!(asked_in(Some(&Reach::Cluster), "default"), ["default"]);
        assert!(asked_in(None, "a/b").is_empty(), "no name");
    }

    #[test]
    fn every_question_may_be_asked_by_who_only_observes() {
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let headers = http::HeaderMap::new();
        assert!(super::super::allow::check(&http::Method::POST, path, &headers).is_ok());
        assert!(super::super::allow::check(&http::Method::GET, metrics::API, &headers).is_ok());
    }
}
