//! Processes as the engine's `top` lists them: what `ps` prints on the engine's host.

use std::sync::Arc;

use super::api::Top;
use crate::model::{key::Key, rows::ProcessRow, secret, text};

/// The arguments for `ps` on the engine's host. Its `pid` is the host's.
pub(super) const COLUMNS: &str = "-eo pid,ppid,user,pcpu,rss,args";

/// The rows of a container's processes. Lines that lack a PID are passed over.
pub(super) fn rows(top: &Top, engine: &Arc<str>, id: &str, container: &Arc<str>) -> Vec<ProcessRow> {
    let column = |title: &str| top.titles.iter().position(|one| one.eq_ignore_ascii_case(title));
    let (pid, parent, user) = (column("PID"), column("PPID"), column("USER"));
    let (cpu, memory) = (column("%CPU"), column("RSS"));
    let command = column("COMMAND").or_else(|| column("CMD"));
    top.processes
        .iter()
        .filter_map(|cells| {
            let cell = |column: Option<usize>| column.and_then(|column| cells.get(column)).map(String::as_str);
            let number = cell(pid)?.parse::<u32>().ok()?;
            let command = cell(command).unwrap_or("");
            let program = command.split(' ').next().unwrap_or("");
            Some(ProcessRow {
                key: Key::of(&[engine, id, &number.to_string()]),
                node: engine.clone(),
                container: Some(container.clone()),
                pid: number,
                inner_pid: None,
                parent: cell(parent).and_then(|cell| cell.parse().ok()).filter(|&pid| pid > 0),
                user: cell(user).map(|user| text::name(user).into()),
                name: text::name(program.rsplit('/').next().unwrap_or(program)).into(),
                command: text::name(&secret::masked_line(command, ' ')).into_owned(),
                cpu: cell(cpu).and_then(|cell| cell.parse().ok()).filter(|cpu: &f64| cpu.is_finite()),
                memory: cell(memory).and_then(|cell| cell.parse::<u64>().ok()).map(|kb| kb.saturating_mul(1024)),
                state: '?',
                waits_in: None,
                threads: None,
                started: None,
                busy_since: None,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Vec<ProcessRow> {
        rows(&serde_json::from_str(json).expect("a top"), &"e".into(), "4f1c", &"web".into())
    }

    #[test]
    fn an_engines_answer_becomes_rows() {
        let rows = read(
            r#"{"Processes":[["11264","11242","root","0.3","1812","/bin/sh /usr/bin/workload talk web 1"],
                ["22976","11264","root","0.0","1376","sleep 1"],["x","1","root","0","0","a"],["5"]],
                "Titles":["PID","PPID","USER","%CPU","RSS","COMMAND"]}"#,
        );
        assert_eq!(rows.len(), 3);
        let row = &rows[0];
        assert_eq!((row.pid, row.parent, row.user.as_deref()), (11264, Some(11242), Some("root")));
        assert_eq!((&*row.name, row.cpu, row.memory), ("sh", Some(0.3), Some(1812 * 1024)));
        assert_eq!(row.command, "/bin/sh /usr/bin/workload talk web 1");
        assert_eq!(&*row.key, "e/4f1c/11264");
        assert_eq!((rows[2].pid, rows[2].parent), (5, None));
        assert_eq!(read(r#"{"Titles":null,"Processes":null}"#), []);
    }

    proptest! {
        #[test]
        fn no_process_is_lost_and_nothing_hostile_stays(pids in prop::collection::vec(any::<u32>(), 0..20), text in any::<String>()) {
            let top = Top {
                titles: ["PID", "USER", "COMMAND"].map(Into::into).to_vec(),
                processes: pids.iter().map(|pid| vec![pid.to_string(), text.clone(), text.clone()]).collect(),
            };
            let rows = rows(&top, &"e".into(), "4f1c", &"web".into());
            prop_assert_eq!(rows.iter().map(|row| row.pid).collect::<Vec<_>>(), pids);
            for row in rows {
                prop_assert!(row.command.chars().chain(row.name.chars()).all(text::is_shown));
            }
        }
    }
}
