//! Reading: the layers in order, checked, merged, typed.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::Value;

use super::{
    check,
    error::{Place, Problem, Problems},
    merge::merge,
    places::Places,
    rules,
    schema::{Config, Level},
    tree::{FILE_LIMIT, Layer, Node, parse},
};

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// `--read-only`.
    pub read_only: bool,
    /// `--no-discover`.
    pub no_discover: bool,
    /// `--ascii`.
    pub ascii: bool,
    /// `--theme NAME|FILE`; a relative path is one from the working directory.
    pub theme: Option<String>,
    /// `--log-level LEVEL`.
    pub log_level: Option<Level>,
}

/// The configuration, and where each part of it comes from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is set, with defaults; `~` is replaced.
    pub config: Config,
    /// Files that were read, lowest layer first.
    pub files: Vec<PathBuf>,
    pub(super) layers: Vec<Layer>,
    pub(super) tree: Node,
}

/// Reads all layers.
///
/// # Errors
///
/// Every mistake that was found. A file missing at the two usual places is none.
pub fn load(places: &Places, flags: &Flags) -> Result<Loaded, Problems> {
    let schema = super::json_schema();
    let mut layers = Vec::new();
    let mut trees = Vec::new();
    let mut problems = Vec::new();
    let usual = [(&places.system, false), (&places.user, false)];
    for (path, must) in usual.into_iter().chain(flags.config.iter().map(|path| (path, true))) {
        let text = match read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && !must => continue,
            Err(error) => {
                problems.push(Problem { place: Place::File(path.clone()), message: unreadable(&error) });
                continue;
            }
        };
        layers.push(Layer::File(path.clone(), text.clone()));
        match parse(layers.len() - 1, &layers, &text) {
            Ok(tree) => {
                let mut found = check::check(&tree, &schema, &layers);
                found.extend(rules::of_file(&tree, &layers));
                found.sort_by_key(|problem| line(&problem.place));
                problems.append(&mut found);
                trees.push(tree);
            }
            Err(mut found) => problems.append(&mut found),
        }
    }
    let files =
        layers.iter().filter_map(|layer| if let Layer::File(path, _) = layer { Some(path.clone()) } else { None });
    let files = files.collect();
    for (flag, path, value) in flag_values(flags) {
        layers.push(Layer::Flag(flag));
        let tree = Node::leaf_at(layers.len() - 1, path, value);
        problems.extend(check::check(&tree, &schema, &layers));
        trees.push(tree);
    }
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let tree = trees.into_iter().reduce(|mut lower, upper| {
        merge(&mut lower, upper);
        lower
    });
    let tree = tree.unwrap_or_else(|| Node::empty(0));
    let mut problems = rules::of_whole(&tree, &layers);
    problems.sort_by_key(|problem| line(&problem.place));
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let config = Config::deserialize(tree.value())
        .map_err(|error| Problems(vec![Problem { place: Place::Default, message: error.message().to_owned() }]))?;
    Ok(Loaded { config: config.at_home(places), files, layers, tree })
}

pub(super) fn line(place: &Place) -> (usize, usize) {
    if let Place::Line(_, line, column) = place { (*line, *column) } else { (0, 0) }
}

/// Reads a file, or a pipe such as `<(…)`, up to [`FILE_LIMIT`].
fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_LIMIT {
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, format!("longer than {} KiB", FILE_LIMIT >> 10)));
    }
    Ok(text)
}

fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => {
            "may not be read by you (permission denied); make it readable, mode 0644".to_owned()
        }
        ErrorKind::InvalidData => "is not UTF-8 text".to_owned(),
        ErrorKind::IsADirectory => "is a directory; expected a file".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

fn flag_values(flags: &Flags) -> Vec<(&'static str, &'static [&'static str], Value)> {
    let mut values: Vec<(&'static str, &'static [&'static str], Value)> = Vec::new();
    if flags.no_discover {
        values.push(("--no-discover", &["discover"], Value::Boolean(false)));
    }
    if flags.read_only {
        values.push(("--read-only", &["start", "mode"], Value::String("read-only".to_owned())));
    }
    if flags.ascii {
        values.push(("--ascii", &["ui", "ascii"], Value::Boolean(true)));
    }
    if let Some(theme) = &flags.theme {
        let is_relative = theme.contains('/') && !theme.starts_with(['/', '~']);
        let full = std::path::absolute(theme).ok().filter(|_| is_relative);
        let theme = full.map_or_else(|| theme.clone(), |path| path.to_string_lossy().into_owned());
        values.push(("--theme", &["ui", "theme"], Value::String(theme)));
    }
    if let Some(level) = flags.log_level.and_then(|level| Value::try_from(level).ok()) {
        values.push(("--log-level", &["log", "level"], level));
    }
    values
}
