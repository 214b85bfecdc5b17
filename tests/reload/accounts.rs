//! IMAP accounts that come, change and go while the others keep their connections.

use crate::desk::{Desk, Text, department};
use crate::gateway::{DEADLINE, wait_for};
use crate::server::Server;

/// An account of this name at a server.
fn account(desk: &Desk, name: &str, server: &Server, more: &str) -> String {
    let password = desk.folder.path().join("password");
    std::fs::write(&password, "secret\n").unwrap();
    format!(
        "[[imap]]\nname = \"{name}\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"plain\"\nuser = \"support\"\n\
         password_file = \"{}\"\ndepartment = \"support\"\nstart = \"all\"\n{more}\n",
        server.port,
        password.display()
    )
}

fn with(text: &Text, accounts: &[String]) -> Text {
    Text { rest: accounts.concat(), ..text.clone() }
}

/// How often somebody has logged in.
fn logins(server: &Server) -> usize {
    server.heard("LOGIN") + server.heard("AUTHENTICATE")
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_come_change_and_go_and_the_one_that_stays_keeps_its_connection() {
    let (stays, comes) = (Server::start().await, Server::start().await);
    let (mut desk, text) = Desk::new();
    let first = account(&desk, "stays", &stays, "");
    let second = account(&desk, "comes", &comes, "");
    with(&text, std::slice::from_ref(&first)).write(desk.folder.path());
    desk.start();
    stays.append("INBOX", "one");
    assert_eq!(desk.decided("one")["source"], "imap:stays");
    // One comes.
    comes.append("INBOX", "two");
    let told = desk.reload(&with(&text, &[first.clone(), second.clone()]));
    assert!(told.contains("IMAP accounts new: comes"), "{told}");
    assert_eq!(desk.decided("two")["source"], "imap:comes");
    wait_for("what was taken to be flagged", DEADLINE, || (comes.flagged("INBOX", "\\Seen") == 1).then_some(()));
    // It changes: it is begun anew, and the numbers it has taken are known.
    let before = logins(&comes);
    let changed = account(&desk, "comes", &comes, "reconcile = \"2h\"");
    let told = desk.reload(&with(&text, &[first.clone(), changed.clone()]));
    assert!(told.contains("IMAP accounts changed: comes"), "{told}");
    wait_for("another login", DEADLINE, || (logins(&comes) > before).then_some(()));
    // A department comes: the account that stays has the connection that it had.
    let seen = logins(&stays);
    let mut with_sales = with(&text, &[first.clone(), changed]);
    with_sales.departments.push(department("sales"));
    desk.reload(&with_sales);
    stays.append("INBOX", "three");
    assert_eq!(desk.decided("three")["source"], "imap:stays");
    assert_eq!(logins(&stays), seen, "the account was not begun anew");
    // It goes: it says goodbye, and what comes then is found when it comes back, once.
    let goodbyes = comes.heard("LOGOUT");
    let told = desk.reload(&with(&text, std::slice::from_ref(&first)));
    assert!(told.contains("IMAP accounts gone: comes"), "{told}");
    wait_for("it to say goodbye", DEADLINE, || (comes.heard("LOGOUT") > goodbyes).then_some(()));
    comes.append("INBOX", "four");
    desk.reload(&with(&text, &[first, second]));
    assert_eq!(desk.decided("four")["source"], "imap:comes");
    let arrivals = desk.json(&["arrival", "list", "--json", "--all"]);
    assert_eq!(arrivals.len(), 4, "{arrivals:?}");
    desk.stop();
}
