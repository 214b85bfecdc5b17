//! The front door, spoken to in SMTP and LMTP: wire scripts, the end-of-data variants, foreign bytes, and real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy takes only functions marked #[test] for tests; what they call may fail loudly, too"
)]

#[path = "dialogs/desk.rs"]
mod desk;
#[path = "dialogs/door.rs"]
mod door;
#[path = "dialogs/lmtp.rs"]
mod lmtp;
#[path = "dialogs/properties.rs"]
mod properties;
#[path = "dialogs/script.rs"]
mod script;
#[path = "dialogs/smuggling.rs"]
mod smuggling;
#[path = "dialogs/sockets.rs"]
mod sockets;
#[path = "dialogs/starttls.rs"]
mod starttls;

use script::{Script, all_scripts, play_in_pieces, play_on_a_socket};

#[test]
fn there_are_at_least_twenty_five_scripts_and_each_says_why() {
    let scripts = all_scripts();
    assert!(scripts.len() >= 25, "{} scripts", scripts.len());
    for script in &scripts {
        assert!(script.says_why, "{}: no comment", script.name);
    }
    println!("scripts={}", scripts.len());
}

#[test]
fn every_script_plays_on_the_session_whole_and_byte_by_byte() {
    for script in all_scripts() {
        for piece in [usize::MAX, 1, 7, 64] {
            play_in_pieces(&script, piece);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_script_plays_on_a_real_listener() {
    for script in all_scripts() {
        play_on_a_socket(&script).await;
    }
}

#[test]
#[should_panic(expected = "expected \"250 something else\"")]
fn a_script_that_expects_something_else_fails() {
    let script =
        Script::read("self-test", "# A player that cannot fail proves nothing.\nS: 220\nC: NOOP\nS: 250 something else\n");
    play_in_pieces(&script, usize::MAX);
}
