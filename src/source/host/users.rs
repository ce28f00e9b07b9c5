//! Names of users by number, from `/etc/passwd`; read again when the file changed.
//!
//! Directory services are not asked: a dead LDAP server would stop every scan. Who is not in the file shows as a number.

use std::{collections::HashMap, fs, path::PathBuf, sync::Arc, time::SystemTime};

use crate::model::text;

/// Bytes of the file that are read at most.
const LIMIT: u64 = 8 << 20;

/// The users this machine knows by itself.
pub(super) struct Users {
    path: PathBuf,
    read: Option<SystemTime>,
    names: HashMap<u32, Arc<str>>,
}

impl Users {
    /// The users in the file at `path`.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, read: None, names: HashMap::new() }
    }

    /// The user's name, else the number.
    pub(super) fn name(&mut self, id: u32) -> Arc<str> {
        if let Some(name) = self.names.get(&id) {
            return name.clone();
        }
        self.refresh();
        // The number is remembered too, so that the file is not looked at again for it before it changes.
        self.names.entry(id).or_insert_with(|| id.to_string().into()).clone()
    }

    fn refresh(&mut self) {
        let Ok(meta) = fs::metadata(&self.path) else { return };
        let changed = meta.modified().ok();
        if meta.len() > LIMIT || (self.read.is_some() && self.read == changed) {
            return;
        }
        if let Ok(bytes) = fs::read(&self.path) {
            self.read = changed;
            self.names = parse(&String::from_utf8_lossy(&bytes));
        }
    }
}

/// `name:password:uid:gid:…` (passwd(5)). Of several names of one number the first counts.
pub(super) fn parse(text: &str) -> HashMap<u32, Arc<str>> {
    let mut names = HashMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(Ok(id))) = (fields.next(), fields.nth(1).map(str::parse)) {
            names.entry(id).or_insert_with(|| text::name(name).into());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAPTURED: &str = "root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n";

    #[test]
    fn the_first_name_counts_and_the_unknown_are_numbers() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("passwd");
        fs::write(&path, CAPTURED).expect("written");
        let mut users = Users::new(path);
        assert_eq!((&*users.name(0), &*users.name(33), &*users.name(4711)), ("root", "www-data", "4711"));
        let mut nobody = Users::new(directory.path().join("absent"));
        assert_eq!(&*nobody.name(0), "0");
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_no_user_is_lost(junk in "[^\n]*", names in proptest::collection::vec("[a-z]{1,8}", 0..20)) {
            let lines: Vec<String> = names.iter().enumerate().map(|(id, name)| format!("{name}:x:{id}:0:::")).collect();
            let users = parse(&format!("{}\n{junk}", lines.join("\n")));
            for (id, name) in names.iter().enumerate() {
                prop_assert_eq!(&*users[&u32::try_from(id).unwrap()], name.as_str());
            }
        }
    }
}
