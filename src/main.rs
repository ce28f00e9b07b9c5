//! ronde: arguments, configuration, and the one call that does what was asked for.

mod console;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::Parser;
use color_eyre::eyre::{Result, WrapErr};
use ronde::{
    cli::{self, Cli, Command, ConfigCommand, Exit},
    command::keymap::Keymap,
    config::{Config, Loaded, Places, Problems, load::load},
    log,
    report::doctor::remote,
    source::{demo::Shape, registry},
};

fn main() -> Result<ExitCode> {
    color_eyre::config::HookBuilder::default().display_env_section(false).install()?;
    // The clients of every source share this one; two in one program would make each refuse to choose.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::warn!("another TLS provider was there first");
    }
    let cli = Cli::parse();
    let places = Places::of_this_user()?;
    let loaded = load(&places, &cli.global.flags()).and_then(with_right_keys);
    let Some(command) = cli.command else {
        return match loaded {
            Ok(loaded) => show(&loaded.config, &places, registry::build(&loaded.config), false),
            Err(problems) => Ok(complain(&problems)),
        };
    };
    match (command, loaded) {
        (Command::Completions { shell }, _) => print(&cli::completions(shell)),
        (Command::Config { command: ConfigCommand::Schema }, _) => print(cli::config::schema().as_bytes()),
        (Command::Config { command: ConfigCommand::Init }, _) => match cli::config::init(&places.user) {
            Ok(()) => print(format!("{}\n", places.user.display()).as_bytes()),
            Err(error) => Ok(complain(&error)),
        },
        (Command::Doctor(args), loaded) => {
            // With a broken configuration what would be found is checked all the same, unless a flag says no.
            let bare = || Config { discover: !cli.global.no_discover, ..Config::default() };
            let config = loaded.as_ref().map_or_else(|_| bare(), |loaded| loaded.config.clone());
            let probes = remote::probes(registry::observed(&config));
            let (out, exit) = runtime()?.block_on(cli::doctor::run(&args, &places, &loaded, &probes));
            print(out.as_bytes())?;
            Ok(exit.into())
        }
        (_, Err(problems)) => Ok(complain(&problems)),
        (Command::Config { command: ConfigCommand::Check }, Ok(loaded)) => {
            print(cli::config::checked(&loaded).as_bytes())
        }
        (Command::Config { command: ConfigCommand::Show }, Ok(loaded)) => print(loaded.show().as_bytes()),
        (Command::List(args), Ok(loaded)) => list(&args, &loaded.config, &places),
        (Command::Demo(args), Ok(loaded)) => show(&loaded.config, &places, registry::demo(&Shape::from(args)), true),
    }
}

/// The configuration, when the table of commands takes its keys.
fn with_right_keys(loaded: Loaded) -> Result<Loaded, Problems> {
    match Keymap::with(&loaded.config.keys) {
        Ok(_) => Ok(loaded),
        Err(mistakes) => Err(loaded.key_problems(mistakes)),
    }
}

fn list(args: &cli::ListArgs, config: &Config, places: &Places) -> Result<ExitCode> {
    let request = match cli::list::Request::new(args) {
        Ok(request) => request,
        Err(error) => return Ok(complain(&error)),
    };
    // Without a log a listing is still a listing.
    let _guard = log::start(&config.log_file(places), config.log.level).map_err(|error| eprintln!("{error}")).ok();
    let is_terminal = io::stdout().is_terminal();
    let width = is_terminal.then(crossterm::terminal::size).and_then(Result::ok).map(|(columns, _)| columns.into());
    let sources = registry::build(config).into_iter().filter_map(|mut starter| starter.start()).collect();
    let restarts = cli::list::remembered(config, places);
    match runtime()?.block_on(cli::list::list(&request, args, sources, restarts, width)) {
        Ok(printed) => {
            print(printed.out.as_bytes())?;
            eprint!("{}", printed.err);
            Ok(printed.exit.into())
        }
        Err(error) => Ok(complain(&error)),
    }
}

/// Shows the console until it is ended.
fn show(config: &Config, places: &Places, sources: Vec<registry::Starter>, demo: bool) -> Result<ExitCode> {
    console::run(config, places, sources, demo).wrap_err("the terminal cannot be used")
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Prints; a reader that left (`ronde list pods | head`) is no error.
fn print(bytes: &[u8]) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).wrap_err("standard output"),
        _ => Ok(Exit::Well.into()),
    }
}

/// Tells a mistake of the person who called; exit code 2.
fn complain(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("{error}");
    Exit::Usage.into()
}
