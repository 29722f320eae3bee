//! The loopback page that Google's consent ends on.

use std::{net::Ipv4Addr, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// How much of a request is read, and for how long.
const LARGEST: usize = 16 * 1024;
const READ_LIMIT: Duration = Duration::from_secs(5);
/// How many connections may be open at once; more wait in the system's queue.
const OPEN: usize = 128;

const DONE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Passerelle</title>\
<p>Google's answer has arrived. You may close this window and go back to the program.</p>\
<p lang=\"fr\">La réponse de Google est arrivée. Vous pouvez fermer cette fenêtre et revenir au programme.</p></html>";
const NOTHING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Passerelle</title>\
<p>There is nothing here. Close this window and go back to the program.</p>\
<p lang=\"fr\">Il n'y a rien ici. Fermez cette fenêtre et revenez au programme.</p></html>";

/// A listener on a free port of this machine's loopback.
pub(crate) struct Listener {
    inner: TcpListener,
    port: u16,
}

impl Listener {
    /// Takes a free port. The browser is opened only afterwards, so that nobody else can have it (T6).
    pub(crate) async fn bind() -> std::io::Result<Self> {
        let inner = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = inner.local_addr()?.port();
        Ok(Listener { inner, port })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the one request that `accept` takes; all others get a neutral page and change nothing.
    pub(crate) async fn wait<T>(&self, accept: impl Fn(&str) -> Option<T>) -> T {
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                connection = self.inner.accept(), if open.len() < OPEN => {
                    if let Ok((stream, _)) = connection {
                        open.push(timeout(READ_LIMIT, self.answer(stream, &accept)));
                    }
                }
                Some(answered) = open.next(), if !open.is_empty() => {
                    if let Ok(Some(taken)) = answered {
                        return taken;
                    }
                }
            }
        }
    }

    async fn answer<T>(&self, mut stream: TcpStream, accept: &impl Fn(&str) -> Option<T>) -> Option<T> {
        let target = read_target(&mut stream, self.port).await;
        let taken = target.as_deref().and_then(accept);
        let (status, page) = if taken.is_some() { ("200 OK", DONE) } else { ("404 Not Found", NOTHING) };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
             Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n\
             Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
             Connection: close\r\n\r\n{page}",
            page.len()
        );
        // The browser may have gone: the answer counts all the same.
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
        taken
    }
}

/// Reads a request up to the end of its head and returns what it asks for.
async fn read_target(stream: &mut TcpStream, port: u16) -> Option<String> {
    let mut head = Vec::with_capacity(1024);
    loop {
        if let Some(target) = target(&head, port)? {
            return Some(target);
        }
        if head.len() >= LARGEST || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
}

/// `None`: not for us. `Some(None)`: not complete yet.
#[expect(clippy::option_option, reason = "refused, incomplete, complete")]
fn target(head: &[u8], port: u16) -> Option<Option<String>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    if request.parse(head).ok()?.is_partial() {
        return Some(None);
    }
    let host = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("host"))?;
    let ours = host.value == format!("127.0.0.1:{port}").as_bytes();
    (request.method == Some("GET") && ours).then(|| request.path.map(str::to_owned)).flatten().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_to_our_own_address_is_looked_at() {
        let table: &[(&str, Option<Option<&str>>)] = &[
            ("GET /x?code=1 HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n", Some(Some("/x?code=1"))),
            ("GET /x HTTP/1.1\r\nHost: 127.0.0.1:9\r\n", Some(None)),
            ("", Some(None)),
            ("POST /x HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n", None),
            ("GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n", None),
            ("GET /x HTTP/1.1\r\n\r\n", None),
            ("\u{1}\u{2}\r\n\r\n", None),
        ];
        for (head, want) in table {
            let found = target(head.as_bytes(), 9);
            assert_eq!(found, want.map(|inner| inner.map(str::to_owned)), "{head:?}");
        }
    }
}
