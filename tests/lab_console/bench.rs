//! The lab as a test holds it: its settings, its tools, its faults with their undoing. Knows no screen but how to start one.

use std::{
    collections::HashMap,
    io::Write,
    path::PathBuf,
    process::{Command, Output},
    sync::{Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::support::Terminal;

/// How long anything may take here: two cores carry two clusters, an engine and the tests.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// One test at a time has the lab.
static HELD: Mutex<()> = Mutex::new(());

/// The lab, held.
pub(crate) struct Lab {
    root: PathBuf,
    values: HashMap<String, String>,
    _held: MutexGuard<'static, ()>,
}

impl Lab {
    /// Takes the lab; fails when it is not up.
    pub(crate) fn take() -> Self {
        let held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        let root = PathBuf::from(std::env::var_os("RONDE_LAB").unwrap_or_else(|| "/var/lib/ronde-lab".into()));
        let file = root.join("env");
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("the lab is not up ({}: {error}); start it: tests/lab/up", file.display()));
        let values = text.lines().filter_map(|line| line.split_once('='));
        let values = values.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect();
        Self { root, values, _held: held }
    }

    /// A setting of the lab's `env`.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.values.get(name).unwrap_or_else(|| panic!("the lab's env has no {name}"))
    }

    /// The lab's own configuration, without its hosts.
    pub(crate) fn config(&self) -> String {
        std::fs::read_to_string(self.value("LAB_CONFIG")).expect("the lab's configuration")
    }

    /// The console as a person starts it who was told of the lab's configuration.
    pub(crate) fn console(&self, columns: u16, rows: u16) -> Terminal {
        let config = self.value("LAB_CONFIG").to_owned();
        drawn(Terminal::start(&["--config", &config], columns, rows))
    }

    /// The console with another configuration, in a home of its own.
    #[expect(clippy::unused_self, reason = "a console on the lab is started by who holds it")]
    pub(crate) fn console_with(&self, config: &str, columns: u16, rows: u16) -> Terminal {
        let home = tempfile::tempdir().expect("a home");
        let file = home.path().join("config.toml");
        std::fs::write(&file, config).expect("written");
        drawn(Terminal::start_in(home, &["--config", &file.to_string_lossy()], columns, rows, &[]))
    }

    /// The lab's configuration with the clusters as another user: `junior`, `exec-hang` and others.
    pub(crate) fn config_as(&self, user: &str) -> String {
        let name = format!("LAB_KUBECONFIG_{}", user.to_uppercase().replace('-', "_"));
        self.config().replace(self.value("LAB_KUBECONFIG_ADMIN"), self.value(&name))
    }

    /// What `kubectl` answers, as admin.
    pub(crate) fn kubectl(&self, cluster: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(self.value("LAB_KUBECTL"));
        command.args(["--kubeconfig", self.value("LAB_KUBECONFIG_ADMIN"), "--context", cluster]);
        answer(command.args(arguments))
    }

    /// Asks a cluster's server as this user until it refuses; says how long that took.
    pub(crate) fn refusal(&self, cluster: &'static str, user: &str) -> JoinHandle<String> {
        let kubeconfig = self.value(&format!("LAB_KUBECONFIG_{}", user.to_uppercase())).to_owned();
        let (tool, from) = (self.value("LAB_KUBECTL").to_owned(), Instant::now());
        std::thread::spawn(move || {
            until("a refusal", || {
                let mut ask = Command::new(&tool);
                ask.args(["--kubeconfig", &kubeconfig, "--context", cluster, "get", "--raw", "/version"]);
                !ask.output().expect("the tool starts").status.success()
            });
            format!("the server of {cluster} refuses it after {:.1} s", from.elapsed().as_secs_f64())
        })
    }

    /// What the `docker` client answers of the Docker engine.
    pub(crate) fn docker(&self, arguments: &[&str]) -> String {
        self.docker_at("LAB_DOCKER", arguments)
    }

    /// What the `docker` client answers of the engine at this setting of the lab: `LAB_DOCKER` or `LAB_PODMAN`.
    pub(crate) fn docker_at(&self, engine: &str, arguments: &[&str]) -> String {
        answer(Command::new("docker").args(["-H", self.value(engine)]).args(arguments))
    }

    /// What a program answers on a host of the lab, as root and past its sshd.
    pub(crate) fn on_host(&self, host: &str, command: &[&str]) -> String {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lab/host");
        answer(Command::new(script).args([host, "exec"]).args(command).env("RONDE_LAB", &self.root))
    }

    /// `ronde` without a screen, in a home of its own, with the lab's configuration.
    pub(crate) fn ronde(&self, arguments: &[&str]) -> Output {
        ronde(&[&["--config", self.value("LAB_CONFIG")], arguments].concat())
    }

    /// Breaks something by a script of the lab; mended when the fault is dropped, whatever the test comes to.
    pub(crate) fn fault(&self, script: &'static str, breaking: &[&str], mending: &[&str]) -> Fault {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let fault = Fault { script, mending: owned(mending), root: self.root.clone(), mended: false };
        fault.run(breaking);
        fault
    }
}

/// A terminal whose program has taken it: what is typed before goes through the kernel's own line editing.
fn drawn(mut terminal: Terminal) -> Terminal {
    terminal.wait_within(PATIENCE, "the first screen", |screen| screen.contains("Triage"));
    terminal
}

/// Runs `ronde` without a screen, in a home of its own.
pub(crate) fn ronde(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a home");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ronde"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", home.path()).env("LANG", "C.UTF-8").args(arguments);
    command.output().expect("the program starts")
}

fn answer(command: &mut Command) -> String {
    let output = command.env("LC_ALL", "C.UTF-8").output().expect("the tool starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a tool of this machine answers.
pub(crate) fn tool(name: &str, arguments: &[&str]) -> String {
    answer(Command::new(name).args(arguments))
}

/// Something broken on purpose.
pub(crate) struct Fault {
    script: &'static str,
    mending: Vec<String>,
    root: PathBuf,
    mended: bool,
}

impl Fault {
    fn run(&self, arguments: &[impl AsRef<std::ffi::OsStr>]) {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lab").join(self.script);
        answer(Command::new(script).args(arguments).env("RONDE_LAB", &self.root));
    }

    /// Mends it now.
    pub(crate) fn mend(mut self) {
        self.mended = true;
        self.run(&self.mending);
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        if !self.mended {
            self.run(&self.mending);
        }
    }
}

/// Waits for a screen and says on standard error how long it took; a time is told, never judged.
pub(crate) fn timed(terminal: &mut Terminal, what: &str, wanted: impl Fn(&str) -> bool) -> String {
    let from = Instant::now();
    let screen = terminal.wait_within(PATIENCE, what, wanted);
    say(&format!("time: {what}: {:.1} s", from.elapsed().as_secs_f64()));
    screen
}

/// Says a line past the harness, which keeps what a passing test prints to itself.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Waits until something outside the screen holds.
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(100)); // between two looks, not to wait
    }
}
