//! The end-of-data variants that some servers take for the end, each followed by a smuggled transaction.

use postdesk::accept::smtp::{BareNewlines, Options};
use tokio::io::AsyncWriteExt;

use crate::desk::{loopback, options};
use crate::door::{Answer, House};
use crate::script::Stage;

const VARIANTS: [&[u8]; 9] =
    [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r\n\0.\r\n", b"\r\n.\r\r\n", b"\r\r\n.\r\n"];

const OPENING: &[u8] = b"HELO client.example\r\nMAIL FROM:<ana@shop.example>\r\nRCPT TO:<support@desk.example.org>\r\nDATA\r\n";

/// What DATA carries: a message, a variant, a transaction that must never be one, a true end, and a command.
fn payload(variant: &[u8]) -> Vec<u8> {
    let smuggled: &[u8] =
        b"MAIL FROM:<mallory@evil.example>\r\nRCPT TO:<sales@desk.example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nx";
    [b"Subject: one\r\n\r\nHello.", variant, smuggled, b"\r\n.\r\n", b"NOOP\r\n"].concat()
}

fn with(bare_newlines: BareNewlines) -> Options {
    Options { bare_newlines, ..options() }
}

fn is_clean(variant: &[u8]) -> bool {
    // Its CR and LF are all in pairs; the NUL is what makes the line no dot line.
    variant == b"\r\n\0.\r\n"
}

/// The replies after 354 when the whole thing was refused, and when it was one mail.
const REFUSED: &str = "550 5.5.2";
const TAKEN: &str = "250 2.0.0 Ok: taken as 17\\r\\n250 2.0.0 Ok\\r\\n";

fn check(stage: &Stage, variant: &[u8], normalise: bool, split: usize) {
    let said = stage.out.escape_ascii().to_string();
    let after = said.split_once("354 ").and_then(|(_, after)| after.split_once("\\r\\n")).map_or("", |(_, after)| after);
    let context = format!("{} normalise={normalise} split={split}: {said}", variant.escape_ascii());
    if normalise || is_clean(variant) {
        assert_eq!(after, TAKEN, "{context}");
        assert_eq!(stage.mails.len(), 1, "{context}");
        let raw = stage.mails[0].raw.escape_ascii().to_string();
        assert!(raw.ends_with("DATA\\r\\nSubject: smuggled\\r\\n\\r\\nx\\r\\n"), "{context}: {raw}");
        assert!(!stage.closed, "{context}");
    } else {
        assert!(after.starts_with(REFUSED) && after.matches("\\r\\n").count() == 1, "{context}");
        assert!(stage.mails.is_empty() && stage.closed, "{context}");
    }
}

#[test]
fn no_variant_of_the_end_smuggles_a_second_mail_at_any_split() {
    let mut dialogs = 0;
    for bare_newlines in [BareNewlines::Refuse, BareNewlines::Normalise] {
        for variant in VARIANTS {
            let payload = payload(variant);
            for split in 0..=payload.len() {
                let mut stage = Stage::new(with(bare_newlines), Answer::Take);
                stage.hear(OPENING);
                stage.hear(&payload[..split]);
                stage.hear(&payload[split..]);
                check(&stage, variant, bare_newlines == BareNewlines::Normalise, split);
                dialogs += 1;
            }
            let mut stage = Stage::new(with(bare_newlines), Answer::Take);
            [OPENING, &payload].concat().iter().for_each(|byte| stage.hear(&[*byte]));
            check(&stage, variant, bare_newlines == BareNewlines::Normalise, usize::MAX);
        }
    }
    println!("dialogs={dialogs}");
}

#[test]
fn the_normalised_content_keeps_every_dot() {
    for (variant, expected) in VARIANTS.into_iter().zip([
        "\r\n.\r\n",
        "\r\n.\r\n",
        "\r\n.\r\n",
        "\r\n.\r\n",
        "\r\n.\r\n",
        "\r\n.\r\n",
        "\r\n\0.\r\n",
        "\r\n.\r\n\r\n",
        "\r\n\r\n.\r\n",
    ]) {
        let mut stage = Stage::new(with(BareNewlines::Normalise), Answer::Take);
        stage.hear(OPENING);
        stage.hear(&payload(variant));
        let raw = String::from_utf8(stage.mails[0].raw.clone()).unwrap();
        assert!(raw.contains(&format!("Hello.{expected}MAIL FROM")), "{}: {raw:?}", variant.escape_ascii());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_variant_of_the_end_smuggles_a_second_mail_over_a_socket() {
    for (bare_newlines, trusted) in
        [(BareNewlines::Refuse, loopback()), (BareNewlines::Normalise, loopback()), (BareNewlines::Normalise, Vec::new())]
    {
        for variant in VARIANTS {
            let normalise = bare_newlines == BareNewlines::Normalise && !trusted.is_empty();
            let house = House::open(with(bare_newlines), trusted.clone(), Answer::Take).await;
            let mut client = house.greeted().await;
            client.begin_data().await;
            // The server may close while we write; what it said can be read all the same.
            let _ = client.stream.write_all(&payload(variant)).await;
            if normalise || is_clean(variant) {
                client.expect("250 2.0.0 Ok: taken as 17").await;
                client.expect("250 2.0.0 Ok").await;
            } else {
                client.expect(REFUSED).await;
                client.expect_end().await;
            }
            drop(client);
            let expected = usize::from(normalise || is_clean(variant));
            assert_eq!(house.close().await.len(), expected, "{}", variant.escape_ascii());
        }
    }
}
