//! A whole gateway on loopback: mail comes in over SMTP, what goes out are files, and clicks come over HTTP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postdesk::run::Gateway;
use postdesk::settings;
use postdesk::store::report::conversation::TicketDetail;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// After this long, what a test waits for will not come any more.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) const URL: &str = "https://desk.example.org/desk";

/// A gateway at work; its folder goes with it.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    folder: TempDir,
}

/// A configuration in this folder, with lines for `[http]`.
pub(crate) fn configuration(folder: &Path, http: &str) -> settings::Settings {
    let folder = folder.display();
    let text = format!(
        "[gateway]\nhostname = \"desk.example.org\"\ndata = \"{folder}\"\n\
         [smtp]\nlisten = [\"127.0.0.1:0\"]\ntrusted_networks = [\"127.0.0.0/8\"]\n[http]\n{http}\n\
         [delivery]\nrelay = \"file:{folder}/out\"\n\
         [[department]]\nkey = \"support\"\nname = \"Support\"\nprefix = \"SUP\"\naddress = \"support@desk.example.org\"\n\
         mailboxes = [\"help@shop.example\"]\nagents = [\"ana\"]\n\
         [[agent]]\nkey = \"ana\"\nname = \"Ana\"\naddress = \"ana@staff.example\"\n"
    );
    settings::read(&text, "desk.toml").unwrap_or_else(|faults| panic!("{faults}"))
}

impl World {
    /// Starts a gateway that links to itself.
    pub(crate) async fn start() -> Self {
        Self::with(&format!("public_listen = \"127.0.0.1:0\"\npublic_url = \"{URL}\"")).await
    }

    /// Starts a gateway with these lines in `[http]`.
    pub(crate) async fn with(http: &str) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let gateway = Gateway::start(&configuration(folder.path(), http)).await.unwrap();
        Self { gateway, folder }
    }

    /// Mia asks, with a copy to Noah, who follows then; Ana answers. Returns the answer's copies for the two.
    pub(crate) async fn converse(&self) -> (String, String) {
        self.mail(
            "mia@customer.example",
            "help@shop.example",
            "From: Mia <mia@customer.example>\r\nTo: help@shop.example\r\nCc: Noah <noah@customer.example>\r\n\
             Message-ID: <kettle-1@customer.example>\r\nSubject: Broken kettle\r\n\r\nIt does not boil.\r\n",
        )
        .await;
        let notice = self.mail_to("ana@staff.example", "It does not boil.").await;
        let to = field(&notice, "Reply-To").unwrap();
        let to = &to[to.find('<').unwrap() + 1..to.find('>').unwrap()];
        let answer = format!(
            "From: Ana <ana@staff.example>\r\nTo: {to}\r\nMessage-ID: <a-1@staff.example>\r\nSubject: Re: Broken kettle\r\n\r\nHave you plugged it in?\r\n"
        );
        self.mail("ana@staff.example", to, &answer).await;
        let text = "Have you plugged it in?";
        (self.mail_to("mia@customer.example", text).await, self.mail_to("noah@customer.example", text).await)
    }

    /// Hands a mail to the gateway.
    async fn mail(&self, from: &str, to: &str, mail: &str) {
        let mut stream = TcpStream::connect(self.gateway.addresses[0]).await.unwrap();
        // Two groups of pipelined commands (RFC 2920), of which the replies are looked at together.
        let envelope = format!("EHLO client.example\r\nMAIL FROM:<{from}>\r\nRCPT TO:<{to}>\r\nDATA\r\n");
        stream.write_all(envelope.as_bytes()).await.unwrap();
        let mut replies = String::new();
        while !replies.contains("\r\n354 ") {
            let mut piece = [0; 1024];
            let read = timeout(DEADLINE, stream.read(&mut piece)).await.unwrap().unwrap();
            assert!(read > 0, "{replies}");
            replies.push_str(&String::from_utf8_lossy(&piece[..read]));
        }
        stream.write_all(format!("{mail}.\r\nQUIT\r\n").as_bytes()).await.unwrap();
        replies.clear();
        timeout(DEADLINE, stream.read_to_string(&mut replies)).await.unwrap().unwrap();
        assert!(replies.starts_with("250 "), "{replies}");
    }

    /// The mail to somebody with these words in it, once it has left; unfolded.
    async fn mail_to(&self, person: &str, words: &str) -> String {
        let to = format!("<{person}>");
        until(|| async {
            let is_it = |mail: &String| field(mail, "To").is_some_and(|field| field.contains(&to)) && mail.contains(words);
            self.sent().into_iter().find(is_it)
        })
        .await
    }

    fn sent(&self) -> Vec<String> {
        let read = |file: PathBuf| std::fs::read_to_string(file).unwrap_or_default().replace("\r\n ", " ");
        let files = std::fs::read_dir(self.folder.path().join("out")).into_iter().flatten();
        files
            .map(|file| file.unwrap().path())
            .filter(|file| file.extension().is_some_and(|kind| kind == "eml"))
            .map(read)
            .collect()
    }

    /// Stops the gateway; what it has kept is in the folder.
    pub(crate) async fn end(self) -> TempDir {
        self.gateway.stop().await;
        self.folder
    }

    /// The addresses of those who follow the ticket.
    pub(crate) async fn followers(&self) -> Vec<String> {
        self.ticket().await.ticket.followers.into_iter().map(|follower| follower.address).collect()
    }

    pub(crate) async fn ticket(&self) -> TicketDetail {
        self.gateway.store().ticket_by_reference(1).await.unwrap().unwrap()
    }

    /// How the arrivals by HTTP ended, the newest first, once there are so many and none is pending.
    pub(crate) async fn clicks(&self, count: usize) -> Vec<String> {
        until(|| async {
            let all = self.gateway.store().arrivals(&Default::default(), i64::MAX, 100).await.unwrap().rows;
            let clicks: Option<Vec<String>> = all.into_iter().filter(|row| row.source == "http").map(|row| row.outcome).collect();
            clicks.filter(|clicks| clicks.len() == count)
        })
        .await
    }

    pub(crate) fn http(&self) -> SocketAddr {
        self.gateway.http.unwrap()
    }

    /// Sends a request and reads to the end of the answer.
    pub(crate) async fn ask(&self, request: &str) -> Reply {
        ask(self.http(), request).await
    }
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) async fn ask(address: SocketAddr, request: &str) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whoever is refused before the end may find that nobody reads any more.
    let _ = stream.write_all(request.as_bytes()).await;
    reply(&mut stream).await
}

/// Reads to the end; the date is left out, so that answers can be compared.
pub(crate) async fn reply(stream: &mut TcpStream) -> Reply {
    let mut octets = Vec::new();
    // A reset in the end is as good: the client was still sending.
    let _ = timeout(DEADLINE, stream.read_to_end(&mut octets)).await.expect("the connection is not closed");
    let text = String::from_utf8(octets).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let head: Vec<&str> = head.lines().filter(|line| !line.starts_with("date:")).collect();
    Reply { status: head[0][9..12].parse().unwrap(), head: head.join("\n"), body: body.to_owned() }
}

pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: desk.example.org\r\n\r\n")
}

/// A click as RFC 8058 section 8.1 shows it.
pub(crate) fn click(path: &str) -> String {
    post(path, "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click")
}

pub(crate) fn post(path: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: desk.example.org\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// The value of a field of an unfolded mail.
pub(crate) fn field<'a>(mail: &'a str, name: &str) -> Option<&'a str> {
    let header = mail.split("\r\n\r\n").next()?;
    header.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Asks again until there is an answer.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(ask: impl Fn() -> F) -> T {
    let asking = async {
        let mut pause = tokio::time::interval(Duration::from_millis(20));
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            pause.tick().await;
        }
    };
    timeout(DEADLINE, asking).await.expect("what is waited for does not come")
}
