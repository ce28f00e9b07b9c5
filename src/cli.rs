//! The command line: what may be said on it. What each command does is in its file below.

pub mod config;
pub mod doctor;
pub mod list;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};

use crate::{
    config::{Flags, schema::Level},
    model::store::TableId,
    source::demo::Shape,
};

/// A terminal console for the people who keep systems running: machines, containers and pods in one live screen.
#[derive(Debug, Parser)]
#[command(name = "ronde", version, max_term_width = 100, args_conflicts_with_subcommands = false)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; the console when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Read this configuration over the others
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// See everything, change nothing
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Observe only what is configured
    #[arg(long, global = true)]
    pub no_discover: bool,
    /// Draw with ASCII only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// dark, light, high-contrast, or a theme file
    #[arg(long, global = true, value_name = "NAME|FILE")]
    pub theme: Option<String>,
    /// The least important that is logged
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<Level>,
}

impl Global {
    /// As a layer of the configuration.
    pub fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            read_only: self.read_only,
            no_discover: self.no_discover,
            ascii: self.ascii,
            theme: self.theme.clone(),
            log_level: self.log_level,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print a table once
    List(ListArgs),
    /// Configuration: an example, a check, what holds
    Config {
        /// Which of these.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Show the console over a simulated fleet
    Demo(DemoArgs),
    /// Check what stands in the way: terminal, files, engines, clusters
    Doctor(DoctorArgs),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// What to list, and how.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The table
    #[arg(value_name = "TABLE", value_parser = PossibleValuesParser::new(TableId::ALL.iter().map(|table| table.name())))]
    pub table: String,
    /// The form
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Form,
    /// Only rows that pass, in the language of `/`: "cpu>500m and ns:mw-*"
    #[arg(short, long, value_name = "EXPR", allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// Sort by this field; with - before it, greatest first
    #[arg(short, long, value_name = "FIELD", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Longest wait for all sources
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = wait)]
    pub wait: Duration,
    /// Only these fields, in this order
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub columns: Vec<String>,
}

/// Longest `--wait` that is taken.
const LONGEST: Duration = Duration::from_hours(1);

fn wait(text: &str) -> Result<Duration, String> {
    let wait =
        humantime::parse_duration(text).map_err(|error| format!("{error}; expected a time such as 10s or 2m"))?;
    if wait > LONGEST { Err(format!("at most {}", humantime::format_duration(LONGEST))) } else { Ok(wait) }
}

/// The form of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Aligned columns
    #[default]
    Table,
    /// One JSON document with all fields
    Json,
    /// CSV with all fields
    Csv,
}

/// What to do with the configuration.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Write the commented example to your own place, unless there is one
    Init,
    /// Tell every mistake
    Check,
    /// Print what holds, and where each part comes from
    Show,
    /// Print the JSON schema, for editors
    Schema,
}

/// How to report.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The form
    #[arg(short, long, value_enum, default_value_t)]
    pub output: DoctorForm,
}

/// The form of what the doctor found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DoctorForm {
    /// A line a check
    #[default]
    Text,
    /// One JSON document
    Json,
}

/// Shells with completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "a shell's name says all there is to say")]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// The size of a simulated fleet, for `ronde demo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct DemoArgs {
    /// The same seed gives the same fleet
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Pods, over two datacentres
    #[arg(long, default_value_t = 1500, value_parser = clap::value_parser!(u32).range(0..=200_000))]
    pub pods: u32,
    /// Machines
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub hosts: u32,
    /// Containers, over all machines
    #[arg(long, default_value_t = 54, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub containers: u32,
    /// Changes a second
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub changes: u32,
}

impl From<DemoArgs> for Shape {
    fn from(args: DemoArgs) -> Self {
        let count = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        Self {
            seed: args.seed,
            hosts: count(args.hosts),
            containers: count(args.containers),
            pods: count(args.pods),
            changes_per_second: f64::from(args.changes),
            ..Self::default()
        }
    }
}

/// How the program ends, everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or well.
    Well,
    /// Findings, or a target that failed.
    Findings,
    /// Usage or configuration.
    Usage,
    /// Something could not be reached; beats findings.
    Unreachable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Well => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 4,
        })
    }
}

/// The completions of a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    use clap::CommandFactory;
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ronde", &mut out);
    out
}
