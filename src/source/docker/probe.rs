//! One question to an engine, for `ronde doctor`: is it there, what is it, who may open it. Knows no check's words.

use std::os::unix::fs::{FileTypeExt, MetadataExt};

use serde::Deserialize;

use super::{client::Client, endpoint, endpoint::Endpoint, environment::Environment};
use crate::{
    config::schema::Engine,
    model::{health::State, text},
    source::probe::Failed,
};

/// An engine that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// Its socket or address.
    pub place: String,
    /// `Docker` or `Podman`.
    pub product: &'static str,
    /// Its release.
    pub version: String,
    /// The newest API version it speaks, and the oldest; empty where it does not say.
    pub api: (String, String),
    /// Who may open the way to it.
    pub door: Door,
}

/// Who may open the way to an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The owner and the group of its socket.
    Group,
    /// Everybody on this machine: its socket's mode says so.
    Everybody,
    /// Who has a certificate.
    Certificate,
    /// Whoever reaches its port: no TLS.
    Network,
}

/// What `/version` answers, as far as it is told.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Version {
    #[serde(rename = "Version")]
    release: String,
    #[serde(rename = "ApiVersion")]
    newest: String,
    #[serde(rename = "MinAPIVersion")]
    oldest: String,
    components: Option<Vec<Component>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Component {
    name: String,
}

/// Asks the engine once, with the client that observes it. Takes as long as the client lets it.
///
/// # Errors
/// When its address is wrong or it does not answer.
pub async fn probe(engine: &Engine) -> Result<Probed, Failed> {
    let mend = |line: String| Failed { silent: false, line };
    let engine = engine.clone();
    let resolved = tokio::task::spawn_blocking(move || {
        endpoint::resolve(&engine, &Environment::of_process()).map(|endpoint| (door(&endpoint), endpoint))
    });
    let (door, endpoint) =
        resolved.await.map_err(|error| mend(error.to_string()))?.map_err(|error| mend(error.to_string()))?;
    let client = Client::new(endpoint);
    let failed =
        |error: super::error::Error| Failed { silent: error.state() == State::Unreachable, line: error.to_string() };
    // A frozen engine takes the connection; its silence is known sooner by this.
    client.ping().await.map_err(failed)?;
    let version = client.get::<Version>("/version", &[]).await.map_err(failed)?;
    Ok(told(&version, client.endpoint().place(), door))
}

fn told(version: &Version, place: String, door: Door) -> Probed {
    let word = |text: &str| text::name(text).into_owned();
    let is_podman = version.components.iter().flatten().any(|component| component.name.starts_with("Podman"));
    Probed {
        place,
        product: if is_podman { "Podman" } else { "Docker" },
        version: word(&version.release),
        api: (word(&version.newest), word(&version.oldest)),
        door,
    }
}

fn door(endpoint: &Endpoint) -> Door {
    match endpoint {
        Endpoint::Unix(path) => {
            let found = std::fs::metadata(path);
            let is_open = found.is_ok_and(|found| found.file_type().is_socket() && found.mode() & 0o002 != 0);
            if is_open { Door::Everybody } else { Door::Group }
        }
        Endpoint::Tcp { tls: Some(_), .. } => Door::Certificate,
        Endpoint::Tcp { tls: None, .. } => Door::Network,
        Endpoint::Behind(_) => Door::Group,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn podman_is_told_from_docker_and_words_are_inert() {
        let docker = r#"{"Version":"24.0.7","ApiVersion":"1.43","MinAPIVersion":"1.12","Components":[{"Name":"Engine"},{"Name":"containerd"}]}"#;
        let docker = told(&serde_json::from_str(docker).unwrap(), "p".into(), Door::Group);
        assert_eq!((docker.product, &*docker.version), ("Docker", "24.0.7"));
        assert_eq!(docker.api, ("1.43".into(), "1.12".into()));
        let podman = r#"{"Version":"5\u001b[31m","ApiVersion":"1.41","Components":[{"Name":"Podman Engine"}]}"#;
        let podman = told(&serde_json::from_str(podman).unwrap(), "p".into(), Door::Group);
        assert_eq!((podman.product, podman.version.contains('\u{1b}')), ("Podman", false));
        let bare = told(&serde_json::from_str(r#"{"Components":null}"#).unwrap(), "p".into(), Door::Group);
        assert_eq!((bare.product, &*bare.version), ("Docker", ""));
    }

    #[test]
    fn a_socket_that_everybody_may_open_is_seen() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("docker.sock");
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        for (mode, expected) in [(0o660, Door::Group), (0o666, Door::Everybody)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(door(&Endpoint::Unix(path.clone())), expected, "{mode:o}");
        }
        assert_eq!(door(&Endpoint::Tcp { host: "h".into(), port: 2375, tls: None }), Door::Network);
    }
}
