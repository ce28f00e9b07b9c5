//! Exactly what a request comes to: commands, targets, impact, how to undo it. What is shown, judged, permitted and run
//! is this one value.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    impact::Impact,
    request::{Request, Target},
};
use crate::model::key::Key;

/// One command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// The target it is for; one of the request's.
    pub target: Key,
    /// Where it runs: a host, `here`, or the API that is called.
    pub runs_on: Arc<str>,
    /// Program and arguments, or method and path of an API call. No secret stands here.
    pub command: Vec<String>,
}

impl Step {
    /// The command as one would type it.
    pub fn shown(&self) -> String {
        shell_words::join(&self.command)
    }
}

/// What a request comes to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// What was asked for.
    pub request: Request,
    /// How far it reaches, computed from what would be done; none when that could not be told, which denies it.
    pub impact: Option<Impact>,
    /// What would be done, in this order.
    pub steps: Vec<Step>,
    /// What stops meanwhile, and for how long.
    pub interruption: Option<String>,
    /// How to undo it; none when it cannot be undone.
    pub undo: Option<String>,
    /// What the preflight found worth saying.
    pub remarks: Vec<String>,
}

/// Identifies a plan with all it contains (SHA-256).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Digest([u8; 32]);

impl Plan {
    /// Changes with every part of the plan.
    pub fn digest(&self) -> Digest {
        let Self { request, impact, steps, interruption, undo, remarks } = self;
        let mut bytes = Bytes(Sha256::new());
        bytes.text(request.command.as_str());
        bytes.count(request.targets.len());
        for Target { table, key, place, groups, production } in &request.targets {
            bytes.text(table.name());
            bytes.text(key);
            bytes.text(place);
            bytes.count(usize::from(*production));
            bytes.list(groups);
        }
        bytes.count(request.arguments.len());
        for (name, value) in &request.arguments {
            bytes.text(name);
            bytes.text(value);
        }
        bytes.text(impact.map_or("", Impact::word));
        bytes.count(steps.len());
        for Step { target, runs_on, command } in steps {
            bytes.text(target);
            bytes.text(runs_on);
            bytes.list(command);
        }
        for remark in [interruption, undo] {
            bytes.count(usize::from(remark.is_some()));
            bytes.text(remark.as_deref().unwrap_or_default());
        }
        bytes.list(remarks);
        Digest(bytes.0.finalize().into())
    }
}

/// Writes parts so that two different plans never write the same: every text goes with its length, every list too.
struct Bytes(Sha256);

impl Bytes {
    fn count(&mut self, n: usize) {
        self.0.update((n as u64).to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text);
    }

    fn list<T: std::ops::Deref<Target = str>>(&mut self, texts: &[T]) {
        self.count(texts.len());
        for text in texts {
            self.text(text);
        }
    }
}
