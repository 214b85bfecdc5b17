//! A connection that is lost in the middle of a COMMIT: nobody is answered before it is known what came of it.

use std::time::{Duration, Instant};

use crate::client::{Client, Outcome};
use crate::cluster::Cluster;
use crate::desk::{Desk, through};
use crate::gateway::{DEADLINE, wait_for};
use crate::ledger::Entry;
use crate::mail::{Mail, Purpose};
use crate::proxy::Proxy;

const IN_DOUBT: &str = "in the middle of a COMMIT";
const HAD_HAPPENED: &str = "the COMMIT in doubt had happened";
const HAD_NOT_HAPPENED: &str = "the COMMIT in doubt had not happened";
/// After so long a COMMIT that custody does not miss is another's.
const ANOTHERS: Duration = Duration::from_millis(500);

/// A desk behind a proxy.
struct Scene {
    cluster: &'static Cluster,
    url: String,
    line: Proxy,
    desk: Desk,
}

/// A client that offers each mail once.
struct Sender {
    client: Client,
    ledger: Vec<Entry>,
}

impl Scene {
    fn start() -> (Self, Sender) {
        let cluster = Cluster::shared();
        let url = cluster.database();
        let line = Proxy::to(cluster.port());
        let desk = Desk::start(&through(cluster, &url, line.port()), 1);
        let sender = Sender { client: Client::new(&[desk.gateways[0].port()]), ledger: Vec::new() };
        (Self { cluster, url, line, desk }, sender)
    }

    /// The count. What was answered 451 must not be there: the judgement finds it "from nowhere".
    fn is_right(&self, what: &str, ledger: &[Entry]) {
        let counts = self.desk.count(what, ledger, self.cluster, &self.url);
        assert_eq!((counts.lost, counts.doubled, counts.altered, counts.unnotified), (0, 0, 0, 0), "{counts}");
        assert_eq!((counts.from_nowhere, counts.held), (0, 0), "{counts}");
    }
}

impl Sender {
    /// Offers one mail and notes what was answered.
    fn offer(&mut self) -> Outcome {
        let seed = 0xc0_0000 + self.ledger.len() as u64;
        let mail = Mail::new(seed, &Purpose::Request);
        let begun = std::time::Instant::now();
        let outcome = self.client.send(&mail);
        let accepted = outcome == Outcome::Accepted;
        assert!(accepted || outcome == Outcome::Later, "{outcome:?}");
        self.ledger.push(Entry { id: mail.id, seed, purpose: Purpose::Request, accepted, unknown: 0, took: begun.elapsed() });
        outcome
    }
}

#[test]
fn a_commit_whose_answer_is_lost_is_looked_up_and_answered_250_and_is_there_once() {
    let (scene, mut sender) = Scene::start();
    wait_for("answers to custody to be lost", DEADLINE, || {
        // Whichever COMMIT comes next; now and then it is another's than custody's.
        scene.line.lose_the_answer_to(b"COMMIT");
        assert_eq!(sender.offer(), Outcome::Accepted);
        scene.line.wait_until_it_came();
        (scene.desk.said(HAD_HAPPENED) >= 5).then_some(())
    });
    assert_eq!(scene.desk.said(HAD_NOT_HAPPENED), 0);
    scene.is_right("answers lost", &sender.ledger);
}

#[test]
fn a_commit_that_never_arrived_is_looked_up_and_answered_451_and_leaves_nothing() {
    let (scene, mut sender) = Scene::start();
    let mut refused = 0;
    wait_for("COMMITs of custody to be lost", DEADLINE, || {
        scene.line.lose(b"COMMIT");
        refused += usize::from(sender.offer() == Outcome::Later);
        scene.line.wait_until_it_came();
        (scene.desk.said(HAD_NOT_HAPPENED) >= 5).then_some(())
    });
    assert_eq!((scene.desk.said(HAD_HAPPENED), refused), (0, scene.desk.said(HAD_NOT_HAPPENED)));
    scene.is_right("COMMITs lost", &sender.ledger);
}

#[test]
fn a_commit_that_is_late_is_waited_for_before_anybody_is_answered() {
    let (scene, mut sender) = Scene::start();
    wait_for("a COMMIT of custody to be late", DEADLINE, || {
        let doubts = scene.desk.said(IN_DOUBT);
        scene.line.hold(b"COMMIT");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                scene.line.wait_until_it_came();
                let held = Instant::now();
                // Custody has given up on it when it says so. Another's COMMIT that was held is let go soon.
                let over = || scene.desk.said(IN_DOUBT) > doubts || held.elapsed() > ANOTHERS;
                wait_for("doubt", DEADLINE, || over().then_some(()));
                scene.line.let_go();
            });
            assert_eq!(sender.offer(), Outcome::Accepted);
        });
        (scene.desk.said(HAD_HAPPENED) >= 3).then_some(())
    });
    assert_eq!(scene.desk.said(HAD_NOT_HAPPENED), 0);
    scene.is_right("late COMMITs", &sender.ledger);
}
