//! The ledger of an import: killed at moments of chance, and then run to its end.

use std::collections::HashMap;

use super::desk::{Desk, kept, mail, mbox, said};
use super::gateway::DEADLINE;

const MAILS: usize = 4_000;
const KILLS: usize = 10;

/// Numbers without a pattern, the same in every run.
fn chance(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

/// Waits until the ledger has so many lines, or the process has ended.
async fn wait_for_lines(desk: &Desk, process: &mut std::process::Child, lines: i64) {
    let begun = std::time::Instant::now();
    while process.try_wait().unwrap().is_none() && desk.imported().await < lines {
        assert!(begun.elapsed() < DEADLINE, "no {lines} mails within {DEADLINE:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_doubled_by_ten_kills_of_an_import() {
    let desk = Desk::new();
    let mut seed = 7;
    let mails: Vec<String> = (0..MAILS).map(|number| mail(number, usize::try_from(chance(&mut seed) % 1_400).unwrap())).collect();
    let path = desk.write("all.mbox", mbox(mails.iter().map(String::as_str)));
    let arguments = [path.to_str().unwrap()];
    let mut killed = 0;
    for round in 0..KILLS {
        let mut process = desk.begin(&arguments);
        // The first dies before it has taken anything.
        let more = if round == 0 { 0 } else { chance(&mut seed) % 350 + 1 };
        let lines = desk.imported().await + i64::try_from(more).unwrap();
        wait_for_lines(&desk, &mut process, lines).await;
        killed += usize::from(process.try_wait().unwrap().is_none());
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let before = desk.imported().await;
    let last = desk.import(&arguments);
    assert_eq!(last.code, Some(0), "{last:?}");
    let second = desk.import(&arguments);
    assert!(second.summary.starts_with(&format!("Taken: 0\nAlready there: {MAILS}\n")), "{second:?}");

    let mut found: HashMap<Vec<u8>, usize> = HashMap::new();
    for octets in desk.mails().await {
        *found.entry(octets).or_default() += 1;
    }
    let lost = mails.iter().filter(|mail| !found.contains_key(&kept(mail))).count();
    let doubled: usize = found.values().map(|copies| copies - 1).sum();
    let out_of_order =
        desk.number("SELECT COUNT(*) FROM arrival a JOIN arrival b ON b.id = a.id + 1 WHERE b.received_at < a.received_at").await;
    let lines = desk.imported().await;
    println!(
        "import: mails={MAILS} killed={killed} before_the_last_run={before} arrivals={} ledger={lines} lost={lost} doubled={doubled} \
         out_of_order={out_of_order}",
        found.values().sum::<usize>()
    );
    assert!(killed > KILLS / 2 && before > 0, "the process was killed while it worked, killed={killed} before={before}");
    assert_eq!((lost, doubled, out_of_order, found.len()), (0, 0, 0, MAILS));
    assert_eq!(lines, i64::try_from(MAILS).unwrap());
}

#[tokio::test]
async fn a_signal_ends_it_after_the_batch_at_hand_and_it_can_go_on() {
    let desk = Desk::new();
    let mails: Vec<String> = (0..3_000).map(|number| mail(number, number % 1_400)).collect();
    let path = desk.write("all.mbox", mbox(mails.iter().map(String::as_str)));
    let mut process = desk.begin(&[path.to_str().unwrap()]);
    wait_for_lines(&desk, &mut process, 1).await;
    let number = process.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &number]).status().unwrap().success());
    let stopped = said(process.wait_with_output().unwrap());
    assert_eq!(stopped.code, Some(75), "{stopped:?}");
    assert!(stopped.progress.contains("stopped; run the same command again: it goes on where it stopped"), "{stopped:?}");
    let taken = desk.imported().await;
    assert!(taken > 0 && taken < 3_000, "{taken}");
    assert!(stopped.summary.starts_with(&format!("Taken: {taken}\n")), "{stopped:?}");
    let rest = desk.import(&[path.to_str().unwrap()]);
    assert!(rest.summary.starts_with(&format!("Taken: {}\n", 3_000 - taken)), "{rest:?}");
}

/// The same on a server, which loses its connections meanwhile.
#[cfg(feature = "peers")]
#[tokio::test]
async fn nothing_is_lost_and_nothing_doubled_on_a_server_that_is_restarted_under_an_import() {
    let cluster = super::cluster::Cluster::start();
    let url = cluster.database();
    let desk = Desk::on(&url);
    let mails: Vec<String> = (0..3_000).map(|number| mail(number, number % 1_400)).collect();
    let path = desk.write("all.mbox", mbox(mails.iter().map(String::as_str)));
    let count = async |sql: &'static str| {
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.ok()?;
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut connection).await.ok()
    };
    let mut process = desk.begin(&[path.to_str().unwrap()]);
    let begun = std::time::Instant::now();
    while count("SELECT COUNT(*) FROM imported").await.unwrap_or(0) < 200 && process.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < DEADLINE);
    }
    cluster.restart_immediate();
    let first = said(process.wait_with_output().unwrap());
    let second = desk.import(&[path.to_str().unwrap()]);
    assert_eq!(second.code, Some(0), "{second:?}");
    let arrivals = count("SELECT COUNT(DISTINCT raw.sha256) FROM arrival JOIN raw ON raw.id = raw_id").await.unwrap();
    let all = count("SELECT COUNT(*) FROM arrival").await.unwrap();
    println!("import over a restart: code={:?} mails=3000 distinct={arrivals} arrivals={all}", first.code);
    assert_eq!((arrivals, all), (3_000, 3_000), "{first:?}");
}
