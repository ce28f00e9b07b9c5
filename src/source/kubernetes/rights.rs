//! How much of a cluster may be seen: all of it, some namespaces, or nothing.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use kube::Client;
use serde::Deserialize;

use super::{
    call,
    kind::Kind,
    slim::{Meta, Version, nullable},
    trouble::Trouble,
    watch::escaped,
};

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Namespaces that are watched one by one; each takes several connections.
pub(crate) const NAMESPACES: usize = 50;

/// Namespaces of which it is asked whether they may be seen.
const CANDIDATES: usize = 1000;

/// What is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Everything.
    Cluster,
    /// These, one by one; and how many more there are.
    Namespaces(Vec<Arc<str>>, usize),
}

impl Reach {
    /// The namespaces to list in; all at once is one without a name.
    pub(crate) fn places(&self) -> Vec<Option<Arc<str>>> {
        match self {
            Self::Cluster => vec![None],
            Self::Namespaces(names, _) => names.iter().cloned().map(Some).collect(),
        }
    }

    /// The namespaces, for people.
    pub(crate) fn words(&self) -> Option<String> {
        match self {
            Self::Cluster => None,
            Self::Namespaces(names, more) => {
                let mut words = names.iter().take(5).map(|name| &**name).collect::<Vec<_>>().join(", ");
                let hidden = names.len().saturating_sub(5);
                if hidden > 0 {
                    words = format!("{words} and {hidden} more");
                }
                if *more > 0 {
                    words = format!("{words} ({more} others are too many to watch; set `namespaces`)");
                }
                Some(words)
            }
        }
    }
}

#[derive(Deserialize)]
struct NamespaceList {
    #[serde(default)]
    metadata: Version,
    #[serde(default, deserialize_with = "nullable")]
    items: Vec<Namespace>,
}

#[derive(Deserialize)]
struct Namespace {
    metadata: Meta,
}

#[derive(Deserialize)]
struct RulesReview {
    #[serde(default, deserialize_with = "nullable")]
    status: Rules,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rules {
    #[serde(deserialize_with = "nullable")]
    resource_rules: Vec<Rule>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    #[serde(deserialize_with = "nullable")]
    resources: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    resource_names: Vec<String>,
}

/// Finds out what may be seen. `configured` namespaces are taken as the wish; else the whole cluster is tried, then each
/// namespace that can be found.
pub(crate) async fn reach(client: &Client, configured: &[String], context: &str) -> Result<Reach, Trouble> {
    let candidates = if configured.is_empty() {
        match may_list(client, None).await {
            Ok(()) => return Ok(Reach::Cluster),
            Err(Trouble::Forbidden(_)) => candidates(client, context).await?,
            Err(trouble) => return Err(trouble),
        }
    } else {
        configured.iter().filter(|name| is_name(name)).cloned().collect()
    };
    let checks: Vec<_> = candidates
        .into_iter()
        .take(CANDIDATES)
        .map(|name| {
            let client = client.clone();
            async move {
                let answer = may_list(&client, Some(&name)).await;
                (name, answer)
            }
        })
        .collect();
    let mut checks = stream::iter(checks).buffered(8);
    let (mut allowed, mut denied) = (Vec::new(), None);
    while let Some((name, result)) = checks.next().await {
        match result {
            Ok(()) => allowed.push(Arc::from(&*name)),
            Err(Trouble::Forbidden(why)) => denied = Some(why),
            Err(trouble) => return Err(trouble),
        }
    }
    if allowed.is_empty() {
        return Err(Trouble::Forbidden(denied.unwrap_or_else(|| "no namespace may be listed".to_owned())));
    }
    let more = allowed.len().saturating_sub(NAMESPACES);
    allowed.truncate(NAMESPACES);
    Ok(Reach::Namespaces(allowed, more))
}

/// Whether pods may be listed, everywhere or in a namespace.
pub(crate) async fn may_list(client: &Client, namespace: Option<&str>) -> Result<(), Trouble> {
    may_list_kind(client, Kind::Pods, namespace).await
}

/// Whether objects of a kind may be listed: a list of one.
pub(crate) async fn may_list_kind(client: &Client, kind: Kind, namespace: Option<&str>) -> Result<(), Trouble> {
    call::get(client, &format!("{}?limit=1", kind.path(namespace)), LIMIT).await.map(|_| ())
}

/// Namespaces that might be seen: all, when they can be listed; else the context's and those that the rules name.
async fn candidates(client: &Client, context: &str) -> Result<Vec<String>, Trouble> {
    match namespaces(client).await {
        Ok(names) => return Ok(names),
        Err(Trouble::Forbidden(_)) => {}
        Err(trouble) => return Err(trouble),
    }
    let mut names = BTreeSet::from([context.to_owned()]);
    let body = serde_json::json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": context}
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    // Without an answer the context's own namespace is what there is to try.
    if let Ok(review) = call::review::<RulesReview>(client, path, &body, LIMIT).await {
        let rules = review.status.resource_rules.into_iter();
        names.extend(
            rules
                .filter(|rule| rule.resources.iter().any(|name| name == "namespaces"))
                .flat_map(|rule| rule.resource_names),
        );
    }
    Ok(names.into_iter().filter(|name| is_name(name)).collect())
}

async fn namespaces(client: &Client) -> Result<Vec<String>, Trouble> {
    let (mut names, mut more) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/namespaces?limit=500&continue={}", escaped(&more));
        let page: NamespaceList = call::get_as(client, &path, LIMIT).await?;
        names.extend(page.items.into_iter().map(|item| item.metadata.name.to_string()).filter(|name| is_name(name)));
        match page.metadata.more {
            Some(next) if !next.is_empty() && names.len() < CANDIDATES => more = next,
            _ => return Ok(names),
        }
    }
}

/// Whether a name may stand in a path.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && !matches!(name, "." | "..")
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_namespaces_are_said_shortly() {
        let names: Vec<Arc<str>> = (0..7).map(|n| Arc::from(format!("n{n}"))).collect();
        assert_eq!(Reach::Namespaces(names[..2].to_vec(), 0).words().as_deref(), Some("n0, n1"));
        let words = Reach::Namespaces(names, 3).words().unwrap();
        assert!(words.starts_with("n0, n1, n2, n3, n4 and 2 more (3 others"), "{words}");
        assert_eq!(Reach::Cluster.words(), None);
    }

    #[test]
    fn names_that_would_leave_their_place_in_a_path_are_refused() {
        for (name, good) in [
            ("mw-web", true),
            ("system:node", true),
            ("", false),
            ("..", false),
            ("a/b", false),
            ("a?b", false),
            ("a%2f", false),
        ] {
            assert_eq!(is_name(name), good, "{name:?}");
        }
    }
}
