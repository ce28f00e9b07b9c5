//! One request to the API server: every one with a time limit and a bound on what is read.

use std::time::Duration;

use http::Request;
use http_body_util::BodyExt;
use kube::{Client, client::Body};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{slim::Failure, trouble::Trouble};

/// Bytes of one answer that are read: a page of a hundred objects of the largest size etcd takes is more, and refused.
const ANSWER: usize = 128 << 20;

/// Bytes of an error's body that are read.
const COMPLAINT: usize = 64 << 10;

/// The whole body of a GET.
pub(crate) async fn get(client: &Client, path: &str, limit: Duration) -> Result<Vec<u8>, Trouble> {
    get_into(client, path, limit, Vec::new()).await
}

/// The whole body of a GET, in place of what the buffer held. Pages of a list are large, and rows that are made between
/// one and the next would keep the allocator from giving their room back: two buffers in turn are enough.
pub(crate) async fn get_into(
    client: &Client,
    path: &str,
    limit: Duration,
    buffer: Vec<u8>,
) -> Result<Vec<u8>, Trouble> {
    send(client, Request::get(path), Vec::new(), limit, buffer).await
}

/// The decoded body of a GET.
pub(crate) async fn get_as<T: DeserializeOwned>(client: &Client, path: &str, limit: Duration) -> Result<T, Trouble> {
    decode(&get(client, path, limit).await?)
}

/// The decoded body of a POST of a review.
pub(crate) async fn review<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    body: &serde_json::Value,
    limit: Duration,
) -> Result<T, Trouble> {
    let request = Request::post(path).header(http::header::CONTENT_TYPE, "application/json");
    decode(&send(client, request, body.to_string().into_bytes(), limit, Vec::new()).await?)
}

/// The body of a GET, to be read as it comes. The limit covers the answer's head only.
pub(crate) async fn open(client: &Client, path: &str, limit: Duration) -> Result<Body, Trouble> {
    let work = head(client, Request::get(path), Vec::new());
    timeout(limit, work).await.unwrap_or(Err(Trouble::Slow(limit)))
}

/// The next chunk of a body; none at its end.
pub(crate) async fn chunk(body: &mut Body) -> Result<Option<impl AsRef<[u8]> + use<>>, Trouble> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(error)) => return Err(Trouble::of_error(&error)),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

async fn send(
    client: &Client,
    request: http::request::Builder,
    body: Vec<u8>,
    limit: Duration,
    buffer: Vec<u8>,
) -> Result<Vec<u8>, Trouble> {
    let work = async { read(head(client, request, body).await?, ANSWER, buffer).await };
    timeout(limit, work).await.unwrap_or(Err(Trouble::Slow(limit)))
}

async fn head(client: &Client, request: http::request::Builder, body: Vec<u8>) -> Result<Body, Trouble> {
    let request = request.body(Body::from(body)).map_err(|error| Trouble::Configuration(error.to_string()))?;
    let answer = client.send(request).await?;
    let status = answer.status();
    let body = answer.into_body();
    if status.is_success() {
        return Ok(body);
    }
    // What the server says of it, when it says so in its own form.
    let complaint = read(body, COMPLAINT, Vec::new()).await.unwrap_or_default();
    let message = match serde_json::from_slice::<Failure>(&complaint) {
        Ok(failure) if !failure.message.is_empty() => failure.message,
        _ => status.canonical_reason().unwrap_or("no reason given").to_owned(),
    };
    Err(Trouble::of_status(status.as_u16(), &message))
}

async fn read(mut body: Body, most: usize, mut all: Vec<u8>) -> Result<Vec<u8>, Trouble> {
    all.clear();
    while let Some(data) = chunk(&mut body).await? {
        let data = data.as_ref();
        if all.len() + data.len() > most {
            return Err(Trouble::Garbled(format!("the answer is longer than {most} bytes")));
        }
        all.extend_from_slice(data);
    }
    Ok(all)
}

/// Decodes JSON. The error does not quote the text, which may hold what must not be shown.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(bytes).map_err(|error| {
        Trouble::Garbled(format!(
            "the answer is no JSON of the expected form (line {}, column {})",
            error.line(),
            error.column()
        ))
    })
}
