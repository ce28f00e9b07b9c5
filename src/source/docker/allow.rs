//! The only requests that observing an engine may make, by method and exact path. Everything else is refused before
//! it leaves this machine. Knows no connection; [`super::client`] asks it about every request.

use http::{HeaderMap, Method, header};

/// Paths that may be read as they are.
const PLAIN: &[&[&str]] =
    &[&["containers", "json"], &["images", "json"], &["events"], &["version"], &["info"], &["_ping"]];

/// What may be read of one container.
const OF_CONTAINER: &[&str] = &["json", "stats", "logs", "top"];

/// A request that observing may not make.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("refused by ronde, not sent: {method} {path} is not among the requests that only observe{why}")]
pub(super) struct Refusal {
    method: Method,
    path: String,
    why: &'static str,
}

/// Whether the request may be sent.
///
/// # Errors
/// A [`Refusal`] that names the request, when it may not.
pub(super) fn check(method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    let refuse = |why| Err(Refusal { method: method.clone(), path: crate::model::text::name(path).into_owned(), why });
    if headers.contains_key(header::UPGRADE) || headers.get_all(header::CONNECTION).iter().any(names_upgrade) {
        return refuse(" (it asks for an upgrade of the connection)");
    }
    if *method != Method::GET && !(*method == Method::HEAD && path == "/_ping") {
        return refuse("");
    }
    if is_allowed(path) { Ok(()) } else { refuse("") }
}

fn names_upgrade(value: &http::HeaderValue) -> bool {
    value.as_bytes().to_ascii_lowercase().windows(7).any(|word| word == b"upgrade")
}

fn is_allowed(path: &str) -> bool {
    let Some(path) = path.strip_prefix('/') else { return false };
    let mut segments: Vec<&str> = path.split('/').collect();
    if segments.first().is_some_and(|first| is_version(first)) {
        segments.remove(0);
    }
    match segments[..] {
        ["containers", id, what] if OF_CONTAINER.contains(&what) => is_id(id),
        _ => PLAIN.contains(&&segments[..]),
    }
}

/// `v1.41`.
fn is_version(segment: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    segment
        .strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(major, minor)| digits(major) && digits(minor))
}

/// A container's id or name as the engine allows them: no separator, no escape, no dots alone.
pub(super) fn is_id(id: &str) -> bool {
    id.len() <= 256
        && id.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allowed(method: &Method, path: &str) -> bool {
        check(method, path, &HeaderMap::new()).is_ok()
    }

    #[test]
    fn what_observes_is_allowed() {
        for path in [
            "/_ping",
            "/version",
            "/info",
            "/events",
            "/containers/json",
            "/images/json",
            "/containers/4f1c/json",
            "/containers/web-1/stats",
            "/containers/web_1.a/logs",
            "/containers/4f1c/top",
        ] {
            assert!(allowed(&Method::GET, path), "{path}");
            assert!(allowed(&Method::GET, &format!("/v1.41{path}")), "/v1.41{path}");
        }
        assert!(allowed(&Method::HEAD, "/_ping"));
    }

    #[test]
    fn everything_else_is_refused() {
        for (method, path) in [
            (Method::POST, "/containers/json"),
            (Method::POST, "/containers/4f1c/stop"),
            (Method::DELETE, "/containers/4f1c"),
            (Method::PUT, "/containers/4f1c/archive"),
            (Method::GET, "/containers/4f1c/archive"),
            (Method::HEAD, "/info"),
            (Method::GET, "/containers/4f1c/attach/ws"),
            (Method::GET, "/containers/4f1c/export"),
            (Method::GET, "/containers/4f1c"),
            (Method::GET, "/containers/../json"),
            (Method::GET, "/containers/%2e%2e/json"),
            (Method::GET, "/containers//json"),
            (Method::GET, "/images/get"),
            (Method::GET, "/secrets"),
            (Method::GET, "/v1.41/v1.41/info"),
            (Method::GET, "//info"),
            (Method::GET, "/info/"),
            (Method::GET, "info"),
            (Method::GET, ""),
            (Method::GET, "/v1.x/info"),
            (Method::GET, "/V1.41/info"),
            (Method::GET, "/exec/4f1c/json"),
            (Method::GET, "/distribution/busybox/json"),
            (Method::POST, "/_ping"),
            (Method::from_bytes(b"get").expect("a token"), "/info"),
        ] {
            assert!(!allowed(&method, path), "{method} {path}");
        }
        let refusal = check(&Method::POST, "/containers/4f1c/kill", &HeaderMap::new()).expect_err("a refusal");
        assert_eq!(
            refusal.to_string(),
            "refused by ronde, not sent: POST /containers/4f1c/kill is not among the requests that only observe"
        );
    }

    #[test]
    fn nothing_may_upgrade_the_connection() {
        for (name, value) in [("upgrade", "tcp"), ("connection", "Upgrade"), ("connection", "keep-alive, UPGRADE")] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a header"));
            assert!(check(&Method::GET, "/info", &headers).is_err(), "{name}: {value}");
        }
    }

    proptest! {
        #[test]
        fn only_get_on_a_known_last_segment_passes(
            method in prop::sample::select(vec![Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD]),
            path in "(/v1\\.[0-9]{1,2})?(/[a-z0-9_.%-]{0,12}){0,4}",
        ) {
            if allowed(&method, &path) {
                let last = path.rsplit('/').next().unwrap_or("");
                prop_assert!(["json", "stats", "logs", "top", "events", "version", "info", "_ping"].contains(&last));
                prop_assert!(method == Method::GET || last == "_ping");
                prop_assert!(!path.contains('%') && !path.contains("//"));
            }
        }

        #[test]
        fn no_path_makes_it_panic(path in any::<String>()) {
            let _ = allowed(&Method::GET, &path);
        }
    }
}
