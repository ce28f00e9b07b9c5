//! What of a person's environment says where engines are: Docker's variables, its configuration, its contexts. Reads files and
//! variables only.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What of the process environment says where engines are. Passed in, so that tests can make one up.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    /// `$DOCKER_CONFIG`, else `~/.docker`.
    pub config: Option<PathBuf>,
    /// `$DOCKER_HOST`.
    pub host: Option<String>,
    /// `$DOCKER_CONTEXT`.
    pub context: Option<String>,
    /// `$DOCKER_CERT_PATH`, when `$DOCKER_TLS_VERIFY` asks for TLS.
    pub certificates: Option<PathBuf>,
    /// `$XDG_RUNTIME_DIR`.
    pub runtime: Option<PathBuf>,
    /// Root of the file system.
    pub root: PathBuf,
}

impl Environment {
    /// That of this process.
    pub(super) fn of_process() -> Self {
        let text = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let config = text("DOCKER_CONFIG").map(PathBuf::from);
        let config = config.or_else(|| text("HOME").map(|home| Path::new(&home).join(".docker")));
        let certificates = text("DOCKER_CERT_PATH").map(PathBuf::from).or_else(|| config.clone());
        Self {
            host: text("DOCKER_HOST"),
            context: text("DOCKER_CONTEXT"),
            certificates: certificates.filter(|_| text("DOCKER_TLS_VERIFY").is_some()),
            runtime: text("XDG_RUNTIME_DIR").map(PathBuf::from),
            root: "/".into(),
            config,
        }
    }

    /// The context that the docker command would use; none for the default one.
    pub(super) fn current_context(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct ConfigFile {
            #[serde(rename = "currentContext")]
            current: Option<String>,
        }
        if self.host.is_some() {
            return None;
        }
        let from_file = || {
            let file = std::fs::read(self.config.as_ref()?.join("config.json")).ok()?;
            serde_json::from_slice::<ConfigFile>(&file).ok()?.current
        };
        self.context.clone().or_else(from_file).filter(|name| !name.is_empty() && name != "default")
    }

    /// The contexts that the docker command knows, by name; damaged ones are passed over.
    pub(super) fn contexts(&self) -> Vec<Context> {
        let Some(folder) = self.config.as_ref().map(|config| config.join("contexts")) else { return Vec::new() };
        let Ok(entries) = std::fs::read_dir(folder.join("meta")) else { return Vec::new() };
        let mut contexts: Vec<Context> = entries
            .flatten()
            .filter_map(|entry| {
                let file = std::fs::read(entry.path().join("meta.json")).ok()?;
                let meta: ContextMeta = serde_json::from_slice(&file).ok()?;
                let endpoint = meta.endpoints.docker?;
                let certificates = folder.join("tls").join(entry.file_name()).join("docker");
                Some(Context {
                    name: meta.name,
                    host: endpoint.host,
                    unverified: endpoint.skip_tls_verify,
                    certificates: Some(certificates).filter(|folder| folder.is_dir()),
                })
            })
            .collect();
        contexts.sort_by(|a, b| a.name.cmp(&b.name));
        contexts
    }
}

/// A Docker context, as far as it matters.
#[derive(Debug)]
pub(super) struct Context {
    /// Its name.
    pub name: String,
    /// The engine's address.
    pub host: String,
    /// It asks not to verify the engine's certificate.
    pub unverified: bool,
    /// The directory with its certificates, if it has any.
    pub certificates: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextMeta {
    name: String,
    endpoints: ContextEndpoints,
}

#[derive(Deserialize)]
struct ContextEndpoints {
    docker: Option<ContextEndpoint>,
}

#[derive(Deserialize)]
struct ContextEndpoint {
    #[serde(rename = "Host", default)]
    host: String,
    #[serde(rename = "SkipTLSVerify", default)]
    skip_tls_verify: bool,
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use super::*;

    /// A made-up file system with a home in it.
    pub(in crate::source::docker) struct Home {
        pub folder: tempfile::TempDir,
    }

    impl Home {
        pub(in crate::source::docker) fn new() -> Self {
            Self { folder: tempfile::tempdir().expect("a directory") }
        }

        pub(in crate::source::docker) fn write(&self, path: &str, text: &str) -> PathBuf {
            let path = self.folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            fs::write(&path, text).expect("a file");
            path
        }

        pub(in crate::source::docker) fn context(&self, name: &str, host: &str) {
            self.write(
                &format!(".docker/contexts/meta/sum-of-{name}/meta.json"),
                &format!(r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{{"Host":"{host}","SkipTLSVerify":false}}}}}}"#),
            );
        }

        pub(in crate::source::docker) fn environment(&self) -> Environment {
            Environment {
                config: Some(self.folder.path().join(".docker")),
                root: self.folder.path().into(),
                runtime: Some(self.folder.path().join("run/user/1000")),
                ..Environment::default()
            }
        }
    }

    #[test]
    fn damaged_contexts_are_passed_over() {
        let home = Home::new();
        home.context("good", "tcp://h:1");
        home.write(".docker/contexts/meta/x/meta.json", "{");
        home.write(".docker/contexts/meta/y/meta.json", r#"{"Name":"kubernetes","Endpoints":{}}"#);
        home.write(".docker/config.json", "nonsense");
        let environment = home.environment();
        assert_eq!(environment.contexts().iter().map(|context| &*context.name).collect::<Vec<_>>(), ["good"]);
        assert_eq!(environment.current_context(), None);
    }
}
