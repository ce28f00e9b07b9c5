//! Which sources there are: one line a kind.

use super::{
    Source,
    demo::{Demo, Shape},
    docker::{self, Docker},
    host::{
        Host,
        fleet::{Fleet, RemoteHost},
    },
    kubernetes::{self, Kubernetes},
};
use crate::{
    config::schema::{Cluster, Config, Engine},
    model::key::SourceId,
    remote::{Target, aliases},
};

/// Makes a source, as often as it must be started.
pub struct Starter {
    /// Its name.
    pub id: SourceId,
    make: Box<dyn FnMut() -> Option<Box<dyn Source>> + Send>,
}

impl Starter {
    /// A starter for sources that `make` makes.
    pub fn new<S: Source>(make: impl Fn() -> S + Send + 'static) -> Self {
        Self { id: make().id(), make: Box::new(move || Some(Box::new(make()))) }
    }

    /// A starter for a source that can be started once.
    pub fn once(source: Box<dyn Source>) -> Self {
        let id = source.id();
        let mut source = Some(source);
        Self { id, make: Box::new(move || source.take()) }
    }

    /// The source; none when it cannot be started again.
    pub fn start(&mut self) -> Option<Box<dyn Source>> {
        (self.make)()
    }
}

/// What there is to observe: what the configuration names, and what is found when it says so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Also this machine.
    pub this_machine: bool,
    /// Hosts over SSH.
    pub hosts: Vec<Reached>,
    /// Container engines.
    pub engines: Vec<Engine>,
    /// Kubernetes clusters.
    pub clusters: Vec<Cluster>,
}

/// A host over SSH, and how it is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// The name shown.
    pub name: String,
    /// Whom to connect to; none when that is no destination.
    pub target: Option<Target>,
    /// Groups it belongs to.
    pub groups: Vec<String>,
    /// The datacentre it stands in.
    pub datacentre: Option<String>,
}

/// What there is to observe by this configuration. Reads files; connects to nothing.
pub fn observed(config: &Config) -> Observed {
    let (mut engines, mut clusters) = (config.engines.clone(), config.clusters.clone());
    if config.discover {
        add_engines(&mut engines, docker::discover());
        add_clusters(&mut clusters, kubernetes::discover());
    }
    let hosts = hosts(config);
    // A person who names this machine among the hosts wants it observed as one of them.
    let is_named = hosts.iter().any(|host| *host.name == *Host::local().id().name());
    Observed { this_machine: config.discover && !is_named, hosts, engines, clusters }
}

/// The configured hosts, those of a pattern after those with a name; each name once.
fn hosts(config: &Config) -> Vec<Reached> {
    let mut hosts: Vec<Reached> = Vec::new();
    let file = config.ssh.config.clone();
    for named in [true, false] {
        for host in config.hosts.iter().filter(|host| host.name.is_some() == named) {
            let names = match (&host.name, &host.pattern) {
                (Some(name), _) => vec![name.clone()],
                (None, Some(pattern)) => aliases::matching(file.as_deref(), pattern),
                (None, None) => Vec::new(),
            };
            for name in names {
                if hosts.iter().all(|known| known.name != name) {
                    let target = Target::new(host.ssh.as_deref().unwrap_or(&name), file.clone());
                    hosts.push(Reached {
                        name,
                        target,
                        groups: host.groups.clone(),
                        datacentre: host.datacentre.clone(),
                    });
                }
            }
        }
    }
    hosts
}

/// The sources of a configuration: one for each that is [`observed`].
pub fn build(config: &Config) -> Vec<Starter> {
    let observed = observed(config);
    let host = observed.this_machine.then(|| Starter::new(Host::local));
    let mut starters: Vec<Starter> = host.into_iter().collect();
    let fleet = (!observed.hosts.is_empty()).then(Fleet::new);
    let is_host = |name: &str| observed.hosts.iter().any(|host| host.name == name);
    starters.extend(observed.engines.into_iter().map(|engine| {
        let known = engine.host.as_deref().filter(|host| is_host(host));
        match (known, &fleet) {
            (Some(host), Some(fleet)) => {
                let route = fleet.route(host);
                Starter::new(move || Docker::behind(engine.clone(), route.clone()))
            }
            // A host that is not there: the source says so.
            _ => Starter::new(move || Docker::new(engine.clone())),
        }
    }));
    if let Some(fleet) = fleet {
        starters.extend(observed.hosts.into_iter().map(|host| {
            let fleet = fleet.clone();
            Starter::new(move || RemoteHost::new(&host, fleet.clone()))
        }));
    }
    starters
        .extend(observed.clusters.into_iter().map(|cluster| Starter::new(move || Kubernetes::new(cluster.clone()))));
    starters
}

/// The sources of a simulated fleet.
pub fn demo(shape: &Shape) -> Vec<Starter> {
    Demo::new(shape).into_sources().into_iter().map(Starter::once).collect()
}

/// What was found is left out where it is configured already, and never takes a configured name.
fn add_engines(engines: &mut Vec<Engine>, found: Vec<Engine>) {
    for mut engine in found {
        let is_known = engines.iter().any(|known| {
            (known.docker.is_some() && known.docker == engine.docker)
                || (known.context.is_some() && known.context == engine.context)
        });
        if !is_known {
            engine.name = free_name(&engine.name, |name| engines.iter().any(|known| known.name == name));
            engines.push(engine);
        }
    }
}

/// As [`add_engines`]; a context that is configured, from whatever file, is not added again.
fn add_clusters(clusters: &mut Vec<Cluster>, found: Vec<Cluster>) {
    for mut cluster in found {
        let is_known = clusters.iter().any(|known| known.context.is_some() && known.context == cluster.context);
        if !is_known {
            cluster.name = free_name(&cluster.name, |name| clusters.iter().any(|known| known.name == name));
            clusters.push(cluster);
        }
    }
}

/// The name, or the name with the first number that makes it free.
fn free_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2u32..).map(|n| format!("{name}-{n}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(name: &str, docker: &str) -> Engine {
        Engine { name: name.into(), docker: Some(docker.into()), ..Engine::default() }
    }

    #[test]
    fn what_is_configured_is_not_found_again_and_keeps_its_name() {
        let mut engines = vec![engine("local", "unix:///run/a.sock")];
        add_engines(&mut engines, vec![engine("default", "unix:///run/a.sock"), engine("local", "unix:///run/b.sock")]);
        let names: Vec<_> = engines.iter().map(|engine| engine.name.as_str()).collect();
        assert_eq!(names, ["local", "local-2"]);
    }

    #[test]
    fn a_simulated_source_starts_once() {
        let mut starters = demo(&Shape { pods: 10, ..Shape::default() });
        assert!(!starters.is_empty());
        assert!(starters[0].start().is_some());
        assert!(starters[0].start().is_none());
    }
}
