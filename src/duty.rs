//! What a gateway does besides mail: it gives a sign of life, and does the duties that fall to it.
//!
//! Any number of gateways may work on one store. Each says again and again that it lives; what only one of them may do is done by the
//! one that holds the duty, and by another when that one has died. The duties are such that doing one twice does no harm.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::decide::Rules;
use crate::decide::alarm::alarm;
use crate::decide::digest::{admins, digest};
use crate::decide::write::texts::Texts;
use crate::model::desk::Desk;
use crate::model::time::Time;
use crate::observe::beat::Beat;
use crate::store::objects::ORPHANED;
use crate::store::presence::SIGN_EVERY;
use crate::store::{Fault, Store};

/// The duty of removing what counts for nothing any more.
const HOUSEKEEPING: &str = "housekeeping";
/// How often that is done.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(600);
/// How long the state of an account is kept that this gateway does not know: another one may.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(86_400);
/// How often orphaned objects are looked for. Each time all objects are listed.
const SWEEP_EVERY: Duration = Duration::from_secs(6 * 3_600);
/// How often a duty is asked for, in signs of life: so the duties of a dead gateway are with another within 20 s of its death.
const ASKED_EVERY: u64 = 4;
/// How often the clock is looked at in a row while there is much to tell; then the next sign of life has its turn.
const TICKS: usize = 20;
/// Clocks that differ by more than this are worth a word: leases of the outbox are measured by them.
const TOLERATED: Duration = Duration::from_secs(2);

/// Joins the gateways of the store. Before it takes up anything, a gateway must have.
pub async fn join(store: &Store, name: &str) -> Result<(), Fault> {
    let number = store.join(name).await?;
    tracing::debug!(number, "joined the gateways of this store");
    Ok(())
}

/// Tells what nobody's mail brings about: admins of held mail and of accounts that no mail comes from, agents of what is due.
#[derive(Debug, Clone)]
pub struct Teller {
    /// Who is told.
    pub desk: Arc<Desk>,
    /// What they are told.
    pub texts: Arc<Texts>,
    /// How often admins are told of held mail at most; `None` for never.
    pub every: Option<Duration>,
    /// Names of the accounts that mail is fetched from.
    pub accounts: Vec<String>,
}

impl Teller {
    /// Tells agents of what is due, and of what was given up.
    async fn tick(&self, store: &Store) {
        for _ in 0..TICKS {
            let rules = Rules { desk: &self.desk, texts: &self.texts, now: Time::from(SystemTime::now()) };
            match store.tick(rules).await {
                Ok(told) => {
                    if told.tickets + told.queued > 0 {
                        tracing::info!(
                            tickets = told.tickets,
                            mails = told.queued,
                            "agents are told of what is due or not delivered"
                        );
                    }
                    if !told.is_full() {
                        return;
                    }
                }
                Err(fault) => return tracing::warn!(%fault, "agents could not be told of what is due; tried again soon"),
            }
        }
    }

    /// Queues a digest of what was never told of, if the last one is old enough.
    async fn tell(&self, store: &Store) {
        let Some(every) = self.every else { return };
        let people: Vec<String> = admins(&self.desk).map(|admin| admin.address.key()).collect();
        let now = Time::from(SystemTime::now());
        let rules = Rules { desk: &self.desk, texts: &self.texts, now };
        match store.tell_of_held(now, every, &people, |untold| digest(untold, rules)).await {
            Ok(0) => {}
            Ok(admins) => tracing::info!(admins, "admins are told of held mail"),
            Err(fault) => tracing::warn!(%fault, "admins could not be told of held mail; tried again soon"),
        }
    }

    /// Tells admins of accounts that no mail comes from.
    async fn tell_of_alarms(&self, store: &Store) {
        let people: Vec<String> = admins(&self.desk).map(|admin| admin.address.key()).collect();
        let now = Time::from(SystemTime::now());
        let rules = Rules { desk: &self.desk, texts: &self.texts, now };
        match store.tell_of_alarms(now, &people, |untold| alarm(untold, rules)).await {
            Ok(0) => {}
            Ok(admins) => tracing::info!(admins, "admins are told of accounts that no mail comes from"),
            Err(fault) => {
                tracing::warn!(%fault, "admins could not be told of accounts that no mail comes from; tried again soon")
            }
        }
    }
}

/// Gives signs of life and does duties until told to stop; `beat` is given for each turn.
pub async fn run(store: Store, name: String, teller: Teller, beat: Beat, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(SIGN_EVERY);
    // A gateway that was paused gives one sign, not all that it missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut clocks_differ = false;
    let mut housekeeper = Housekeeper::default();
    for count in 0_u64.. {
        beat.beat();
        tokio::select! { _ = ticks.tick() => {}, _ = stop.changed() => return }
        clocks_differ = give_sign(&store, &name, clocks_differ).await;
        if count % ASKED_EVERY == 0 {
            housekeeper.look(&store, &teller).await;
        }
    }
}

/// Gives a sign; whether the clocks differ, which is said once.
async fn give_sign(store: &Store, name: &str, told: bool) -> bool {
    match store.give_sign().await {
        Ok(ahead) => {
            let differ = Duration::from_micros(ahead.unsigned_abs()) > TOLERATED;
            if differ && !told {
                let seconds = ahead / 1_000_000;
                tracing::warn!(
                    seconds,
                    "the clock of the database is ahead of ours by so much; please let both follow the same time"
                );
            }
            return differ;
        }
        // Its row is gone: it was thought dead for a day.
        Err(Fault::Refused(_)) => {
            if let Err(fault) = join(store, name).await {
                tracing::debug!(%fault, "cannot join again yet");
            }
        }
        Err(fault) => tracing::debug!(%fault, "no sign of life could be given"),
    }
    told
}

/// What is done now and then: by every gateway, a look at what a failover could lose; by one of them, telling of held mail, of what is due and
/// of accounts that no mail comes from, tidying up and sweeping.
#[derive(Default)]
struct Housekeeper {
    looked: Option<Instant>,
    risk: Option<&'static str>,
    tidied: Option<Instant>,
    swept: Option<Instant>,
    /// Beside the signs of life, which must not wait for it; ended with us.
    sweeping: JoinSet<()>,
}

impl Housekeeper {
    async fn look(&mut self, store: &Store, teller: &Teller) {
        if is_due(self.looked, HOUSEKEEPING_EVERY) {
            self.looked = Some(Instant::now());
            self.warn_of_risk(store).await;
        }
        match store.has_duty(HOUSEKEEPING).await {
            Ok(true) => {
                teller.tick(store).await;
                teller.tell(store).await;
                teller.tell_of_alarms(store).await;
                self.keep_house(store, &teller.accounts).await;
            }
            Ok(false) => {}
            Err(fault) => tracing::debug!(%fault, "a duty could not be asked for"),
        }
    }

    async fn keep_house(&mut self, store: &Store, accounts: &[String]) {
        if is_due(self.tidied, HOUSEKEEPING_EVERY) {
            self.tidied = Some(Instant::now());
            tidy_up(store, accounts).await;
        }
        while self.sweeping.try_join_next().is_some() {}
        if is_due(self.swept, SWEEP_EVERY) && self.sweeping.is_empty() {
            self.swept = Some(Instant::now());
            self.sweeping.spawn(sweep(store.clone()));
        }
    }

    /// Says what a failover could lose, at the start and when it changes.
    async fn warn_of_risk(&mut self, store: &Store) {
        let Ok(risk) = store.risk().await else { return };
        if let Some(risk) = risk.filter(|risk| self.risk != Some(risk)) {
            tracing::warn!("{risk}");
        }
        self.risk = risk;
    }
}

fn is_due(last: Option<Instant>, every: Duration) -> bool {
    last.is_none_or(|last| last.elapsed() >= every)
}

async fn sweep(store: Store) {
    match store.sweep_objects(ORPHANED).await {
        Ok(0) => {}
        Ok(objects) => tracing::info!(objects, "objects that no mail names were removed"),
        Err(fault) => tracing::warn!(%fault, "could not look for objects that no mail names; tried again in six hours"),
    }
}

async fn tidy_up(store: &Store, accounts: &[String]) {
    let now = Time::from(SystemTime::now());
    let tidied =
        async { Ok::<_, Fault>(store.tidy_up(now).await? + store.forget_accounts(accounts, now.minus(FORGOTTEN_AFTER)).await?) };
    match tidied.await {
        Ok(rows) => tracing::debug!(rows, "tidied up"),
        Err(fault) => tracing::warn!(%fault, "could not tidy up; tried again in ten minutes"),
    }
}

/// Wakes worker and sender when there is something new in the store, until told to stop.
pub async fn listen(store: Store, wake: [std::sync::Arc<Notify>; 2], mut stop: watch::Receiver<bool>) {
    let [worker, sender] = wake;
    tokio::select! { () = store.listen(&worker, &sender) => {}, _ = stop.changed() => {} }
}
