//! One engine's API over HTTP/1.1: every request passes [`super::allow`], has a time limit, and its answer a size limit.
//!
//! A connection a request: over a Unix socket that costs nothing, and a hung one holds up nothing else. Only where each costs
//! a session of a host's are they used again ([`super::lanes`]). Answers are read as slim structs or as bounded lines, since an
//! engine's answer may be of any size, and its words (states, event types) go on growing.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    allow,
    behind::{Behind, Reach},
    endpoint::Endpoint,
    error::Error,
    lanes::{Lane, Lanes, Lease, Turn},
};

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

/// An answer's body, as it comes. Dropped before its end, it closes its connection.
pub(super) struct Body {
    incoming: Incoming,
    place: String,
    kept: Option<Kept>,
}

/// What a body's connection is made of.
enum Kept {
    /// A connection of its own.
    Own(#[expect(dead_code, reason = "held for its end")] AbortOnDropHandle<()>),
    /// One that can be used again.
    Lent(Lease, Lane),
}

/// Whether an answer goes on for as long as it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Short,
    Endless,
}

type Bare = Request<Empty<Bytes>>;

impl Body {
    /// The next piece; none at the end.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        loop {
            let Some(frame) = self.incoming.frame().await else {
                self.ended();
                return None;
            };
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => return Some(Ok(data)),
                Ok(Err(_trailers)) => {}
                Err(source) => return Some(Err(Error::broken(&self.place, source))),
            }
        }
    }

    /// It was read to its end.
    fn ended(&mut self) {
        if let Some(Kept::Lent(lease, lane)) = self.kept.take() {
            lease.give_back(lane);
        }
    }

    async fn whole(mut self, limit: usize) -> Result<Bytes, Error> {
        let collected = Limited::new(&mut self.incoming, limit).collect().await;
        let bytes = collected.map(http_body_util::Collected::to_bytes);
        let bytes = bytes.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => Error::broken(&self.place, *error),
            Err(_) => Error::TooLarge { place: self.place.clone(), limit },
        })?;
        self.ended();
        Ok(bytes)
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

    /// Finds the way to the engine, where it must be found: for a new session, and before anything is timed.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn ready(&self) -> Result<(), Error> {
        match &self.endpoint {
            Endpoint::Behind(behind) => {
                behind.again().await;
                behind.reach().await.map(drop)
            }
            Endpoint::Unix(_) | Endpoint::Tcp { .. } => Ok(()),
        }
    }

    /// Waits until another try may go better at once.
    pub(super) async fn changed(&self) {
        match &self.endpoint {
            Endpoint::Behind(behind) => behind.changed().await,
            Endpoint::Unix(_) | Endpoint::Tcp { .. } => std::future::pending().await,
        }
    }

    /// What is worth a remark while it answers; else nothing.
    pub(super) fn remark(&self) -> String {
        match &self.endpoint {
            Endpoint::Behind(behind) => behind.remark(),
            Endpoint::Unix(_) | Endpoint::Tcp { .. } => String::new(),
        }
    }

    /// Whether the engine answers, within three seconds.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) async fn ping(&self) -> Result<(), Error> {
        let place = self.endpoint.place();
        let pong = async { self.send("/_ping", &[], Length::Short).await?.whole(1 << 16).await };
        timeout(PING, pong).await.map_err(|_| Error::Silent { place, seconds: PING.as_secs() })?.map(drop)
    }

    /// Agrees with the engine on an API version. Done by the first request; done again for a new session, since the
    /// engine may have been upgraded meanwhile.
    ///
    /// # Errors
    /// When the engine does not answer, or nonsense.
    pub(super) async fn negotiate(&self) -> Result<(), Error> {
        let version: Version = self.decode(self.send("/version", &[], Length::Short).await?).await?;
        let minor = agreed(&version).ok_or_else(|| Error::NoEngine { place: self.endpoint.place() })?;
        self.minor.store(minor, Ordering::Relaxed);
        Ok(())
    }

    /// An answer as JSON. `path` without version, as `/containers/json`.
    ///
    /// # Errors
    /// When it is refused, fails, is late, too large, or not what was expected.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Error> {
        let body = self.open(path, query, Length::Short).await?;
        self.decode(body).await
    }

    /// An answer as it comes.
    ///
    /// # Errors
    /// When it is refused, fails, or does not begin in time.
    pub(super) async fn stream(&self, path: &str, query: &[(&str, &str)]) -> Result<Body, Error> {
        self.open(path, query, Length::Endless).await
    }

    async fn open(&self, path: &str, query: &[(&str, &str)], length: Length) -> Result<Body, Error> {
        let mut minor = self.minor.load(Ordering::Relaxed);
        if minor == 0 {
            self.negotiate().await?;
            minor = self.minor.load(Ordering::Relaxed);
        }
        self.send(&format!("/v1.{minor}{path}"), query, length).await
    }

    async fn decode<T: DeserializeOwned>(&self, body: Body) -> Result<T, Error> {
        let place = self.endpoint.place();
        let late = |_| Error::Silent { place: place.clone(), seconds: WHOLE.as_secs() };
        let bytes = timeout(WHOLE, body.whole(LARGEST)).await.map_err(late)??;
        serde_json::from_slice(&bytes).map_err(|source| Error::Nonsense { place, source })
    }

    /// The one way out: nothing reaches an engine but through here.
    async fn send(&self, path: &str, query: &[(&str, &str)], length: Length) -> Result<Body, Error> {
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
        let late = |_| Error::Silent { place: place.clone(), seconds: ANSWER.as_secs() };
        let answer = timeout(ANSWER, self.reach(request, length, &place)).await.map_err(late)?;
        match answer? {
            (StatusCode::OK, body) => Ok(body),
            (status, body) => {
                let said = timeout(ANSWER, body.whole(1 << 20)).await.map_err(late)?.unwrap_or_default();
                Err(Error::status(&place, status, &said))
            }
        }
    }

    /// The request's answer, by a connection that leads to the engine.
    async fn reach(&self, request: Bare, length: Length, place: &str) -> Result<(StatusCode, Body), Error> {
        match &self.endpoint {
            Endpoint::Unix(path) => over_socket(path, request, place).await,
            Endpoint::Tcp { host, port, tls } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await;
                let stream = stream.map_err(|source| Error::connect(place, source))?;
                let Some(tls) = tls else { return exchange(stream, request, place).await };
                let name = rustls::pki_types::ServerName::try_from(host.clone())
                    .map_err(|error| Error::connect(place, io::Error::new(io::ErrorKind::InvalidInput, error)))?;
                let stream = tokio_rustls::TlsConnector::from(tls.client()).connect(name, stream).await;
                exchange(stream.map_err(|source| Error::connect(place, source))?, request, place).await
            }
            Endpoint::Behind(behind) => {
                if let Reach::Socket(path) = behind.reach().await? {
                    let answer = over_socket(&path, request.clone(), place).await;
                    match &answer {
                        Ok(_) => behind.worked(None),
                        Err(Error::Connect { .. }) => behind.forget().await,
                        Err(_) if behind.fall_back().await => {}
                        Err(_) => return answer,
                    }
                    if !matches!(answer, Err(Error::Broken { .. })) {
                        return answer;
                    }
                }
                match behind.reach().await? {
                    Reach::Lanes(lanes) => over_lane(behind, &lanes, request, length, place).await,
                    // Another request found that it works after all.
                    Reach::Socket(path) => over_socket(&path, request, place).await,
                }
            }
        }
    }

    fn headers(&self) -> HeaderMap {
        let host = match &self.endpoint {
            Endpoint::Unix(_) | Endpoint::Behind(_) => "docker".to_owned(),
            Endpoint::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Endpoint::Tcp { host, port, .. } => format!("{host}:{port}"),
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::try_from(host).unwrap_or(HeaderValue::from_static("docker")));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("ronde/", env!("CARGO_PKG_VERSION"))));
        headers
    }
}

async fn over_socket(path: &Path, request: Bare, place: &str) -> Result<(StatusCode, Body), Error> {
    let stream = UnixStream::connect(path).await.map_err(|source| Error::connect(place, source))?;
    exchange(stream, request, place).await
}

/// By a connection that is kept for the next request, or by a new one of that kind.
async fn over_lane(
    behind: &Behind,
    lanes: &Lanes,
    request: Bare,
    length: Length,
    place: &str,
) -> Result<(StatusCode, Body), Error> {
    loop {
        let (lease, idle) = match lanes.turn(length == Length::Endless).await {
            Turn::Now(lease, idle) => (lease, idle),
            Turn::Narrow => return Err(behind.narrow()),
        };
        let was_idle = idle.is_some();
        let lane = match idle {
            Some(lane) => Ok(lane),
            None => dial(behind, place).await,
        };
        let error = match lane {
            Ok(mut lane) => match ask(&mut lane.sender, request.clone()).await {
                Ok(answer) => {
                    behind.worked(Some(lanes));
                    let status = answer.status();
                    let kept = Some(Kept::Lent(lease, lane));
                    return Ok((status, Body { incoming: answer.into_body(), place: place.to_owned(), kept }));
                }
                // It had ended while nobody looked.
                Err(_) if was_idle => continue,
                Err(_) => behind.ended(*lane.session).await,
            },
            Err(error) => error,
        };
        if !(matches!(error, Error::Full { .. }) && lease.refused()) {
            return Err(error);
        }
    }
}

async fn dial(behind: &Behind, place: &str) -> Result<Lane, Error> {
    let (session, stream) = behind.dial().await?;
    let (sender, connection) = handshake(stream, place).await?;
    Ok(Lane { sender, _connection: connection, session: Box::new(session) })
}

async fn ask(sender: &mut SendRequest<Empty<Bytes>>, request: Bare) -> hyper::Result<Response<Incoming>> {
    sender.ready().await?;
    sender.send_request(request).await
}

async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    place: &str,
) -> Result<(SendRequest<Empty<Bytes>>, AbortOnDropHandle<()>), Error> {
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = shaken.map_err(|source| Error::broken(place, source))?;
    // What goes wrong on the connection comes back through the answer.
    Ok((sender, AbortOnDropHandle::new(tokio::spawn(async move { drop(connection.await) }))))
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Bare,
    place: &str,
) -> Result<(StatusCode, Body), Error> {
    let (mut sender, connection) = handshake(stream, place).await?;
    let answer = sender.send_request(request).await.map_err(|source| Error::broken(place, source))?;
    let status = answer.status();
    let kept = Some(Kept::Own(connection));
    Ok((status, Body { incoming: answer.into_body(), place: place.to_owned(), kept }))
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
