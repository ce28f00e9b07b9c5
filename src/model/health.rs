//! What is known of a source: whether its rows are live, and since when they are not.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::SourceId;

/// The state of a source, as the header and the sources panel show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Not answered yet.
    Connecting,
    /// Pushed as it changes.
    Live,
    /// Asked at intervals.
    Polling,
    /// It answered, but not lately.
    Stale,
    /// No answer: refused, timed out, no route, engine stopped.
    Unreachable,
    /// A second factor or passphrase is asked for; a person must log in once.
    NeedsLogin,
    /// Something answers that does not prove to be it: a host key that is unknown or has changed, a certificate that is not
    /// valid. No credentials were sent to it.
    Untrusted,
    /// The credentials are not accepted.
    AuthFailed,
    /// The credentials are accepted and may not see this.
    Forbidden,
}

impl State {
    /// The word in header, panel and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Polling => "polling",
            Self::Stale => "stale",
            Self::Unreachable => "unreachable",
            Self::NeedsLogin => "needs login",
            Self::Untrusted => "not trusted",
            Self::AuthFailed => "authentication failed",
            Self::Forbidden => "forbidden",
        }
    }

    /// Whether rows of a source in this state are current.
    pub fn is_current(self) -> bool {
        matches!(self, Self::Live | Self::Polling)
    }

    /// Whether something must be done about it.
    pub fn is_fault(self) -> bool {
        !self.is_current() && self != Self::Connecting
    }
}

/// A report on one source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Health {
    /// Whose.
    pub source: SourceId,
    /// What it is in.
    pub state: State,
    /// When this state began.
    pub since: Timestamp,
    /// What failed, where, why and what to do, in one line; for current states a remark
    /// (`metrics API absent`), else empty.
    pub message: String,
}
