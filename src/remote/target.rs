//! Whom to connect to, as `ssh` is told.

use std::{ffi::OsString, path::PathBuf};

/// A host as `ssh` knows it: its configuration decides address, port, user, keys and the way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The destination: an alias of `ssh_config`, `host`, `user@host`, or `ssh://user@host:port`.
    destination: String,
    /// A configuration in place of the user's and the system's (`ssh -F`).
    config: Option<PathBuf>,
}

impl Target {
    /// The target with this destination; none when it could be taken for an option or for more than one word.
    pub fn new(destination: &str, config: Option<PathBuf>) -> Option<Self> {
        is_destination(destination).then(|| Self { destination: destination.to_owned(), config })
    }

    /// Another destination by the same configuration.
    pub fn other(&self, destination: &str) -> Option<Self> {
        Self::new(destination, self.config.clone())
    }

    /// The destination.
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// Arguments that name the configuration.
    pub fn config_arguments(&self) -> Vec<OsString> {
        self.config.iter().flat_map(|path| ["-F".into(), path.clone().into_os_string()]).collect()
    }

    /// A command line for a person: `program` with the same configuration and the same destination.
    pub fn command(&self, program: &[&str]) -> String {
        let config = self.config.as_ref().map(|path| path.to_string_lossy().into_owned());
        let config = config.iter().flat_map(|path| ["-F", path]);
        let (head, rest) = program.split_at(program.len().min(1));
        let words = head.iter().copied().chain(config).chain(rest.iter().copied());
        shell_words::join(words.chain(std::iter::once(&*self.destination)))
    }
}

/// Whether `ssh` takes the text as one destination, and nothing else does anything with it: it may stand in a
/// `ProxyCommand` of the user's, which a shell reads.
pub fn is_destination(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:@/[]%+~=".contains(&byte);
    !text.is_empty() && text.len() <= 255 && !text.starts_with('-') && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_one_word_and_no_option() {
        for good in ["h1", "root@h1.example.org", "ssh://a@[::1]:22", "web-1_a"] {
            assert!(Target::new(good, None).is_some(), "{good}");
        }
        for bad in ["", "-oProxyCommand=x", "a b", "a;b", "a\nb", "$(x)", "a`b`", "é", &"a".repeat(300)] {
            assert!(Target::new(bad, None).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_command_for_a_person_reaches_the_same_host() {
        let target = Target::new("h1", Some("/etc/my ssh".into())).expect("a destination");
        assert_eq!(target.command(&["ssh", "-v"]), "ssh -F '/etc/my ssh' -v h1");
        assert_eq!(Target::new("h1", None).expect("a destination").command(&["ssh"]), "ssh h1");
    }
}
