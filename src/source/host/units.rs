//! systemd's units, as `systemctl list-units --all --plain --no-legend` prints them.

use std::{sync::Arc, time::Duration};

use super::command::{self, Observation, Place, UnitName};
use crate::model::{
    key::{Interner, Key},
    rows::UnitRow,
    text,
};

/// A machine with ten thousand units prints about 2 MB.
const LIMIT: usize = 8 << 20;

/// systemctl answers in milliseconds; a machine whose bus does not must not keep us.
const PATIENCE: Duration = Duration::from_secs(10);

/// The units; else why they are not known, in one line.
pub(super) async fn list(node: &Arc<str>) -> Result<Vec<UnitRow>, String> {
    let output = command::output(&Observation::Units, &Place::Here, PATIENCE, LIMIT).await;
    let output = output.map_err(|error| error.to_string())?;
    if output.code == Some(0) {
        Ok(parse(node, &output.stdout))
    } else {
        Err(format!("systemctl list-units: {}", text::name(output.stderr.trim())))
    }
}

/// Rows of the columns unit, load, active, sub and description. Lines that are no units are passed over.
pub(super) fn parse(node: &Arc<str>, text: &str) -> Vec<UnitRow> {
    let mut words = Interner::default();
    text.lines().filter_map(|line| row(node, line, &mut words)).collect()
}

fn row(node: &Arc<str>, line: &str, words: &mut Interner) -> Option<UnitRow> {
    // Without --plain a bullet marks units in trouble; old versions print it with it too.
    let mut rest = line.trim_start_matches(['●', '×', '*', ' ']);
    let mut word = || {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = after.trim_start();
        (!word.is_empty()).then_some(word)
    };
    let (unit, load, active, sub) = (word()?, word()?, word()?, word()?);
    let unit = UnitName::new(unit)?;
    Some(UnitRow {
        key: Key::of(&[node, unit.as_str()]),
        node: node.clone(),
        unit: unit.as_str().into(),
        load: words.get(&text::name(load)),
        active: words.get(&text::name(active)),
        sub: words.get(&text::name(sub)),
        description: text::name(rest.trim_end()).into(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// systemd 252, some lines of many.
    const CAPTURED: &str = "\
proc-sys-fs-binfmt_misc.automount            loaded    active     running   Arbitrary Executable File Formats File System Automount Point
dev-vda.device                               loaded    activating tentative /dev/vda
-.mount                                      loaded    active     mounted   Root Mount
home.mount                                   not-found inactive   dead      home.mount
ronde-fail.service                           loaded    failed     failed    Always fails
ronde-ok@a\\x2db.service                      loaded    active     running   Sleeps as a-b
systemd-journald-dev-log.socket              loaded    active     running   Journal Socket (/dev/log)
system-ronde\\x2dok.slice                     loaded    active     active    Slice /system/ronde-ok
apt-daily.timer                              loaded    active     waiting   Daily apt download activities
";

    #[test]
    fn the_captured_list_is_read() {
        let rows = parse(&"h1".into(), CAPTURED);
        assert_eq!(rows.len(), CAPTURED.lines().count());
        let failed: Vec<&str> = rows.iter().filter(|row| &*row.active == "failed").map(|row| &*row.unit).collect();
        assert_eq!(failed, ["ronde-fail.service"]);
        assert_eq!(&*rows[5].unit, "ronde-ok@a\\x2db.service");
        assert_eq!(rows[5].key.as_str(), "h1/ronde-ok@a\\x2db.service");
        assert_eq!(&*rows[6].description, "Journal Socket (/dev/log)");
    }

    #[test]
    fn bullets_and_legends_are_no_units() {
        let rows = parse(&"h1".into(), "● a.service loaded failed failed A\n\n2 loaded units listed.\n");
        assert_eq!(rows.iter().map(|row| &*row.unit).collect::<Vec<_>>(), ["a.service"]);
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_no_unit_is_lost(junk in any::<String>(), names in proptest::collection::vec("[a-z@:_-]{1,20}", 0..20)) {
            let lines: Vec<String> =
                names.iter().map(|name| format!("u{name}.service loaded active running {}", junk.replace('\n', " "))).collect();
            parse(&"h1".into(), &junk);
            let rows = parse(&"h1".into(), &lines.join("\n"));
            let known: Vec<String> = rows.iter().map(|row| row.unit.to_string()).collect();
            let expected: Vec<String> = names.iter().map(|name| format!("u{name}.service")).collect();
            prop_assert_eq!(known, expected);
        }
    }
}
