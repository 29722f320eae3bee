//! The browser of somebody who consents at once: it opens the address and follows where it is sent.

use anyhow::{Context, Result, bail};
use passerelle_google_sim::Sim;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

/// Opens the address of a consent at the pretend Google, and then the address on loopback that it sends to.
pub async fn consent(sim: &Sim, address: &str) -> Result<()> {
    let address = Url::parse(address)?;
    let path = format!("{}?{}", address.path(), address.query().unwrap_or_default());
    let answer = sim.with(|core| core.handle(&http::Method::GET, &path, &[], &[]));
    let sent_to = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
    let (_, sent_to) = sent_to.context("the consent page did not send the browser on")?;
    visit(&Url::parse(sent_to)?).await
}

async fn visit(url: &Url) -> Result<()> {
    let host = url.host_str().context("an address without a host")?;
    let port = url.port_or_known_default().context("an address without a port")?;
    let mut stream = TcpStream::connect((host, port)).await?;
    let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    if !answer.starts_with(b"HTTP/1.1 200") {
        bail!("the page after the consent did not open");
    }
    Ok(())
}
