//! A client for a configured cluster: finds the kubeconfig, asks for credentials, and wraps all in the allow-list.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use kube::{
    Client, Config,
    client::ClientBuilder,
    config::{KubeConfigOptions, Kubeconfig as File, KubeconfigError},
};
use tokio::time::timeout;

use super::{
    allow::ReadOnly,
    child, credential,
    ending::{self, Ending},
    trouble::Trouble,
};
use crate::config::schema::{Cluster, Kubeconfig};

/// How long reading files may take: a home directory on a network may hang.
const FILES: Duration = Duration::from_secs(10);

/// How long a command may take to print a kubeconfig.
const COMMAND: Duration = Duration::from_secs(30);

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A way to an API server.
pub(crate) struct Connection {
    /// The client, which can only observe.
    pub(crate) client: Client,
    /// The server's address, for messages.
    pub(crate) server: String,
    /// The namespace of the kubeconfig's context.
    pub(crate) namespace: String,
    /// When the credentials that a plugin issued end.
    pub(crate) expires: Option<Timestamp>,
    /// What the credentials themselves say of their end.
    pub(crate) ending: Option<Ending>,
    /// A program of the user's runs to make it: not to be repeated every few seconds.
    pub(crate) runs_program: bool,
}

/// Makes a client that can only observe. It has not connected yet.
pub(crate) async fn observer(cluster: &Cluster) -> Result<Connection, Trouble> {
    let Configuration { config, expires, ending, runs_program } = configuration(cluster).await?;
    let (server, namespace) = (server_of(&config), config.default_namespace.clone());
    let builder = ClientBuilder::try_from(config).map_err(|error| match error {
        kube::Error::Auth(error) => Trouble::NeedsLogin(format!("credentials of {server}: {error}")),
        error => Trouble::Configuration(format!("kubeconfig of {}: {error}", cluster.name)),
    })?;
    let client = builder.with_layer(&ReadOnly).build();
    Ok(Connection { client, server, namespace, expires, ending, runs_program })
}

/// The client's configuration, with credentials in place of plugins.
struct Configuration {
    config: Config,
    expires: Option<Timestamp>,
    ending: Option<Ending>,
    runs_program: bool,
}

async fn configuration(cluster: &Cluster) -> Result<Configuration, Trouble> {
    let file = file(cluster).await?;
    let options = KubeConfigOptions { context: cluster.context.clone(), ..KubeConfigOptions::default() };
    let wrong = |error: KubeconfigError| Trouble::Configuration(format!("kubeconfig of {}: {error}", cluster.name));
    let mut config = Config::from_custom_kubeconfig(file, &options).await.map_err(wrong)?;
    let has_plugin = config.auth_info.exec.is_some();
    let runs_program = has_plugin || matches!(cluster.kubeconfig, Some(Kubeconfig::Command { .. }));
    let expires = credential::issue(&mut config.auth_info).await?;
    let credentials = config.auth_info.clone();
    let ending = timeout(FILES, tokio::task::spawn_blocking(move || ending::of(&credentials))).await;
    // That the end is not known is no reason to stop: whoever connects meets the same file.
    let ending = ending.ok().and_then(Result::ok).flatten();
    let ending = ending.map(|ending| if has_plugin { ending.renewed() } else { ending });
    config.connect_timeout = Some(CONNECT);
    // Waiting and trying again is decided here, where it shows in the source's state.
    config.default_retry = false;
    Ok(Configuration { config, expires, ending, runs_program })
}

async fn file(cluster: &Cluster) -> Result<File, Trouble> {
    let name = &cluster.name;
    if let Some(Kubeconfig::Command { command }) = &cluster.kubeconfig {
        let Some((program, arguments)) = command.split_first() else {
            return Err(Trouble::Configuration(format!("cluster {name}: the kubeconfig command is empty")));
        };
        let output = child::output(program, arguments, &[], COMMAND).await.map_err(|failed| {
            Trouble::NeedsLogin(format!("cluster {name}: kubeconfig command `{program}` {failed}; run it by hand"))
        })?;
        return File::from_yaml(&String::from_utf8_lossy(&output))
            // The parser's message may quote the text, and with it a token.
            .map_err(|_| Trouble::Configuration(format!("cluster {name}: `{program}` printed no kubeconfig")));
    }
    let paths = paths(cluster);
    let named = cluster.kubeconfig.is_some();
    let read = tokio::task::spawn_blocking(move || read(&paths, named));
    match timeout(FILES, read).await {
        Ok(Ok(Ok(file))) => Ok(file),
        Ok(Ok(Err(why))) => Err(Trouble::Configuration(format!("cluster {name}: {why}"))),
        Ok(Err(error)) => Err(Trouble::Configuration(format!("cluster {name}: {error}"))),
        Err(_) => {
            Err(Trouble::Configuration(format!("cluster {name}: reading the kubeconfig hangs; is its disk there?")))
        }
    }
}

/// Reads and merges kubeconfigs; the first to say something wins. As kubectl does, one of a list may be absent.
fn read(paths: &[PathBuf], all_must_exist: bool) -> Result<File, String> {
    let mut merged: Option<File> = None;
    for path in paths {
        let file = match File::read_from(path) {
            Ok(file) => file,
            Err(KubeconfigError::ReadConfig(error, _))
                if error.kind() == std::io::ErrorKind::NotFound && !all_must_exist =>
            {
                continue;
            }
            Err(KubeconfigError::ReadConfig(error, _)) => {
                return Err(format!("cannot read {}: {error}", path.display()));
            }
            // The parser's message may quote the text, and with it a token.
            Err(KubeconfigError::Parse(_)) => {
                return Err(format!("{} is no kubeconfig: not valid YAML", path.display()));
            }
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        merged = Some(match merged {
            None => file,
            Some(merged) => merged.merge(file).map_err(|error| format!("{}: {error}", path.display()))?,
        });
    }
    let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    merged.ok_or_else(|| format!("no kubeconfig at {}; set `kubeconfig` for it", shown.join(", ")))
}

/// The files to read; none when a command prints the kubeconfig.
pub(crate) fn paths(cluster: &Cluster) -> Vec<PathBuf> {
    match &cluster.kubeconfig {
        Some(Kubeconfig::Path(path)) => vec![expanded(path)],
        Some(Kubeconfig::Command { .. }) => Vec::new(),
        None => usual_paths(),
    }
}

/// Where kubectl looks.
fn usual_paths() -> Vec<PathBuf> {
    let listed: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
        .map(|list| std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    if listed.is_empty() { vec![expanded(Path::new("~/.kube/config"))] } else { listed }
}

/// The path with `~` as the home directory.
fn expanded(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), etcetera::home_dir()) {
        (Ok(rest), Ok(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

fn server_of(config: &Config) -> String {
    let url = &config.cluster_url;
    // Without what a URL may carry before the `@`.
    let authority = url.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{}://{host}", url.scheme_str().unwrap_or("https"))
}

/// A cluster for each context of the user's kubeconfigs, named as the context. Nothing when there is none.
pub fn discover() -> Vec<Cluster> {
    contexts(&usual_paths())
}

fn contexts(paths: &[PathBuf]) -> Vec<Cluster> {
    let Ok(file) = read(paths, false) else { return Vec::new() };
    let mut found: Vec<Cluster> = Vec::new();
    for context in file.contexts.iter().filter(|context| context.context.is_some()) {
        if found.iter().all(|known| known.name != context.name) {
            found.push(Cluster {
                name: context.name.clone(),
                context: Some(context.name.clone()),
                ..Cluster::default()
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kubeconfig(dir: &Path, name: &str, contexts: &[&str], token: &str) -> PathBuf {
        let path = dir.join(name);
        let list: Vec<String> = contexts
            .iter()
            .map(|context| {
                format!("- {{name: {context}, context: {{cluster: c-{name}, user: u-{name}, namespace: {name}}}}}\n")
            })
            .collect();
        let list = list.concat();
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- {{name: c-{name}, cluster: {{server: 'https://{name}.example.org:6443'}}}}\n\
             users:\n- {{name: u-{name}, user: {{token: {token}}}}}\ncontexts:\n{list}current-context: {}\n",
            contexts[0]
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn contexts_of_several_files_are_found_once_each() {
        let dir = tempfile::tempdir().unwrap();
        let a = kubeconfig(dir.path(), "a", &["eqiad", "codfw"], "t");
        let b = kubeconfig(dir.path(), "b", &["codfw", "staging"], "t");
        let found = contexts(&[a, dir.path().join("absent"), b]);
        let names: Vec<_> = found.iter().map(|cluster| cluster.name.as_str()).collect();
        assert_eq!(names, ["eqiad", "codfw", "staging"]);
        assert!(contexts(&[dir.path().join("absent")]).is_empty());
    }

    #[tokio::test]
    async fn the_context_decides_server_and_namespace() {
        let dir = tempfile::tempdir().unwrap();
        let path = kubeconfig(dir.path(), "a", &["eqiad", "codfw"], "t");
        let cluster = Cluster {
            name: "x".into(),
            kubeconfig: Some(Kubeconfig::Path(path)),
            context: Some("codfw".into()),
            ..Cluster::default()
        };
        let Configuration { config, expires, ending, runs_program } = configuration(&cluster).await.unwrap();
        assert_eq!(
            (server_of(&config).as_str(), config.default_namespace.as_str()),
            ("https://a.example.org:6443", "a")
        );
        assert!(expires.is_none() && ending.is_none() && !config.default_retry && !runs_program);
    }

    #[tokio::test]
    async fn a_command_may_print_the_kubeconfig() {
        let dir = tempfile::tempdir().unwrap();
        let path = kubeconfig(dir.path(), "a", &["eqiad"], "t");
        let command = |command: &[&str]| Cluster {
            name: "x".into(),
            kubeconfig: Some(Kubeconfig::Command { command: command.iter().map(ToString::to_string).collect() }),
            ..Cluster::default()
        };
        let cat = command(&["cat", &path.to_string_lossy()]);
        assert_eq!(server_of(&configuration(&cat).await.unwrap().config), "https://a.example.org:6443");
        let failing = configuration(&command(&["sh", "-c", "echo sudo: a password is required >&2; exit 1"]))
            .await
            .err()
            .unwrap();
        assert!(failing.to_string().contains("a password is required"), "{failing}");
        assert!(matches!(configuration(&command(&[])).await, Err(Trouble::Configuration(_))));
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_file_is_said_without_its_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("broken");
        std::fs::write(&path, "users: [{name: a, user: {token: s3cr3t}\n").unwrap();
        for (path, expected) in [(path, "not valid YAML"), (dir.path().join("absent"), "cannot read")] {
            let cluster = Cluster { name: "x".into(), kubeconfig: Some(Kubeconfig::Path(path)), ..Cluster::default() };
            let error = configuration(&cluster).await.err().unwrap().to_string();
            assert!(error.contains(expected) && !error.contains("s3cr3t"), "{error}");
        }
    }
}
