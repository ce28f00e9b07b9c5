//! Whether configured addresses answer at all and files can be read: what can be told without a client.

use std::{
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::{
    net::{TcpStream, UnixStream},
    time::timeout,
};

use super::{Check, Probe, Verdict};
use crate::config::{Config, schema::Kubeconfig};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Probes for what is configured.
pub fn probes(config: &Config) -> Vec<Box<dyn Probe>> {
    let engines = config.engines.iter().filter_map(|engine| {
        let address = engine.docker.clone()?;
        let probe: Box<dyn Probe> = Box::new(Address { subject: format!("docker:{}", engine.name), address });
        Some(probe)
    });
    let clusters = config.clusters.iter().filter_map(|cluster| match &cluster.kubeconfig {
        Some(Kubeconfig::Path(file)) => {
            let subject = format!("kubernetes:{}", cluster.name);
            let probe: Box<dyn Probe> = Box::new(KubeconfigFile { subject, file: file.clone() });
            Some(probe)
        }
        _ => None,
    });
    engines.chain(clusters).collect()
}

/// An engine's address.
struct Address {
    subject: String,
    address: String,
}

impl Probe for Address {
    fn subject(&self) -> String {
        self.subject.clone()
    }

    fn ask(&self) -> BoxFuture<'_, Vec<Check>> {
        async {
            let connected = match self.address.split_once("://") {
                Some(("unix", path)) => timeout(CONNECT, UnixStream::connect(path)).await.map(|done| done.map(|_| ())),
                Some((scheme, rest)) => {
                    let host = rest.split('/').next().unwrap_or(rest).rsplit('@').next().unwrap_or(rest);
                    let host = with_port(scheme, host);
                    timeout(CONNECT, TcpStream::connect(host)).await.map(|done| done.map(|_| ()))
                }
                None => return vec![self.say(Verdict::Fail, "no address")],
            };
            vec![match connected {
                Ok(Ok(())) => self.say(Verdict::Ok, "answers; whoever may open it can do anything on its machine"),
                Ok(Err(error)) => self.failed(&error),
                Err(_) => self.say(Verdict::Unreachable, "no answer"),
            }]
        }
        .boxed()
    }
}

impl Address {
    fn say(&self, verdict: Verdict, finding: &str) -> Check {
        Check::new(verdict, &self.subject, format!("{}: {finding}", without_user(&self.address)))
    }

    fn failed(&self, error: &io::Error) -> Check {
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                self.say(Verdict::Fail, "permission denied; join the socket's group (usually docker) and log in again")
            }
            io::ErrorKind::NotFound => {
                self.say(Verdict::Unreachable, "there is no such socket; is the engine installed?")
            }
            io::ErrorKind::ConnectionRefused => {
                self.say(Verdict::Unreachable, "connection refused; is the engine running?")
            }
            _ => self.say(Verdict::Unreachable, &error.to_string()),
        }
    }
}

/// The host with the port Docker uses for the scheme.
fn with_port(scheme: &str, host: &str) -> String {
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    match scheme {
        _ if has_port => host.to_owned(),
        "http" => format!("{host}:80"),
        "https" => format!("{host}:443"),
        _ => format!("{host}:2375"),
    }
}

/// The address without name and password.
fn without_user(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host)),
        None => address.to_owned(),
    }
}

/// A kubeconfig's file.
struct KubeconfigFile {
    subject: String,
    file: PathBuf,
}

impl Probe for KubeconfigFile {
    fn subject(&self) -> String {
        self.subject.clone()
    }

    fn ask(&self) -> BoxFuture<'_, Vec<Check>> {
        async { vec![kubeconfig(&self.subject, &self.file)] }.boxed()
    }
}

fn kubeconfig(subject: &str, file: &Path) -> Check {
    let shown = file.display();
    let mode = std::fs::File::open(file).and_then(|opened| opened.metadata()).map(|found| found.mode());
    match mode {
        Ok(mode) if mode & 0o077 != 0 => {
            let finding = format!("{shown}: others may read it; it is as good as your password: chmod 0600 it");
            Check::new(Verdict::Warn, subject, finding)
        }
        Ok(_) => Check::new(Verdict::Ok, subject, shown.to_string()),
        Err(error) => Check::new(Verdict::Fail, subject, format!("{shown}: {error}")),
    }
}
