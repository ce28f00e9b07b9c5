//! `ronde doctor`: what stands in the way on this machine, one line a check.
//!
//! Checks of this machine are in [`local`]; engines and clusters are asked through [`Probe`] by their sources' own clients.

pub mod local;
pub mod remote;

use std::time::Duration;

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesOrdered};
use serde::Serialize;
use tokio::time::timeout;

use super::inert_json;
use crate::model::text::inert;

/// Longest a probe may take. Its parts have shorter limits and better words; a credential plugin alone may take twenty seconds.
pub const PATIENCE: Duration = Duration::from_secs(45);

/// How a check went; ordered from well to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Well.
    Ok,
    /// Works, with something to know.
    Warn,
    /// Does not work.
    Fail,
    /// No answer.
    Unreachable,
}

impl Verdict {
    /// The word that begins the line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail | Self::Unreachable => "fail",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// How it went.
    pub verdict: Verdict,
    /// What was checked: `terminal`, `cache`, `docker:local`.
    pub subject: String,
    /// What was found; when it is not well, also what to do.
    pub finding: String,
}

impl Check {
    /// A check of `subject`.
    pub fn new(verdict: Verdict, subject: impl Into<String>, finding: impl Into<String>) -> Self {
        Self { verdict, subject: subject.into(), finding: finding.into() }
    }
}

/// Asks one engine or cluster: reached? which version? what may these credentials do?
pub trait Probe: Send + Sync {
    /// Whom: `docker:local`, `kubernetes:eqiad`.
    fn subject(&self) -> String;

    /// Asks. Given up after [`PATIENCE`].
    fn ask(&self) -> BoxFuture<'_, Vec<Check>>;
}

/// Asks all at once; answers in their order. One that hangs or crashes costs its own line only.
pub async fn ask(probes: &[Box<dyn Probe>]) -> Vec<Check> {
    let answers: FuturesOrdered<_> = probes.iter().map(|probe| ask_one(&**probe)).collect();
    answers.collect::<Vec<_>>().await.into_iter().flatten().collect()
}

async fn ask_one(probe: &dyn Probe) -> Vec<Check> {
    let answer = std::panic::AssertUnwindSafe(probe.ask()).catch_unwind();
    match timeout(PATIENCE, answer).await {
        Ok(Ok(checks)) => checks,
        Ok(Err(_)) => vec![Check::new(Verdict::Fail, probe.subject(), "the check itself failed; see the log")],
        Err(_) => {
            let late = format!("no answer within {}", humantime::format_duration(PATIENCE));
            vec![Check::new(Verdict::Unreachable, probe.subject(), late)]
        }
    }
}

/// The worst of the verdicts.
pub fn worst(checks: &[Check]) -> Verdict {
    checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Ok)
}

/// One line a check.
pub fn text(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.subject.chars().count()).max().unwrap_or(0);
    let line = |check: &Check| {
        let line = format!("{:4}  {:width$}  {}", check.verdict.word(), check.subject, check.finding);
        format!("{}\n", inert(&line).trim_end())
    };
    checks.iter().map(line).collect()
}

/// The checks as one JSON document.
pub fn json(checks: &[Check]) -> String {
    inert_json(&serde_json::json!({ "checks": checks }))
}
