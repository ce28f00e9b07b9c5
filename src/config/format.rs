//! Texts that have a shape, by the `format` their key has in the schema.

use std::path::Path;

use super::{error::suggestion, size::Size};
use crate::{
    model::text,
    remote::{forward::is_forwardable, target::is_destination},
    theme::BUILT_IN,
};

/// Characters of a name that a person gives.
const NAME_LIMIT: usize = 64;

/// What is wrong with `text` for `format`; none when it fits, or when the format is not ours.
pub(super) fn fault(format: &str, text: &str) -> Option<String> {
    match format {
        "size" => text.parse::<Size>().err().map(|error| error.to_string()),
        "path" => path(text),
        "theme" => theme(text),
        "name" => name(text),
        "engine-address" => engine_address(text),
        "ssh-destination" => destination(text),
        "remote-socket" => remote_socket(text),
        _ => None,
    }
}

/// A text of this shape, for who wrote no text at all.
pub(super) fn example(format: &str) -> Option<&'static str> {
    match format {
        "size" => Some("a size in quotes, such as \"64MiB\""),
        "path" => Some("a path in quotes"),
        _ => None,
    }
}

fn path(text: &str) -> Option<String> {
    // A relative path would mean another file in every directory ronde is started from.
    let fits = Path::new(text).is_absolute() || text == "~" || text.starts_with("~/");
    (!fits).then(|| "expected a path from `/` or `~/`".to_owned())
}

fn remote_socket(text: &str) -> Option<String> {
    (!is_forwardable(text))
        .then(|| "expected a path from `/` on that host, without spaces, quotes or colons".to_owned())
}

fn theme(text: &str) -> Option<String> {
    let names = BUILT_IN.map(|(name, _)| name);
    if names.contains(&text) {
        None
    } else if text.contains('/') {
        path(text)
    } else {
        let hint = suggestion(text, names);
        let paths = if hint.ends_with('?') { "" } else { ", or the path of a theme file" };
        Some(format!("no such theme{hint}{paths}"))
    }
}

/// Names stand in keys, columns and commands: short, visible, and without the slash that joins the parts of a key.
fn name(name: &str) -> Option<String> {
    let fits = !name.trim().is_empty()
        && name.trim() == name
        && name.chars().count() <= NAME_LIMIT
        && name.chars().all(|c| text::is_shown(c) && c != '/');
    (!fits).then(|| format!("expected 1 to {NAME_LIMIT} visible characters without `/` or spaces around"))
}

fn destination(text: &str) -> Option<String> {
    (!is_destination(text))
        .then(|| "expected an alias of ssh_config, host, user@host or ssh://user@host:port".to_owned())
}

fn engine_address(text: &str) -> Option<String> {
    let fits = match text.split_once("://") {
        Some(("unix", path)) => Path::new(path).is_absolute(),
        Some(("tcp" | "http" | "https", host)) => !host.is_empty() && !host.starts_with(['/', ':']),
        _ => false,
    };
    let hint = match text.split_once("://") {
        None if text.starts_with('/') => format!("; did you mean \"unix://{text}\"?"),
        Some(("ssh", _)) => {
            "; a host's engine over SSH is reached through its Docker context: `context = …`".to_owned()
        }
        _ => String::new(),
    };
    (!fits).then(|| format!("expected \"unix:///path/of/docker.sock\" or \"tcp://host:port\"{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_takes_what_fits_and_says_what_would() {
        for (format, good, bad) in [
            ("size", &["64MiB", "0"][..], &["many", "-1"][..]),
            ("path", &["/x", "~/x", "~"], &["x/y", "./x", "", "~bob/x"]),
            ("theme", &["dark", "/t.toml", "~/t.toml"], &["drak", "themes/t.toml"]),
            ("name", &["eqiad", "x 1", "é"], &["", " a", "a/b", "a\u{202e}b", "a\nb"]),
            (
                "engine-address",
                &["unix:///run/d.sock", "tcp://h:2376", "https://h"],
                &["/run/d", "unix://d", "ssh://h", "tcp://"],
            ),
            ("ssh-destination", &["h1", "a@h1", "ssh://a@h1:22", "[::1]"], &["", "-oX=y", "a b", "h1;x"]),
        ] {
            for text in good {
                assert_eq!(fault(format, text), None, "{format} {text}");
            }
            for text in bad {
                assert!(fault(format, text).is_some(), "{format} {text}");
            }
        }
        assert_eq!(fault("theme", "drak").unwrap(), "no such theme; did you mean `dark`?");
    }
}
