//! How far an action reaches. One scale for roles, plans and configured tools.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// From looking to anything at all; a role's ceiling allows what is not above it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Impact {
    /// Reads, and leaves no trace.
    Observe,
    /// Changes nothing for good, but costs load, a pause or a lock: strace, a repository check.
    Intrusive,
    /// Upgrades, restarts, scales, cordons.
    Change,
    /// Deletes, prunes, removes.
    Destroy,
    /// A shell or a program of the user's: anything at all.
    Shell,
}

impl Impact {
    /// Every impact, mildest first.
    pub const ALL: [Self; 5] = [Self::Observe, Self::Intrusive, Self::Change, Self::Destroy, Self::Shell];

    /// The word in policy files, on the command line and on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Intrusive => "intrusive",
            Self::Change => "change",
            Self::Destroy => "destroy",
            Self::Shell => "shell",
        }
    }
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that names no impact. It never stands for one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no impact; there are observe, intrusive, change, destroy and shell")]
pub struct UnknownImpact(pub String);

impl FromStr for Impact {
    type Err = UnknownImpact;

    fn from_str(word: &str) -> Result<Self, UnknownImpact> {
        Self::ALL.into_iter().find(|impact| impact.word() == word).ok_or_else(|| UnknownImpact(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impacts_are_ordered_and_named() {
        assert!(Impact::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        for impact in Impact::ALL {
            assert_eq!(impact.word().parse(), Ok(impact));
        }
        assert!("Observe".parse::<Impact>().is_err());
        assert!("".parse::<Impact>().is_err());
    }
}
