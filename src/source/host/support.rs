//! Until when a host's release is supported: by dates shipped here, by newer ones that the host has (Debian's package
//! distro-info-data), or by what the system says itself (`SUPPORT_END` of os-release(5)). Asks nobody.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::files::Files;
use crate::model::rows::Support;

/// Dates by release, as distro-info-data has them: the distribution, its columns that cost nothing, the shipped text.
const SHIPPED: [(&str, &str, &str); 2] = [
    ("debian", "eol-lts", include_str!("support/debian.csv")),
    ("ubuntu", "eol-server", include_str!("support/ubuntu.csv")),
];

/// The support of the system that these files describe; none when its dates are not known.
pub(super) fn read(files: &dyn Files) -> Option<Support> {
    let release = files.read("etc/os-release").or_else(|| files.read("usr/lib/os-release"))?;
    let said = |name: &str| {
        let value = release.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix('='))?;
        shell_words::split(value).ok()?.into_iter().next().filter(|word| !word.is_empty())
    };
    let (id, codename) = (said("ID")?, said("VERSION_CODENAME"));
    let theirs = files.read(&format!("usr/share/distro-info/{id}.csv"));
    let known =
        SHIPPED.iter().find(|(distribution, ..)| *distribution == id).zip(codename).and_then(|(known, codename)| {
            let (_, long, shipped) = known;
            let both = [dates(shipped, &codename, long), theirs.and_then(|text| dates(&text, &codename, long))];
            // Support is prolonged, hardly ever cut: the later date is the newer knowledge.
            both.into_iter()
                .flatten()
                .reduce(|a, b| Support { regular: a.regular.max(b.regular), long: a.long.max(b.long) })
        });
    known.or_else(|| Some(Support { regular: end_of(&said("SUPPORT_END")?)?, long: None }))
}

/// The dates of a release in such a text. Columns are found by their names: there are more with every year.
fn dates(csv: &str, codename: &str, long: &str) -> Option<Support> {
    let mut lines = csv.lines().filter(|line| !line.starts_with('#'));
    let columns: Vec<&str> = lines.next()?.split(',').collect();
    let at = |name: &str| columns.iter().position(|column| *column == name);
    let (series, regular, long) = (at("series")?, at("eol")?, at(long));
    let cells =
        lines.map(|line| line.split(',').collect::<Vec<_>>()).find(|cells| cells.get(series) == Some(&codename))?;
    let date = |column: usize| end_of(cells.get(column)?);
    Some(Support { regular: date(regular)?, long: long.and_then(date) })
}

/// The end of that day, everywhere counted as in UTC.
fn end_of(day: &str) -> Option<Timestamp> {
    let day: Date = day.trim().parse().ok()?;
    Some(day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, collections::HashMap};

    use proptest::prelude::*;

    use super::*;
    use crate::model::rows::Stage;

    struct Tree(HashMap<&'static str, String>);

    impl Files for Tree {
        fn read(&self, name: &str) -> Option<Cow<'_, str>> {
            self.0.get(name).map(|text| Cow::Borrowed(text.as_str()))
        }

        fn exists(&self, name: &str) -> bool {
            self.0.contains_key(name)
        }

        fn list(&self, _: &str) -> Vec<String> {
            Vec::new()
        }

        fn processes(&self) -> Option<u32> {
            None
        }
    }

    fn of(files: &[(&'static str, &str)]) -> Option<Support> {
        read(&Tree(files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect()))
    }

    fn stage(release: &str, day: &str) -> Option<&'static str> {
        let now: Timestamp = format!("{day}T12:00:00Z").parse().expect("a moment");
        of(&[("etc/os-release", release)]).map(|support| support.stage(now).word())
    }

    #[test]
    fn releases_are_supported_long_nearly_over_or_over() {
        let bookworm = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n";
        assert_eq!(stage(bookworm, "2026-07-11"), Some("supported"), "its last day");
        assert_eq!(stage(bookworm, "2026-07-12"), Some("LTS"));
        let support = of(&[("etc/os-release", bookworm)]).expect("known");
        assert_eq!(
            (Support::last_day(support.regular), Support::last_day(support.end())),
            ("2026-07-11".into(), "2028-06-30".into())
        );
        assert_eq!(stage(bookworm, "2028-05-01"), Some("ends soon"));
        assert_eq!(stage(bookworm, "2028-07-01"), Some("ended"));
        let noble = "ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=\"noble\"\n";
        assert_eq!(stage(noble, "2026-11-26"), Some("supported"));
        assert_eq!(stage(noble, "2029-07-01"), Some("ended"), "what comes after is paid for");
        assert_eq!(stage("ID=ubuntu\nVERSION_CODENAME=oracular\n", "2026-11-26"), Some("ended"));
        assert_eq!(stage("ID=fedora\nSUPPORT_END=2026-12-02\n", "2026-11-26"), Some("ends soon"));
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for release in ["ID=alpine\nVERSION_ID=3.20.3\n", "ID=debian\nVERSION_CODENAME=forky\n", "ID=debian\n", ""] {
            assert_eq!(stage(release, "2026-11-26"), None, "{release}");
        }
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn the_hosts_own_dates_prolong_and_add_but_do_not_cut() {
        let csv = "version,codename,series,created,release,eol,eol-lts,eol-elts\n\
            11,Bullseye,bullseye,2019-07-06,2021-08-14,2024-08-14\n\
            12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2029-06-30,2033-06-30\n\
            14,Forky,forky,2025-08-09,2027-08-01,2030-08-01\n";
        let with = |codename: &str| {
            let release = format!("ID=debian\nVERSION_CODENAME={codename}\n");
            of(&[("etc/os-release", &release), ("usr/share/distro-info/debian.csv", csv)])
        };
        assert_eq!(with("bullseye"), stage_of("2024-08-14", Some("2026-08-31")), "an old file knows less");
        assert_eq!(with("bookworm"), stage_of("2026-07-11", Some("2029-06-30")));
        assert_eq!(with("forky"), stage_of("2030-08-01", None));
    }

    fn stage_of(regular: &str, long: Option<&str>) -> Option<Support> {
        Some(Support { regular: end_of(regular)?, long: long.and_then(end_of) })
    }

    #[test]
    fn every_shipped_date_is_one() {
        let mut known = 0;
        for (distribution, long, csv) in SHIPPED {
            for line in csv.lines().filter(|line| !line.starts_with('#')).skip(1) {
                let cells: Vec<&str> = line.split(',').collect();
                assert_eq!(cells.get(2).is_some(), dates(csv, cells[1], long).is_some(), "{distribution} {line}");
                known += 1;
            }
        }
        assert!(known > 20);
        assert_eq!(Stage::Ended.word(), "ended");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(release in ".*", csv in ".*") {
            of(&[("etc/os-release", &format!("ID=debian\nVERSION_CODENAME={release}")), ("usr/share/distro-info/debian.csv", &csv)]);
            of(&[("etc/os-release", &release)]);
            dates(&csv, &release, "eol-lts");
        }
    }
}
