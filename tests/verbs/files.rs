//! The files of an arrival: what `arrival show` numbers, `arrival file` takes out.

use postdesk::model::desk::Limits;
use postdesk::operate::{Code, arrival};

use crate::fixture::{Filled, objects, text};
use crate::{said, trouble};

/// A mail with an attachment in base64 and one in quoted-printable, the second with octets that no terminal should see.
const WITH_FILES: &str = "UPDATE raw SET octets = CAST(replace('From: <karin@kunde.example>|MIME-Version: 1.0|Content-Type: multipart/mixed; boundary=b|\
    |--b|Content-Type: text/plain||See.|--b|Content-Type: image/png|Content-Disposition: attachment; filename=lid.png|\
    Content-Transfer-Encoding: base64||iVBORw0K|--b|Content-Type: application/octet-stream|Content-Disposition: attachment; filename=\"b.bin\"|\
    Content-Transfer-Encoding: quoted-printable||a=1B[2Jb=FF|--b--|', '|', char(13) || char(10)) AS BLOB) WHERE id = 1";

#[tokio::test]
async fn the_files_of_an_arrival_are_numbered_and_each_comes_out_decoded() {
    let mut desk = Filled::with_conversation().await;
    desk.run(WITH_FILES).await;
    let shown = said!(text, arrival::show, &desk.store, 17, &desk.people());
    for line in ["1: lid.png (image/png, 6 B)", "2: b.bin (application/octet-stream, 7 B)", "postdesk arrival file 17 NUMBER"] {
        assert!(shown.contains(line), "{line} is not in {shown}");
    }
    let json = said!(objects, arrival::show, &desk.store, 17, &desk.json());
    let second = serde_json::json!({"number": 2, "name": "b.bin", "media_type": "application/octet-stream", "size": 7});
    assert_eq!(json[0]["files"][1], second);
    for (number, content) in [(1, b"\x89PNG\r\n".as_slice()), (2, b"a\x1b[2Jb\xff")] {
        let mut out = Vec::new();
        arrival::file(&desk.store, 17, number, &Limits::default(), &mut out).await.unwrap();
        assert_eq!(out, content);
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_said_so_with_those_that_are() {
    let mut desk = Filled::with_conversation().await;
    let limits = Limits::default();
    let none = said!(trouble, arrival::file, &desk.store, 17, 1, &limits);
    desk.run(WITH_FILES).await;
    let (zero, third) =
        (said!(trouble, arrival::file, &desk.store, 17, 0, &limits), said!(trouble, arrival::file, &desk.store, 17, 3, &limits));
    let other = said!(trouble, arrival::file, &desk.store, 99, 1, &limits);
    assert!([&none, &zero, &third, &other].iter().all(|trouble| trouble.code == Code::Input));
    assert!(
        none.message.contains("arrival 17 has no files")
            && third.message.contains("there is no file 3: arrival 17 has files 1 to 2")
    );
    assert!(zero.message.contains("postdesk arrival show 17") && other.message.contains("there is no arrival 99"));
}
