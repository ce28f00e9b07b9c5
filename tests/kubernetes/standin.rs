//! An API server of this test: answers each request by its path, from a script or by passing it on to the lab's. One
//! request a connection, so that an answer ends where its connection does.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream, stream::BoxStream};
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// An answer: a status, and a body as it comes.
pub(crate) struct Reply {
    status: u16,
    body: BoxStream<'static, Vec<u8>>,
}

impl Reply {
    /// A whole answer.
    pub(crate) fn whole(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { status, body: stream::once(async { body }).boxed() }
    }

    /// Lines of a watch that stays open.
    pub(crate) fn watch(lines: &[String]) -> Self {
        let lines: Vec<Vec<u8>> = lines.iter().map(|line| format!("{line}\n").into_bytes()).collect();
        Self { status: 200, body: stream::iter(lines).chain(stream::pending()).boxed() }
    }

    /// Lines of a watch that come one after the other, where there is one.
    pub(crate) fn steady(every: Duration, line: impl Fn(u32) -> Option<String> + Send + Sync + 'static) -> Self {
        let line = Arc::new(line);
        let lines = stream::iter(0..).filter_map(move |n| {
            let line = line.clone();
            async move {
                tokio::time::sleep(every).await;
                line(n).map(|line| format!("{line}\n").into_bytes())
            }
        });
        Self { status: 200, body: lines.boxed() }
    }

    /// An answer that begins and does not go on.
    pub(crate) fn silence() -> Self {
        Self { status: 200, body: stream::pending().boxed() }
    }
}

/// Answers a path with its query.
type Answers = Arc<dyn Fn(String) -> BoxFuture<'static, Reply> + Send + Sync>;

/// The server; ends when dropped.
pub(crate) struct StandIn {
    port: u16,
    _stop: DropGuard,
}

impl StandIn {
    /// Answers from a script.
    pub(crate) async fn scripted(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        Self::start(Arc::new(move |path| {
            let answer = answer.clone();
            async move { answer(&path) }.boxed()
        }))
        .await
    }

    /// Passes requests on, with `rewritten` paths, and shows every piece of an answer to `seen`.
    pub(crate) async fn before(
        client: kube::Client,
        rewritten: impl Fn(String) -> String + Send + Sync + 'static,
        seen: impl Fn(&[u8]) + Send + Sync + 'static,
    ) -> Self {
        let (rewritten, seen) = (Arc::new(rewritten), Arc::new(seen));
        Self::start(Arc::new(move |path| {
            let (client, seen, path) = (client.clone(), seen.clone(), rewritten(path));
            async move {
                let request = http::Request::get(path).body(kube::client::Body::empty()).unwrap();
                #[allow(clippy::disallowed_methods, reason = "a test passes on what it was asked")]
                let answer = client.send(request).await.unwrap();
                let status = answer.status().as_u16();
                let pieces = answer.into_body().into_data_stream().map(move |piece| {
                    // What breaks off there breaks off here, by an empty piece.
                    let piece = piece.map(|piece| piece.to_vec()).unwrap_or_default();
                    seen(&piece);
                    piece
                });
                let body = pieces.take_while(|piece| std::future::ready(!piece.is_empty()));
                Reply { status, body: body.boxed() }
            }
            .boxed()
        }))
        .await
    }

    async fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(stopped.clone().run_until_cancelled_owned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(stopped.clone().run_until_cancelled_owned(serve(stream, answers.clone())));
            }
        }));
        Self { port, _stop: stop.drop_guard() }
    }

    /// A kubeconfig that leads here.
    pub(crate) fn kubeconfig(&self, context: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = format!(
            "{{apiVersion: v1, kind: Config, clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{}'}}}}], \
             users: [{{name: u, user: {{}}}}], contexts: [{{name: {context}, context: {{cluster: c, user: u}}}}], \
             current-context: {context}}}",
            self.port
        );
        std::fs::write(file.path(), text).unwrap();
        file
    }
}

async fn serve(mut stream: TcpStream, answers: Answers) -> Option<()> {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = stream.read(&mut buffer).await.ok().filter(|&length| length > 0)?;
        request.extend_from_slice(&buffer[..length]);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let mut reply = answers(request.split(' ').nth(1)?.to_owned()).await;
    let head = format!("HTTP/1.1 {} X\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n", reply.status);
    stream.write_all(head.as_bytes()).await.ok()?;
    let (mut near, mut far) = stream.split();
    let write = async {
        while let Some(piece) = reply.body.next().await {
            far.write_all(&piece).await.ok()?;
        }
        far.shutdown().await.ok()
    };
    // Whoever asked may go before the answer ends.
    tokio::select! {
        written = write => written,
        _ = near.read(&mut buffer) => None,
    }
}

/// A pod as the API writes it, with as little as it may have.
pub(crate) fn pod(name: &str, version: u32) -> String {
    format!(
        r#"{{"kind":"Pod","metadata":{{"name":"{name}","namespace":"n","uid":"{name}","resourceVersion":"{version}"}},"spec":{{"containers":[{{"name":"c"}}]}},"status":{{"phase":"Running"}}}}"#
    )
}

/// A page of such pods, one for each character.
pub(crate) fn page(names: &str, version: u32, more: &str) -> Reply {
    let items: Vec<String> = names.chars().map(|name| pod(name.encode_utf8(&mut [0; 4]), version)).collect();
    let meta = format!(r#"{{"resourceVersion":"{version}","continue":"{more}"}}"#);
    Reply::whole(200, format!(r#"{{"kind":"PodList","metadata":{meta},"items":[{}]}}"#, items.join(",")))
}

/// A line of a watch.
pub(crate) fn event(kind: &str, object: &str) -> String {
    format!(r#"{{"type":"{kind}","object":{object}}}"#)
}

/// The continue token with another version in it; the token's form is that of the API server's `EncodeContinue`.
pub(crate) fn aged(path: &str) -> Option<String> {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let (before, token) = path.split_once("&continue=")?;
    let text = BASE64_URL_SAFE_NO_PAD.decode(token.trim_end_matches("%3D")).ok()?;
    let mut token: serde_json::Value = serde_json::from_slice(&text).ok()?;
    token["rv"] = 1.into();
    Some(format!("{before}&continue={}", BASE64_URL_SAFE_NO_PAD.encode(token.to_string())))
}
