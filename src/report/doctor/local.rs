//! Checks of this machine: terminal, configuration, cache, log, clock.

use std::{fs::OpenOptions, path::Path};

use jiff::Timestamp;

use super::{Check, Verdict};
use crate::{
    cache::{self, Cache},
    config::{Config, Loaded, Places, Problems},
};

/// The smallest terminal that is fully usable.
const SMALLEST: (u16, u16) = (80, 24);

/// This source was written after this day; a clock before it is wrong.
const WRITTEN: &str = "2026-11-01T00:00:00Z";

/// What the process sees of its terminal.
#[derive(Clone, Debug, Default)]
pub struct Terminal {
    /// `$TERM`.
    pub term: Option<String>,
    /// `$COLORTERM`.
    pub colorterm: Option<String>,
    /// `$NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// The first set of `$LC_ALL`, `$LC_CTYPE`, `$LANG`.
    pub locale: Option<String>,
    /// Standard input and output are terminals.
    pub is_terminal: bool,
    /// Columns and rows.
    pub size: Option<(u16, u16)>,
}

impl Terminal {
    /// As it is now.
    pub fn now() -> Self {
        use std::io::IsTerminal;
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            term: variable("TERM"),
            colorterm: variable("COLORTERM"),
            no_color: variable("NO_COLOR").is_some(),
            locale: variable("LC_ALL").or_else(|| variable("LC_CTYPE")).or_else(|| variable("LANG")),
            is_terminal: std::io::stdin().is_terminal() && std::io::stdout().is_terminal(),
            size: rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| (size.ws_col, size.ws_row)),
        }
    }

    /// What it can show.
    pub fn checks(&self) -> Vec<Check> {
        vec![self.kind(), self.colours(), self.characters(), self.room()]
    }

    fn kind(&self) -> Check {
        let (verdict, finding) = match self.term.as_deref() {
            _ if !self.is_terminal => {
                (Verdict::Warn, "not a terminal; the console needs one, `ronde list` does not".into())
            }
            None => (Verdict::Fail, "TERM is not set; set it to your terminal's kind, such as xterm-256color".into()),
            Some("dumb") => (Verdict::Fail, "TERM is dumb: no console can be drawn; set your terminal's kind".into()),
            Some(term) => (Verdict::Ok, format!("TERM is {term}")),
        };
        Check::new(verdict, "terminal", finding)
    }

    fn colours(&self) -> Check {
        let term = self.term.as_deref().unwrap_or_default();
        let has_true = matches!(self.colorterm.as_deref(), Some("truecolor" | "24bit"));
        let (verdict, finding) = match () {
            () if self.no_color => (Verdict::Ok, "none, as NO_COLOR asks"),
            () if has_true => (Verdict::Ok, "16 million; ronde uses the terminal's sixteen"),
            () if term.contains("256color") => (Verdict::Ok, "256; ronde uses the terminal's sixteen"),
            () if term.is_empty() || term == "dumb" || term == "vt100" => (Verdict::Warn, "none known for this TERM"),
            () => (Verdict::Ok, "16"),
        };
        Check::new(verdict, "colours", finding)
    }

    fn characters(&self) -> Check {
        let locale = self.locale.as_deref().unwrap_or("not set");
        let is_utf8 = locale.to_ascii_lowercase().replace('-', "").contains("utf8");
        if is_utf8 {
            Check::new(Verdict::Ok, "locale", locale)
        } else {
            let finding = format!("{locale}: not UTF-8; set LANG=C.UTF-8, or start with --ascii");
            Check::new(Verdict::Warn, "locale", finding)
        }
    }

    fn room(&self) -> Check {
        match self.size.filter(|_| self.is_terminal) {
            Some((columns, rows)) if columns < SMALLEST.0 || rows < SMALLEST.1 => {
                let finding = format!("{columns}×{rows}: small; from {}×{} on all is usable", SMALLEST.0, SMALLEST.1);
                Check::new(Verdict::Warn, "size", finding)
            }
            Some((columns, rows)) => Check::new(Verdict::Ok, "size", format!("{columns}×{rows}")),
            None => Check::new(Verdict::Ok, "size", "not known without a terminal"),
        }
    }
}

/// What was read, or every mistake in it.
pub fn configuration(loaded: &Result<Loaded, Problems>) -> Vec<Check> {
    let subject = "configuration";
    match loaded {
        Ok(loaded) if loaded.files.is_empty() => vec![Check::new(Verdict::Ok, subject, "no file; defaults")],
        Ok(loaded) => {
            loaded.files.iter().map(|file| Check::new(Verdict::Ok, subject, file.display().to_string())).collect()
        }
        Err(problems) => problems.0.iter().map(|one| Check::new(Verdict::Fail, subject, one.to_string())).collect(),
    }
}

/// Whether the cache opens, as the console would open it.
pub fn cache(config: &Config, places: &Places, now: Timestamp) -> Check {
    let path = config.cache_file(places);
    if !config.cache.enabled {
        return Check::new(Verdict::Ok, "cache", "turned off by [cache] enabled");
    }
    match Cache::open(&path, config.cache.limit.0, now).and_then(|cache| cache.looked_at()) {
        Ok(_) => Check::new(Verdict::Ok, "cache", path.display().to_string()),
        Err(error @ (cache::Error::Locked { .. } | cache::Error::Damaged { .. })) => {
            Check::new(Verdict::Warn, "cache", error.to_string())
        }
        Err(error) => Check::new(Verdict::Fail, "cache", error.to_string()),
    }
}

/// Whether the log can be written.
pub fn log(file: &Path) -> Check {
    let exists = file.exists();
    let opened = if exists {
        OpenOptions::new().append(true).open(file).map(|_| ())
    } else {
        // The first ancestor that is there decides whether the rest can be made.
        let parent = file.ancestors().skip(1).find(|parent| parent.exists()).unwrap_or(Path::new("/"));
        rustix::fs::access(parent, rustix::fs::Access::WRITE_OK).map_err(Into::into)
    };
    match opened {
        Ok(()) => Check::new(Verdict::Ok, "log", file.display().to_string()),
        Err(error) => Check::new(Verdict::Fail, "log", format!("{}: {error}; nothing is logged", file.display())),
    }
}

/// Whether ages and certificates can be believed.
pub fn clock(now: Timestamp) -> Check {
    let written: Timestamp = WRITTEN.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    if now < written {
        return Check::new(
            Verdict::Fail,
            "clock",
            format!("{now:.0}: in the past; ages and certificates will be wrong"),
        );
    }
    let synchronized = ["/run/systemd/timesync/synchronized", "/run/chrony/chronyd.pid", "/run/ntpd.pid"];
    let keeper = synchronized.iter().find(|path| Path::new(path).exists());
    let by = keeper
        .map_or("no time service seen; ages are compared with other machines' clocks", |_| "kept by a time service");
    Check::new(if keeper.is_some() { Verdict::Ok } else { Verdict::Warn }, "clock", format!("{now:.0}; {by}"))
}
