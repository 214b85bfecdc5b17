"""Fills the empty tables of a store, directly by SQL: one text for SQLite and PostgreSQL.

    fill.py sqlite:PATH | postgres://… [--tickets 1000000] [--messages 5000000] [--closed 7]

The gateway makes the tables first; it must not be running. On PostgreSQL the URL has to name a superuser, because checking millions of
references that are right by construction would take longer than all the rest. A store that was filled only in part is of no use.

Tickets come in blocks of some thousands: first their requests, then for each an answer, then for each a reply, and so on. So the
messages of one ticket lie as far apart as they do on a desk where many are talked to at a time, and time goes up with the arrivals.
"""

import argparse
import hashlib
import shutil
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass

# Key, prefix of references, agent. Of ten tickets six belong to the first one and two to each of the others.
DEPARTMENTS = [("support", "SUP", "ana"), ("sales", "SAL", "boris"), ("billing", "BIL", "carla")]
BLOCK = 10_000
SPAN = 730 * 86_400 * 1_000_000  # two years, in microseconds, up to a moment ago

# The words of the mail with this number, which is so many turns after the request.
TEXT = """'This is message ' || ({arrival}) || ', ' || {turn} || ' in its ticket. The parcel with the number ' || (({arrival}) * 104729 % 999983)
      || ' has not come yet, although it should have been here days ago. Would you please find out where it is, and tell us when'
      || ' we may expect it? With kind regards'"""
REMEMBERED = 4  # messages that a ticket keeps for notices to quote


def recent(turns, block, pace):
    """What the ticket of a request remembers of its last messages, as the gateway writes it."""
    def entry(turn):
        author = "'Customer'" if turn % 2 == 0 else "agent"
        text = TEXT.format(arrival=f"arrival + {turn * block}", turn=turn)
        return (f"""'{{"arrival":' || (arrival + {turn * block}) || ',"author":"' || {author} || '","at":' || (at + {turn * block * pace})"""
                f""" || ',"text":"' || {text} || '"}}'""")
    return "'[' || " + " || ',' || ".join(entry(turn) for turn in range(max(0, turns - REMEMBERED), turns)) + " || ']'"


# What every statement begins with: the mails of the block. `turn` 0 is the request, odd ones answers, even ones replies.
MAILS = """
WITH {series}, place AS (
  SELECT {arrivals} + 1 + n AS arrival, {tickets} + 1 + n % {block} AS number, n / {block} AS turn FROM series
), spread AS (
  SELECT arrival, number, turn, {begun} + arrival * {pace} AS at,
    CASE number % 5 WHEN 1 THEN 'sales' WHEN 3 THEN 'billing' ELSE 'support' END AS department,
    CASE number % 5 WHEN 1 THEN 'SAL-' WHEN 3 THEN 'BIL-' ELSE 'SUP-' END || number AS reference,
    CASE number % 5 WHEN 1 THEN 'boris' WHEN 3 THEN 'carla' ELSE 'ana' END AS agent,
    'customer' || ((number * 7919) % {customers}) || '@customer.example' AS requester,
    'm' || arrival || '@mail.example' AS message_id
  FROM place
), worded AS (
  SELECT arrival, number, turn, at, department, agent, reference, requester, message_id,
    CASE WHEN turn % 2 = 1 THEN agent || '@private.example' ELSE requester END AS author,
    CASE WHEN turn = 0 THEN 'request' WHEN turn % 2 = 1 THEN 'answer' ELSE 'reply' END AS kind,
    CASE WHEN turn = 0 THEN 'Question ' || number || ' about an order'
      ELSE 'Re: Question ' || number || ' about an order [' || reference || ']' END AS subject,
    {text} AS text
  FROM spread
), mail AS (
  SELECT arrival, number, turn, at, department, agent, reference, requester, message_id, author, kind, subject, text,
    replace('From: <' || author || '>|To: <' || department || '@desk.example.org>|Subject: ' || subject || '|Message-ID: <'
      || message_id || '>||' || text || '|', '|', chr(13) || chr(10)) AS original
  FROM worded
)
"""

STATEMENTS = [
    MAILS + """INSERT INTO raw (id, sha256, octets)
SELECT arrival, sha256(octets), octets FROM (SELECT arrival, convert_to(original, 'UTF8') AS octets FROM mail) AS made""",
    MAILS + """INSERT INTO arrival (id, raw_id, department, sender, recipients, source, peer_ip, peer_helo, peer_tls, size, received_at,
  attempts, outcome, ticket, authenticity, message_id, subject, content_key, reasons, decided_at)
SELECT arrival, arrival, department, author, department || '@desk.example.org', 'smtp', '192.0.2.1', 'mail.example', 0, length(original), at,
  1, kind, number, 'trusted-network', message_id, subject, sha256(convert_to('content ' || arrival, 'UTF8')),
  'for the department ' || department || '; from ' || author || ' (trusted-network); it speaks of ' || reference, at + 20000
FROM mail""",
    # `arrivals + turns * block` is the last message of each ticket, but for tickets that got one more than the others.
    MAILS + """INSERT INTO ticket (number, department, subject, status, priority, origin, visibility, requester_name,
  requester_address, assignee, mailbox, first_message_id, last_message_id, created_at, updated_at, closed_at, recent)
SELECT number, department, subject, CASE WHEN number % 10 < {closed} THEN 'closed' WHEN number % 3 = 0 THEN 'new'
    WHEN number % 3 = 1 THEN 'open' ELSE 'awaiting-customer' END,
  'medium', 'email', 'external', 'Customer', requester,
  CASE WHEN number % 10 >= {closed} AND number % 3 = 0 THEN NULL WHEN number % 4 = 0 THEN 'ana' ELSE agent END,
  department || '@desk.example.org', message_id, 'm' || (arrival + {last_reply}) || '@mail.example', at,
  at + {until_last}, CASE WHEN number % 10 < {closed} THEN at + {until_last} END, {recent}
FROM mail WHERE turn = 0""",
    MAILS + """INSERT INTO follower (ticket, address, name, since)
SELECT number, 'colleague-of-' || requester, 'Colleague', at FROM mail WHERE turn = 0 AND number % 7 = 0""",
    MAILS + """INSERT INTO relation (ticket, other, kind)
SELECT number, number - 1, 'follow-up' FROM mail WHERE turn = 0 AND number % 50 = 0""",
    MAILS + """INSERT INTO message (arrival, ticket, kind, public, author_name, author_address, author_agent, at, message_id, subject, text,
  quoted, authenticated)
SELECT arrival, number, kind, 1, CASE WHEN kind = 'answer' THEN agent ELSE 'Customer' END, author,
  CASE WHEN kind = 'answer' THEN agent END, at, message_id, subject, text, '', 1 FROM mail""",
    MAILS + """INSERT INTO event (ticket, at, actor, kind, old, new)
SELECT number, at + 20000, author, CASE turn WHEN 0 THEN 'created' ELSE 'status' END,
  CASE kind WHEN 'answer' THEN 'open' WHEN 'reply' THEN 'awaiting-customer' END,
  CASE kind WHEN 'answer' THEN 'awaiting-customer' WHEN 'reply' THEN 'open' ELSE 'new' END FROM mail""",
    MAILS + """INSERT INTO outbox (id, ticket, arrival, event, recipient, recipient_key, sender, message_id, state, attempts,
  next_attempt_at, lease, created_at, settled_at)
SELECT id, number, arrival, event, recipient, recipient,
  department || '+geaaaaaaahecwmjhkevtvnyyg7qbvx' || id || '@desk.example.org',
  'ieaaaaaaahecwmjhkevqaaaaaaaqcgnznnrt2xi' || id || '@desk.example.org', 'sent', 1, at + 40000, 1, at + 20000, at + 40000
FROM (
  SELECT arrival + {tickets} AS id, number, arrival, kind AS event, department, at,
    CASE kind WHEN 'answer' THEN requester ELSE agent || '@private.example' END AS recipient FROM mail
  UNION ALL
  SELECT {arrivals} + {mails} + number, number, arrival, 'acknowledgement', department, at, requester FROM mail WHERE turn = 0
) AS notice""",
    """INSERT INTO letter (outbox, head, parts, tail)
SELECT id, replace('From: <' || sender || '>|To: <' || recipient || '>|Message-ID: <' || message_id || '>||About ticket ' || ticket
  || ': there is something new, and this is what was written.|', '|', chr(13) || chr(10)), '[]', ''
FROM outbox WHERE id > {arrivals} + {tickets} AND id <= {arrivals} + {tickets} + {mails} + {block} AND id % 10 = 0""",
    *(MAILS + f"""INSERT INTO acknowledged (recipient_key, slot, sent)
SELECT {key}, at / 600000000, count(*) FROM mail WHERE turn = 0 GROUP BY 1, 2
ON CONFLICT (recipient_key, slot) DO UPDATE SET sent = acknowledged.sent + excluded.sent""" for key in ["requester", "''"]),
]

COUNTERS = [
    "UPDATE counter SET next = {tickets} + 1 WHERE name = 'ticket'",
    "UPDATE counter SET next = {tickets} + {messages} + 1 WHERE name = 'outbox'",
]


@dataclass
class Filling:
    """How much to fill in; of ten tickets so many are closed."""

    tickets: int
    messages: int
    closed: int = 7

    def statements(self, series):
        """The statements of each block."""
        if self.messages < self.tickets:
            raise SystemExit("a ticket has one message at least")
        pace = SPAN // self.messages
        begun = time.time_ns() // 1_000 - SPAN - 1_000_000
        for before in range(0, self.tickets, BLOCK):
            block = min(BLOCK, self.tickets - before)
            arrivals = self.messages * before // self.tickets
            mails = self.messages * (before + block) // self.tickets - arrivals
            turns = mails // block
            values = {
                "series": series.format(last=mails - 1), "arrivals": arrivals, "mails": mails, "tickets": before, "block": block,
                "begun": begun, "pace": pace, "customers": max(1, self.tickets // 10), "closed": self.closed,
                "text": TEXT.format(arrival="arrival", turn="turn"), "recent": recent(turns, block, pace),
                "until_last": (turns - 1) * block * pace, "last_reply": (turns - 1) // 2 * 2 * block,
            }
            yield [statement.format(**values) for statement in STATEMENTS]

    def counters(self):
        return [statement.format(tickets=self.tickets, messages=self.messages) for statement in COUNTERS]


def fill(url, filling):
    begun = time.monotonic()
    if url.startswith("sqlite:"):
        fill_sqlite(url.removeprefix("sqlite:"), filling)
    else:
        fill_postgres(url, filling)
    print(f"filled with {filling} in {time.monotonic() - begun:.0f} s", file=sys.stderr)


def fill_sqlite(file, filling):
    store = sqlite3.connect(f"file:{file}?mode=rw", uri=True, isolation_level=None)
    # The functions of PostgreSQL that SQLite has not, or by another name.
    store.create_function("sha256", 1, lambda octets: hashlib.sha256(octets).digest(), deterministic=True)
    store.create_function("convert_to", 2, lambda text, _: text.encode(), deterministic=True)
    store.create_function("chr", 1, chr, deterministic=True)
    for pragma in ["journal_mode = DELETE", "journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"]:
        store.execute(f"PRAGMA {pragma}")
    series = "RECURSIVE series(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n < {last})"
    for statements in filling.statements(series):
        for statement in ["BEGIN", *statements, "COMMIT"]:
            store.execute(statement)
    for statement in filling.counters():
        store.execute(statement)
    # No ANALYZE: the gateway runs none, so a store that grew by mail has no statistics either.
    store.execute("PRAGMA journal_mode = WAL")
    store.close()


def fill_postgres(url, filling):
    programs = shutil.which("psql") or "/usr/bin/psql"
    psql = subprocess.Popen([programs, "-qX", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", url], stdin=subprocess.PIPE, text=True)
    try:
        write_postgres(psql.stdin, filling)
        psql.stdin.close()
    except BrokenPipeError:
        pass  # it says itself what is wrong
    if psql.wait() != 0:
        raise SystemExit(f"psql could not fill {url}")


def write_postgres(to, filling):
    to.write("SET synchronous_commit = off; SET session_replication_role = replica;\n")
    for statements in filling.statements("series(n) AS (SELECT generate_series(0::bigint, {last}))"):
        to.write(";\n".join(["BEGIN", *statements, "COMMIT;\n"]))
    to.write(";\n".join([*filling.counters(), ""]))
    for table in ["raw", "arrival"]:  # their numbers were given; events had theirs from the sequence
        to.write(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {filling.messages});\n")
    to.write("VACUUM (ANALYZE);\nCHECKPOINT;\n")


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/fill.py", description="Fills the empty tables of a store.")
    parser.add_argument("url", help="sqlite:PATH or postgres://…, as a superuser")
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--messages", type=int, default=5_000_000)
    parser.add_argument("--closed", type=int, default=7, help="of ten tickets so many are closed")
    options = parser.parse_args()
    fill(options.url, Filling(options.tickets, options.messages, options.closed))


if __name__ == "__main__":
    main()
