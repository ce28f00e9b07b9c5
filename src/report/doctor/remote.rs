//! Probes of everything that would be observed, and what their answers mean in words.
//!
//! The same list as the console's ([`crate::source::registry`]) and the same clients, which can only observe.

mod cluster;
mod engine;
mod kubeconfig;

use super::{Check, Probe, Verdict};
use crate::source::{probe::Failed, registry::Observed};

/// A probe for each engine and cluster, and one for the files that hold their credentials.
pub fn probes(observed: Observed) -> Vec<Box<dyn Probe>> {
    let files: Vec<_> = observed.clusters.iter().flat_map(crate::source::kubernetes::probe::files).collect();
    let mut probes: Vec<Box<dyn Probe>> = vec![Box::new(kubeconfig::Kubeconfigs::new(files))];
    probes.extend(observed.engines.into_iter().map(|engine| Box::new(engine::Asked(engine)) as Box<dyn Probe>));
    probes.extend(observed.clusters.into_iter().map(|cluster| Box::new(cluster::Asked(cluster)) as Box<dyn Probe>));
    probes
}

/// The check of what had no answer.
fn unanswered(subject: String, failed: Failed) -> Check {
    Check::new(if failed.silent { Verdict::Unreachable } else { Verdict::Fail }, subject, failed.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_silence_counts_as_out_of_reach() {
        for (silent, verdict) in [(true, Verdict::Unreachable), (false, Verdict::Fail)] {
            let check = unanswered("docker:x".into(), Failed { silent, line: "why".into() });
            assert_eq!((check.verdict, &*check.finding), (verdict, "why"));
        }
    }
}
