//! One engine's API over HTTP/1.1: every request passes [`super::allow`], has a time limit, and its answer a size limit.
//!
//! A connection a request: over a Unix socket that costs nothing, and a hung one holds up nothing else. Answers are
//! read as slim structs or as bounded lines, since an engine's answer may be of any size, and its words (states,
//! event types) go on growing.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use super::{allow, endpoint::Endpoint, error::Error};

/// The newest API version whose answers are understood (Docker 27). An older engine gets its own.
const NEWEST: u32 = 47;
/// Until the first byte of an answer.
const ANSWER: Duration = Duration::from_secs(10);
/// For a whole answer that is no stream.
const WHOLE: Duration = Duration::from_secs(30);
/// For an answer to `_ping`, by which a frozen engine is known.
const PING: Duration = Duration::from_secs(3);
/// Bytes of an answer that is no stream: a list of ten thousand containers has about 20 MB.
const LARGEST: usize = 32 << 20;

/// A way to one engine. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Client {
    endpoint: Endpoint,
    /// Minor number of the negotiated API version (`1.x`); 0 before.
    minor: Arc<AtomicU32>,
}

/// An answer's body, as it comes. Dropped, it closes its connection.
pub(super) struct Body {
    incoming: Incoming,
    place: String,
    _connection: AbortOnDropHandle<()>,
}

impl Body {
    /// The next piece; none at the end.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        loop {
            let frame = self.incoming.frame().await?;
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => return Some(Ok(data)),
                Ok(Err(_trailers)) => {}
                Err(source) => return Some(Err(Error::broken(&self.place, source))),
            }
        }
    }
}

/// What an engine says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Version {
    api_version: String,
    #[serde(rename = "MinAPIVersion")]
    min_api_version: String,
}

impl Client {
    /// A client of the engine at `endpoint`. Connects with the first request.
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, minor: Arc::default() }
    }

    /// Where the engine is.
    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether the engine answers, within three seconds.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) async fn ping(&self) -> Result<(), Error> {
        let place = self.endpoint.place();
        let pong = async { self.send("/_ping", &[]).await?.whole(1 << 16).await };
        timeout(PING, pong).await.map_err(|_| Error::Silent { place, seconds: PING.as_secs() })?.map(drop)
    }

    /// Agrees with the engine on an API version. Done by the first request; done again for a new session, since the
    /// engine may have been upgraded meanwhile.
    ///
    /// # Errors
    /// When the engine does not answer, or nonsense.
    pub(super) async fn negotiate(&self) -> Result<(), Error> {
        let version: Version = self.decode(self.send("/version", &[]).await?).await?;
        let minor = agreed(&version).ok_or_else(|| Error::NoEngine { place: self.endpoint.place() })?;
        self.minor.store(minor, Ordering::Relaxed);
        Ok(())
    }

    /// An answer as JSON. `path` without version, as `/containers/json`.
    ///
    /// # Errors
    /// When it is refused, fails, is late, too large, or not what was expected.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Error> {
        let body = self.stream(path, query).await?;
        self.decode(body).await
    }

    /// An answer as it comes.
    ///
    /// # Errors
    /// When it is refused, fails, or does not begin in time.
    pub(super) async fn stream(&self, path: &str, query: &[(&str, &str)]) -> Result<Body, Error> {
        let mut minor = self.minor.load(Ordering::Relaxed);
        if minor == 0 {
            self.negotiate().await?;
            minor = self.minor.load(Ordering::Relaxed);
        }
        self.send(&format!("/v1.{minor}{path}"), query).await
    }

    async fn decode<T: DeserializeOwned>(&self, body: Body) -> Result<T, Error> {
        let place = self.endpoint.place();
        let late = |_| Error::Silent { place: place.clone(), seconds: WHOLE.as_secs() };
        let bytes = timeout(WHOLE, body.whole(LARGEST)).await.map_err(late)??;
        serde_json::from_slice(&bytes).map_err(|source| Error::Nonsense { place, source })
    }

    /// The one way out: nothing reaches an engine but through here.
    async fn send(&self, path: &str, query: &[(&str, &str)]) -> Result<Body, Error> {
        let place = self.endpoint.place();
        let mut request = Request::builder().method(Method::GET);
        if let Some(headers) = request.headers_mut() {
            *headers = self.headers();
        }
        let mut target = path.to_owned();
        if !query.is_empty() {
            target.push('?');
            target.push_str(&form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish());
        }
        let request = request.uri(&target).body(Empty::new()).map_err(|_| Error::NoRequest { path: target })?;
        allow::check(request.method(), request.uri().path(), request.headers())?;
        let exchange = async {
            match &self.endpoint {
                Endpoint::Unix(path) => {
                    let stream = UnixStream::connect(path).await;
                    exchange(stream.map_err(|source| Error::connect(&place, source))?, request, &place).await
                }
                Endpoint::Tcp { host, port, tls } => {
                    let stream = TcpStream::connect((host.as_str(), *port)).await;
                    let stream = stream.map_err(|source| Error::connect(&place, source))?;
                    let Some(tls) = tls else { return exchange(stream, request, &place).await };
                    let name = rustls::pki_types::ServerName::try_from(host.clone())
                        .map_err(|error| Error::connect(&place, io::Error::new(io::ErrorKind::InvalidInput, error)))?;
                    let stream = tokio_rustls::TlsConnector::from(tls.client()).connect(name, stream).await;
                    exchange(stream.map_err(|source| Error::connect(&place, source))?, request, &place).await
                }
            }
        };
        let late = |_| Error::Silent { place: place.clone(), seconds: ANSWER.as_secs() };
        let body = timeout(ANSWER, exchange).await.map_err(late)??;
        match body {
            (StatusCode::OK, body) => Ok(body),
            (status, body) => {
                let late = |_| Error::Silent { place: place.clone(), seconds: ANSWER.as_secs() };
                let said = timeout(ANSWER, body.whole(1 << 20)).await.map_err(late)?.unwrap_or_default();
                Err(Error::status(&place, status, &said))
            }
        }
    }

    fn headers(&self) -> HeaderMap {
        let host = match &self.endpoint {
            Endpoint::Unix(_) => "docker".to_owned(),
            Endpoint::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Endpoint::Tcp { host, port, .. } => format!("{host}:{port}"),
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::try_from(host).unwrap_or(HeaderValue::from_static("docker")));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("ronde/", env!("CARGO_PKG_VERSION"))));
        headers
    }
}

impl Body {
    async fn whole(self, limit: usize) -> Result<Bytes, Error> {
        let Self { incoming, place, _connection } = self;
        let collected = Limited::new(incoming, limit).collect().await;
        collected.map(http_body_util::Collected::to_bytes).map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => Error::broken(&place, *error),
            Err(_) => Error::TooLarge { place, limit },
        })
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Empty<Bytes>>,
    place: &str,
) -> Result<(StatusCode, Body), Error> {
    let broken = |source| Error::broken(place, source);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // What goes wrong on the connection comes back through the answer.
    let connection = AbortOnDropHandle::new(tokio::spawn(async move { drop(connection.await) }));
    let answer = sender.send_request(request).await.map_err(broken)?;
    let status = answer.status();
    Ok((status, Body { incoming: answer.into_body(), place: place.to_owned(), _connection: connection }))
}

/// The newest version that both know, or the engine's oldest when it no longer knows ours (the fields that are read have
/// not changed since 1.24).
fn agreed(version: &Version) -> Option<u32> {
    let minor = |text: &str| text.strip_prefix("1.").and_then(|minor| minor.parse::<u32>().ok());
    let newest = minor(&version.api_version)?;
    Some(NEWEST.min(newest).max(minor(&version.min_api_version).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_agreed_on() {
        let at = |api: &str, min: &str| agreed(&Version { api_version: api.into(), min_api_version: min.into() });
        assert_eq!(at("1.41", "1.12"), Some(41));
        assert_eq!(at("1.53", "1.44"), Some(NEWEST));
        assert_eq!(at("1.70", "1.60"), Some(60));
        assert_eq!(at("1.40", ""), Some(40));
        assert_eq!(at("", "1.12"), None);
        assert_eq!(at("2.0", "1.12"), None);
    }
}
