//! The thin shell: a socket on loopback, one request at a time.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::{Body, to_bytes};
use chrono::{DateTime, Duration, Utc};
use futures::StreamExt as _;
use http::{Request as HttpRequest, Response as HttpResponse};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::api::Knobs;
use crate::core::{Core, Setup};
use crate::people::turns::Turns;
use crate::wire::{Cut, Request, Response};

const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// How a pretend Google on a socket begins.
#[derive(Debug, Clone, Default)]
pub struct SimOptions {
    /// Holds the port; 0 means any free one.
    pub port: u16,
    /// Approves the consent page by itself.
    pub auto_consent: bool,
    /// Holds the seed of everything random.
    pub seed: u64,
    /// Holds the accounts that exist from the start.
    pub accounts: Vec<String>,
    /// Holds the virtual time at the start; absent means the real time.
    pub now: Option<DateTime<Utc>>,
    /// Lets virtual time stand still between requests.
    pub frozen: bool,
    /// Holds the language of pages when the browser names none.
    pub language: Option<String>,
    /// Holds the switches of behaviour.
    pub knobs: Knobs,
}

struct Shared {
    core: Mutex<(Core, Instant)>,
    frozen: bool,
    turns: Turns,
}

impl Shared {
    /// Locks the state and lets the time that passed pass there too.
    fn lock(&self) -> MutexGuard<'_, (Core, Instant)> {
        let mut guard = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = guard.1.elapsed();
        guard.1 = Instant::now();
        if !self.frozen {
            guard.0.advance(Duration::from_std(passed).unwrap_or_default());
        }
        guard
    }
}

/// A running pretend Google; it stops when dropped.
pub struct Sim {
    url: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
}

impl std::fmt::Debug for Sim {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Sim({})", self.url)
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

impl Sim {
    /// Starts a server in a task of the current runtime.
    ///
    /// # Errors
    ///
    /// Returns an error when the port cannot be bound.
    pub async fn start(options: SimOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = share(&options);
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(serve(listener, Arc::clone(&shared), stopped));
        Ok(Self { url, shared, stop: Some(stop) })
    }

    /// Starts a server with a runtime and a thread of its own.
    ///
    /// # Errors
    ///
    /// Returns an error when the port cannot be bound.
    pub fn start_in_thread(options: SimOptions) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", options.port)))?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = share(&options);
        let (stop, stopped) = oneshot::channel();
        let inner = Arc::clone(&shared);
        std::thread::spawn(move || runtime.block_on(serve(listener, inner, stopped)));
        Ok(Self { url, shared, stop: Some(stop) })
    }

    /// Returns the root, for example `http://127.0.0.1:4711`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Works on the state in process, between two requests.
    pub fn with<T>(&self, work: impl FnOnce(&mut Core) -> T) -> T {
        work(&mut self.shared.lock().0)
    }
}

fn share(options: &SimOptions) -> Arc<Shared> {
    let core = Core::new(&Setup {
        seed: options.seed,
        now: options.now.unwrap_or_else(real_time),
        auto_consent: options.auto_consent,
        accounts: options.accounts.clone(),
        language: options.language.clone().unwrap_or_else(|| "en".to_owned()),
        knobs: options.knobs.clone(),
    });
    Arc::new(Shared {
        core: Mutex::new((core, Instant::now())),
        frozen: options.frozen,
        turns: Turns::default(),
    })
}

/// The one place where the real time comes in.
#[allow(clippy::disallowed_methods)]
fn real_time() -> DateTime<Utc> {
    Utc::now()
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    // Dropping the set ends the connections that are still open.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let shared = Arc::clone(&shared);
                    connections.spawn(connection(stream, shared));
                }
                Err(error) => tracing::warn!(%error, "a connection was not accepted"),
            },
            Some(_) = connections.join_next() => {}
            _ = &mut stopped => return,
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| answer(Arc::clone(&shared), request));
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Answers one request; an error closes the connection without a word.
async fn answer(shared: Arc<Shared>, request: HttpRequest<Incoming>) -> io::Result<HttpResponse<Body>> {
    let (head, body) = request.into_parts();
    let body = to_bytes(Body::new(body), LARGEST_BODY).await.map_err(io::Error::other)?;
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        })
        .collect();
    let request = Request::new(head.method.as_str(), target, &headers, &body);
    // The turn ends after the answer's delay.
    let ((response, _turn), now) = {
        let mut guard = shared.lock();
        let handled = shared.turns.handle(&mut guard.0, &request);
        (handled, guard.0.now())
    };
    if !response.delay.is_zero() {
        tokio::time::sleep(response.delay).await;
    }
    match response.cut {
        Some(Cut::Whole) => Err(io::Error::other("dropped on demand")),
        _ => Ok(into_http(response, now)),
    }
}

fn into_http(response: Response, now: DateTime<Utc>) -> HttpResponse<Body> {
    // Virtual time is the time of this server: a client that compares clocks sees it.
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut builder = HttpResponse::builder().status(response.status).header("Date", date);
    for (name, value) in &response.headers {
        builder = builder.header(name, value);
    }
    let body = if response.cut == Some(Cut::Half) {
        // The length promises more than comes: the client sees the answer break off.
        builder = builder.header("Content-Length", response.body.len().max(2));
        let mut half = bytes::Bytes::from(response.body);
        half.truncate(half.len() / 2);
        let broken = futures::stream::once(async { Ok(half) }).chain(futures::stream::once(async {
            // A pause, so that the first half is on its way.
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            Err(io::Error::other("cut on demand"))
        }));
        Body::from_stream(broken)
    } else {
        Body::from(response.body)
    };
    builder.body(body).unwrap_or_default()
}
