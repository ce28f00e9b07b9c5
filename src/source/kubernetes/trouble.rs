//! What can go wrong with an API server, sorted by what a person has to do about it.

use std::time::Duration;

use jiff::Timestamp;

use super::tls;
use crate::model::{health::State, text};

/// Why a request failed. The texts are reasons; who shows them adds where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// No connection: refused, no route, name not found, TLS.
    #[error("{0}")]
    Unreachable(String),
    /// No answer within this time.
    #[error("no answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// 401, or TLS with a client certificate that the other side does not take.
    #[error("{0}")]
    Unauthorized(String),
    /// The server's certificate is not one to trust: expired, of another name, of an unknown authority.
    #[error("{0}")]
    Distrusted(String),
    /// 403.
    #[error("{0}")]
    Forbidden(String),
    /// A credential plugin or command needs a person.
    #[error("{0}")]
    NeedsLogin(String),
    /// 404: no such object or API.
    #[error("{0}")]
    Absent(String),
    /// 410: the version or continue token is too old; list again.
    #[error("{0}")]
    Gone(String),
    /// Any other status.
    #[error("{1} (HTTP {0})")]
    Status(u16, String),
    /// The answer could not be read.
    #[error("{0}")]
    Garbled(String),
    /// The kubeconfig cannot work.
    #[error("{0}")]
    Configuration(String),
}

impl Trouble {
    /// What the source's state is because of it.
    pub(crate) fn state(&self) -> State {
        match self {
            Self::Slow(_) | Self::Status(..) | Self::Garbled(_) | Self::Gone(_) => State::Stale,
            Self::Unreachable(_) | Self::Absent(_) | Self::Configuration(_) => State::Unreachable,
            Self::Unauthorized(_) => State::AuthFailed,
            Self::Distrusted(_) => State::Untrusted,
            Self::Forbidden(_) => State::Forbidden,
            Self::NeedsLogin(_) => State::NeedsLogin,
        }
    }

    /// One line: what, where, why, what to do.
    pub(crate) fn line(&self, server: &str) -> String {
        let line = match self {
            Self::Unreachable(why) => format!("cannot reach {server}: {why}; is it up, and the way to it?"),
            Self::Slow(_) => format!("{server}: {self}; it hangs, or packets are lost"),
            Self::Unauthorized(why) => {
                format!(
                    "{server} does not accept the credentials ({why}); renew them, the kubeconfig is read again by itself"
                )
            }
            Self::Distrusted(why) => {
                format!("{server} is not trusted: {why}; is the address right, and the kubeconfig's authority?")
            }
            Self::Forbidden(why) => format!("{server}: {why}; ask its administrator for the role `view`"),
            Self::NeedsLogin(why) | Self::Configuration(why) => why.clone(),
            Self::Absent(why) | Self::Gone(why) | Self::Garbled(why) => format!("{server}: {why}"),
            Self::Status(..) => format!("{server} answers {self}"),
        };
        text::name(&line).into_owned()
    }

    /// The trouble that an HTTP status with the API's message is.
    pub(crate) fn of_status(code: u16, message: &str) -> Self {
        let message = text::name(text::limited(message, 300).trim()).into_owned();
        match code {
            401 => Self::Unauthorized(message),
            403 => Self::Forbidden(message),
            404 => Self::Absent(message),
            410 => Self::Gone(message),
            _ => Self::Status(code, message),
        }
    }

    /// The trouble that an error of the client is: the innermost cause is what a person can use.
    pub(crate) fn of_error(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut cause = error;
        let mut deepest = error.to_string();
        let mut io = None;
        for _ in 0..16 {
            if let Some(refused) = cause.downcast_ref::<super::allow::Refused>() {
                return Self::Configuration(refused.to_string());
            }
            if let Some(error) = cause.downcast_ref::<kube::client::AuthError>() {
                return Self::Unauthorized(text::limited(&error.to_string(), 300).into_owned());
            }
            if let Some(error) = cause.downcast_ref::<std::io::Error>() {
                io = Some(error.kind());
                // It hides what it wraps from `source`.
                let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
                if let Some(trouble) = inner.and_then(|error| tls::trouble(error, Timestamp::now())) {
                    return trouble;
                }
            }
            let Some(next) = cause.source() else { break };
            cause = next;
            deepest = cause.to_string();
        }
        let why = match io {
            Some(std::io::ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
            Some(std::io::ErrorKind::ConnectionReset) => "connection reset".to_owned(),
            Some(std::io::ErrorKind::TimedOut) => "connection timed out".to_owned(),
            _ => text::limited(&deepest, 300).into_owned(),
        };
        Self::Unreachable(why)
    }
}

impl From<kube::Error> for Trouble {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_status(status.code, &status.message),
            kube::Error::SerdeError(error) => Self::Garbled(error.to_string()),
            error => Self::of_error(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_state() {
        for (code, state) in [
            (401, State::AuthFailed),
            (403, State::Forbidden),
            (404, State::Unreachable),
            (429, State::Stale),
            (500, State::Stale),
            (503, State::Stale),
        ] {
            assert_eq!(Trouble::of_status(code, "why").state(), state, "{code}");
        }
    }

    #[test]
    fn a_refused_connection_is_said_in_two_words() {
        #[derive(Debug, thiserror::Error)]
        #[error("client error (Connect)")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        assert_eq!(Trouble::of_error(&error), Trouble::Unreachable("connection refused".into()));
    }

    #[test]
    fn a_line_is_inert_and_short() {
        let line = Trouble::of_status(403, &format!("\x1b[31m{}", "x".repeat(5000))).line("https://h:6443");
        assert!(line.chars().all(text::is_shown) && line.len() < 600, "{line}");
    }
}
