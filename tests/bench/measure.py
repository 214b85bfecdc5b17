"""One load on several servers in turn, several rounds; prints medians and ratios as Markdown tables.

Each server of each round is started for its measurement, and ended by its process number before the next one starts, so that nothing
else runs while one is measured. Nothing is asserted: reading the tables is up to people.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import notices
from filled import Filled, time_lists
from load import NewMail, Replies
from report import report
from stores import Lite, Postgres
from subjects import Postdesk, Postfix, Sink

KNOWN = ["sink", "postfix", "postdesk", "two", "filled", "replies", "list", "notices"]


def main():
    options = arguments()
    # As an exception it ends what was started, and removes the folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="postdesk-bench-", dir=options.folder))
    folder.chmod(0o755)  # the daemons of Postfix and PostgreSQL are other users
    try:
        results, lists = run(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if results or lists:
        print(report(options, results, lists))
    if "notices" in options.subjects:
        options.notices, options.connections = options.mails, 4
        print("\n" + notices.table(notices.measure(options)))


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run")
    parser.add_argument("--binary", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--store", choices=["sqlite", "postgres", "both"], default="sqlite",
                        help="with postgres, the empty SQLite store is measured too, and the filled one with both")
    parser.add_argument("--mails", type=int, default=10_000, help="mails in one load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tickets", type=int, default=0, help="also measure a store that holds so many tickets")
    parser.add_argument("--messages", type=int, help="messages in that store; five a ticket if it is not said")
    parser.add_argument("--reach", type=float, default=1.0, help="replies go to this share of the tickets, the newest")
    parser.add_argument("--folder", default="/var/tmp", help="where stores and queues are made; has to be a real disk")
    parser.add_argument("--subjects", default=",".join(KNOWN), help="which of these to measure")
    options = parser.parse_args()
    options.messages = options.messages or 5 * options.tickets
    options.subjects = options.subjects.split(",")
    if unknown := set(options.subjects) - set(KNOWN):
        parser.error(f"there is no subject {', '.join(sorted(unknown))}")
    return options


def run(options, folder):
    """Every measurement: {name: [its figures, one for each round]}; and the times of the lists: {store: {verb: milliseconds}}."""
    filled = fill(options, folder)
    lists = {store.store.name: time_lists(store.subject(), options) for store in filled if "list" in options.subjects}
    results = {}
    for number in range(options.rounds):
        for name, make, load in measurements(options, filled, number):
            place = folder / "subject"
            place.mkdir()
            place.chmod(0o755)
            figures = measure(make(place), load)
            shutil.rmtree(place)
            results.setdefault(name, []).append(figures)
            print(f"round {number + 1}: {name}: {figures}", file=sys.stderr)
    return results, lists


def fill(options, folder):
    wanted = {"filled", "replies", "list"} & set(options.subjects)
    if not options.tickets or not wanted:
        return []
    stores = {"sqlite": [Lite], "postgres": [Postgres], "both": [Lite, Postgres]}[options.store]
    return [Filled(options, folder / store.name, store) for store in stores]


def measurements(options, filled, number):
    """What one round measures: name, how to make the server in its place, load."""
    stores = [Lite] if options.store == "sqlite" else [Lite, Postgres]
    if "sink" in options.subjects:
        yield "smtp-sink", Sink, NewMail(options.mails)
    if "postfix" in options.subjects:
        yield "Postfix", Postfix, NewMail(options.mails)
    if "postdesk" in options.subjects:
        for store in stores:
            yield f"postdesk on {store.name}", partial(Postdesk, binary=options.binary, store=store), NewMail(options.mails)
    if "two" in options.subjects and Postgres in stores:
        make = partial(Postdesk, binary=options.binary, store=Postgres, gateways=2)
        yield "postdesk × 2 on PostgreSQL", make, NewMail(options.mails)
    for store in filled:
        if "filled" in options.subjects:
            yield f"postdesk on {store.store.name}, {options.tickets:,} tickets", store.subject, NewMail(options.mails)
        if "replies" in options.subjects:
            small = range(1, options.mails + 1)
            yield f"replies on {store.store.name}, small", store.small_subject, Replies(options.mails, small, number)
            reached = range(options.tickets - round(options.reach * options.tickets) + 1, options.tickets + 1)
            name = f"replies on {store.store.name}, {options.tickets:,} tickets"
            yield name, store.subject, Replies(options.mails, reached, number)


def measure(subject, load):
    """Starts a server, loads it, ends it: mails per second accepted and decided, peak memory in MiB."""
    try:
        subject.start()
        load.prepare(subject)
        begun = time.monotonic()
        load.send(subject)
        accepted = time.monotonic() - begun
        subject.wait_until_decided()
        decided = time.monotonic() - begun
        load.check(subject)
        subject.wait_until_sent()
        memory = subject.peak_memory()
    finally:
        load.close()
        subject.stop()
    return {"accept": load.mails / accepted, "decide": load.mails / decided if subject.decides else None, "memory": memory}


if __name__ == "__main__":
    main()
