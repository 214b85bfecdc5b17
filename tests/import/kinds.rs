//! What archives are made of: files, folders, Maildirs, mboxes; for which department, and in which order.

use super::desk::{Desk, kept, mail, mbox};

#[tokio::test]
async fn a_folder_of_mails_is_taken_in_the_order_of_their_dates_and_octet_for_octet() {
    let desk = Desk::new();
    for (number, minute) in [(1, 30), (2, 10), (3, 20)] {
        desk.write(&format!("archive/{number}/a.EML"), mail(number, minute));
    }
    desk.write("archive/notes.txt", "Subject: this is no mail by its name\n\nwords\n");
    let said = desk.import(&[desk.folder().join("archive").to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.summary.contains("Taken: 3\n  3 for support\nAlready there: 0\nNot taken: 0\n"), "{said:?}");
    assert!(said.summary.contains("neither .eml nor mbox: 1."), "{said:?}");
    assert_eq!(desk.mails().await, [kept(&mail(2, 10)), kept(&mail(3, 20)), kept(&mail(1, 30))]);
    let times = desk.texts("SELECT CAST(received_at AS TEXT) FROM arrival ORDER BY id").await;
    assert_eq!(times[0], "1425514200000000");
    assert_eq!(desk.texts("SELECT DISTINCT source || sender FROM arrival ORDER BY 1").await[0], "importc1@kunde.example");
}

#[tokio::test]
async fn a_maildir_is_taken_with_its_subfolders_and_without_what_is_no_mail() {
    let desk = Desk::new();
    for (number, place) in
        ["cur/1:2,S", "new/2", ".Sent/cur/3:2,RS", ".Sent.2014/new/4", "Work/cur/5:2,", "tmp/6", ".git/cur/7"].iter().enumerate()
    {
        desk.write(&format!("Maildir/{place}"), mail(number + 1, number));
    }
    for folder in ["Maildir", "Maildir/.Sent", "Maildir/.Sent.2014", "Maildir/Work"] {
        for part in ["cur", "new", "tmp"] {
            std::fs::create_dir_all(desk.folder().join(folder).join(part)).unwrap();
        }
        desk.write(&format!("{folder}/dovecot-uidlist"), "3 V1 N2\n");
    }
    desk.write("Maildir/cur/.hidden", mail(8, 8));
    let said = desk.import(&[desk.folder().join("Maildir").to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(desk.fields("X-Ledger").await, ["1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn an_mbox_comes_back_as_its_mails_were() {
    let desk = Desk::new();
    let quoting = format!("{}>From the start\n>>From before\n > From beside\n", mail(2, 1));
    let mails = [mail(1, 2), quoting.clone(), "\nno header at all\n".to_owned()];
    let path = desk.write("all", mbox(mails.iter().map(String::as_str)));
    let said = desk.import(&[path.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(desk.mails().await, [kept(&quoting), kept(&mail(1, 2)), kept("\nno header at all\n")]);
    let nine = desk.number("SELECT received_at FROM arrival ORDER BY id DESC LIMIT 1").await;
    assert_eq!(nine, 1_425_546_611_000_000, "without a date that of the line before it counts");
}

#[tokio::test]
async fn line_ends_of_windows_and_dates_of_nobody_do_no_harm() {
    let desk = Desk::new();
    let future = mail(1, 1).replace("2015 00", "2215 00");
    let path = desk.write("windows.mbox", mbox([future.as_str(), &mail(2, 2)]).replace('\n', "\r\n"));
    let said = desk.import(&[path.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(desk.mails().await, [kept(&mail(2, 2)), kept(&future)]);
    assert_eq!(desk.number("SELECT MAX(received_at) FROM arrival").await, 1_425_546_611_000_000);
}

#[tokio::test]
async fn the_same_mail_in_two_folders_is_taken_once_and_a_second_run_adds_nothing() {
    let desk = Desk::new();
    desk.write("archive/one/a.eml", mail(1, 1));
    desk.write("archive/two/b.eml", kept(&mail(1, 1)));
    desk.write("archive/all.mbox", mbox([mail(1, 1).as_str(), &mail(2, 2)]));
    let path = desk.folder().join("archive");
    let first = desk.import(&[path.to_str().unwrap()]);
    assert!(first.summary.contains("Taken: 2\n") && first.summary.contains("Already there: 2\n"), "{first:?}");
    let second = desk.import(&[path.to_str().unwrap()]);
    assert!(second.summary.starts_with("Taken: 0\nAlready there: 4\n"), "{second:?}");
    assert_eq!((second.code, desk.mails().await.len(), desk.imported().await), (Some(0), 2, 2));
}

#[tokio::test]
async fn a_department_that_is_named_has_all_of_it_and_an_unknown_one_is_refused() {
    let desk = Desk::new();
    let elsewhere = mail(1, 1).replace("support@desk.example.org", "nobody@elsewhere.example");
    let path = desk.write("a.eml", elsewhere);
    let refused = desk.import(&[path.to_str().unwrap(), "--department", "sales"]);
    assert_eq!(refused.code, Some(64), "{refused:?}");
    assert!(refused.progress.contains("no department `sales`; known are support"), "{refused:?}");
    let said = desk.import(&[path.to_str().unwrap(), "--department", "support", "--no-notices"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(desk.texts("SELECT department FROM arrival").await, ["support"]);
}

#[cfg(feature = "peers")]
#[tokio::test]
async fn what_the_mailbox_module_of_python_writes_is_read() {
    const WRITE: &str = "import mailbox, sys, email\n\
        box, folder = mailbox.mbox(sys.argv[1] + '/python.mbox'), mailbox.Maildir(sys.argv[1] + '/python')\n\
        sent = folder.add_folder('Sent')\n\
        for number, name in enumerate(sys.argv[2:]):\n\
        \x20   message = open(name, 'rb').read()\n\
        \x20   (box, folder, sent)[number % 3].add(message)\n\
        box.flush()\n";
    let desk = Desk::new();
    let mails: Vec<String> = (0..30).map(|number| mail(number, number)).collect();
    let files: Vec<_> = mails.iter().enumerate().map(|(number, mail)| desk.write(&format!("in/{number}"), mail)).collect();
    let archive = desk.folder().join("archive");
    std::fs::create_dir(&archive).unwrap();
    let python = std::process::Command::new("python3").args(["-c", WRITE]).arg(&archive).args(&files).status().unwrap();
    assert!(python.success());
    let said = desk.import(&[archive.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(desk.mails().await, mails.iter().map(|mail| kept(mail)).collect::<Vec<_>>());
}
