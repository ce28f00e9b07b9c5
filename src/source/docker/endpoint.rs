//! Where an engine listens: from the configuration, a Docker context, or the environment, as the docker command
//! decides it. Reads files and variables; opens no connection.

use std::{fmt, path::PathBuf, sync::Arc};

use super::{behind::Behind, environment::Environment, tls};
use crate::{config::schema::Engine, model::text, remote::engine_sockets::DEFAULT_SOCKET, source::Error};

/// A place that an engine listens at.
#[derive(Clone)]
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
    /// A socket of a host's, reached over its connection.
    Behind(Arc<Behind>),
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place())
    }
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
            Self::Behind(behind) => behind.place(),
        }
    }
}

/// Where `engine` listens. One behind a host has another way: [`super::Docker::behind`].
///
/// # Errors
/// [`Error::Configuration`], when what the configuration says cannot work.
pub(super) fn resolve(engine: &Engine, environment: &Environment) -> Result<Endpoint, Error> {
    let certificates = engine.certificates.clone();
    if let Some(host) = &engine.host {
        return Err(wrong(engine, &format!("there is no host \"{host}\" to reach it by; name it in [[hosts]]")));
    }
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
            "ssh:// is not how ronde reaches a host; name the host in [[hosts]], and set `host` in place of `docker`",
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::docker::environment::tests::Home;

    fn engine(docker: Option<&str>, context: Option<&str>) -> Engine {
        Engine {
            name: "e".into(),
            docker: docker.map(Into::into),
            context: context.map(Into::into),
            ..Engine::default()
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
        assert!(at("ssh://h1").is_err_and(|e| e.contains("set `host`")));
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

    proptest! {
        #[test]
        fn any_address_is_read_or_refused_in_one_line(text in any::<String>()) {
            let environment = Home::new().environment();
            if let Err(why) = place(&engine(Some(&text), None), &environment) {
                prop_assert!(why.starts_with("engine e: ") && why.chars().all(text::is_shown), "{}", why);
            }
        }

        #[test]
        fn a_right_address_is_read_as_it_stands(host in "[a-z][a-z0-9.-]{0,20}", port in 1u16..) {
            let address = format!("tcp://{host}:{port}");
            prop_assert_eq!(place(&engine(Some(&address), None), &Environment::default()), Ok(format!("{host}:{port}")));
        }
    }
}
