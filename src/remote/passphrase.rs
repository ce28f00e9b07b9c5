//! Whether a login failed because a key's passphrase is not known to any agent: that is for a person to mend, not for a server.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};

/// Bytes of a key file that are read.
const FILE: u64 = 64 << 10;

/// The first of these keys that has a passphrase and that the agent does not hold. `agent` is what `ssh-add -L` prints.
pub(super) fn locked(keys: &[PathBuf], agent: &[String]) -> Option<PathBuf> {
    let is_locked = |key: &&PathBuf| {
        let public = public_part(key);
        let is_held = public.is_some_and(|public| agent.iter().any(|line| line.split(' ').nth(1) == Some(&*public)));
        !is_held && read(key).is_some_and(|text| has_passphrase(&text))
    };
    keys.iter().find(is_locked).cloned()
}

/// The key's blob, from the file beside it.
fn public_part(key: &Path) -> Option<String> {
    let mut file = key.as_os_str().to_owned();
    file.push(".pub");
    read(Path::new(&file))?.split_ascii_whitespace().nth(1).map(str::to_owned)
}

fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(FILE).read_to_end(&mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}

/// OpenSSH's own format names a cipher (`none` without passphrase); the older ones say that they are encrypted.
fn has_passphrase(text: &str) -> bool {
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    if !text.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
        return text.contains("ENCRYPTED");
    }
    let Ok(bytes) = STANDARD.decode(body) else { return false };
    let cipher = bytes.strip_prefix(b"openssh-key-v1\0").and_then(|rest| {
        let (length, rest) = rest.split_first_chunk::<4>()?;
        rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)
    });
    cipher.is_some_and(|cipher| cipher != b"none")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Made by `ssh-keygen -t ed25519`, without and with a passphrase; only their beginnings.
    const OPEN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n-----END OPENSSH PRIVATE KEY-----\n";
    const LOCKED: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBlbQ==\n-----END OPENSSH PRIVATE KEY-----\n";

    #[test]
    fn a_key_with_a_passphrase_is_known_as_such() {
        assert!(!has_passphrase(&OPEN.replace("tzc2gtZW", "tzc2gtZQ==")));
        assert!(has_passphrase(LOCKED));
        assert!(has_passphrase("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"));
        assert!(has_passphrase("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        assert!(!has_passphrase("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"));
        assert!(!has_passphrase("no key"));
    }

    #[test]
    fn a_key_that_the_agent_holds_is_not_what_is_missing() {
        let directory = tempfile::tempdir().unwrap();
        let key = directory.path().join("id");
        std::fs::write(&key, LOCKED).unwrap();
        std::fs::write(directory.path().join("id.pub"), "ssh-ed25519 AAAAblob a@b\n").unwrap();
        let keys = [directory.path().join("absent"), key.clone()];
        assert_eq!(locked(&keys, &[]), Some(key));
        assert_eq!(locked(&keys, &["ssh-ed25519 AAAAblob a@b".to_owned()]), None);
        assert_eq!(locked(&keys[..1], &[]), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            has_passphrase(&text);
            has_passphrase(&format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}", STANDARD.encode(&text)));
        }
    }
}
