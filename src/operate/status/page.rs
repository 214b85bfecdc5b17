//! What a person is shown of one look: a head in words, then what waits, what was done, the accounts, and the room.

use super::Seen;
use crate::inspect::report::{Account, Process, Report};
use crate::model::time::{Time, Zone};
use crate::operate::table::{self, Cell, Look, Tone, field, indented, octets};
use crate::settings::Settings;
use crate::store::report::health::{Lately, Room, Waiting};

/// Columns that words below a line are set in by.
const INDENT: usize = 4;
/// Arrivals by outcome, in the order in which they are shown; others follow by name.
const OUTCOMES: [&str; 10] =
    ["request", "reply", "answer", "note", "command", "automatic", "bounce", "duplicate", "held", "discarded"];

/// What is shown, and how.
pub(super) struct Page<'a> {
    pub(super) seen: &'a Seen,
    /// The look before, from which speeds are computed.
    pub(super) before: Option<&'a Seen>,
    pub(super) settings: &'a Settings,
    pub(super) look: Look,
    pub(super) zone: &'a Zone,
    pub(super) now: Time,
}

impl Page<'_> {
    /// The whole of it.
    pub(super) fn text(&self) -> String {
        let mut text = self.head();
        let Some(report) = &self.seen.report else { return text };
        text.push_str(&self.speed(report).unwrap_or_default());
        for section in [self.queues(report), self.lately(report), self.accounts(report)].into_iter().flatten() {
            text.push('\n');
            text.push_str(&section);
        }
        text.push('\n');
        text.push_str(&self.foot(report));
        text
    }

    fn head(&self) -> String {
        let Self { seen, settings, look, .. } = self;
        let process = seen.report.as_ref().and_then(|report| report.process.as_ref());
        let name = if settings.name == settings.hostname {
            settings.name.clone()
        } else {
            format!("{} ({})", settings.name, settings.hostname)
        };
        let runs = match (process, seen.running) {
            (Some(process), _) => {
                let Process { version, pid, started_at, .. } = process;
                format!("runs since {}, version {version}, process {pid}", self.moment(*started_at))
            }
            (None, true) => "runs, but does not answer".to_owned(),
            (None, false) => "does not run here".to_owned(),
        };
        let mut text = look.bold(&format!("{name}\n"));
        text.push_str(&field("gateway", &runs, *look));
        text.push_str(&indented(seen.trouble.as_deref().unwrap_or_default(), INDENT, *look));
        let (words, tone) = match (seen.flows, seen.hindrances.is_empty()) {
            (true, true) => ("flows", Tone::Good),
            (true, false) => ("flows, but something needs a look", Tone::Waiting),
            (false, _) if process.is_some() => ("does not flow", Tone::Wrong),
            (false, _) => ("is taken by nobody here", Tone::Wrong),
        };
        text.push_str(&format!("{} {}\n", look.dim(&format!("  {:<11}", "mail")), look.shown(words, tone)));
        for hindrance in &seen.hindrances {
            let tone = if hindrance.stops { Tone::Wrong } else { Tone::Waiting };
            text.push_str(&look.shown(&indented(&hindrance.words, INDENT, *look), tone));
        }
        text
    }

    /// How fast mail came in and went out since the look before.
    fn speed(&self, report: &Report) -> Option<String> {
        let before = self.before?.report.as_ref()?;
        let span = (report.at.0 - before.at.0).max(1);
        let (now, then) = (&report.queues, &before.queues);
        let open = |queues: &crate::store::report::health::Queues| queues.due.count + queues.deferred.count + queues.leased;
        let taken = now.newest.0 - then.newest.0;
        let decided = taken + then.pending.count + then.archived - now.pending.count - now.archived;
        let settled = now.newest.1 - then.newest.1 + open(then) - open(now);
        let each = |count: i64| {
            let tenths = count.max(0).saturating_mul(10_000_000) / span;
            format!("{}.{}", tenths / 10, tenths % 10)
        };
        let words = format!("{} taken, {} decided, {} notices settled a second", each(taken), each(decided), each(settled));
        Some(field("speed", &words, self.look))
    }

    fn queues(&self, report: &Report) -> Option<String> {
        let queues = &report.queues;
        let plain = |count| Waiting { count, since: None };
        let rows = [
            ("mails to decide", queues.pending, Tone::Waiting),
            ("mails of archives to decide", plain(queues.archived), Tone::Quiet),
            ("mails held for a person", queues.held, Tone::Wrong),
            ("notices to send now", queues.due, Tone::Waiting),
            ("notices being sent", plain(queues.leased), Tone::Plain),
            ("notices to try again later", queues.deferred, Tone::Waiting),
            ("notices kept back by an operator", plain(queues.kept_back), Tone::Quiet),
        ];
        let row = |(what, waiting, tone): (&str, Waiting, Tone)| {
            let tone = if waiting.count == 0 { Tone::Quiet } else { tone };
            let oldest = waiting.since.map_or_else(|| "–".to_owned(), |since| since.relative_to(self.now));
            vec![Cell::toned(what, tone), Cell::number(waiting.count), Cell::toned(&oldest, Tone::Quiet)]
        };
        Some(table::table(&["waiting", "number", "oldest"], rows.into_iter().map(row).collect(), self.look))
    }

    /// Outcomes and notices of the last hour and day; only what there was.
    fn lately(&self, report: &Report) -> Option<String> {
        let Report { hour, day, .. } = report;
        let known = OUTCOMES.iter().copied().filter(|name| day.outcomes.contains_key(*name));
        let others = day.outcomes.keys().map(String::as_str).filter(|name| !OUTCOMES.contains(name));
        let of = |counts: &std::collections::BTreeMap<String, i64>, name: &str| counts.get(name).copied().unwrap_or(0);
        let mut rows: Vec<Vec<Cell>> = known
            .chain(others)
            .map(|name| (format!("mails: {name}"), of(&hour.outcomes, name), of(&day.outcomes, name), Tone::of(name)))
            .chain(
                day.notices
                    .keys()
                    .map(|name| (format!("notices: {name}"), of(&hour.notices, name), of(&day.notices, name), Tone::of(name))),
            )
            .map(|(name, hour, day, tone)| vec![Cell::toned(&name, tone), Cell::number(hour), Cell::number(day)])
            .collect();
        if rows.is_empty() {
            rows.push(vec![Cell::toned("nothing", Tone::Quiet), Cell::number(0), Cell::number(0)]);
        }
        let mut text = table::table(&["done", "last hour", "last day"], rows, self.look);
        text.push_str(&self.partial(hour, day));
        Some(text)
    }

    fn partial(&self, hour: &Lately, day: &Lately) -> String {
        let span = match (hour.is_whole, day.is_whole) {
            (true, true) => return String::new(),
            (true, false) => "of the day",
            (false, _) => "of the hour and the day",
        };
        let newest = crate::store::report::health::NEWEST_ROWS;
        self.look.dim(&format!("There was more: only the newest {newest} mails and notices {span} are counted.\n"))
    }

    fn accounts(&self, report: &Report) -> Option<String> {
        if report.accounts.is_empty() {
            return None;
        }
        let ago = |time: Option<Time>| time.map_or_else(|| "never".to_owned(), |time| time.relative_to(self.now));
        let row = |account: &Account| {
            let tone = match account.standing.as_str() {
                "well" => Tone::Good,
                "connecting" => Tone::Quiet,
                _ if account.needs_attention => Tone::Wrong,
                _ => Tone::Waiting,
            };
            let behind = account.behind.map_or_else(|| Cell::toned("?", Tone::Quiet), Cell::number);
            vec![Cell::new(&account.name), Cell::toned(&account.standing, tone), Cell::new(&ago(account.last_success_at)), behind]
        };
        let titles = ["account", "state", "last success", "behind"];
        Some(table::table(&titles, report.accounts.iter().map(row).collect(), self.look))
    }

    fn foot(&self, report: &Report) -> String {
        let by_status = report.tickets.by_status.iter().map(|(status, count)| format!("{count} {status}"));
        let mut tickets: Vec<String> = by_status.collect();
        if tickets.is_empty() {
            tickets.push("none open".to_owned());
        }
        if report.tickets.overdue > 0 {
            tickets.push(format!("{} overdue", report.tickets.overdue));
        }
        let mut text = field("tickets", &tickets.join(", "), self.look);
        text.push_str(&field("store", &format!("{}{}", self.settings.store.place, room(&report.room)), self.look));
        // On a file there is one gateway at a time, which the head tells of.
        if report.room.kind == "postgres" {
            let gateways: Vec<String> =
                report.gateways.iter().map(|gateway| format!("{} {}", gateway.name, gateway.version)).collect();
            let gateways = if gateways.is_empty() { "none alive".to_owned() } else { gateways.join(", ") };
            text.push_str(&field("gateways", &gateways, self.look));
        }
        if let Some(reload) = report.process.as_ref().and_then(|process| process.reload.as_ref()) {
            let taken = if reload.taken { "taken over" } else { "refused, the old one is kept" };
            text.push_str(&field("reload", &format!("{}, {taken}", self.moment(reload.at)), self.look));
            text.push_str(&indented(if reload.taken { "" } else { &reload.words }, INDENT, self.look));
        }
        text
    }

    /// A time for people: in their zone, and how long ago.
    fn moment(&self, time: Time) -> String {
        format!("{} ({})", time.in_zone(self.zone), time.relative_to(self.now))
    }
}

fn room(room: &Room) -> String {
    let shown = |size: u64| octets(i64::try_from(size).unwrap_or(i64::MAX));
    let size = room.size.map(|size| format!(", {}", shown(size))).unwrap_or_default();
    let free = room.free.zip(room.whole).map(|(free, whole)| format!(", {} of {} free", shown(free), shown(whole)));
    size + &free.unwrap_or_default()
}

#[cfg(test)]
mod tests;
