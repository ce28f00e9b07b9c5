//! What can go wrong with an engine, as one line for a person, and as the state that it means for the source.

use std::io;

use http::StatusCode;

use super::allow;
use crate::model::{health::State, text};

/// A request to an engine failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Not sent: it does more than observe.
    #[error(transparent)]
    Refused(#[from] allow::Refusal),
    /// Not sent: no URL can be made of it.
    #[error("no request can be made of {path}")]
    NoRequest {
        /// What it was made of.
        path: String,
    },
    /// No connection.
    #[error("{}", connect_line(place, source))]
    Connect {
        /// The engine's socket or address.
        place: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to the engine at {place} broke: {}", text::name(&innermost(source)))]
    Broken {
        /// The engine's socket or address.
        place: String,
        /// Why.
        #[source]
        source: hyper::Error,
    },
    /// No answer in time.
    #[error(
        "no answer from the engine at {place} within {seconds} s: it hangs, is stopped, or the network drops packets"
    )]
    Silent {
        /// The engine's socket or address.
        place: String,
        /// How long was waited.
        seconds: u64,
    },
    /// It answered, with an error.
    #[error("the engine at {place} answers {status}: {message}")]
    Status {
        /// The engine's socket or address.
        place: String,
        /// HTTP status.
        status: u16,
        /// Its own words, inert.
        message: String,
    },
    /// The answer is larger than any sensible one.
    #[error("the engine at {place} answers more than {} MB; given up", limit >> 20)]
    TooLarge {
        /// The engine's socket or address.
        place: String,
        /// Bytes that would have been taken.
        limit: usize,
    },
    /// The answer is not what this API answers.
    #[error("the engine at {place} answers something unexpected ({source})")]
    Nonsense {
        /// The engine's socket or address.
        place: String,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// The host in front of it is away, or does not lead to it.
    #[error("{line}")]
    Behind {
        /// What that means for the engine.
        state: State,
        /// Why, in one line, inert.
        line: String,
    },
    /// The host takes no more sessions.
    #[error("host {host}: it forwards no sockets, and all sessions it grants are taken; close one")]
    Full {
        /// The host.
        host: String,
    },
    /// What goes on for ever would take the last session.
    #[error("host {host} forwards no sockets and grants too few sessions to follow anything; asked at intervals")]
    Narrow {
        /// The host.
        host: String,
    },
    /// Something else listens there.
    #[error("what listens at {place} is no Docker or Podman engine")]
    NoEngine {
        /// The socket or address.
        place: String,
    },
}

impl Error {
    pub(super) fn connect(place: &str, source: io::Error) -> Self {
        Self::Connect { place: place.into(), source }
    }

    pub(super) fn broken(place: &str, source: hyper::Error) -> Self {
        Self::Broken { place: place.into(), source }
    }

    pub(super) fn status(place: &str, status: StatusCode, body: &[u8]) -> Self {
        #[derive(serde::Deserialize)]
        struct Said {
            message: String,
        }
        let said = serde_json::from_slice(body).map(|said: Said| said.message);
        let said = said.unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned());
        let mut message = text::name(said.trim()).into_owned();
        if said.contains("HTTP request to an HTTPS server") {
            message.push_str(" Set `certificates` to the directory with ca.pem, cert.pem and key.pem.");
        }
        Self::Status { place: place.into(), status: status.as_u16(), message }
    }

    /// The state of the source that this means.
    pub(super) fn state(&self) -> State {
        match self {
            Self::Behind { state, .. } => *state,
            Self::Narrow { .. } => State::Connecting,
            Self::Status { status: 401, .. } => State::AuthFailed,
            Self::Full { .. } | Self::Status { status: 403, .. } => State::Forbidden,
            Self::Connect { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => State::Forbidden,
            Self::Connect { source, .. } => of_tls(source).unwrap_or(State::Unreachable),
            // With TLS 1.3 a client learns only from its first read that its certificate is not accepted.
            Self::Broken { source, .. } => of_tls(source).unwrap_or(State::Unreachable),
            _ => State::Unreachable,
        }
    }
}

/// The command that starts the engine at a place: Podman's service listens at a socket that systemd keeps.
fn start(place: &str) -> &'static str {
    match (place.contains("podman"), place.contains("/user/")) {
        (true, true) => "systemctl --user start podman.socket",
        (true, false) => "systemctl start podman.socket",
        (false, true) => "systemctl --user start docker",
        (false, false) => "systemctl start docker",
    }
}

fn connect_line(place: &str, source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::NotFound => {
            format!("no engine at {place}: there is no such socket; is it running? ({})", start(place))
        }
        io::ErrorKind::ConnectionRefused => {
            format!("the engine at {place} refuses connections; is it running? ({})", start(place))
        }
        io::ErrorKind::PermissionDenied => {
            format!("no right to open {place}: add the user to group docker or use sudo")
        }
        _ if of_tls(source).is_some() => format!(
            "TLS with the engine at {place} failed: {}; check ca.pem, cert.pem and key.pem",
            text::name(&innermost(source))
        ),
        _ => format!("no connection to the engine at {place}: {}", text::name(&innermost(source))),
    }
}

/// The error at the root of a chain; the others only say that something below them failed.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    chain(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// The state that a failure of TLS means: which of the two certificates is not believed.
fn of_tls(error: &(dyn std::error::Error + 'static)) -> Option<State> {
    let failure = chain(error).find_map(|error| error.downcast_ref::<rustls::Error>())?;
    Some(if matches!(failure, rustls::Error::InvalidCertificate(_)) { State::Untrusted } else { State::AuthFailed })
}

/// An error and all below it. An [`io::Error`] hides what it wraps from `source`, so it is opened.
fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return io.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
        }
        error.source()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_say_what_to_do_and_what_they_mean() {
        for (kind, state, said) in [
            (io::ErrorKind::NotFound, State::Unreachable, "is it running?"),
            (io::ErrorKind::ConnectionRefused, State::Unreachable, "is it running?"),
            (io::ErrorKind::PermissionDenied, State::Forbidden, "add the user to group docker or use sudo"),
            (io::ErrorKind::HostUnreachable, State::Unreachable, "no connection"),
        ] {
            let error = Error::connect("/run/x.sock", kind.into());
            assert_eq!(error.state(), state, "{kind}");
            let line = error.to_string();
            assert!(line.contains(said) && line.contains("/run/x.sock") && !line.contains('\n'), "{line}");
        }
        let tls = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::DecryptError);
        let error = Error::connect("h1:2376", tls);
        assert_eq!(error.state(), State::AuthFailed);
        assert!(error.to_string().contains("check ca.pem"), "{error}");
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = Error::connect("h1:2376", io::Error::new(io::ErrorKind::InvalidData, unknown));
        assert_eq!(error.state(), State::Untrusted);
    }

    #[test]
    fn the_engines_words_are_kept_inert() {
        let error = Error::status("h1:1", StatusCode::NOT_FOUND, br#"{"message":"No such container: \u001b[31mx"}"#);
        assert_eq!(error.to_string(), "the engine at h1:1 answers 404: No such container: ·[31mx");
        let error =
            Error::status("h1:1", StatusCode::BAD_REQUEST, b"Client sent an HTTP request to an HTTPS server.\n");
        assert!(error.to_string().contains("certificates"), "{error}");
        assert_eq!(Error::status("h1:1", StatusCode::FORBIDDEN, b"").state(), State::Forbidden);
        assert_eq!(Error::status("h1:1", StatusCode::UNAUTHORIZED, b"").state(), State::AuthFailed);
    }

    proptest::proptest! {
        #[test]
        fn any_refusal_is_one_inert_line(code in 400u16..600, body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
            let error = Error::status("h:2376", StatusCode::from_u16(code).expect("a status"), &body);
            proptest::prop_assert!(error.to_string().chars().all(crate::model::text::is_shown));
            let _ = error.state();
        }
    }
}
