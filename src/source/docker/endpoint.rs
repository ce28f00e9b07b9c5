//! Where an engine listens: from the configuration, a Docker context, or the environment, as the docker command
//! decides it. Reads files and variables; opens no connection.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::tls;
use crate::{config::schema::Engine, model::text, source::Error};

/// Docker's socket where nothing else is said.
pub(super) const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// A place that an engine listens at.
#[derive(Clone, Debug)]
pub(super) enum Endpoint {
    /// A socket of this machine.
    Unix(PathBuf),
    /// A TCP port, with TLS or (inside a trusted network only) without.
    Tcp {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
        /// How to speak TLS; none: plain.
        tls: Option<tls::Config>,
    },
}

impl Endpoint {
    /// Whether the engine may run on this machine, so that its containers' files may be here.
    pub(super) fn is_local(&self) -> bool {
        matches!(self, Self::Unix(_))
    }

    /// What messages call it.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Unix(path) => text::name(&path.to_string_lossy()).into_owned(),
            Self::Tcp { host, port, .. } => format!("{}:{port}", text::name(host)),
        }
    }
}

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
    fn current_context(&self) -> Option<String> {
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
    fn contexts(&self) -> Vec<Context> {
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
struct Context {
    name: String,
    host: String,
    unverified: bool,
    certificates: Option<PathBuf>,
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

/// Where `engine` listens.
///
/// # Errors
/// [`Error::Configuration`], when what the configuration says cannot work.
pub(super) fn resolve(engine: &Engine, environment: &Environment) -> Result<Endpoint, Error> {
    let certificates = engine.certificates.clone();
    if let Some(address) = &engine.docker {
        return parse(address, certificates, engine);
    }
    if let Some(name) =
        engine.context.clone().or_else(|| environment.current_context()).filter(|name| name != "default")
    {
        let context = environment.contexts().into_iter().find(|context| context.name == name);
        let context = context.ok_or_else(|| {
            wrong(engine, &format!("there is no Docker context \"{name}\"; `docker context ls` lists them"))
        })?;
        if context.unverified {
            let why = format!("context \"{name}\" turns TLS verification off, which ronde does not; give it a ca.pem");
            return Err(wrong(engine, &why));
        }
        return parse(&context.host, certificates.or(context.certificates), engine);
    }
    match &environment.host {
        Some(host) => parse(host, certificates.or_else(|| environment.certificates.clone()), engine),
        None => Ok(Endpoint::Unix(environment.root.join(DEFAULT_SOCKET.trim_start_matches('/')))),
    }
}

fn wrong(engine: &Engine, why: &str) -> Error {
    Error::Configuration(format!("engine {}: {}", text::name(&engine.name), text::name(why)))
}

fn parse(address: &str, certificates: Option<PathBuf>, engine: &Engine) -> Result<Endpoint, Error> {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    match scheme {
        "unix" | "" if rest.starts_with('/') => Ok(Endpoint::Unix(rest.into())),
        "tcp" | "http" | "https" => {
            let secure = scheme == "https" || certificates.is_some();
            let (host, port) = host_and_port(rest, if secure { 2376 } else { 2375 })
                .ok_or_else(|| wrong(engine, &format!("{address} is no address; expected tcp://HOST:PORT")))?;
            let tls = match (secure, certificates) {
                (true, Some(folder)) => {
                    Some(tls::Config::load(&folder).map_err(|error| wrong(engine, &error.to_string()))?)
                }
                (true, None) => {
                    return Err(wrong(
                        engine,
                        "https:// needs `certificates`: a directory with ca.pem, cert.pem and key.pem",
                    ));
                }
                (false, _) => None,
            };
            Ok(Endpoint::Tcp { host, port, tls })
        }
        "ssh" => Err(wrong(
            engine,
            "ssh:// is not supported; forward the socket (`ssh -L /tmp/docker.sock:/var/run/docker.sock HOST`) and name it",
        )),
        _ => Err(wrong(engine, &format!("{address} is no address; expected unix:///PATH or tcp://HOST:PORT"))),
    }
}

/// `host`, `host:port`, `[::1]:port`; a path behind it must be empty.
fn host_and_port(text: &str, default: u16) -> Option<(String, u16)> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        (host, port.strip_prefix(':').or_else(|| port.is_empty().then_some(""))?)
    } else {
        text.split_once(':').unwrap_or((text, ""))
    };
    let port = if port.is_empty() { default } else { port.parse().ok()? };
    let plain =
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'_'));
    plain.then(|| (host.to_owned(), port))
}

/// The engines that this user's docker and podman commands would find: the current context or `DOCKER_HOST` or the
/// default socket, the other contexts that ronde can reach, Podman's sockets. Each socket once, each name once.
pub(super) fn discover(environment: &Environment) -> Vec<Engine> {
    let mut found = Found { engines: Vec::new(), addresses: Vec::new() };
    let current = environment.current_context();
    let contexts = environment.contexts();
    let named = |name: &str| contexts.iter().find(|context| context.name == name);
    if let Some(context) = current.as_deref().and_then(named) {
        found.context(context, true);
    }
    if let Some(host) = &environment.host {
        let certificates = environment.certificates.clone().filter(|_| host.starts_with("tcp://"));
        found.add(Engine { name: "docker".into(), docker: Some(host.clone()), context: None, certificates }, host);
    }
    let socket = |path: &Path, name: &str| {
        let address = format!("unix://{}", path.display());
        (Engine { name: name.into(), docker: Some(address.clone()), ..Engine::default() }, address)
    };
    let default = environment.root.join(DEFAULT_SOCKET.trim_start_matches('/'));
    if default.exists() {
        let (engine, address) = socket(&default, "docker");
        found.add(engine, &address);
    }
    for context in &contexts {
        found.context(context, false);
    }
    let podman = environment.root.join("run/podman/podman.sock");
    let users = environment.runtime.as_ref().map(|runtime| runtime.join("podman/podman.sock"));
    for (path, name) in [(Some(podman), "podman"), (users, "podman-user")] {
        if let Some(path) = path.filter(|path| path.exists()) {
            let (engine, address) = socket(&path, name);
            found.add(engine, &address);
        }
    }
    found.engines
}

struct Found {
    engines: Vec<Engine>,
    addresses: Vec<String>,
}

impl Found {
    /// Adds a context that ronde can reach: TCP, or a socket that is there (the chosen one even when it is not).
    fn context(&mut self, context: &Context, chosen: bool) {
        let there = context.host.strip_prefix("unix://").map(|path| chosen || Path::new(path).exists());
        if there.unwrap_or_else(|| context.host.starts_with("tcp://")) {
            let engine =
                Engine { name: context.name.clone(), context: Some(context.name.clone()), ..Engine::default() };
            self.add(engine, &context.host);
        }
    }

    fn add(&mut self, mut engine: Engine, address: &str) {
        let canonical = match address.strip_prefix("unix://") {
            Some(path) => std::fs::canonicalize(path).map_or_else(|_| path.into(), |path| path.display().to_string()),
            None => address.trim_end_matches('/').to_owned(),
        };
        if self.addresses.contains(&canonical) {
            return;
        }
        self.addresses.push(canonical);
        let base = engine.name.clone();
        let mut number = 2;
        while self.engines.iter().any(|other| other.name == engine.name) {
            engine.name = format!("{base}-{number}");
            number += 1;
        }
        self.engines.push(engine);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Home {
        folder: tempfile::TempDir,
    }

    impl Home {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().expect("a directory") }
        }

        fn write(&self, path: &str, text: &str) -> PathBuf {
            let path = self.folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            fs::write(&path, text).expect("a file");
            path
        }

        fn context(&self, name: &str, host: &str) {
            self.write(
                &format!(".docker/contexts/meta/sum-of-{name}/meta.json"),
                &format!(r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{{"Host":"{host}","SkipTLSVerify":false}}}}}}"#),
            );
        }

        fn environment(&self) -> Environment {
            Environment {
                config: Some(self.folder.path().join(".docker")),
                root: self.folder.path().into(),
                runtime: Some(self.folder.path().join("run/user/1000")),
                ..Environment::default()
            }
        }
    }

    fn engine(docker: Option<&str>, context: Option<&str>) -> Engine {
        Engine {
            name: "e".into(),
            docker: docker.map(Into::into),
            context: context.map(Into::into),
            certificates: None,
        }
    }

    fn place(engine: &Engine, environment: &Environment) -> Result<String, String> {
        resolve(engine, environment).map(|endpoint| endpoint.place()).map_err(|error| error.to_string())
    }

    #[test]
    fn addresses_are_read() {
        let none = Environment { root: "/".into(), ..Environment::default() };
        let at = |address| place(&engine(Some(address), None), &none);
        assert_eq!(at("unix:///run/x.sock"), Ok("/run/x.sock".into()));
        assert_eq!(at("/run/x.sock"), Ok("/run/x.sock".into()));
        assert_eq!(at("tcp://h1"), Ok("h1:2375".into()));
        assert_eq!(at("tcp://[::1]:99/"), Ok("::1:99".into()));
        assert!(at("tcp://h1:x").is_err_and(|e| e.contains("expected tcp://HOST:PORT")));
        assert!(at("ssh://h1").is_err_and(|e| e.contains("forward the socket")));
        assert!(at("https://h1").is_err_and(|e| e.contains("ca.pem")));
        assert!(at("npipe:////./pipe/x").is_err_and(|e| e.contains("expected unix:///PATH")));
        assert_eq!(place(&engine(None, None), &none), Ok(DEFAULT_SOCKET.into()));
    }

    #[test]
    fn the_environment_and_contexts_decide_as_for_the_docker_command() {
        let home = Home::new();
        home.context("rootless", "unix:///run/user/1000/docker.sock");
        home.context("far", "tcp://far:2375");
        let mut environment = home.environment();
        assert_eq!(place(&engine(None, Some("rootless")), &environment), Ok("/run/user/1000/docker.sock".into()));
        assert!(place(&engine(None, Some("absent")), &environment).is_err_and(|e| e.contains("docker context ls")));
        home.write(".docker/config.json", r#"{"auths":{},"currentContext":"far"}"#);
        assert_eq!(place(&engine(None, None), &environment), Ok("far:2375".into()));
        environment.context = Some("rootless".into());
        assert_eq!(place(&engine(None, None), &environment), Ok("/run/user/1000/docker.sock".into()));
        environment.host = Some("tcp://h9:1".into());
        assert_eq!(place(&engine(None, None), &environment), Ok("h9:1".into()));
    }

    #[test]
    fn tls_material_that_is_not_there_is_said() {
        let home = Home::new();
        home.context("far", "tcp://far:2376");
        home.write(".docker/contexts/tls/sum-of-far/docker/cert.pem", "not a certificate");
        let said = place(&engine(None, Some("far")), &home.environment()).expect_err("an error");
        assert!(said.contains("ca.pem"), "{said}");
    }

    #[test]
    fn engines_are_found_once() {
        let home = Home::new();
        let socket = home.write("var/run/docker.sock", "");
        let link = home.folder.path().join("link.sock");
        std::os::unix::fs::symlink(&socket, &link).expect("a link");
        home.write("run/podman/podman.sock", "");
        home.write("run/user/1000/podman/podman.sock", "");
        home.context("same", &format!("unix://{}", link.display()));
        home.context("podman", "tcp://p:1");
        home.context("gone", "unix:///nonexistent/docker.sock");
        home.context("ssh", "ssh://h1");
        let names: Vec<String> = discover(&home.environment()).into_iter().map(|engine| engine.name).collect();
        assert_eq!(names, ["docker", "podman", "podman-2", "podman-user"]);

        home.write(".docker/config.json", r#"{"currentContext":"same"}"#);
        let names: Vec<String> = discover(&home.environment()).into_iter().map(|engine| engine.name).collect();
        assert_eq!(names, ["same", "podman", "podman-2", "podman-user"]);

        let environment = Environment { host: Some("tcp://h9:1".into()), ..home.environment() };
        assert_eq!(discover(&environment)[0].docker.as_deref(), Some("tcp://h9:1"));
    }

    #[test]
    fn nothing_there_is_nothing_found() {
        assert_eq!(discover(&Home::new().environment()), []);
    }
}
