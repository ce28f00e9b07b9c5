//! Engines that are there without being configured. Reads files only; connects to nothing.

use std::path::Path;

use super::environment::{Context, Environment};
use crate::{config::schema::Engine, remote::engine_sockets::DEFAULT_SOCKET};

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
        let engine = Engine { docker: Some(host.clone()), certificates, ..named_engine("docker") };
        found.add(engine, host);
    }
    let socket = |path: &Path, name: &str| {
        let address = format!("unix://{}", path.display());
        (Engine { docker: Some(address.clone()), ..named_engine(name) }, address)
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

fn named_engine(name: &str) -> Engine {
    Engine { name: name.to_owned(), ..Engine::default() }
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
    use super::*;
    use crate::source::docker::environment::tests::Home;

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
