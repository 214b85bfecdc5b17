//! Leaving a ticket by one click (RFC 8058), over sockets: from the header of a follower's mail to the ticket without the follower.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a world that cannot be set up has to stop the test")]

#[path = "oneclick/door.rs"]
mod door;
#[path = "oneclick/world.rs"]
mod world;

use postdesk::run::{Gateway, RunError};
use world::{URL, World, click, configuration, field, get, post};

/// The path of the link in a follower's mail, as it comes to the gateway.
fn link(mail: &str) -> String {
    let both = field(mail, "List-Unsubscribe").unwrap();
    let (by_mail, by_click) = both.split_once(", ").unwrap();
    assert!(by_mail.starts_with("<mailto:support+") && by_mail.ends_with("@desk.example.org?subject=unfollow>"), "{by_mail}");
    by_click.strip_prefix('<').unwrap().strip_suffix('>').unwrap().strip_prefix(URL).unwrap().to_owned()
}

#[tokio::test]
async fn a_follower_leaves_by_one_click_and_a_second_one_is_answered_alike() {
    let world = World::start().await;
    let (_, copy) = world.converse().await;
    let path = link(&copy);
    assert_eq!(world.followers().await, ["noah@customer.example"]);
    let first = world.ask(&click(&path)).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(world.clicks(1).await, ["command"]);
    let ticket = world.ticket().await;
    assert!(ticket.ticket.followers.is_empty(), "{ticket:?}");
    let event = ticket.events.iter().find(|event| event.kind == "follower" && event.to.is_none()).expect("an event");
    assert_eq!((event.actor.as_str(), event.from.as_deref()), ("noah@customer.example", Some("noah@customer.example")));
    // Nobody is left to be taken off, so it makes no arrival.
    assert_eq!(world.ask(&click(&path)).await, first);
    assert_eq!(world.clicks(1).await, ["command"]);
    world.gateway.stop().await;
}

#[tokio::test]
async fn only_the_mail_of_a_follower_has_the_link_and_both_forms_of_the_click_are_taken() {
    let world = World::start().await;
    let (original, copy) = world.converse().await;
    assert_eq!(field(&copy, "List-Unsubscribe-Post"), Some("List-Unsubscribe=One-Click"));
    assert_eq!((field(&original, "List-Unsubscribe"), field(&original, "List-Unsubscribe-Post")), (None, None));
    let path = link(&copy);
    // A web server in front may or may not cut off the path of the public URL, and a provider may send the other form.
    let body = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    let reply = world.ask(&post(&format!("/desk{path}"), "multipart/form-data; boundary=b", body)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(world.clicks(1).await, ["command"]);
    assert_eq!(world.followers().await, [""; 0]);
    world.gateway.stop().await;
}

#[tokio::test]
async fn looking_at_the_link_shows_a_button_and_changes_nothing() {
    let world = World::start().await;
    let (_, copy) = world.converse().await;
    let path = link(&copy);
    let page = world.ask(&get(&path)).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<form method=\"post\">") && page.body.contains("Do you want"), "{page:?}");
    for line in [
        "cache-control: no-store",
        "referrer-policy: no-referrer",
        "content-security-policy: default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; ",
    ] {
        assert!(page.head.contains(line), "{line}: {page:?}");
    }
    for foreign in ["kettle", "SUP-", "mia@", "noah@", "set-cookie"] {
        assert!(!page.head.contains(foreign) && !page.body.contains(foreign), "{foreign}: {page:?}");
    }
    // What is posted by something else than the button or a provider changes nothing either, and shows the button.
    let other = world.ask(&post(&path, "application/x-www-form-urlencoded", "a=b")).await;
    assert_eq!((other.status, &other.body), (400, &page.body));
    assert_eq!(world.ask(&get(&path).replace("GET", "HEAD")).await.body, "");
    assert_eq!(world.ask(&get(&path).replace("GET", "DELETE")).await.status, 405);
    assert_eq!(world.followers().await, ["noah@customer.example"]);
    // Had one of them made a mail, this one would not be the first.
    assert_eq!(world.ask(&click(&path)).await.status, 200);
    assert_eq!(world.clicks(1).await, ["command"]);
    world.gateway.stop().await;
}

#[tokio::test]
async fn a_link_that_is_not_ours_and_an_address_for_answers_are_not_found_alike() {
    let world = World::start().await;
    let (original, copy) = world.converse().await;
    let path = link(&copy);
    let last = path.chars().last().unwrap();
    let forged = format!("{}{}", &path[..path.len() - 1], if last == 'a' { 'b' } else { 'a' });
    let answers = field(&original, "Reply-To").unwrap();
    let token = &answers[answers.find('+').unwrap() + 1..answers.find('@').unwrap()];
    let unknown = world.ask(&get("/")).await;
    assert_eq!(unknown.status, 404);
    for path in [
        forged.as_str(),
        &format!("/unfollow/{token}"),
        "/unfollow/",
        "/unfollow",
        "/desk",
        "/unfollow/%00",
        &format!("{path}/x"),
    ] {
        assert_eq!(world.ask(&click(path)).await, unknown, "{path}");
        assert_eq!(world.ask(&get(path)).await, unknown, "{path}");
    }
    assert_eq!(world.followers().await, ["noah@customer.example"]);
    world.gateway.stop().await;
}

#[tokio::test]
async fn without_a_public_url_nothing_is_listened_to_and_mail_has_the_address_alone() {
    let world = World::with("").await;
    assert_eq!(world.gateway.http, None);
    let (_, copy) = world.converse().await;
    let field_of = |name| field(&copy, name);
    assert!(field_of("List-Unsubscribe").is_some_and(|value| value.starts_with("<mailto:") && !value.contains(',')), "{copy}");
    assert_eq!(field_of("List-Unsubscribe-Post"), None);
    world.gateway.stop().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_at_the_start_that_names_the_key() {
    let world = World::start().await;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let http = format!("public_listen = \"{}\"\npublic_url = \"{URL}\"", world.http());
    let Err(error) = Gateway::start(&configuration(folder.path(), &http)).await else { panic!("two on one port") };
    assert!(matches!(error, RunError::Listen(_)), "{error:?}");
    assert!(error.to_string().starts_with(&format!("cannot listen on {} (`[http] public_listen`): ", world.http())), "{error}");
    world.gateway.stop().await;
}
