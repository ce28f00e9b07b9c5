//! Which values a screen does not show before it is asked for: passwords, tokens, keys, addresses with credentials.
//!
//! A guess by name and shape, and meant to err on the side of hiding: a masked version number costs a key press,
//! a shown password cannot be taken back. The only place that masks. Knows no system; sources ask it about
//! environments, arguments and labels.

use std::{borrow::Cow, fmt};

/// What stands in place of a masked value.
pub const MASK: &str = "••••••";

/// Anywhere in a name, these words mean a secret.
const ANYWHERE: &[&str] = &[
    "PASSW",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "PRIVATEKEY",
    "APIKEY",
    "ACCESSKEY",
    "CONNECTIONSTRING",
    "SIGNATURE",
];

/// As a whole word of a name, these mean a secret. Not anywhere: AUTHOR, MONKEY and COMPASS are none.
const WORDS: &[&str] = &[
    "PASS",
    "PWD",
    "PW",
    "KEY",
    "KEYS",
    "AUTH",
    "OAUTH",
    "AUTHORIZATION",
    "CRED",
    "CREDS",
    "COOKIE",
    "SESSION",
    "SALT",
    "PIN",
    "DSN",
    "PSK",
    "JWT",
    "PRIVATE",
];

/// A long random-looking value under a name with one of these words is a sum or a version, not a secret.
const SUMS: &[&str] = &[
    "SHA", "SHA1", "SHA256", "SHA512", "MD5", "SUM", "CHECKSUM", "DIGEST", "HASH", "COMMIT", "REVISION", "REF",
    "VERSION", "ID",
];

/// A value that is masked until it is asked for. Formatted for a log it is masked too.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself: only for a screen that was asked for it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Whether the value of an environment variable, argument or label called `name` is likely a secret.
pub fn looks_secret(name: &str, value: &str) -> bool {
    matches!(masked(name, value), Cow::Owned(_))
}

/// The value as it may be shown: [`MASK`] in place of what looks like a secret, or of the password in an address.
/// Borrowed when nothing is masked.
pub fn masked<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if value.is_empty() {
        return Cow::Borrowed(value);
    }
    if named_secret(name, value) || looks_random(name, value) || carries_parameters(value) {
        return Cow::Owned(MASK.to_owned());
    }
    match address(value) {
        Address::Open => Cow::Borrowed(value),
        Address::Password(at) => Cow::Owned(format!("{}{MASK}{}", &value[..at.start], &value[at.end..])),
        Address::Passwords => Cow::Owned(MASK.to_owned()),
    }
}

/// A `NAME=value` word, such as an environment entry or `--password=value`, with the value masked when it looks like
/// a secret; a word without a name is masked when it looks like one by itself. Borrowed when nothing is masked.
pub fn masked_word(word: &str) -> Cow<'_, str> {
    match word.split_once('=') {
        // The sign of equality in an address belongs to the address.
        Some((name, value)) if !name.contains("://") => match masked(name, value) {
            Cow::Owned(value) => Cow::Owned(format!("{name}={value}")),
            Cow::Borrowed(_) => Cow::Borrowed(word),
        },
        _ => masked("", word),
    }
}

/// The words of a command with likely secrets masked, also where the value follows its option (`--password value`).
pub fn masked_command<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<Cow<'a, str>> {
    let mut option: Option<&str> = None;
    words
        .into_iter()
        .map(|word| {
            let before = option.take();
            if word.starts_with('-') && !word.contains('=') {
                option = Some(word);
                return Cow::Borrowed(word);
            }
            match before {
                Some(name) if named_secret(name, word) => Cow::Owned(MASK.to_owned()),
                _ => masked_word(word),
            }
        })
        .collect()
}

/// A command line as one line, its words given by what separates them, with likely secrets masked.
pub fn masked_line(line: &str, separator: char) -> String {
    masked_command(line.trim_end_matches(separator).split(separator)).join(" ")
}

fn named_secret(name: &str, value: &str) -> bool {
    let words = words(name);
    // `DB_PASSWORD_FILE=/run/secrets/db` says where the secret is, not what it is.
    let place = value.starts_with('/') && words.last().is_some_and(|w| matches!(&**w, "FILE" | "PATH" | "DIR"));
    if place || matches!(value, "true" | "false" | "yes" | "no" | "on" | "off" | "0" | "1") {
        return false;
    }
    let joined = words.concat();
    ANYWHERE.iter().any(|word| joined.contains(word))
        || words.iter().any(|word| WORDS.contains(&&**word) || (word == "WEBHOOK" && value.contains("://")))
}

/// The words of a name, in capitals: split at what is no letter or digit and where camelCase rises.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    // A name longer than any real one is judged by its beginning and does not cost more.
    for c in name.chars().take(256) {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && before.is_ascii_lowercase()) {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_uppercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a parameter in the value is named like a secret: `?password=x`, `Server=db;Password=x`.
fn carries_parameters(value: &str) -> bool {
    let mut parts = value.split(['?', '&', ';']);
    let first = parts.next().unwrap_or_default();
    let more = parts.clone().next().is_some();
    parts.chain((more && !first.contains("://")).then_some(first)).any(|part| {
        part.split_once('=').is_some_and(|(name, value)| {
            let name = name.split_whitespace().next_back().unwrap_or_default();
            !value.is_empty() && named_secret(name, value)
        })
    })
}

/// What an address in a value tells.
enum Address {
    /// No password.
    Open,
    /// One, and where it stands.
    Password(std::ops::Range<usize>),
    /// One, but where it ends can be read in several ways.
    Passwords,
}

/// Looks for `scheme://user:password@host`.
fn address(value: &str) -> Address {
    let mut schemes = value.match_indices("://").map(|(at, mark)| at + mark.len());
    let open = |from: usize| {
        let rest = &value[from..];
        let word = rest.split(char::is_whitespace).next().unwrap_or("");
        // A password may hold a slash as it is; digits between a colon and a slash are a port.
        let at = word.rfind('@')?;
        let colon = word[..at].find(':')?;
        let authority = word[colon + 1..at].find(['/', '?', '#']).map_or(at, |end| colon + 1 + end);
        let between = &word[colon + 1..authority];
        let port = authority < at && !between.is_empty() && between.bytes().all(|b| b.is_ascii_digit());
        (colon + 1 < at && !port).then_some(from + colon + 1..from + at)
    };
    let Some(first) = schemes.next() else { return Address::Open };
    match (open(first), schemes.clone().next()) {
        (Some(password), None) if !value.contains([' ', ',', '"', '\'', ';']) => Address::Password(password),
        (Some(_), _) => Address::Passwords,
        (None, _) if schemes.any(|from| open(from).is_some()) => Address::Passwords,
        (None, _) => Address::Open,
    }
}

/// Whether the value is one long word that no person would write: letters and digits mixed, evenly spread.
fn looks_random(name: &str, value: &str) -> bool {
    if !(24..=4096).contains(&value.len()) || words(name).iter().any(|word| SUMS.contains(&&**word)) {
        return false;
    }
    let plain =
        value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-' | b'.'));
    let count = |is: fn(&u8) -> bool| value.as_bytes().iter().filter(|b| is(b)).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    // Paths, host names and versions have separators about every word; random text hardly has any.
    let separators = value.len() - digits - letters;
    plain && digits >= 2 && letters >= 3 && separators * 12 <= value.len() && entropy(value) >= 3.2
}

/// Shannon's entropy of the value's bytes, in bits a byte.
fn entropy(value: &str) -> f64 {
    let mut counts = [0u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let all = value.len() as f64;
    counts.iter().filter(|&&n| n > 0).map(|&n| f64::from(n) / all).map(|p| -p * p.log2()).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_known_by_their_name() {
        for name in [
            "DB_PASSWORD",
            "PGPASSWORD",
            "MYSQL_ROOT_PASSWD",
            "API_TOKEN",
            "githubToken",
            "CLIENT_SECRET",
            "AWS_SECRET_ACCESS_KEY",
            "SSH_KEY",
            "apiKey",
            "REDIS_AUTH",
            "google-credentials",
            "--password",
            "SMTP_PASS",
            "session_cookie",
        ] {
            assert!(looks_secret(name, "hunter2"), "{name}");
        }
    }

    #[test]
    fn names_that_only_resemble_are_shown() {
        for (name, value) in [
            ("AUTHOR", "Ada"),
            ("MONKEY", "yes please"),
            ("COMPASS", "north"),
            ("KEYBOARD", "us"),
            ("LANG", "C.UTF-8"),
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("DB_PASSWORD", ""),
            ("POSTGRES_PASSWORD_FILE", "/run/secrets/postgres"),
            ("REQUIRE_AUTH", "true"),
            ("PORT", "8080"),
            ("WEBHOOK_PORT", "8443"),
            ("PYTHON_SHA256", "086de5882e3cb310d4dca48457522e2e48018ecd43da9cdf827f6a0759efb07d"),
            ("NODE_VERSION", "20.11.1"),
            ("HOSTNAME", "mw-web.eqiad.main-7f65c9d5b-x2l4q"),
            ("URL", "https://example.org/a/path?x=1"),
            ("JAVA_HOME", "/usr/lib/jvm/java-17-openjdk-amd64"),
            ("NGINX_ENTRYPOINT", "/docker-entrypoint.d/20-envsubst-on-templates.sh"),
        ] {
            assert!(!looks_secret(name, value), "{name}={value}");
        }
    }

    #[test]
    fn addresses_with_a_password_and_random_words_are_secrets_under_any_name() {
        assert!(looks_secret("DATABASE_URL", "postgres://shop:s3cr3t@db:5432/shop"));
        assert!(looks_secret("UPSTREAMS", "http://a/ redis://:pw@cache:6379/0"));
        assert!(looks_secret("BACKEND", "Server=db;User Id=shop;Password=s3cr3t"));
        assert!(looks_secret("BACKEND", "https://db.example.org/?user=shop&password=s3cr3t"));
        assert!(looks_secret("SLACK_WEBHOOK", "https://hooks.example.org/services/T0/B0/x"));
        assert!(!looks_secret("URL", "ssh://git@example.org/repo"));
        assert!(!looks_secret("BACKEND", "https://db:5432/x?a=b@c:d"));
        assert!(looks_secret("X", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY9"));
        assert!(looks_secret("DATA", "5f4dcc3b5aa765d61d8327deb882cf99"));
    }

    #[test]
    fn of_an_address_only_the_password_is_masked() {
        for (value, shown) in [
            ("tcp://bob:hunter2@h:2376/x", "tcp://bob:••••••@h:2376/x"),
            ("redis://:pw@cache:6379/0", "redis://:••••••@cache:6379/0"),
            ("amqp://u:p@ss/w0rd@mq/%2f", "amqp://u:••••••@mq/%2f"),
            ("http://u:a@x,http://v:b@y", MASK),
            ("tcp://h:2376", "tcp://h:2376"),
        ] {
            assert_eq!(masked("ADDRESS", value), shown);
        }
        assert_eq!(masked_word("--namespace=mw"), "--namespace=mw");
        assert_eq!(masked_word("http://u:p@h/?a=b"), "http://u:••••••@h/?a=b");
    }

    #[test]
    fn a_secret_is_not_written_to_a_log() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), format!("Some({MASK})"));
    }

    #[test]
    fn commands_are_masked_in_both_spellings() {
        let command =
            masked_command(["mysqld", "--password=a", "--token", "b", "-v", "--name", "c", "--url=http://u:p@h/"]);
        let shown = ["mysqld", "--password=••••••", "--token", MASK, "-v", "--name", "c", "--url=http://u:••••••@h/"];
        assert_eq!(command, shown);
        assert_eq!(masked_word("API_KEY=1234"), "API_KEY=••••••");
        assert_eq!(masked("LANG", "C"), "C");
    }

    proptest! {
        #[test]
        fn no_password_escapes_and_nothing_panics(prefix in "[A-Z_]{0,10}", value in any::<String>()) {
            let word = format!("{prefix}_PASSWORD={value}");
            let shown = masked_word(&word);
            let switch = matches!(&*value, "" | "true" | "false" | "yes" | "no" | "on" | "off" | "0" | "1");
            let whole = format!("={value}");
            prop_assert!(switch || !shown.contains(&whole) || value == MASK);
            let _ = looks_secret(&value, &prefix);
        }

        #[test]
        fn no_password_escapes_an_address(user in "[a-z]{0,8}", password in "[a-zA-Z/@?#:_-][!-~]{3,20}", host in "[A-Z]{1,9}") {
            let value = format!("postgres://{user}:{password}@{host}/db");
            let shown = masked("ADDRESS", &value);
            prop_assert!(!shown.contains(&password), "{shown}");
        }
    }
}
