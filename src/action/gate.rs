//! The gate: judges a plan against a role, asks for confirmation, and alone makes permits.
//!
//! Nothing in here does anything; it only decides. It is asked again after each confirmation and before each batch.

use std::{collections::BTreeSet, fmt};

use super::{
    impact::Impact,
    plan::{Digest, Plan},
    request::{CommandId, Target},
    role::Role,
};

/// Targets from which on an action is bulk, and its confirmation asks to type.
pub const BULK: usize = 5;

/// The right to carry out one plan, once. Cannot be copied, and made nowhere but in this file; executors take it by value.
#[derive(Debug)]
#[must_use = "a permit is for the executor"]
pub struct Permit {
    digest: Digest,
    impact: Impact,
}

impl Permit {
    /// Whether it is for this very plan.
    pub fn covers(&self, plan: &Plan) -> bool {
        self.digest == plan.digest()
    }

    /// How far the permitted plan reaches.
    pub fn impact(&self) -> Impact {
        self.impact
    }
}

/// What the gate says.
#[derive(Debug)]
pub enum Verdict {
    /// Go ahead.
    Permit(Permit),
    /// Only after a confirmation.
    Confirm(Prompt),
    /// No.
    Deny(Reason),
}

/// What a person is asked before a plan is carried out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prompt {
    digest: Digest,
    /// The text to type; none where a plain yes is enough.
    pub phrase: Option<String>,
    /// Whether production is among the targets.
    pub production: bool,
    /// How far the plan reaches.
    pub impact: Impact,
}

impl Prompt {
    /// A plain yes.
    pub fn yes(&self) -> Confirmation {
        Confirmation { digest: self.digest, typed: None }
    }

    /// What was typed.
    pub fn typed(&self, text: &str) -> Confirmation {
        Confirmation { digest: self.digest, typed: Some(text.trim().to_owned()) }
    }
}

/// An answer to a [`Prompt`]; good for the plan it was asked about only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Confirmation {
    digest: Digest,
    typed: Option<String>,
}

/// Why not. Its text is what the user reads.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Reason {
    /// It could not be told how far the plan reaches.
    #[error("{command} is denied: it cannot be told what it would do")]
    UnknownImpact {
        /// The command.
        command: CommandId,
    },
    /// Nothing to act on.
    #[error("{command} has no target")]
    NoTarget {
        /// The command.
        command: CommandId,
    },
    /// The plan would do nothing, or something to a row that was not asked for.
    #[error("{command} is denied: its plan does not fit its targets ({what})")]
    Misfit {
        /// The command.
        command: CommandId,
        /// What does not fit.
        what: String,
    },
    /// The role does not go so far there.
    #[error("{command} is {impact}; {limit}")]
    AboveLimit {
        /// The command.
        command: CommandId,
        /// How far it reaches.
        impact: Impact,
        /// How far the role goes, and where.
        limit: Limit,
    },
}

/// The rule that denies: how far a role goes on a target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limit {
    /// The role.
    pub role: String,
    /// The target's place.
    pub place: String,
    /// How far it goes there now.
    pub up_to: Impact,
    /// It could go far enough if it were not lowered.
    pub lowered: bool,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { role, place, up_to, lowered } = self;
        write!(f, "role {role} goes up to {up_to} on {place}")?;
        if *lowered { f.write_str(" while locked (:unlock)") } else { Ok(()) }
    }
}

/// The one place that permits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gate;

impl Gate {
    /// Judges a plan for a role, with the answer to an earlier prompt where there is one.
    pub fn judge(self, plan: &Plan, role: &Role, confirmation: Option<&Confirmation>) -> Verdict {
        let impact = match Self::allowed(plan, role) {
            Ok(impact) => impact,
            Err(reason) => return Verdict::Deny(reason),
        };
        let digest = plan.digest();
        if impact == Impact::Observe {
            return Verdict::Permit(Permit { digest, impact });
        }
        let targets = &plan.request.targets;
        let production = targets.iter().any(|target| target.production);
        let phrase = (production || targets.len() >= BULK).then(|| phrase(targets));
        let confirmed = confirmation.is_some_and(|answer| {
            answer.digest == digest && (phrase.is_none() || phrase.as_deref() == answer.typed.as_deref())
        });
        if confirmed {
            Verdict::Permit(Permit { digest, impact })
        } else {
            Verdict::Confirm(Prompt { digest, phrase, production, impact })
        }
    }

    fn allowed(plan: &Plan, role: &Role) -> Result<Impact, Reason> {
        let command = || plan.request.command.clone();
        let misfit = |what: &str| Reason::Misfit { command: command(), what: what.to_owned() };
        let impact = plan.impact.ok_or_else(|| Reason::UnknownImpact { command: command() })?;
        let targets = &plan.request.targets;
        if targets.is_empty() {
            return Err(Reason::NoTarget { command: command() });
        }
        if plan.steps.is_empty() {
            return Err(misfit("no step"));
        }
        if plan.steps.iter().any(|step| step.command.is_empty()) {
            return Err(misfit("a step without a command"));
        }
        let known: BTreeSet<_> = targets.iter().map(|target| &target.key).collect();
        if let Some(stray) = plan.steps.iter().find(|step| !known.contains(&step.target)) {
            return Err(misfit(&format!("a step for {}", stray.target)));
        }
        match targets.iter().find(|target| role.limit(target) < impact) {
            None => Ok(impact),
            Some(target) => Err(Reason::AboveLimit {
                command: command(),
                impact,
                limit: Limit {
                    role: role.name().to_owned(),
                    place: target.place.to_string(),
                    up_to: role.limit(target),
                    lowered: role.granted(target) >= impact,
                },
            }),
        }
    }
}

/// What to type: the place of the targets, else the group they share, with their number.
fn phrase(targets: &[Target]) -> String {
    let places: BTreeSet<&str> = targets.iter().map(|target| &*target.place).collect();
    let shared = |group: &&std::sync::Arc<str>| targets.iter().all(|target| target.groups.contains(group));
    let group = targets.first().and_then(|first| first.groups.iter().find(shared));
    let name = match (places.len(), group) {
        (1, _) => places.into_iter().collect(),
        (_, Some(group)) => group.to_string(),
        (n, None) => format!("{n} places"),
    };
    format!("{name} {}", targets.len())
}

#[cfg(test)]
mod tests;
