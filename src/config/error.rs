//! Mistakes in the configuration, each with its place; and the nearest right name.

use std::{fmt, path::PathBuf};

/// One mistake: where, what was found, what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Where something of the configuration stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file, at a line and column, both from 1; a column counts characters.
    Line(PathBuf, usize, usize),
    /// A file as a whole.
    File(PathBuf),
    /// A flag on the command line.
    Flag(&'static str),
    /// In ronde itself.
    Default,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line, column) => write!(f, "{}:{line}:{column}", file.display()),
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Flag(flag) => f.write_str(flag),
            Self::Default => f.write_str("default"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A file's own text is in the message: it must not reach the terminal's controls.
        let line = format!("{}: {}", self.place, self.message);
        f.write_str(&crate::model::text::inert(&line))
    }
}

/// All mistakes that were found; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// `; did you mean …?` for the nearest of the right names, or all of them when none is near and they are few.
pub(super) fn suggestion<'a>(wrong: &str, right: impl IntoIterator<Item = &'a str>) -> String {
    let right: Vec<&str> = right.into_iter().collect();
    let lower = wrong.to_lowercase();
    let nearest = right
        .iter()
        .map(|name| (strsim::osa_distance(&lower, name), *name))
        .min()
        .filter(|(distance, name)| *distance <= 1.max(name.chars().count().max(lower.chars().count()) / 3));
    match nearest {
        Some((_, name)) => format!("; did you mean `{name}`?"),
        None if right.is_empty() => String::new(),
        None if right.len() <= 16 => format!("; expected one of {}", quoted(&right)),
        None => String::new(),
    }
}

/// `` `a`, `b`, `c` ``.
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["theme", "ascii", "mouse", "accent"];
        assert_eq!(suggestion("theem", names), "; did you mean `theme`?");
        assert_eq!(suggestion("Theme", names), "; did you mean `theme`?");
        assert_eq!(suggestion("kubeconfig", names), "; expected one of `theme`, `ascii`, `mouse`, `accent`");
        assert_eq!(suggestion("x", []), "");
    }
}
