//! What `ssh_config` makes of a target, as `ssh -G` says; whether the user's own master is connected; the fingerprint of a
//! key that is not known. Each is one short run of `ssh`, without terminal.

use std::{collections::HashMap, ffi::OsString, path::PathBuf, time::Duration};

use tokio::time::timeout;

use super::{
    connection::{Output, Ssh},
    passphrase,
    target::Target,
    trouble::Trouble,
};

/// How long one run may take. The first makes no connection, the second a local one.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long the host may take to show its key.
const KEY: Duration = Duration::from_secs(10);

/// Where a target leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Jump hosts, the last nearest to the host.
    pub jumps: Vec<String>,
    /// It is reached by a command of the user's, or stands under another name in `known_hosts`.
    pub is_special: bool,
    /// The first of the user's files of known hosts.
    pub known_hosts: String,
    /// Files of keys that are tried.
    pub identities: Vec<PathBuf>,
    /// Where the user's control socket for it stands, if there is one.
    pub control: Option<PathBuf>,
}

impl Resolved {
    /// Asks `ssh`.
    pub async fn of(target: &Target) -> Result<Self, Trouble> {
        let mut arguments = target.config_arguments();
        arguments.extend(["-G".into(), "--".into(), target.destination().into()]);
        let (code, out, complaints) = run("ssh", &arguments, PATIENCE).await?;
        if code == Some(0) { Ok(Self::parse(&out)) } else { Err(Trouble::of_ssh(&complaints)) }
    }

    /// `keyword value…` a line, keywords in small letters.
    fn parse(lines: &[String]) -> Self {
        let mut said: HashMap<&str, &str> = HashMap::new();
        for (keyword, value) in lines.iter().filter_map(|line| line.split_once(' ')) {
            said.entry(keyword).or_insert(value.trim());
        }
        let set = |keyword: &str| said.get(keyword).copied().filter(|value| !value.is_empty() && *value != "none");
        let jumps = set("proxyjump").map(|jumps| jumps.split(',').map(str::to_owned).collect());
        Self {
            host: set("hostname").unwrap_or_default().to_owned(),
            port: set("port").and_then(|port| port.parse().ok()).unwrap_or(22),
            jumps: jumps.unwrap_or_default(),
            is_special: set("proxycommand").is_some() || set("hostkeyalias").is_some(),
            known_hosts: set("userknownhostsfile")
                .and_then(|files| files.split(' ').next())
                .unwrap_or("~/.ssh/known_hosts")
                .to_owned(),
            identities: lines.iter().filter_map(|line| line.strip_prefix("identityfile ")).map(at_home).collect(),
            control: set("controlpath").map(PathBuf::from),
        }
    }

    /// The user's control socket, when a master of theirs listens on it.
    pub async fn live_control(&self, target: &Target) -> Option<PathBuf> {
        let socket = self.control.clone().filter(|socket| socket.exists())?;
        let mut control = OsString::from("ControlPath=");
        control.push(&socket);
        let mut arguments = target.config_arguments();
        arguments.extend(["-o".into(), control, "-O".into(), "check".into(), "--".into(), target.destination().into()]);
        let (code, ..) = run("ssh", &arguments, PATIENCE).await.ok()?;
        (code == Some(0)).then_some(socket)
    }

    /// A key that would be tried if an agent held it: it has a passphrase, and nobody can be asked for it.
    pub async fn locked_key(&self) -> Option<PathBuf> {
        let (_, held, _) = run("ssh-add", &["-L".into()], PATIENCE).await.unwrap_or_default();
        let keys = self.identities.clone();
        // A home directory on a network may hang.
        tokio::task::spawn_blocking(move || passphrase::locked(&keys, &held)).await.ok().flatten()
    }

    /// The command by which a person accepts the host's key, once they have compared its fingerprint: the same way there, the same
    /// port, the same file.
    pub fn accept(&self, target: &Target, kind: &str) -> String {
        if self.is_special || self.host.is_empty() {
            return format!("{} -o StrictHostKeyChecking=ask", target.command(&["ssh"]));
        }
        let kind = kind.to_ascii_lowercase();
        let port = self.port.to_string();
        let scan = shell_words::join(["ssh-keyscan", "-t", &kind, "-p", &port, &self.host]);
        let scan = match self.jumps.split_last() {
            None => scan,
            Some((last, before)) => {
                let before = before.join(",");
                let way: &[&str] = if before.is_empty() { &["ssh"] } else { &["ssh", "-J", &before] };
                // Only `-J` takes `host:port`.
                let last =
                    if last.contains(':') && !last.contains("://") { format!("ssh://{last}") } else { last.clone() };
                match target.other(&last) {
                    Some(jump) => format!("{} {scan}", jump.command(way)),
                    None => return format!("{} -o StrictHostKeyChecking=ask", target.command(&["ssh"])),
                }
            }
        };
        format!("{scan} >> {}", self.known_hosts)
    }
}

/// `~/` is the home directory in what `ssh -G` prints too.
fn at_home(path: &str) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
        None => path.into(),
    }
}

/// The fingerprint of the key that the host shows now (`SHA256:…`), by the same way as a connection. No login is tried.
pub async fn fingerprint(target: &Target) -> Option<String> {
    let mut arguments = target.config_arguments();
    for option in [
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "ControlPath=none",
        "LogLevel=DEBUG1",
        "PreferredAuthentications=none",
    ] {
        arguments.extend(["-o".into(), option.into()]);
    }
    arguments.extend(["-T".into(), "--".into(), target.destination().into(), "true".into()]);
    let (_, _, complaints) = run("ssh", &arguments, KEY).await.ok()?;
    shown_key(&complaints)
}

/// `debug1: Server host key: ssh-ed25519 SHA256:…`; jump hosts say the same before the host does.
fn shown_key(lines: &[String]) -> Option<String> {
    let last = lines.iter().rev().find_map(|line| line.split_once("Server host key: "))?;
    let print = last.1.split_ascii_whitespace().nth(1)?;
    let is_print =
        print.len() <= 128 && print.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/:=".contains(&byte));
    is_print.then(|| print.to_owned())
}

/// Runs a program of OpenSSH's to its end: exit code, lines of output, lines of complaints.
pub(super) async fn run(program: &str, arguments: &[OsString], limit: Duration) -> Result<Output, Trouble> {
    let mut ssh = Ssh::start(program, arguments, None)?;
    timeout(limit, ssh.output()).await.map_err(|_| Trouble::Slow(limit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    const PRINTED: &str = "\
host h1
user root
hostname 10.0.0.7
port 2222
controlpath /run/user/1/ssh-4f
proxyjump admin@jump:2200
identityfile /home/a/.ssh/id_rsa
identityfile /home/a/.ssh/id_ed25519
userknownhostsfile /home/a/.ssh/known_hosts /home/a/.ssh/known_hosts2
";

    #[test]
    fn what_ssh_prints_is_read() {
        let resolved = Resolved::parse(&lines(PRINTED));
        assert_eq!((resolved.host.as_str(), resolved.port), ("10.0.0.7", 2222));
        assert_eq!(resolved.jumps, ["admin@jump:2200"]);
        assert_eq!(resolved.identities, [PathBuf::from("/home/a/.ssh/id_rsa"), "/home/a/.ssh/id_ed25519".into()]);
        assert_eq!(resolved.control, Some("/run/user/1/ssh-4f".into()));
        assert_eq!(resolved.known_hosts, "/home/a/.ssh/known_hosts");
        assert_eq!(Resolved::parse(&lines("hostname h\ncontrolpath none\nproxyjump none\n")).control, None);
    }

    #[test]
    fn a_key_is_accepted_by_the_same_way() {
        let target = Target::new("h1", None).expect("a destination");
        let mut resolved = Resolved::parse(&lines(PRINTED));
        let scan = "ssh-keyscan -t ed25519 -p 2222 10.0.0.7";
        assert_eq!(
            resolved.accept(&target, "ED25519"),
            format!("ssh ssh://admin@jump:2200 {scan} >> /home/a/.ssh/known_hosts")
        );
        resolved.jumps = vec!["a".into(), "b".into()];
        let with = Target::new("h1", Some("/etc/x".into())).expect("a destination");
        assert_eq!(
            resolved.accept(&with, "RSA"),
            "ssh -F /etc/x -J a b ssh-keyscan -t rsa -p 2222 10.0.0.7 >> /home/a/.ssh/known_hosts"
        );
        resolved.jumps.clear();
        assert_eq!(resolved.accept(&target, "ED25519"), format!("{scan} >> /home/a/.ssh/known_hosts"));
        resolved.is_special = true;
        assert_eq!(resolved.accept(&target, "ED25519"), "ssh h1 -o StrictHostKeyChecking=ask");
    }

    #[test]
    fn the_key_is_that_of_the_host_and_not_of_the_way_there() {
        let text = "debug1: Server host key: ssh-ed25519 SHA256:jumpjump\ndebug1: x\ndebug1: Server host key: ssh-rsa SHA256:ab+/c=\n";
        assert_eq!(shown_key(&lines(text)).as_deref(), Some("SHA256:ab+/c="));
        assert_eq!(shown_key(&lines("Server host key: ssh-rsa $(x)")), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            Resolved::parse(&lines(&text));
            shown_key(&lines(&format!("Server host key: {text}")));
        }
    }
}
