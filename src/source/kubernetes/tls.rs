//! What a failure of TLS means to a person: which of the two certificates is wrong, and how.

use jiff::Timestamp;
use rustls::{AlertDescription, CertificateError, Error, pki_types::UnixTime};

use super::trouble::Trouble;
use crate::model::value::{duration, seconds_between};

/// The trouble that the failure is; none when it says nothing about certificates.
pub(crate) fn trouble(error: &Error, now: Timestamp) -> Option<Trouble> {
    match error {
        Error::AlertReceived(alert) => client(*alert).map(|why| Trouble::Unauthorized(why.into())),
        Error::InvalidCertificate(error) => Some(Trouble::Distrusted(server(error, now))),
        _ => None,
    }
}

/// What the other side says of our certificate.
fn client(alert: AlertDescription) -> Option<&'static str> {
    match alert {
        AlertDescription::CertificateExpired => Some("the client certificate has expired"),
        AlertDescription::CertificateRevoked => Some("the client certificate is revoked"),
        AlertDescription::CertificateRequired => Some("a client certificate is asked for, and there is none"),
        AlertDescription::UnknownCA => Some("the client certificate is of an authority that it does not know"),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => Some("the client certificate is refused"),
        _ => None,
    }
}

/// What is wrong with the certificate that the server shows.
fn server(error: &CertificateError, now: Timestamp) -> String {
    let away = |time: &UnixTime| {
        let at = i64::try_from(time.as_secs()).ok().and_then(|second| Timestamp::from_second(second).ok());
        at.map(|at| duration(seconds_between(at, now).abs())).unwrap_or_default()
    };
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("its certificate expired {} ago", away(not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("its certificate is valid only in {}; is the clock right?", away(not_before))
        }
        CertificateError::Expired => "its certificate has expired".into(),
        CertificateError::UnknownIssuer => {
            "its certificate is of an authority that the kubeconfig does not name".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is of another name".into()
        }
        other => format!("its certificate is not good: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::model::health::State;

    #[test]
    fn whose_certificate_is_wrong_is_told_apart() {
        // As the HTTP client wraps it.
        #[derive(Debug, thiserror::Error)]
        #[error("client error (Connect)")]
        struct Outer(#[source] io::Error);
        let through = |error: Error| Trouble::of_error(&Outer(io::Error::new(io::ErrorKind::InvalidData, error)));
        let expired = through(Error::AlertReceived(AlertDescription::CertificateExpired));
        assert_eq!(expired, Trouble::Unauthorized("the client certificate has expired".into()));
        let issuer = through(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        assert!(matches!(&issuer, Trouble::Distrusted(why) if why.contains("authority")), "{issuer}");
        assert_eq!((issuer.state(), expired.state()), (State::Untrusted, State::AuthFailed));
        let other = through(Error::AlertReceived(AlertDescription::HandshakeFailure));
        assert!(matches!(other, Trouble::Unreachable(_)), "{other}");
    }

    #[test]
    fn times_are_told_as_ages() {
        let second = |n: u64| UnixTime::since_unix_epoch(std::time::Duration::from_secs(n));
        let now = Timestamp::from_second(1_000_000).unwrap();
        let expired = CertificateError::ExpiredContext { time: second(0), not_after: second(1_000_000 - 259_200) };
        assert_eq!(server(&expired, now), "its certificate expired 3d ago");
        let early = CertificateError::NotValidYetContext { time: second(0), not_before: second(1_000_000 + 7_200) };
        assert_eq!(server(&early, now), "its certificate is valid only in 120m; is the clock right?");
    }
}
