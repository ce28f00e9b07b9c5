//! What a client that only observes may send: an allow-list, judged on the request itself, before anything leaves.
//!
//! Verbs alone do not suffice: `exec`, `attach`, `portforward` and `proxy` are GET requests too.

use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{HeaderMap, Method, Request};
use kube::client::Body;
use tower::{BoxError, Layer, Service};

/// A request that the allow-list does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused: {method} {path} is not among the requests that only observe")]
pub(crate) struct Refused {
    /// The request's method.
    pub(crate) method: Method,
    /// The request's path.
    pub(crate) path: String,
}

/// Reviews of one's own rights; they create nothing.
const REVIEWS: [&str; 2] =
    ["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"];

/// Paths outside the API's resources.
const PLAIN: [&str; 5] = ["/version", "/readyz", "/livez", "/api", "/apis"];

/// Whether a request only observes.
pub(crate) fn check(method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Refused> {
    let refused = || Refused { method: method.clone(), path: path.to_owned() };
    let asks_upgrade =
        headers.keys().any(|name| *name == http::header::UPGRADE || name.as_str().starts_with("sec-websocket"))
            || headers
                .get_all(http::header::CONNECTION)
                .iter()
                .any(|value| value.to_str().map_or(true, |value| value.to_ascii_lowercase().contains("upgrade")));
    let allowed = !asks_upgrade
        && match *method {
            Method::GET => PLAIN.contains(&path) || is_read(path),
            Method::POST => REVIEWS.contains(&path),
            _ => false,
        };
    if allowed { Ok(()) } else { Err(refused()) }
}

/// Whether a GET of this path reads a list, an object or one of the harmless subresources, or discovers.
fn is_read(path: &str) -> bool {
    let plain = |segment: &str| {
        // No escapes, no empty or climbing segment: what we judge is what the server sees.
        !segment.is_empty()
            && !matches!(segment, "." | "..")
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'))
    };
    let Some(rest) = path.strip_prefix('/') else { return false };
    let segments: Vec<&str> = rest.split('/').collect();
    if segments.len() > 10 || !segments.iter().all(|segment| plain(segment)) {
        return false;
    }
    match segments.as_slice() {
        ["api" | "apis", _] | ["apis", _, _] => true,
        ["api", _, resource @ ..] | ["apis", _, _, resource @ ..] => is_resource(resource),
        _ => false,
    }
}

/// Whether the path below the version names something that may be read.
fn is_resource(path: &[&str]) -> bool {
    match *path {
        // `namespaces/a` is the object, `namespaces/a/status` its subresource, `namespaces/a/pods` a list in it.
        ["namespaces"] | ["namespaces", _] => true,
        ["namespaces", _, "finalize"] => false,
        ["namespaces", _, ref below @ ..] | ref below => is_below(below),
    }
}

/// Whether a list, an object or a subresource, as it is named in a namespace or outside of one, may be read.
fn is_below(path: &[&str]) -> bool {
    match *path {
        ["secrets" | "watch" | "proxy" | "redirect", ..] => false,
        [_] | [_, _] => true,
        [resource, _, subresource] => is_subresource(resource, subresource),
        _ => false,
    }
}

fn is_subresource(resource: &str, subresource: &str) -> bool {
    matches!((resource, subresource), ("pods", "log") | (_, "status" | "scale"))
}

/// A layer that lets only observing requests through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReadOnly;

impl<S> Layer<S> for ReadOnly {
    type Service = Guarded<S>;
    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner }
    }
}

/// A service behind [`ReadOnly`].
#[derive(Clone, Debug)]
pub(crate) struct Guarded<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if let Err(refused) = check(request.method(), request.uri().path(), request.headers()) {
            return Box::pin(async { Err(refused.into()) });
        }
        let answer = self.inner.call(request);
        Box::pin(async { answer.await.map_err(Into::into) })
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};
    use proptest::prelude::*;

    use super::*;

    fn get(path: &str) -> bool {
        check(&Method::GET, path, &HeaderMap::new()).is_ok()
    }

    #[test]
    fn what_observes_passes() {
        for path in [
            "/version",
            "/readyz",
            "/livez",
            "/api",
            "/apis",
            "/api/v1",
            "/apis/apps/v1",
            "/api/v1/pods",
            "/api/v1/nodes/node1",
            "/api/v1/nodes/node1/status",
            "/api/v1/namespaces",
            "/api/v1/namespaces/mw-web",
            "/api/v1/namespaces/mw-web/status",
            "/api/v1/namespaces/mw-web/pods",
            "/api/v1/namespaces/mw-web/pods/web-1",
            "/api/v1/namespaces/mw-web/pods/web-1/log",
            "/api/v1/namespaces/mw-web/pods/web-1/status",
            "/apis/apps/v1/namespaces/mw-web/deployments/web/scale",
            "/apis/batch/v1/cronjobs",
            "/apis/metrics.k8s.io/v1beta1/pods",
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
        ] {
            assert!(get(path), "{path}");
        }
        for path in REVIEWS {
            assert!(check(&Method::POST, path, &HeaderMap::new()).is_ok(), "{path}");
        }
    }

    #[test]
    fn what_acts_or_tells_secrets_does_not() {
        for path in [
            "",
            "/",
            "/api/v1/",
            "/metrics",
            "/debug/pprof/profile",
            "/logs/kube-apiserver.log",
            "/openapi/v3",
            "/api/v1/secrets",
            "/api/v1/namespaces/mw-web/secrets",
            "/api/v1/namespaces/mw-web/secrets/db",
            "/api/v1/watch/secrets",
            "/api/v1/watch/namespaces/mw-web/secrets",
            "/api/v1/proxy/nodes/node1",
            "/api/v1/namespaces/mw-web/pods/web-1/exec",
            "/api/v1/namespaces/mw-web/pods/web-1/attach",
            "/api/v1/namespaces/mw-web/pods/web-1/portforward",
            "/api/v1/namespaces/mw-web/pods/web-1/proxy",
            "/api/v1/namespaces/mw-web/pods/web-1/proxy/metrics",
            "/api/v1/namespaces/mw-web/services/web/proxy/",
            "/api/v1/namespaces/mw-web/finalize",
            "/api/v1/nodes/node1/proxy/exec/mw-web/web-1/php",
            "/api/v1/nodes/node1/log",
            "/api/v1/namespaces/mw-web/pods/..%2f..%2fsecrets",
            "/api/v1/namespaces/mw-web/pods/../secrets",
            "/api/v1//namespaces/mw-web/secrets",
            "/api/v1/namespaces/mw-web/%73ecrets",
            "/apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachineinstances/vm/console",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/x/y/z",
        ] {
            assert!(!get(path), "{path}");
        }
    }

    #[test]
    fn no_verb_that_changes_passes() {
        for method in
            [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::CONNECT, Method::OPTIONS]
        {
            for path in
                ["/api/v1/pods", "/api/v1/namespaces/a/pods/b", "/api/v1/namespaces/a/pods/b/eviction", "/version"]
            {
                assert!(check(&method, path, &HeaderMap::new()).is_err(), "{method} {path}");
            }
        }
        assert!(check(&Method::POST, "/apis/authorization.k8s.io/v1/subjectaccessreviews", &HeaderMap::new()).is_err());
    }

    #[test]
    fn an_upgrade_is_refused_wherever_it_is_asked_for() {
        for (name, value) in [
            (header::UPGRADE, "websocket"),
            (header::UPGRADE, "SPDY/3.1"),
            (header::CONNECTION, "keep-alive, Upgrade"),
            (header::SEC_WEBSOCKET_KEY, "x"),
            (header::SEC_WEBSOCKET_PROTOCOL, "v5.channel.k8s.io"),
        ] {
            let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(value))]);
            assert!(check(&Method::GET, "/api/v1/namespaces/a/pods/b/log", &headers).is_err(), "{name}: {value}");
        }
    }

    #[tokio::test]
    async fn a_refused_request_never_reaches_the_service_behind() {
        let behind = tower::service_fn(|_: Request<Body>| async { Err::<(), BoxError>("reached".into()) });
        let mut guarded = ReadOnly.layer(behind);
        let request = Request::delete("/api/v1/namespaces/a/pods/b").body(Body::empty()).unwrap();
        let error = guarded.call(request).await.unwrap_err();
        assert!(error.downcast_ref::<Refused>().is_some(), "{error}");
        let request = Request::get("/api/v1/pods?limit=1").body(Body::empty()).unwrap();
        assert_eq!(guarded.call(request).await.unwrap_err().to_string(), "reached");
    }

    proptest! {
        #[test]
        fn no_path_with_a_dangerous_word_passes(
            before in prop::collection::vec("[a-z0-9.%/]{0,8}", 0..6),
            word in "(exec|attach|portforward|proxy|secrets|eviction|ephemeralcontainers|token)",
            after in prop::collection::vec("[a-z0-9.%/]{0,8}", 0..3),
        ) {
            // The word as a subresource, or `secrets` as a resource; elsewhere it is a name.
            let path = ["/api/v1/namespaces/a/pods/b", &word].into_iter().chain(after.iter().map(String::as_str)).collect::<Vec<_>>().join("/");
            prop_assert!(!get(&path), "{}", path);
            let path = format!("/api/v1/namespaces/{}/secrets", before.join("-").replace(['/', '%'], ""));
            prop_assert!(!get(&path), "{}", path);
        }

        #[test]
        fn only_get_and_the_two_reviews_ever_pass(method in "(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|TRACE|CONNECT)", path in "[/a-z0-9.:%-]{0,60}") {
            let method: Method = method.parse().unwrap();
            if check(&method, &path, &HeaderMap::new()).is_ok() {
                prop_assert!(method == Method::GET || (method == Method::POST && REVIEWS.contains(&path.as_str())));
            }
        }
    }
}
