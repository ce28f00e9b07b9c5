//! What a cluster's answers mean.

use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;

use super::{
    super::{Check, Probe, Verdict},
    unanswered,
};
use crate::{
    config::schema::Cluster,
    source::kubernetes::probe::{self, Beyond, Places, Probed},
};

/// A cluster to ask.
pub(super) struct Asked(pub(super) Cluster);

impl Probe for Asked {
    fn subject(&self) -> String {
        format!("kubernetes:{}", self.0.name)
    }

    fn ask(&self) -> BoxFuture<'_, Vec<Check>> {
        async {
            match probe::probe(&self.0).await {
                Ok(probed) => told(&self.subject(), &probed, Timestamp::now()),
                Err(failed) => vec![unanswered(self.subject(), failed)],
            }
        }
        .boxed()
    }
}

fn told(subject: &str, probed: &Probed, now: Timestamp) -> Vec<Check> {
    let say = |verdict, finding: String| Check::new(verdict, subject, finding);
    let mut checks = vec![say(Verdict::Ok, reached(probed, now))];
    checks.push(match &probed.pods {
        Ok(Places::Cluster) => say(Verdict::Ok, "pods of all namespaces may be listed".into()),
        Ok(Places::Namespaces(names)) => {
            say(Verdict::Warn, format!("pods may be listed only in {names}; for more, ask for the role `view`"))
        }
        Err(why) => say(Verdict::Fail, format!("pods may not be listed: {why}; ask for the role `view`")),
    });
    if let Err(why) = &probed.nodes {
        let finding = format!("nodes may not be listed: {why}; the rest works");
        checks.push(say(Verdict::Warn, finding));
    }
    if let Err(why) = &probed.metrics {
        let finding = format!("no metrics API: {why}; processor and memory stay unknown (metrics-server has them)");
        checks.push(say(Verdict::Warn, finding));
    }
    match &probed.beyond {
        Ok(beyond) if beyond.is_empty() => checks.push(say(
            Verdict::Ok,
            "the credentials allow no exec, no deleting of pods, no change of deployments, no reading of secrets"
                .into(),
        )),
        Ok(beyond) => {
            let what: Vec<_> = beyond.iter().map(allowed).collect();
            let finding = format!("credentials allow more than reading: {}; ronde does not use it", what.join(", "));
            checks.push(say(Verdict::Warn, finding));
        }
        Err(why) => {
            checks.push(say(Verdict::Warn, format!("what the credentials allow beyond reading is not known: {why}")));
        }
    }
    checks
}

fn reached(probed: &Probed, now: Timestamp) -> String {
    let version = if probed.version.is_empty() { "does not tell its version" } else { &*probed.version };
    let ends = probed.expires.map(|end| {
        let left = humantime::format_duration(std::time::Duration::from_secs(
            u64::try_from(end.duration_since(now).as_secs()).unwrap_or(0) / 60 * 60,
        ));
        format!("; the plugin's credentials end in {left} and are renewed")
    });
    format!("{}: {version}{}", probed.server, ends.unwrap_or_default())
}

fn allowed(beyond: &Beyond) -> String {
    match &beyond.namespaces {
        None => beyond.what.to_owned(),
        Some(names) => format!("{} in {}", beyond.what, names.join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Probed {
        Probed {
            server: "https://h:6443".into(),
            version: "v1.34.4".into(),
            expires: None,
            pods: Ok(Places::Cluster),
            nodes: Ok(()),
            metrics: Ok(()),
            beyond: Ok(Vec::new()),
        }
    }

    fn lines(probed: &Probed) -> Vec<String> {
        let checks = told("kubernetes:x", probed, Timestamp::UNIX_EPOCH);
        checks.iter().map(|check| format!("{} {}", check.verdict.word(), check.finding)).collect()
    }

    #[test]
    fn a_cluster_that_is_well_and_only_read() {
        let expected = [
            "ok https://h:6443: v1.34.4",
            "ok pods of all namespaces may be listed",
            "ok the credentials allow no exec, no deleting of pods, no change of deployments, no reading of secrets",
        ];
        assert_eq!(lines(&well()), expected);
    }

    #[test]
    fn what_credentials_allow_beyond_reading_is_a_warning() {
        let beyond = vec![
            Beyond { what: "exec into pods", namespaces: None },
            Beyond { what: "delete pods", namespaces: Some(vec!["a".into(), "b".into()]) },
        ];
        let last = lines(&Probed { beyond: Ok(beyond), ..well() }).pop();
        let expected = "warn credentials allow more than reading: exec into pods, delete pods in a and b; ronde does not \
                        use it";
        assert_eq!(last.as_deref(), Some(expected));
        let unknown = lines(&Probed { beyond: Err("no".into()), ..well() }).pop();
        assert_eq!(
            unknown.as_deref(),
            Some("warn what the credentials allow beyond reading is not known: no"),
            "not asked is not allowed, and not denied"
        );
    }

    #[test]
    fn what_may_not_be_seen_is_named_with_the_reason() {
        let probed = Probed {
            pods: Ok(Places::Namespaces("tool-a, tool-b".into())),
            nodes: Err("nodes is forbidden".into()),
            metrics: Err("it is not installed".into()),
            ..well()
        };
        let lines = lines(&probed);
        assert!(lines[1].starts_with("warn pods may be listed only in tool-a, tool-b;"), "{lines:?}");
        assert!(lines[2].starts_with("warn nodes may not be listed: nodes is forbidden"), "{lines:?}");
        assert!(lines[3].starts_with("warn no metrics API: it is not installed"), "{lines:?}");
        let blind = super::tests::lines(&Probed { pods: Err("pods is forbidden".into()), ..well() });
        assert!(blind[1].starts_with("fail pods may not be listed: pods is forbidden"), "{blind:?}");
    }

    #[test]
    fn the_end_of_credentials_is_told_in_minutes() {
        let expires = Some(Timestamp::from_second(3_719).unwrap());
        let first = lines(&Probed { expires, version: String::new(), ..well() }).swap_remove(0);
        let expected =
            "ok https://h:6443: does not tell its version; the plugin's credentials end in 1h 1m and are renewed";
        assert_eq!(first, expected);
    }
}
