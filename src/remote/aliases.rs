//! Names of hosts that `ssh_config` has: those in `Host` lines that are no patterns (`ssh_config(5)`).
//!
//! Only names are read here. What they mean is for `ssh` to say.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// Bytes of one file that are read.
const FILE: u64 = 1 << 20;

/// Names that are taken at most.
const NAMES: usize = 10_000;

/// Files that one file may include, and how deep.
const DEPTH: u32 = 16;

/// The names that match `pattern` (with `*` and `?`), in the order of the files: `file`, or the user's and the system's.
pub fn matching(file: Option<&Path>, pattern: &str) -> Vec<String> {
    let home = std::env::home_dir().unwrap_or_default().join(".ssh");
    let files = match file {
        Some(file) => vec![(file.to_owned(), home)],
        None => vec![(home.join("config"), home), ("/etc/ssh/ssh_config".into(), "/etc/ssh".into())],
    };
    let mut names = Vec::new();
    for (file, directory) in files {
        read(&file, &directory, DEPTH, &mut names);
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| is_match(pattern, name) && seen.insert(name.clone()));
    names
}

/// `directory` is where an `Include` without a path looks.
fn read(file: &Path, directory: &Path, depth: u32, names: &mut Vec<String>) {
    let mut bytes = Vec::new();
    let opened = File::open(file).and_then(|file| file.take(FILE).read_to_end(&mut bytes));
    if opened.is_err() || depth == 0 {
        return;
    }
    for line in String::from_utf8_lossy(&bytes).lines() {
        let line = line.trim();
        let Some(end) = line.find([' ', '\t', '=']) else { continue };
        let (keyword, rest) = line.split_at(end);
        // One equals sign may stand between a keyword and what it says.
        let rest = rest.trim_start().strip_prefix('=').unwrap_or(rest);
        let Ok(words) = shell_words::split(rest) else { continue };
        if keyword.eq_ignore_ascii_case("host") {
            let plain = words.into_iter().filter(|word| !word.contains(['*', '?', '!', '#']) && !word.is_empty());
            let room = NAMES.saturating_sub(names.len());
            names.extend(plain.take(room));
        } else if keyword.eq_ignore_ascii_case("include") {
            for word in words {
                for file in included(&word, directory) {
                    read(&file, directory, depth - 1, names);
                }
            }
        }
    }
}

/// The files that an `Include` names; a pattern may stand for the last part of a path.
fn included(word: &str, directory: &Path) -> Vec<PathBuf> {
    let path = match word.strip_prefix("~/") {
        Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
        None => directory.join(word),
    };
    let (Some(parent), Some(last)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    if !last.contains(['*', '?']) {
        return vec![path];
    }
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let fits = |name: &str| !name.starts_with('.') && matches(last.as_bytes(), name.as_bytes());
    let mut files: Vec<_> =
        entries.filter(|entry| entry.file_name().to_str().is_some_and(fits)).map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// Whether `name` matches a pattern of `*` and `?`.
pub fn is_match(pattern: &str, name: &str) -> bool {
    matches(pattern.as_bytes(), name.as_bytes())
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[from] => (at, from) = (at + 1, from + 1),
            _ => {
                // The last star takes one more.
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                (at, from) = (star_at + 1, taken + 1);
            }
        }
    }
    pattern[at.min(pattern.len())..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_come_from_host_lines_and_included_files() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        let others = directory.path().join("*.conf");
        write(
            "config",
            &format!(
                "Include {}\nHost web-1 \"web-2\" !web-3 web-*\n  User x\nHOST=db-1\n#Host no\n",
                others.display()
            ),
        );
        write("a.conf", "Host web-0 # not this\n  HostName host\n");
        write(".hidden.conf", "Host web-9\n");
        write("loop.conf", &format!("Include {}\nHost web-1\n", others.display()));
        let file = directory.path().join("config");
        assert_eq!(matching(Some(&file), "web-?"), ["web-0", "web-1", "web-2"]);
        assert_eq!(matching(Some(&file), "*"), ["web-0", "web-1", "web-2", "db-1"]);
        assert_eq!(matching(Some(&directory.path().join("absent")), "*"), [""; 0]);
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_was_made_of_it(parts in proptest::collection::vec("[a-c]{0,3}", 1..5), fill in "[a-c]{0,4}") {
            prop_assert!(matches(parts.join("*").as_bytes(), parts.join(&fill).as_bytes()));
            let other = parts.join("*") + "d";
            prop_assert!(!matches(other.as_bytes(), parts.join(&fill).as_bytes()));
        }

        #[test]
        fn any_text_is_survived(text in any::<String>(), pattern in any::<String>()) {
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("config");
            std::fs::write(&file, &text).unwrap();
            matching(Some(&file), &pattern);
        }
    }
}
