//! One request: routed, sent, answered.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode, Version, request};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;

use super::Proxy;
use super::answer::{AnswerBody, Open, Relay, page};
use super::backend::InFlight;
use super::bodies::{RequestBody, Upload, announces_trailers};
use super::client::Client;
use super::exchange::{self, Answered, Failed, Trailers};
use super::head;
use super::record::{Record, RequestId};
use super::refusal::Refusal;
use super::routing::Routed;
use super::tunnel;
use super::upstream::AnswerError;

impl Proxy {
    /// Answers one request of `client`.
    pub(crate) async fn serve(
        self: Arc<Self>,
        client: Arc<Client>,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Infallible> {
        let began = Instant::now();
        let id = self.ids.next();
        let version = request.version();
        let wants_upgrade =
            version < Version::HTTP_2 && request.headers().contains_key(header::UPGRADE);
        let mut open = Open::new(client.clone());
        let (parts, body) = request.into_parts();
        if self.log.is_on() {
            open.record = Some(Box::new(self.record(&client, &parts, id, began)));
        }
        let mut answer = match self.answer(&client, parts, body, &mut open, began).await {
            Ok((answered, routed)) => self.forward(answered, routed, open, id).await,
            Err(refusal) => {
                let closes = refusal.closes() && version < Version::HTTP_2;
                page(refusal.status(), &refusal.to_string(), id, closes, open)
            }
        };
        let upgraded = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        if wants_upgrade {
            client.decide_upgrade(upgraded);
        }
        if client.is_finishing() && version < Version::HTTP_2 && !upgraded {
            const CLOSE: HeaderValue = HeaderValue::from_static("close");
            answer.headers_mut().insert(header::CONNECTION, CLOSE);
        }
        Ok(answer)
    }

    fn record(
        &self,
        client: &Client,
        parts: &request::Parts,
        id: RequestId,
        began: Instant,
    ) -> Record {
        Record {
            log: self.log.clone(),
            id,
            client: client.address,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            host: parts.headers.get(header::HOST).cloned(),
            http: parts.version,
            began,
            route: None,
            answer: None,
            bytes: 0,
            whole: false,
        }
    }

    /// Gets a backend's answer.
    async fn answer(
        &self,
        client: &Client,
        mut parts: request::Parts,
        body: Incoming,
        open: &mut Open,
        began: Instant,
    ) -> Result<(Answered, Routed), Refusal> {
        let host = head::host(&parts)?;
        if too_large(&parts, self.limits.body_bytes) {
            return Err(Refusal::TooLarge);
        }
        let on_upgrade = parts.extensions.remove::<OnUpgrade>();
        let body = RequestBody::new(body, &parts.headers, self.limits.body_bytes);
        let upload = body.upload();
        let mut routed = self.routed(client, &host, &parts, open, Duration::ZERO).await?;
        let trailers = match parts.version {
            Version::HTTP_2 => Trailers::Any,
            _ if head::wants_trailers(&parts.headers) => Trailers::Announced,
            _ => Trailers::None,
        };
        let upgrades = head::forward_request(&mut parts, host.clone(), client, upload.is_some());
        let mut body = body;
        let mut began = began;
        let held_from = Instant::now();
        loop {
            let upload = upload.as_deref();
            match exchange::send(&self.limits, &routed.in_flight, &parts, body, upload).await {
                Ok((head, source)) => {
                    let first_byte = began.elapsed();
                    let on_upgrade = on_upgrade.filter(|_| upgrades);
                    return Ok((
                        Answered { head, source, first_byte, on_upgrade, trailers },
                        routed,
                    ));
                }
                Err(Failed::NoEndpoint(unsent)) => {
                    self.hold(routed, held_from.elapsed()).await?;
                    routed = self.routed(client, &host, &parts, open, held_from.elapsed()).await?;
                    body = unsent;
                    // The wait was not the version's.
                    began = Instant::now();
                }
                Err(Failed::TooSlow) => {
                    routed.in_flight.backend().users.failed();
                    return Err(Refusal::TooSlow);
                }
                Err(Failed::Broken(error)) => {
                    return Err(blame(client, upload, &routed.in_flight, &error));
                }
            }
        }
    }

    /// Passes a backend's answer on.
    async fn forward(
        self: &Arc<Self>,
        answered: Answered,
        routed: Routed,
        mut open: Open,
        id: RequestId,
    ) -> Response<AnswerBody> {
        let Answered { head: mut parts, source, first_byte, on_upgrade, trailers } = answered;
        let Routed { app, in_flight, stick, .. } = routed;
        let upgraded = parts.status == StatusCode::SWITCHING_PROTOCOLS;
        if upgraded && on_upgrade.is_none() {
            // Nobody asked for it.
            in_flight.backend().users.failed();
            return page(
                StatusCode::BAD_GATEWAY,
                &Refusal::Unreachable.to_string(),
                id,
                false,
                open,
            );
        }
        let error = parts.status.is_server_error();
        in_flight.backend().users.answered(first_byte, error);
        if let Some(record) = &mut open.record {
            record.answer = Some((parts.status, first_byte));
        }
        head::forward_answer(&mut parts, upgraded);
        let trailers = match trailers {
            Trailers::Any => true,
            Trailers::Announced => announces_trailers(&parts.headers),
            Trailers::None => false,
        };
        if stick
            && let Some(sticky) = &app.sticky
            && let Some(cookie) = sticky.set(in_flight.backend().version())
        {
            parts.headers.append(header::SET_COOKIE, cookie);
        }
        if upgraded && let Some(on_upgrade) = on_upgrade {
            tokio::spawn(tunnel::run(self.clone(), on_upgrade, source, in_flight, open));
            return Response::from_parts(parts, AnswerBody::Tunnel);
        }
        let pool_size = self.limits.pool_size;
        let mut relay = Relay::new(source, in_flight, open, pool_size);
        relay.counted = error;
        relay.trailers = trailers;
        if relay.is_over() {
            poll_fn(|cx| {
                relay.finish(cx);
                Poll::Ready(())
            })
            .await;
        }
        Response::from_parts(parts, AnswerBody::Relay(Box::new(relay)))
    }
}

fn too_large(parts: &request::Parts, most: Option<u64>) -> bool {
    let Some(most) = most else { return false };
    let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|text| text.to_str().ok());
    length.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > most)
}

/// Whose fault it is that there is no answer; a client's is not counted.
fn blame(
    client: &Client,
    upload: Option<&Upload>,
    in_flight: &InFlight,
    error: &AnswerError,
) -> Refusal {
    tracing::debug!(%error, version = %in_flight.backend().version().0, "no answer");
    match upload {
        Some(upload) if upload.is_too_large() => Refusal::TooLarge,
        Some(_) if client.is_body_refused() => Refusal::Malformed,
        Some(upload) if upload.has_failed() => Refusal::BodyBrokeOff,
        _ => {
            in_flight.backend().users.failed();
            Refusal::Unreachable
        }
    }
}
