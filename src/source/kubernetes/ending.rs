//! When credentials end: read from the client certificate and the token themselves, so that it can be said before the server
//! refuses them, and why it does. Judges nothing: what the server accepts is good.

use std::{sync::Arc, time::Duration};

use base64::{
    Engine,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig},
    },
    prelude::BASE64_STANDARD,
};
use jiff::Timestamp;
use kube::config::AuthInfo;
use rustls::{
    CertificateError, RootCertStore,
    pki_types::{CertificateDer, UnixTime, pem::PemObject},
    server::WebPkiClientVerifier,
};
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::model::value::duration;

/// Bytes of a certificate's file that are read.
const LARGEST: u64 = 1 << 20;

/// Long before the end it is said; of what lives shorter, in the last tenth of its life.
const WARNING: Duration = Duration::from_hours(14 * 24);

/// The end of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    what: &'static str,
    /// When it began; absent when it does not tell.
    from: Option<Timestamp>,
    at: Timestamp,
    /// A plugin issued it, and issues the next.
    renewed: bool,
}

impl Ending {
    /// Of a credential that a plugin issued: its end is not worth a word before it is there.
    pub(crate) fn renewed(self) -> Self {
        Self { renewed: true, ..self }
    }

    /// When it ends.
    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    /// What to say of one that has ended: `client certificate expired 3d ago`.
    pub(crate) fn over(&self, now: Timestamp) -> Option<String> {
        (self.at <= now).then(|| format!("{} expired {} ago", self.what, between(self.at, now)))
    }

    /// What to say while the server accepts it: it ends soon, or has ended.
    pub(crate) fn remark(&self, now: Timestamp) -> Option<String> {
        if self.renewed {
            return None;
        }
        if let Some(over) = self.over(now) {
            return Some(format!("{over}, the server still accepts it"));
        }
        let tenth = self.from.map(|from| self.at.duration_since(from) / 10);
        let warning = tenth.and_then(|tenth| Duration::try_from(tenth).ok()).map_or(WARNING, |d| d.min(WARNING));
        let soon = Duration::try_from(self.at.duration_since(now)).is_ok_and(|left| left < warning);
        soon.then(|| format!("{} expires in {}", self.what, between(now, self.at)))
    }
}

/// In whole minutes: a remark that counts seconds would be news every second.
fn between(from: Timestamp, to: Timestamp) -> String {
    match to.duration_since(from).as_secs() {
        ..60 => "less than a minute".into(),
        seconds => duration(seconds / 60 * 60),
    }
}

/// The first of its credentials that ends. Reads the certificate's file, so it may block.
pub(crate) fn of(auth: &AuthInfo) -> Option<Ending> {
    let certificate = certificate_text(auth).and_then(|pem| of_certificate(&pem));
    // A certificate is sent whatever else there is; a token only where the kubeconfig has it.
    let token = auth.token.as_ref().and_then(|token| of_token(token.expose_secret()));
    certificate.into_iter().chain(token).min_by_key(|ending| ending.at)
}

fn certificate_text(auth: &AuthInfo) -> Option<Vec<u8>> {
    use std::io::Read as _;
    if let Some(data) = &auth.client_certificate_data {
        return BASE64_STANDARD.decode(data.trim()).ok();
    }
    let mut text = Vec::new();
    let file = std::fs::File::open(auth.client_certificate.as_ref()?).ok()?;
    file.take(LARGEST).read_to_end(&mut text).ok()?;
    Some(text)
}

/// The validity of the first certificate in PEM. Asked of the verifier in two impossible years: its answers name the bounds,
/// which no other interface of it does.
fn of_certificate(pem: &[u8]) -> Option<Ending> {
    let certificate = CertificateDer::from_pem_slice(pem).ok()?;
    let mut roots = RootCertStore::empty();
    // Any anchor will do: the validity is looked at first.
    roots.add(certificate.clone()).ok()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().ok()?;
    let at = |second: u64| {
        let time = UnixTime::since_unix_epoch(Duration::from_secs(second));
        match verifier.verify_client_cert(&certificate, &[], time) {
            Err(rustls::Error::InvalidCertificate(error)) => Some(error),
            _ => None,
        }
    };
    let moment = |time: UnixTime| Timestamp::from_second(time.as_secs().try_into().ok()?).ok();
    let from = match at(0) {
        Some(CertificateError::NotValidYetContext { not_before, .. }) => moment(not_before),
        _ => None,
    };
    // A certificate without an end says the last second of 9999 (RFC 5280, 4.1.2.5).
    match at(253_402_300_800) {
        Some(CertificateError::ExpiredContext { not_after, .. }) => {
            Some(Ending { what: "client certificate", from, at: moment(not_after)?, renewed: false })
        }
        _ => None,
    }
}

/// What a JSON Web Token says of its time (RFC 7519, 4.1).
#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "exp")]
    at: Option<f64>,
    #[serde(rename = "iat")]
    from: Option<f64>,
}

/// The end of a token that tells it. It is not verified: that is the server's affair.
fn of_token(token: &str) -> Option<Ending> {
    const FORGIVING: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::URL_SAFE,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let mut parts = token.trim().split('.');
    let (_, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    let claims: Claims = serde_json::from_slice(&FORGIVING.decode(claims).ok()?).ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and then is no moment")]
    let moment = |seconds: f64| Timestamp::from_second(seconds as i64).ok();
    Some(Ending { what: "token", from: claims.from.and_then(moment), at: claims.at.and_then(moment)?, renewed: false })
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    /// Made by `openssl req -x509 -newkey ec -days 365`; its key is thrown away.
    const CERTIFICATE: &str = include_str!("../../../tests/fixtures/kubernetes/client.crt");

    fn token(claims: &str) -> String {
        format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_certificate_tells_its_end_before_and_after_it() {
        let data = BASE64_STANDARD.encode(CERTIFICATE);
        let ending = of(&AuthInfo { client_certificate_data: Some(data), ..AuthInfo::default() }).unwrap();
        assert_eq!(ending.from, Some(at("2026-11-26T01:39:20Z")));
        assert_eq!(ending.at(), at("2027-11-26T01:39:20Z"));
        assert_eq!(ending.remark(at("2026-12-01T00:00:00Z")), None);
        let day = Duration::from_hours(24);
        assert_eq!(ending.remark(ending.at() - 3 * day).unwrap(), "client certificate expires in 3d");
        assert_eq!(ending.over(ending.at() - 3 * day), None);
        assert_eq!(ending.over(ending.at() + 3 * day).unwrap(), "client certificate expired 3d ago");
        let still = ending.remark(ending.at() + day * 3).unwrap();
        assert_eq!(still, "client certificate expired 3d ago, the server still accepts it");
    }

    #[test]
    fn a_certificate_may_be_in_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), CERTIFICATE).unwrap();
        let auth = AuthInfo {
            client_certificate: Some(file.path().to_string_lossy().into_owned()),
            token: Some(token(r#"{"exp":4000000000}"#).into()),
            ..AuthInfo::default()
        };
        assert_eq!(of(&auth).unwrap().what, "client certificate", "it ends first");
        assert_eq!(of(&AuthInfo { client_certificate: Some("/absent".into()), ..AuthInfo::default() }), None);
    }

    #[test]
    fn a_token_of_an_hour_is_warned_of_in_its_last_minutes() {
        let ending = of_token(&token(r#"{"iss":"x","iat":1000000,"exp":1003600.5,"sub":"a"}"#)).unwrap();
        let second = |n| Timestamp::from_second(n).unwrap();
        assert_eq!(ending.remark(second(1_002_000)), None);
        assert_eq!(ending.remark(second(1_003_400)).unwrap(), "token expires in 3m");
        assert_eq!(ending.clone().renewed().remark(second(1_003_400)), None);
        assert_eq!(ending.over(second(1_003_605)).unwrap(), "token expired less than a minute ago");
    }

    #[test]
    fn other_tokens_tell_no_end() {
        for text in
            ["", "c0ffee", "a.b.c", "a.e30.c.d", &token("{}"), &token(r#"{"exp":null}"#), &token(r#"{"exp":1e300}"#)]
        {
            assert_eq!(of_token(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in ".{0,80}", exp in any::<f64>(), now in -2_000_000_000i64..4_000_000_000) {
            let _ = of_certificate(text.as_bytes());
            let _ = of_token(&text);
            if let Some(ending) = of_token(&token(&format!(r#"{{"exp":{exp:?}}}"#))) {
                let now = Timestamp::from_second(now).unwrap();
                prop_assert!(ending.remark(now).is_none() || ending.at() < now + WARNING);
            }
        }
    }
}
