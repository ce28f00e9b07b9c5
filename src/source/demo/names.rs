//! Who is in the simulated fleet. The same names everywhere, so that a pod's node is a machine that is there too.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::rows::{Boot, Support};

/// The datacentres: a cluster each, named after the nearest airport.
pub(super) const DATACENTRES: [&str; 2] = ["eqiad", "codfw"];

/// Server groups of the wiki farm, and their share of the pods in thousandths.
pub(super) const FARM: [(&str, usize); 5] =
    [("mw-web", 150), ("mw-api-ext", 110), ("mw-api-int", 60), ("mw-jobrunner", 50), ("mw-debug", 10)];

/// Containers of a pod of the farm.
pub(super) const FARM_CONTAINERS: [(&str, &str); 8] = [
    ("mediawiki-main-app", "restricted/mediawiki-multiversion:2026-11-24-101530-publish-83"),
    ("mediawiki-main-httpd", "restricted/mediawiki-webserver:2026-11-24-095412-webserver"),
    ("mediawiki-main-httpd-exporter", "prometheus-apache-exporter:1.0.10-1"),
    ("mediawiki-main-php-fpm-exporter", "prometheus-php-fpm-exporter:0.0.5"),
    ("mediawiki-main-mcrouter", "mcrouter:2026.02.09.00-1"),
    ("mediawiki-main-mcrouter-exporter", "prometheus-mcrouter-exporter:0.4.0-1"),
    ("mediawiki-main-rsyslog", "rsyslog:8.2302.0-1"),
    ("mediawiki-main-tls-proxy", "envoy:1.29.12-1"),
];

/// Where images come from.
pub(super) const REGISTRY: &str = "registry.example.org";

/// Tools of tenants.
const TOOLS: [&str; 24] = [
    "citation-bot",
    "copyvios",
    "commons-delinquent",
    "dewiki-admin",
    "editgroups",
    "fountain",
    "glamtools",
    "guc",
    "heritage",
    "ia-upload",
    "link-dispenser",
    "mix-n-match",
    "montage",
    "ordia",
    "pageviews",
    "petscan",
    "quickstatements",
    "refill",
    "scholia",
    "stewardbots",
    "video2commons",
    "weapon-of-mass-description",
    "wikiloves",
    "xtools",
];

/// The n-th tenant's tool.
pub(super) fn tool(n: usize) -> String {
    let name = TOOLS.get(n % TOOLS.len()).copied().unwrap_or("tool");
    if n < TOOLS.len() { name.to_owned() } else { format!("{name}-{}", n / TOOLS.len() + 1) }
}

/// The n-th node of a datacentre's cluster.
pub(super) fn node(datacentre: usize, n: usize) -> String {
    format!("mw{}", (if datacentre == 0 { 1480 } else { 2380 }) + n)
}

/// What a machine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// People log in here.
    Bastion,
    /// Runs Docker.
    Engine,
    /// A database.
    Database,
    /// A node of a cluster.
    Worker,
}

/// The machines: a bastion, the machines of `engines` container engines, two databases, then nodes of the first cluster.
pub(super) fn machines(count: usize, engines: usize) -> Vec<(Arc<str>, Role)> {
    let bastion = std::iter::once(("bastion1003".to_owned(), Role::Bastion));
    let farms = (1..=engines).map(|n| (format!("farm{n}"), Role::Engine));
    let databases = (1150..1152).map(|n| (format!("db{n}"), Role::Database));
    let workers = (0..).map(|n| (node(0, n), Role::Worker));
    bastion.chain(farms).chain(databases).chain(workers).take(count).map(|(name, role)| (name.into(), role)).collect()
}

/// Engines that `containers` are spread over.
pub(super) fn engines(containers: usize) -> usize {
    containers.div_ceil(12)
}

/// The boot of the machine of this name, by which machines and nodes of clusters are known to be the same.
pub(super) fn boot(name: &str) -> Option<Boot> {
    let seed = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u128, |sum, byte| (sum ^ u128::from(byte)).wrapping_mul(0x0100_0000_01b3));
    Boot::new(&format!("{seed:032x}"), "")
}

/// The support of Debian 12, which the simulated machines run.
pub(super) fn support() -> Option<Support> {
    let (regular, long) = (Timestamp::from_second(1_783_814_400).ok()?, Timestamp::from_second(1_846_022_400).ok()?);
    Some(Support { regular, long: Some(long) })
}
