//! A store is carried over to another: everything, in however many attempts, and never half.
#![cfg(test)]

#[path = "postgres/cluster.rs"]
#[expect(dead_code, reason = "shared with the tests of PostgreSQL, which need more of it")]
mod cluster;
#[path = "move_store/desk.rs"]
mod desk;
#[path = "crashes/gateway.rs"]
mod gateway;
#[path = "move_store/obstacle.rs"]
mod obstacle;

use std::collections::BTreeSet;

use cluster::{Cluster, PASSWORD};
use desk::{Desk, MAILS, PENDING, field, mail, send, told};
use gateway::{DEADLINE, wait_for};
use obstacle::{kill_among_the_messages, kill_at};
use sqlx::{Connection as _, SqliteConnection};

/// Makes the tables on the server, as a look at the empty store does.
fn make_tables(desk: &Desk) {
    desk.turn_to(&desk.server);
    assert!(desk.gateway.verb(&["ticket", "list", "--json"]).is_empty());
    desk.turn_to(&desk.lite());
}

fn change(desk: &Desk, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect(&desk.lite()).await.unwrap();
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

/// Nothing but `move-store` works on a store that is half filled.
fn assert_unusable(desk: &Desk) {
    desk.turn_to(&desk.server);
    let mut ended = Vec::new();
    for verb in [&["ticket", "list"][..], &["serve"], &["pipe", "--to", "help@shop.example"]] {
        let output = desk.run(verb);
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.contains("a move into this store is not complete"), "{words}");
        ended.push(output.status.code().unwrap());
    }
    assert_eq!(ended, [70, 78, 75]);
    desk.turn_to(&desk.lite());
}

#[test]
fn a_moved_store_shows_the_same_in_every_verb_there_and_back() {
    let desk = Desk::copy();
    let before = desk.views();
    let printed = desk.moved(&desk.lite(), &desk.server);
    let equal = printed.lines().filter(|line| line.ends_with("  equal")).count();
    assert_eq!(equal, 20, "{printed}");
    desk.turn_to(&desk.server);
    assert_eq!(desk.views(), before);
    let back = desk.beside("back.db");
    desk.moved(&desk.server, &back);
    desk.turn_to(&back);
    assert_eq!(desk.views(), before);
}

#[test]
fn a_gateway_goes_on_with_a_moved_store() {
    let mut desk = Desk::copy();
    desk.moved(&desk.lite(), &desk.server);
    desk.turn_to(&desk.server);
    desk.gateway.start();
    // An agent answers a notice of long ago.
    let to_ana = |mail: &String| field(mail, "To").is_some_and(|to| to.contains("ana@private.example"));
    let notice = desk.sent().into_iter().find(|mail| to_ana(mail) && mail.contains("[SUP-2]")).unwrap();
    let token = field(&notice, "Reply-To").unwrap();
    let token = token.rsplit('<').next().unwrap().trim_end_matches('>').to_owned();
    let answer = format!(
        "From: Ana Agent <ana@private.example>\r\nTo: {token}\r\nMessage-ID: <answer@private.example>\r\n\
         Subject: Re: Kettle 2\r\n\r\nPlease hold the button.\r\n"
    );
    let fresh = mail(MAILS + PENDING + 1, "", "A new one.");
    let twice = mail(6, "", "It broke.");
    send(desk.gateway.port(), &[("ana@private.example".to_owned(), token, answer), fresh, twice]);
    let total = MAILS + PENDING + 3;
    let arrivals = wait_for("every outcome", DEADLINE, || {
        let arrivals = desk.gateway.json(&["arrival", "list", "--all", "--json"]);
        (arrivals.len() == total && arrivals.iter().all(|arrival| !arrival["outcome"].is_null())).then_some(arrivals)
    });
    let outcome = |id: usize| arrivals.iter().find(|arrival| arrival["id"] == id).map(|arrival| arrival["outcome"].clone());
    assert_eq!(outcome(total - 2).unwrap(), "answer");
    assert_eq!(outcome(total - 1).unwrap(), "request");
    assert_eq!(outcome(total).unwrap(), "duplicate");
    assert_eq!(desk.gateway.json(&["ticket", "show", "2", "--json"])[0]["status"], "awaiting-customer");
    // The copy of the first mail has opened no ticket.
    let tickets = desk.gateway.json(&["ticket", "list", "--all", "--json"]);
    let numbers: BTreeSet<String> = tickets.iter().map(|ticket| ticket["reference"].as_str().unwrap().to_owned()).collect();
    let expected: BTreeSet<String> = (1..=MAILS - 1 + PENDING + 1).map(|number| format!("SUP-{number}")).collect();
    assert_eq!(numbers, expected);
    assert!(desk.gateway.stop().success());
}

#[test]
fn a_move_that_is_killed_again_and_again_goes_on_where_it_stopped() {
    let desk = Desk::copy();
    let before = desk.views();
    make_tables(&desk);
    for table in ["raw", "ticket"] {
        kill_at(&desk, table);
        assert_unusable(&desk);
    }
    kill_among_the_messages(&desk);
    assert_eq!(Cluster::shared().sql(desk.database(), "SELECT count(*) FROM message"), "500");
    for table in ["event", "letter", "counter", "setting"] {
        kill_at(&desk, table);
    }
    assert_unusable(&desk);
    let printed = desk.moved(&desk.lite(), &desk.server);
    assert!(printed.starts_with("Going on with carrying"), "{printed}");
    desk.turn_to(&desk.server);
    assert_eq!(desk.views(), before);
}

#[test]
fn an_old_store_that_was_used_since_the_move_began_is_found_out() {
    let desk = Desk::copy();
    make_tables(&desk);
    kill_at(&desk, "event");
    change(&desk, "UPDATE ticket SET status = 'closed' WHERE number = 2");
    let words = desk.refused(&desk.lite(), &desk.server, 70);
    assert!(words.contains(" differ in ticket: either the old store was used since"), "{words}");
    assert_unusable(&desk);
}

#[test]
fn a_row_that_was_damaged_on_the_way_is_found_by_the_digests() {
    let desk = Desk::copy();
    make_tables(&desk);
    kill_at(&desk, "event");
    let damage = "UPDATE raw SET octets = overlay(octets placing '\\x00' from 10) WHERE id = 7";
    Cluster::shared().sql(desk.database(), damage);
    let words = desk.refused(&desk.lite(), &desk.server, 70);
    assert!(words.contains(" differ in raw: "), "{words}");
    assert!(words.contains(&format!("in {} the octets of raw mail 7 are not those that were taken", desk.server)), "{words}");
    assert_unusable(&desk);
}

#[test]
fn a_new_store_that_is_not_empty_is_left_alone() {
    let desk = Desk::copy();
    desk.moved(&desk.lite(), &desk.server);
    let words = desk.refused(&desk.lite(), &desk.server, 65);
    assert!(words.contains("already, completely: nothing was done"), "{words}");
    let other = Desk::copy();
    let words = other.refused(&other.lite(), &desk.server, 65);
    assert!(words.contains("is not empty: it has rows in the table `raw`"), "{words}");
    make_tables(&other);
    kill_at(&other, "event");
    let words = desk.refused(&desk.lite(), &other.server, 65);
    assert!(words.contains("is half filled from another store"), "{words}");
    let words = desk.refused(&desk.server, &desk.server.replace("127.0.0.1", "localhost"), 64);
    assert!(words.contains("are the same store"), "{words}");
    other.moved(&other.lite(), &other.server);
}

#[test]
fn a_store_that_somebody_works_on_is_not_moved() {
    let mut desk = Desk::copy();
    desk.gateway.start();
    let words = desk.refused(&desk.lite(), &desk.server, 75);
    assert!(words.contains("another program has") && words.contains("stop the gateway"), "{words}");
    // One that was killed leaves its row, but no lock.
    desk.gateway.kill();
    let lite = desk.beside("lite.db");
    desk.moved(&desk.lite(), &lite);
    desk.turn_to(&desk.server);
    desk.gateway.start();
    for (from, to) in [(&lite, &desk.server), (&desk.server, &desk.beside("other.db"))] {
        let words = desk.refused(from, to, 75);
        assert!(words.contains("signs of life") && words.contains("desk.example.org"), "{words}");
    }
    assert!(desk.gateway.stop().success());
}

#[test]
fn the_password_of_either_end_is_in_a_file_that_an_option_names() {
    let cluster = Cluster::with_tls_and_password();
    let desk = Desk::copy();
    let server = format!("{}?sslmode=verify-full&sslrootcert={}", cluster.database(), cluster.authority().display());
    let (lite, back) = (desk.lite(), desk.beside("back.db"));
    let words = desk.refused(&lite, &server, 70);
    assert!(words.contains("password"), "{words}");
    for (from, to, option) in [(&lite, &server, "--to-password-file"), (&server, &back, "--from-password-file")] {
        let output = desk.command(from, to).arg(option).arg(desk.password_file(PASSWORD)).output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
        let output = desk.command(to, from).arg(option).arg(desk.password_file(PASSWORD)).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "a file has no password: {}", told(&output));
    }
}

#[test]
fn a_store_with_more_than_is_known_is_not_moved() {
    let desk = Desk::copy();
    change(&desk, "ALTER TABLE ticket ADD COLUMN mood TEXT");
    let words = desk.refused(&desk.lite(), &desk.server, 65);
    assert!(words.contains("a column ticket.mood that this version does not know"), "{words}");
}
