//! Foreign octets: however they are cut, the guard says the same, keeps within its limits, and nothing that it lets through breaks a session.

use std::time::Duration;

use postdesk::accept::imap::guard::{Excess, Guard, Limits};
use postdesk::accept::imap::{Patience, Session};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::account::{account, trust};

const LIMITS: Limits = Limits { line: 400, literals: 300, depth: 8 };

/// What replies are made of, in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let words = prop_oneof![
        Just(b"* ".to_vec()),
        Just(b"OK ".to_vec()),
        Just(b"NO [ALERT] ".to_vec()),
        Just(b"1 FETCH (".to_vec()),
        Just(b"UID 5 ".to_vec()),
        Just(b"BODY[]<0> ".to_vec()),
        Just(b"BODY[HEADER.FIELDS (To)] ".to_vec()),
        Just(b"INTERNALDATE \"17-Jul-2026 02:44:25 -0700\" ".to_vec()),
        Just(b"SEARCH 1 2 ".to_vec()),
        Just(b"CAPABILITY IDLE ".to_vec()),
        Just(b"P1 OK done\r\n".to_vec()),
        Just(b"P2 OK done\r\n".to_vec()),
        Just(b"+ go on\r\n".to_vec()),
        Just(b"(".to_vec()),
        Just(b")".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"\\".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        (0_usize..40).prop_map(|size| [format!("{{{size}}}\r\n").into_bytes(), vec![b'('; size]].concat()),
        any::<u64>().prop_map(|size| format!("{{{size}}}\r\n").into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(words, 0..40).prop_map(|words| words.concat())
}

/// The lengths of the replies in these octets, which arrive in pieces of these sizes, and the limit that ended it.
fn cut(octets: &[u8], sizes: &[usize]) -> (Vec<usize>, Option<Excess>) {
    let (mut guard, mut arrived, mut lengths) = (Guard::new(LIMITS), Vec::new(), Vec::new());
    let mut sizes = sizes.iter().cycle();
    let mut rest = octets;
    while !rest.is_empty() {
        let size = (*sizes.next().unwrap()).min(rest.len());
        arrived.extend_from_slice(&rest[..size]);
        rest = &rest[size..];
        loop {
            match guard.whole(&arrived) {
                Err(excess) => return (lengths, Some(excess)),
                Ok(None) => break,
                Ok(Some(length)) => {
                    lengths.push(length);
                    arrived.drain(..length);
                }
            }
        }
        assert!(arrived.len() <= LIMITS.line + LIMITS.literals + size, "{} octets are held", arrived.len());
    }
    (lengths, None)
}

proptest! {
    #[test]
    fn octets_are_cut_into_the_same_replies_however_they_arrive(octets in pieces(), sizes in proptest::collection::vec(1_usize..50, 1..8)) {
        let whole = cut(&octets, &[octets.len().max(1)]);
        prop_assert_eq!(&cut(&octets, &[1]), &whole);
        prop_assert_eq!(&cut(&octets, &sizes), &whole);
        prop_assert!(whole.0.iter().all(|length| *length <= LIMITS.line + LIMITS.literals));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn whatever_a_server_says_a_session_ends_with_an_answer(octets in pieces(), logged_in in any::<bool>(), size in 1_usize..90) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(speak(octets, logged_in, size));
    }
}

/// A server that says this and is gone. There is nothing to assert but that we come back, and with nothing that was not said.
async fn speak(octets: Vec<u8>, logged_in: bool, size: usize) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        if logged_in {
            stream.write_all(b"* PREAUTH [CAPABILITY IDLE MOVE] in\r\n").await.unwrap();
        }
        for piece in octets.chunks(size) {
            // A client that has seen enough may be gone.
            if stream.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    let folder = tempfile::tempdir().unwrap();
    let account = account(port, folder.path(), "secret");
    let client = async {
        let limit = Duration::from_secs(20);
        let patience = Patience { silence: limit, login: limit, greeting: limit, ..Patience::default() };
        let Ok(mut session) = Session::open_with(&account, &trust(), patience).await else { return };
        let found = session.uids(3).await.unwrap_or_default();
        assert!(found.iter().all(|uid| *uid >= 3), "{found:?}");
        let told = session.about(&[5]).await.unwrap_or_default();
        assert!(told.iter().all(|about| about.uid == 5), "{told:?}");
        let _ = session.octets(5, 9).await;
        let _ = session.wait(Duration::from_secs(1)).await;
        session.leave().await;
    };
    tokio::join!(server, client);
}
