//! From configuration to a running console.

use std::{
    io::{self, IsTerminal},
    path::Path,
    process::ExitCode,
};

use jiff::Timestamp;
use ronde::{
    action::{impact::Impact, role::Role},
    app::{
        App, Settings,
        messages::Level,
        run::{self, Console},
    },
    cache::Cache,
    cli::Exit,
    command::keymap::Keymap,
    config::{
        Config, Places,
        schema::{Mode, Tab},
    },
    log,
    source::registry::Starter,
    theme::Themes,
};

/// Shows the console until it is ended.
pub(super) fn run(config: &Config, places: &Places, sources: Vec<Starter>, demo: bool) -> io::Result<ExitCode> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        eprintln!("ronde: the console needs a terminal; `ronde list TABLE` prints tables without one");
        return Ok(Exit::Usage.into());
    }
    let mut notes = Vec::new();
    let mut told = |level, text: String| notes.push((level, text));
    let _log = log::start(&config.log_file(places), config.log.level)
        .map_err(|error| told(Level::Warning, error.to_string()))
        .ok();
    let themes = match themes(&config.ui.theme) {
        Ok(themes) => themes,
        Err(error) => {
            eprintln!("ronde: {error}");
            return Ok(Exit::Usage.into());
        }
    };
    let views_file = places.state.join("views.toml");
    let saved = run::load_views(&views_file).unwrap_or_else(|why| {
        told(Level::Warning, why);
        ronde::app::saved::SavedViews::default()
    });
    // A simulated fleet must not be remembered as a real one.
    let cache = (config.cache.enabled && !demo).then(|| open_cache(config, places, &mut told)).flatten();
    let keymap = Keymap::with(&config.keys).unwrap_or_default();
    let mut app = App::new(settings(config, &themes, demo), role(config.start.mode), keymap, saved, Timestamp::now());
    app.mouse = config.ui.mouse;
    app.active = match config.start.tab {
        Tab::Triage => 0,
        Tab::Nodes => 1,
        Tab::Containers => 2,
        Tab::Pods => 3,
    };
    app.rules.production = config.ui.accent.keys().filter_map(|key| Some(key.split_once(':')?.1.to_owned())).collect();
    let console = Console { app, themes, sources, views_file: Some(views_file), cache, notes };
    let runtime = super::runtime()?;
    let result = runtime.block_on(run::console(console));
    // What still runs (a file system that hangs) must not hold up the end.
    runtime.shutdown_background();
    result?;
    Ok(Exit::Well.into())
}

/// The cache; a damaged one is out of the way after the first try.
fn open_cache(config: &Config, places: &Places, told: &mut impl FnMut(Level, String)) -> Option<Cache> {
    let file = config.cache_file(places);
    for _ in 0..2 {
        match Cache::open(&file, config.cache.limit.0, Timestamp::now()) {
            Ok(cache) => return Some(cache),
            Err(error) => {
                told(Level::Warning, error.to_string());
                if !matches!(error, ronde::cache::Error::Damaged { .. }) {
                    return None;
                }
            }
        }
    }
    None
}

fn themes(wanted: &str) -> Result<Themes, ronde::theme::Error> {
    let themes = Themes::load(None)?;
    if themes.get(wanted).is_some() { Ok(themes) } else { Themes::load(Some(Path::new(wanted))) }
}

fn settings(config: &Config, themes: &Themes, demo: bool) -> Settings {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_lowercase();
    let utf8 = locale.contains("utf-8") || locale.contains("utf8");
    let accent = config.ui.accent.iter().filter_map(|(place, colour)| {
        let name = serde_json::to_value(colour).ok()?;
        Some((place.clone(), name.as_str()?.to_owned()))
    });
    Settings {
        user: set("USER").or_else(|| set("LOGNAME")).unwrap_or_default(),
        theme: config.ui.theme.clone(),
        themes: themes.names(),
        ascii: config.ui.ascii || !utf8,
        no_color: set("NO_COLOR").is_some(),
        demo,
        zone: jiff::tz::TimeZone::system(),
        accent: accent.collect(),
    }
}

/// Without a policy file the ceiling is admin; the configuration can only lower it.
fn role(mode: Mode) -> Role {
    let mut role = Role::admin();
    match mode {
        Mode::ReadOnly => role.lower(Impact::Observe),
        Mode::Operator => role.lower(Impact::Destroy),
        Mode::Admin => {}
    }
    role
}
