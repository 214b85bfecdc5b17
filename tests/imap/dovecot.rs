//! The happy path against a private Dovecot: what the fake server of the dialogs cannot prove.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use postdesk::accept::imap::session::{Capability, Session, Woken};
use postdesk::accept::imap::{Account, Kind, Patience, Security};

use super::account::{account, trust};

/// A Dovecot that takes any user with one password, plain on loopback.
struct Dovecot {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

const PASSWORD: &str = "pass \"w\\ord\" é";

impl Dovecot {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = folder.path().join("dovecot.conf");
        fs::write(&file, configuration(folder.path(), port)).unwrap();
        fs::write(folder.path().join("users"), format!("desk:{{PLAIN}}{PASSWORD}\n")).unwrap();
        let mut server = Command::new("/usr/sbin/dovecot");
        let process = server.args(["-F", "-c"]).arg(&file).stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "{}", fs::read_to_string(folder.path().join("log")).unwrap_or_default());
            std::thread::yield_now();
        }
        Self { process, folder, port }
    }

    fn account(&self) -> Account {
        account(self.port, self.folder.path(), PASSWORD)
    }

    /// Puts a mail where a delivery agent puts it.
    fn put(&self, name: &str, octets: &[u8]) {
        let maildir = self.folder.path().join("mail/desk/Maildir");
        let written = maildir.join("tmp").join(name);
        fs::write(&written, octets).unwrap();
        fs::set_permissions(&written, fs::Permissions::from_mode(0o666)).unwrap();
        fs::rename(&written, maildir.join("new").join(name)).unwrap();
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // TERM, so that it ends the processes of its own; they would stay with KILL.
        let _ = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

fn configuration(folder: &Path, port: u16) -> String {
    let base = folder.display();
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let me = |option: &str| String::from_utf8(Command::new("id").arg(option).output().unwrap().stdout).unwrap().trim().to_owned();
    let (user, group) = if root { ("nobody".to_owned(), "nogroup".to_owned()) } else { (me("-un"), me("-gn")) };
    let own = if root { String::new() } else { format!("default_login_user={user}\ndefault_internal_user={user}\n") };
    format!(
        "protocols = imap\nlisten = 127.0.0.1\nbase_dir = {base}/run\nstate_dir = {base}/state\nlog_path = {base}/log\nssl = no\n{own}\
         disable_plaintext_auth = no\nauth_mechanisms = plain login\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n\
         passdb {{\n driver = passwd-file\n args = {base}/users\n}}\n\
         userdb {{\n driver = static\n args = uid={user} gid={group} home={base}/mail/%u\n}}\n\
         mail_location = maildir:~/Maildir\nmailbox_idle_check_interval = 1s\n\
         service imap-login {{\n chroot =\n inet_listener imap {{\n port = {port}\n }}\n inet_listener imaps {{\n port = 0\n }}\n}}\n\
         service anvil {{\n chroot =\n}}\n"
    )
}

async fn open(account: &Account) -> Session {
    Session::open_with(account, &trust(), Patience::default()).await.unwrap()
}

#[tokio::test]
async fn a_folder_of_dovecot_is_read_changed_and_waited_for() {
    let dovecot = Dovecot::start();
    let account = dovecot.account();
    assert_eq!(account.security, Security::Plain);
    let mut session = open(&account).await;
    assert!([Capability::Idle, Capability::Move, Capability::UidPlus].into_iter().all(|can| session.offers(can)));
    let selected = session.select("inbox").await.unwrap();
    assert_eq!((selected.exists, selected.read_only), (0, false));
    assert_eq!(session.uids(1).await.unwrap(), Vec::<u32>::new());
    // A small one, a large one over several parts, and one that ends where a part does.
    let mails = [700, 600 * 1024, 256 * 1024].map(|size| format!("Subject: {size}\r\n\r\n{}", "é lines\r\n".repeat(size / 10)));
    let exact = format!("Subject: exact\r\n\r\n{}", "x".repeat(256 * 1024 - 18));
    let mails: Vec<&str> = mails.iter().map(String::as_str).chain([exact.as_str()]).collect();
    for (number, mail) in mails.iter().enumerate() {
        dovecot.put(&format!("17950000{number}.one.desk"), mail.as_bytes());
    }
    assert_eq!(session.wait(Duration::from_secs(30)).await.unwrap(), Woken::News);
    while session.uids(1).await.unwrap().len() < mails.len() {
        session.wait(Duration::from_secs(30)).await.unwrap();
    }
    let uids = session.uids(1).await.unwrap();
    assert_eq!(session.uids(9).await.unwrap(), Vec::<u32>::new());
    let about = session.about(&uids).await.unwrap();
    assert!(about.iter().all(|about| about.internal_date.is_some()));
    for (about, mail) in about.iter().zip(&mails) {
        assert_eq!(about.size, mail.len() as u64);
        for announced in [about.size, 0, about.size + 5] {
            let octets = session.octets(about.uid, announced).await.unwrap().unwrap();
            assert!(octets == mail.as_bytes(), "message {} of {} octets", about.uid, mail.len());
        }
    }
    assert_eq!(session.octets(99, 700).await.unwrap(), None);
    session.mark_seen(&uids[..1]).await.unwrap();
    assert_eq!(session.move_to(&uids[1..2], "Erledigt & \"gut\" ü").await.unwrap_err().kind(), Kind::NoSuchFolder);
    assert_eq!(session.select("Erledigt ü").await.unwrap_err().kind(), Kind::NoSuchFolder);
    session.select("INBOX").await.unwrap();
    session.delete(&uids[..2]).await.unwrap();
    assert_eq!(session.uids(1).await.unwrap(), uids[2..]);
    session.leave().await;
}

#[tokio::test]
async fn a_wrong_password_at_dovecot_is_said_in_words() {
    let dovecot = Dovecot::start();
    let account = account(dovecot.port, dovecot.folder.path(), "wrong");
    let trouble = Session::open(&account, &trust()).await.err().unwrap();
    assert_eq!(trouble.kind(), Kind::Login, "{trouble}");
    assert!(trouble.words().contains("AUTHENTICATIONFAILED") && !trouble.words().contains("wrong"), "{trouble}");
}
