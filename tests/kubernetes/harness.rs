//! What the lab tests of the Kubernetes source stand on: the lab, a source with a store, a way that can be cut.

#![allow(clippy::disallowed_methods, reason = "a test runs the tools it compares with")]

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use ronde::{
    config::schema::{Cluster, Kubeconfig},
    model::{
        health::State,
        query::{Answer, AskId, Query},
        store::{Store, TableId},
    },
    source::{Ask, Demand, Inbox, Reply, Source, kubernetes::Kubernetes},
};
use serde_json::Value;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Says that a test does not run, and why.
pub(crate) fn skip(test: &str) {
    println!("{test}: skipped, RONDE_LAB does not name the state of a lab (tests/lab/up)");
}

/// Polls until `good`, at most so long.
pub(crate) async fn within(limit: Duration, mut good: impl AsyncFnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if good().await {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The state and line of the only source.
pub(crate) fn state(store: &Store) -> (State, String) {
    store
        .health
        .values()
        .next()
        .map_or((State::Connecting, String::new()), |health| (health.state, health.message.clone()))
}

/// A configured cluster.
pub(crate) fn cluster(name: &str, kubeconfig: &Path, context: &str) -> Cluster {
    Cluster {
        name: name.into(),
        kubeconfig: Some(Kubeconfig::Path(kubeconfig.into())),
        context: Some(context.into()),
        ..Cluster::default()
    }
}

/// Tests that break the lab's own servers have it alone.
static HELD: RwLock<()> = RwLock::new(());

/// How a test holds the lab.
enum Held {
    Shared(#[expect(dead_code, reason = "held for as long as the lab is")] RwLockReadGuard<'static, ()>),
    Alone(#[expect(dead_code, reason = "held for as long as the lab is")] RwLockWriteGuard<'static, ()>),
}

/// The lab.
pub(crate) struct Lab {
    root: PathBuf,
    env: String,
    _held: Held,
}

impl Lab {
    /// The lab that `RONDE_LAB` names, together with other tests.
    pub(crate) fn find() -> Option<Self> {
        Self::held(|| Held::Shared(HELD.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// The same for a test that other tests of this file would suffer from.
    pub(crate) fn alone() -> Option<Self> {
        Self::held(|| Held::Alone(HELD.write().unwrap_or_else(PoisonError::into_inner)))
    }

    fn held(hold: impl FnOnce() -> Held) -> Option<Self> {
        let root = PathBuf::from(std::env::var_os("RONDE_LAB")?);
        let env = std::fs::read_to_string(root.join("env")).ok()?;
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Some(Self { root, env, _held: hold() })
    }

    fn fact(&self, name: &str) -> &str {
        let prefix = format!("{name}=");
        self.env.lines().find_map(|line| line.strip_prefix(&prefix)).expect("the lab's env tells it").trim_matches('"')
    }

    /// The clusters that are up.
    pub(crate) fn clusters(&self) -> Vec<&str> {
        let has_server = |part: &&str| self.env.contains(&format!("LAB_{}_PORT_API=", part.to_uppercase()));
        self.fact("LAB_PARTS").split(' ').filter(has_server).collect()
    }

    /// Stops a cluster's API server and starts it again: it remembers no version from before.
    pub(crate) fn restart_server(cluster: &str) {
        for action in ["kill", "start"] {
            let command = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/apiserver");
            let done = std::process::Command::new(command).args([cluster, action]).status();
            assert!(done.is_ok_and(|status| status.success()), "{command} {cluster} {action}");
        }
    }

    /// One of them; `RONDE_LAB_CLUSTER` decides which.
    pub(crate) fn cluster(&self) -> &str {
        let wish = std::env::var("RONDE_LAB_CLUSTER").ok();
        let clusters = self.clusters();
        let wished = clusters.iter().find(|cluster| Some(**cluster) == wish.as_deref());
        wished.or(clusters.last()).expect("a cluster is up")
    }

    pub(crate) fn port(&self, cluster: &str) -> u16 {
        self.fact(&format!("LAB_{}_PORT_API", cluster.to_uppercase())).parse().unwrap()
    }

    pub(crate) fn kubeconfig(&self, user: &str) -> PathBuf {
        self.root.join("kube").join(user)
    }

    /// A user's kubeconfig with one port in place of another, and perhaps another token.
    pub(crate) fn kubeconfig_with(
        &self,
        user: &str,
        from: u16,
        to: u16,
        token: Option<&str>,
    ) -> tempfile::NamedTempFile {
        let text = std::fs::read_to_string(self.kubeconfig(user)).unwrap();
        let mut text = text.replace(&format!("127.0.0.1:{from}"), &format!("127.0.0.1:{to}"));
        if let Some(token) = token {
            let start = text.find("token: ").unwrap() + 7;
            let end = start + text[start..].find('}').unwrap();
            text.replace_range(start..end, token);
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    /// kubectl as the lab's administrator.
    pub(crate) fn kubectl(&self, cluster: &str, arguments: &[&str]) -> String {
        let output = Command::new(self.fact("LAB_KUBECTL"))
            .arg("--kubeconfig")
            .arg(self.root.join(cluster).join("lab.kubeconfig"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "kubectl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The process of a cluster's API server.
    pub(crate) fn server(&self, cluster: &str) -> Server {
        let file = std::fs::read_to_string(self.root.join("pid").join(format!("{cluster}-apiserver"))).unwrap();
        Server { pid: file.split(' ').next().unwrap().to_owned() }
    }

    /// Takes the metrics API out of a cluster's server.
    pub(crate) fn without_metrics<'a>(&'a self, cluster: &'a str) -> Removed<'a> {
        let name = "v1beta1.metrics.k8s.io";
        let mut api: Value =
            serde_json::from_str(&self.kubectl(cluster, &["get", "apiservice", name, "-o", "json"])).unwrap();
        api["metadata"].as_object_mut().unwrap().retain(|name, _| name == "name" || name == "labels");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), api.to_string()).unwrap();
        let removed = Removed { lab: self, cluster, file };
        self.kubectl(cluster, &["delete", "apiservice", name]);
        removed
    }

    /// A pod that nothing runs.
    pub(crate) fn pod(&self, cluster: &str, namespace: &str, name: &str) {
        let overrides =
            r#"{"spec":{"schedulingGates":[{"name":"ronde.test/never"}],"terminationGracePeriodSeconds":0}}"#;
        self.kubectl(cluster, &["run", name, "-n", namespace, "--image=none", "--overrides", overrides]);
    }

    /// A client of the lab's administrator.
    pub(crate) async fn client(&self, cluster: &str) -> kube::Client {
        let file = kube::config::Kubeconfig::read_from(self.root.join(cluster).join("lab.kubeconfig")).unwrap();
        let config =
            kube::Config::from_custom_kubeconfig(file, &kube::config::KubeConfigOptions::default()).await.unwrap();
        kube::Client::try_from(config).unwrap()
    }

    /// The server's own table of a list.
    pub(crate) async fn table(&self, cluster: &str, path: &str) -> Value {
        let client = self.client(cluster).await;
        let request = http::Request::get(path).header("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
        client.request(request.body(Vec::new()).unwrap()).await.unwrap()
    }

    /// A service account of its own namespace.
    pub(crate) fn account(&self, name: &'static str) -> Account<'_> {
        Account::new(self, self.cluster(), name)
    }
}

/// A process of the lab; goes on when a test ends.
pub(crate) struct Server {
    pid: String,
}

impl Server {
    pub(crate) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([&format!("-{name}"), &self.pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal("CONT");
    }
}

/// An object of the lab that is away; it comes back when this goes.
pub(crate) struct Removed<'a> {
    lab: &'a Lab,
    cluster: &'a str,
    file: tempfile::NamedTempFile,
}

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        self.lab.kubectl(self.cluster, &["apply", "-f", &self.file.path().to_string_lossy()]);
    }
}

/// A service account whose rights come and go; its namespace goes with it.
pub(crate) struct Account<'a> {
    lab: &'a Lab,
    cluster: &'a str,
    name: &'static str,
    kubeconfig: tempfile::NamedTempFile,
}

impl<'a> Account<'a> {
    fn new(lab: &'a Lab, cluster: &'a str, name: &'static str) -> Self {
        lab.kubectl(cluster, &["delete", "namespace", name, "--ignore-not-found"]);
        lab.kubectl(cluster, &["create", "namespace", name]);
        lab.kubectl(cluster, &["create", "serviceaccount", "watcher", "-n", name]);
        let token = lab.kubectl(cluster, &["create", "token", "watcher", "-n", name, "--duration=1h"]);
        let port = lab.port(cluster);
        let text = std::fs::read_to_string(lab.kubeconfig("admin")).unwrap();
        let text = text.replace("user: admin}", &format!("user: admin, namespace: {name}}}"));
        let kubeconfig = lab.kubeconfig_with("admin", port, port, None);
        let start = text.find("token: ").unwrap() + 7;
        let end = start + text[start..].find('}').unwrap();
        std::fs::write(kubeconfig.path(), format!("{}{}{}", &text[..start], token.trim(), &text[end..])).unwrap();
        Self { lab, cluster, name, kubeconfig }
    }

    pub(crate) fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
    }

    pub(crate) fn bind(&self) {
        let account = format!("--serviceaccount={}:watcher", self.name);
        self.lab
            .kubectl(self.cluster, &["create", "rolebinding", "view", "--clusterrole=view", &account, "-n", self.name]);
    }

    pub(crate) fn unbind(&self) {
        self.lab.kubectl(self.cluster, &["delete", "rolebinding", "view", "-n", self.name]);
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        self.lab.kubectl(self.cluster, &["delete", "namespace", self.name, "--wait=false"]);
    }
}

/// A source that runs, with a store as the console has one.
pub(crate) struct Observed {
    store: Arc<Mutex<Store>>,
    fewest: Arc<AtomicUsize>,
    demand: watch::Sender<Demand>,
    asks: mpsc::Sender<Ask>,
    _stop: DropGuard,
}

impl Observed {
    pub(crate) fn start(cluster: Cluster) -> Self {
        let source = Box::new(Kubernetes::new(cluster));
        let inbox = Inbox::default();
        let (demand, wanted) = watch::channel(Demand::default());
        let (asks, asked) = mpsc::channel(16);
        let stop = CancellationToken::new();
        let outlet = inbox.outlet(source.id());
        tokio::spawn(source.run(outlet, wanted, asked, stop.clone()));
        let store = Arc::new(Mutex::new(Store::default()));
        let (kept, stopped) = (store.clone(), stop.clone());
        let fewest = Arc::new(AtomicUsize::new(usize::MAX));
        let least = fewest.clone();
        tokio::spawn(async move {
            loop {
                let deltas = tokio::select! {
                    deltas = inbox.take(1000) => deltas,
                    () = stopped.cancelled() => return,
                };
                let mut store = kept.lock().unwrap();
                for delta in deltas {
                    store.apply(delta, Timestamp::now());
                    if least.load(Ordering::Relaxed) < usize::MAX {
                        least.fetch_min(store.pods.iter().count(), Ordering::Relaxed);
                    }
                }
            }
        });
        Self { store, fewest, demand, asks, _stop: stop.drop_guard() }
    }

    /// From now on it is remembered how few pods there ever were.
    pub(crate) fn remember_fewest(&self) {
        let store = self.store.lock().unwrap();
        self.fewest.store(store.pods.iter().count(), Ordering::Relaxed);
    }

    /// How few pods there ever were since [`Self::remember_fewest`].
    pub(crate) fn fewest(&self) -> usize {
        self.fewest.load(Ordering::Relaxed)
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Store) -> T) -> T {
        look(&self.store.lock().unwrap())
    }

    pub(crate) async fn until(&self, what: &str, limit: Duration, good: impl Fn(&Store) -> bool) {
        let came = within(limit, async || self.look(&good)).await;
        assert!(came, "{what} did not come within {} s: {:?}", limit.as_secs(), self.look(state));
    }

    pub(crate) fn want(&self, tables: &[TableId]) {
        self.demand.send_modify(|demand| demand.tables.extend(tables));
    }

    pub(crate) async fn ask(&self, query: Query) -> mpsc::Receiver<(AskId, Answer)> {
        let (sender, answers) = mpsc::channel(16);
        let id = AskId(1);
        let ask = Ask { id, query, reply: Reply::new(id, sender), cancel: CancellationToken::new() };
        self.asks.send(ask).await.unwrap();
        answers
    }
}

/// What a [`Proxy`] does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// Passes everything.
    Open,
    /// Refuses and closes, as a server that stopped.
    Closed,
    /// Accepts and passes nothing, as a server that hangs: connections stay, and go on afterwards.
    Frozen,
    /// Passes nothing, and what was open never speaks again, as a way that lost its state.
    Lost,
}

/// A way to a port of this machine that can be cut.
pub(crate) struct Proxy {
    port: u16,
    way: watch::Sender<Way>,
    _stop: DropGuard,
}

impl Proxy {
    pub(crate) async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = watch::Sender::new(Way::Open);
        let stop = CancellationToken::new();
        let work = serve(listener, port, to, way.subscribe());
        let stopped = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = work => {}
                () = stopped.cancelled() => {}
            }
        });
        Self { port, way, _stop: stop.drop_guard() }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) async fn set(&self, way: Way) {
        self.way.send_replace(way);
        // Until the listener follows.
        within(Duration::from_secs(5), async || {
            (TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()) != (way == Way::Closed)
        })
        .await;
    }
}

async fn serve(listener: TcpListener, port: u16, to: u16, mut way: watch::Receiver<Way>) {
    let mut listener = Some(listener);
    loop {
        if *way.borrow_and_update() == Way::Closed {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(("127.0.0.1", port)).await.ok();
        }
        let accept = async {
            match &listener {
                Some(listener) => listener.accept().await.ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = way.changed() => {}
            Some((stream, _)) = accept => {
                tokio::spawn(pass(stream, to, way.clone()));
            }
        }
    }
}

/// Passes while the way is open.
async fn pass(mut near: TcpStream, to: u16, mut way: watch::Receiver<Way>) {
    if way.wait_for(|way| *way == Way::Open || *way == Way::Closed).await.is_err() || *way.borrow() == Way::Closed {
        return;
    }
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    loop {
        let now = {
            let passing = copy_bidirectional(&mut near, &mut far);
            tokio::pin!(passing);
            tokio::select! {
                _ = &mut passing => return,
                now = way.wait_for(|way| *way != Way::Open) => match now {
                    Ok(now) => *now,
                    Err(_) => return,
                },
            }
        };
        match now {
            Way::Open => {}
            Way::Closed => return,
            // Bytes in the middle of being copied are lost with the future, so the connection cannot go on: it only stays.
            Way::Frozen | Way::Lost => {
                if now == Way::Frozen && way.wait_for(|way| *way != Way::Frozen).await.is_err() {
                    return;
                }
                if now == Way::Lost {
                    tokio::time::sleep(Duration::from_hours(1)).await;
                }
            }
        }
    }
}
