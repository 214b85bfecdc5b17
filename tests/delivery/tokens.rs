//! Logging in with access tokens: a token endpoint by script, and a mail server that takes XOAUTH2 by script.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use postdesk::deliver::Security;
use postdesk::deliver::smtp::Door;
use postdesk::login::oauth2::{Options, Source};
use postdesk::login::{Login, Secret};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::patience;
use crate::script::{Relay, Step, say};

/// An endpoint that gives these answers in turn, one a connection, and closes the connections after the last one.
struct Endpoint {
    url: String,
    /// The forms that came.
    forms: Arc<Mutex<Vec<String>>>,
    /// Each answer waits for it, where it is asked to.
    gate: Arc<Notify>,
}

impl Endpoint {
    async fn start(answers: Vec<(u16, String)>) -> Self {
        Self::answering(answers, false).await
    }

    async fn answering(answers: Vec<(u16, String)>, waits: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/token?tenant=1", listener.local_addr().expect("an address"));
        let (forms, gate): (Arc<Mutex<Vec<String>>>, _) = (Arc::default(), Arc::new(Notify::new()));
        let (kept, told) = (Arc::clone(&forms), Arc::clone(&gate));
        tokio::spawn(async move {
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let mut heard = String::new();
                let mut piece = [0; 4096];
                let form = loop {
                    let count = stream.read(&mut piece).await.expect("a request");
                    heard.push_str(std::str::from_utf8(&piece[..count]).expect("text"));
                    let length = heard
                        .to_lowercase()
                        .split_once("content-length: ")
                        .and_then(|(_, rest)| rest.split("\r\n").next().and_then(|digits| digits.parse::<usize>().ok()));
                    match heard.split_once("\r\n\r\n") {
                        Some((_, form)) if Some(form.len()) == length => break form.to_owned(),
                        _ => assert!(count > 0, "half a request: {heard}"),
                    }
                };
                assert!(heard.starts_with("POST /token?tenant=1 HTTP/1.1\r\n"), "{heard}");
                kept.lock().expect("the forms").push(form);
                if waits {
                    told.notified().await;
                }
                let head =
                    format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
                // A client that will not read so much may be gone.
                let _ = stream.write_all((head + &body).as_bytes()).await;
            }
        });
        Self { url, forms, gate }
    }

    fn forms(&self) -> Vec<String> {
        self.forms.lock().expect("the forms").clone()
    }
}

/// A token, and for how long it is good, and further fields.
fn given(token: &str, seconds: u64, more: &str) -> (u16, String) {
    (200, format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{seconds}{more}}}"#))
}

/// A folder with the secrets, and the options that name them.
fn options(url: &str) -> (TempDir, Options) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a secret");
        path
    };
    let options = Options {
        token_endpoint: url.to_owned(),
        client_id: "postdesk".to_owned(),
        client_secret_file: Some(file("client-secret", "s&c=r€t\n")),
        refresh_token_file: Some(file("refresh-token", "first\n")),
        scope: Some("https://mail.example/send offline".to_owned()),
        ca_file: None,
    };
    (folder, options)
}

fn door(port: u16, source: &Arc<Source>) -> Door {
    let login = Login { user: "desk".to_owned(), secret: Secret::Token(Arc::clone(source)) };
    Door::new("127.0.0.1".to_owned(), port, Security::Plain, Some(login), "desk.example.org".to_owned())
}

/// What a server that takes tokens says before a login.
fn offers() -> Vec<Step> {
    let hello = Step::Hear("EHLO desk.example.org");
    vec![say("220 relay.example"), hello, say("250-relay.example"), say("250 AUTH PLAIN XOAUTH2")]
}

/// "user=desk", and `one` or `two` as the bearer's token.
const ONE: &str = "AUTH XOAUTH2 dXNlcj1kZXNrAWF1dGg9QmVhcmVyIG9uZQEB\r\n";
const TWO: &str = "AUTH XOAUTH2 dXNlcj1kZXNrAWF1dGg9QmVhcmVyIHR3bwEB\r\n";

/// A token that is refused the way providers do: a challenge that tells of the error, an empty answer, 535.
fn refused(token: &'static str) -> Vec<Step> {
    let challenge = say("334 eyJzdGF0dXMiOiI0MDEifQ==");
    vec![Step::Hear(token), challenge, Step::Hear("\r\n"), say("535 5.7.8 Username and Password not accepted")]
}

async fn why_not(door: &Door) -> String {
    door.open(patience()).await.err().expect("no login")
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_opens_connection_after_connection() {
    let endpoint = Endpoint::start(vec![given("one", 3_600, "")]).await;
    let (_folder, options) = options(&endpoint.url);
    let good = [offers(), vec![Step::Hear(ONE), say("235 in")]].concat();
    let relay = Relay::start(vec![good.clone(), good]).await;
    let door = door(relay.port, &Arc::new(Source::new(options)));
    assert!(door.open(patience()).await.is_ok());
    assert!(door.open(patience()).await.is_ok());
    relay.mails().await;
    let form = "client_id=postdesk&client_secret=s%26c%3Dr%E2%82%ACt&scope=https%3A%2F%2Fmail.example%2Fsend%20offline\
                &grant_type=refresh_token&refresh_token=first";
    assert_eq!(endpoint.forms(), [form]);
}

#[tokio::test]
async fn a_kept_token_that_was_withdrawn_is_asked_for_anew_once() {
    let endpoint = Endpoint::start(vec![given("one", 3_600, ""), given("two", 3_600, "")]).await;
    let (_folder, options) = options(&endpoint.url);
    let first = [offers(), vec![Step::Hear(ONE), say("235 in")]].concat();
    let withdrawn = [offers(), refused(ONE), vec![Step::Hear(TWO), say("235 in")]].concat();
    let relay = Relay::start(vec![first, withdrawn]).await;
    let door = door(relay.port, &Arc::new(Source::new(options)));
    assert!(door.open(patience()).await.is_ok());
    assert!(door.open(patience()).await.is_ok());
    relay.mails().await;
    assert_eq!(endpoint.forms().len(), 2);
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_is_told_and_not_asked_for_again() {
    let endpoint = Endpoint::start(vec![given("one", 3_600, ""), given("two", 3_600, "")]).await;
    let (_folder, options) = options(&endpoint.url);
    let relay = Relay::start(vec![[offers(), refused(ONE), vec![Step::Hang]].concat()]).await;
    let why = why_not(&door(relay.port, &Arc::new(Source::new(options)))).await;
    assert!(why.contains("login as desk: 535 5.7.8 Username") && why.contains("look at user and scope"), "{why}");
    assert_eq!(endpoint.forms().len(), 1);
}

#[tokio::test]
async fn a_server_without_xoauth2_sees_no_token() {
    let endpoint = Endpoint::start(Vec::new()).await;
    let (_folder, options) = options(&endpoint.url);
    let script = vec![say("220 relay.example"), Step::Hear("EHLO"), say("250-relay.example"), say("250 AUTH PLAIN"), Step::Hang];
    let relay = Relay::start(vec![script]).await;
    let why = why_not(&door(relay.port, &Arc::new(Source::new(options)))).await;
    assert!(why.contains("does not offer AUTH XOAUTH2"), "{why}");
}

#[tokio::test]
async fn a_refresh_token_that_the_provider_changes_takes_the_place_of_the_old_one() {
    let second = given("one", 60, r#","refresh_token":"second""#);
    let endpoint = Endpoint::start(vec![second, given("two", 60, "")]).await;
    let (folder, options) = options(&endpoint.url);
    let source = Source::new(options);
    assert_eq!(source.token().await.expect("a token").reveal(), "one");
    let file = folder.path().join("refresh-token");
    assert_eq!(fs::read_to_string(&file).expect("the file"), "second\n");
    assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    // A token that ends within the minute is not used twice.
    assert_eq!(source.token().await.expect("a token").reveal(), "two");
    assert!(endpoint.forms()[1].ends_with("refresh_token=second"), "{:?}", endpoint.forms());
}

#[tokio::test]
async fn a_refresh_token_that_cannot_be_written_is_used_all_the_same_and_written_when_it_can_be() {
    let second = given("one", 0, r#","refresh_token":"second""#);
    let endpoint = Endpoint::start(vec![second, given("two", 0, ""), given("three", 0, "")]).await;
    let (folder, options) = options(&endpoint.url);
    // What is in the way is no file, so that even root cannot write there.
    let obstacle = folder.path().join(".refresh-token.new");
    fs::create_dir(&obstacle).expect("an obstacle");
    let source = Source::new(options);
    source.token().await.expect("a token");
    source.token().await.expect("a token");
    assert_eq!(fs::read_to_string(folder.path().join("refresh-token")).expect("the file"), "first\n");
    fs::remove_dir(&obstacle).expect("no obstacle");
    source.token().await.expect("a token");
    assert_eq!(fs::read_to_string(folder.path().join("refresh-token")).expect("the file"), "second\n");
    let forms = endpoint.forms();
    let tokens: Vec<&str> = forms.iter().filter_map(|form| form.rsplit('=').next()).collect();
    assert_eq!(tokens, ["first", "second", "second"]);
}

#[tokio::test]
async fn whoever_asks_at_once_waits_for_one_answer_and_one_that_is_not_waited_for_is_kept() {
    let endpoint = Endpoint::answering(vec![given("one", 3_600, r#","refresh_token":"second""#)], true).await;
    let (folder, options) = options(&endpoint.url);
    let source = Arc::new(Source::new(options));
    let impatient = {
        let source = Arc::clone(&source);
        tokio::spawn(async move { source.token().await.is_ok() })
    };
    while endpoint.forms().is_empty() {
        assert!(tokio::time::Instant::now() < patience(), "nobody asks");
        tokio::task::yield_now().await;
    }
    impatient.abort();
    assert!(impatient.await.is_err(), "it had its answer already");
    endpoint.gate.notify_one();
    let tokens = join_all((0..8).map(|_| source.token())).await;
    assert!(tokens.iter().all(|token| token.as_ref().is_ok_and(|token| token.reveal() == "one" && token.kept)));
    assert_eq!(fs::read_to_string(folder.path().join("refresh-token")).expect("the file"), "second\n");
    assert_eq!(endpoint.forms().len(), 1);
}

#[tokio::test]
async fn a_client_in_its_own_name_needs_no_refresh_token() {
    let endpoint = Endpoint::start(vec![given("one", 3_600, "")]).await;
    let (_folder, mut options) = options(&endpoint.url);
    (options.refresh_token_file, options.scope) = (None, None);
    assert!(Source::new(options).token().await.is_ok());
    assert_eq!(endpoint.forms(), ["client_id=postdesk&client_secret=s%26c%3Dr%E2%82%ACt&grant_type=client_credentials"]);
}

#[tokio::test]
async fn what_goes_wrong_at_the_endpoint_is_told_in_words_without_a_secret() {
    let cases = [
        (400, r#"{"error":"invalid_grant","error_description":"first was revoked"}"#.to_owned(), "authorise postdesk anew"),
        (401, r#"{"error":"invalid_client"}"#.to_owned(), "client_secret_file"),
        (503, "<html>s&c=r€t</html>".to_owned(), "answered 503"),
        (200, "<html>".to_owned(), "without an access_token"),
        (200, "x".repeat(70_000), "longer than 65536 octets"),
    ];
    for (status, body, words) in cases {
        let endpoint = Endpoint::start(vec![(status, body)]).await;
        let (_folder, options) = options(&endpoint.url);
        let why = Source::new(options).token().await.err().expect("no token");
        assert!(why.contains(words) && why.contains("/token:"), "{words}: {why}");
        assert!(!why.contains("first") && !why.contains("r€t") && !why.contains("tenant"), "{why}");
    }
    let (_folder, nobody) = options("http://127.0.0.1:1/token");
    let why = Source::new(nobody).token().await.err().expect("no token");
    assert!(why.contains("no access token from http://127.0.0.1:1/token: "), "{why}");
    let (folder, missing) = options("http://127.0.0.1:1/token");
    fs::remove_file(folder.path().join("refresh-token")).expect("the file");
    let why = Source::new(missing).token().await.err().expect("no token");
    assert!(why.contains("refresh-token cannot be used"), "{why}");
}
