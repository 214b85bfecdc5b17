"""One load on three servers in turn, several rounds; prints medians and ratios as a Markdown table.

Each server of each round starts afresh in a folder of its own, and is ended by its process number before the next one starts,
so that nothing else runs while one is measured. Nothing is asserted: reading the table is up to people.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from subjects import Postdesk, Postfix, Sink

SESSIONS = 20
OCTETS = 4096
RECIPIENT = "support@desk.example.org"


def main():
    options = arguments()
    folder = Path(tempfile.mkdtemp(prefix="postdesk-bench-", dir=options.folder))
    folder.chmod(0o755)  # the daemons of Postfix are other users
    try:
        results = run(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(report(options, results))


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run")
    parser.add_argument("--binary", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--mails", type=int, default=10_000, help="mails in one load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tickets", type=int, default=0, help="also measure a store that holds so many tickets")
    parser.add_argument("--folder", default="/var/tmp", help="where stores and queues are made; has to be a real disk")
    parser.add_argument("--subjects", default="sink,postfix,postdesk", help="which servers to measure")
    return parser.parse_args()


def run(options, folder):
    """Every measurement: {name of the server: [its figures, one for each round]}."""
    chosen = options.subjects.split(",")
    full = None
    if options.tickets and "postdesk" in chosen:
        full = fill(options, folder / "full")
    results = {}
    for number in range(options.rounds):
        for name, make in subjects(options, chosen, full):
            place = folder / "subject"
            place.mkdir()
            place.chmod(0o755)
            figures = measure(make(place), options.mails)
            results.setdefault(name, []).append(figures)
            shutil.rmtree(place)
            print(f"round {number + 1}: {name}: {figures}", file=sys.stderr)
    return results


def subjects(options, chosen, full):
    if "sink" in chosen:
        yield "smtp-sink", Sink
    if "postfix" in chosen:
        yield "Postfix", Postfix
    if "postdesk" in chosen:
        yield "postdesk", lambda place: Postdesk(place, options.binary, None)
        if full:
            yield f"postdesk, {options.tickets:,} tickets", lambda place: Postdesk(place, options.binary, full)


def fill(options, place):
    """A store with so many tickets, made by the gateway itself from mails of a thousand customers."""
    place.mkdir()
    subject = Postdesk(place, options.binary, None)
    subject.start()
    try:
        senders = 1_000
        for sender in range(senders):
            share = options.tickets * (sender + 1) // senders - options.tickets * sender // senders
            if share:
                load(subject.port, share, f"customer{sender}@customer.example")
        subject.wait_until_decided(options.tickets)
        subject.wait_until_sent()
    finally:
        subject.stop()
    return place / "data"


def measure(subject, mails):
    """Starts a server, loads it, ends it: mails per second accepted and decided, peak memory in MiB."""
    subject.start()
    try:
        wait_for_greeting(subject.port)
        before = subject.arrivals()
        begun = time.monotonic()
        load(subject.port, mails, "load@customer.example")
        accepted = time.monotonic() - begun
        subject.wait_until_decided(before + mails)
        decided = time.monotonic() - begun
        subject.wait_until_sent()
        memory = subject.peak_memory()
    finally:
        subject.stop()
    return {"accept": mails / accepted, "decide": mails / decided if subject.decides else None, "memory": memory}


def load(port, mails, sender):
    """A connection a mail, so many at a time; smtp-source ends when the last one was answered."""
    command = ["smtp-source", "-s", str(min(SESSIONS, mails)), "-l", str(OCTETS), "-m", str(mails)]
    command += ["-f", sender, "-t", RECIPIENT, f"127.0.0.1:{port}"]
    subprocess.run(command, check=True)


def wait_for_greeting(port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                if connection.recv(4).startswith(b"220"):
                    return
        except OSError:
            pass
        time.sleep(0.02)
    raise SystemExit(f"nothing greets on port {port}")


def report(options, results):
    median = {name: middle(rounds) for name, rounds in results.items()}
    rate = median.get("Postfix", {}).get("accept")
    lines = [
        "| server | accepted mails/s | × Postfix | decided mails/s | × Postfix | peak memory MiB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, figures in median.items():
        accept, decide, memory = figures["accept"], figures["decide"], figures["memory"]
        cells = [name, number(accept), ratio(accept, rate), number(decide), ratio(decide, rate)]
        cells.append("–" if memory is None else f"{memory:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    empty = median.get("postdesk")
    for name, figures in median.items():
        if empty and name.startswith("postdesk,"):
            lines += ["", f"{name}: decided at {ratio(figures['decide'], empty['decide'])} × the rate of the empty store."]
    lines += ["", f"Medians of {options.rounds} rounds of {options.mails:,} mails, {machine(options.folder)}."]
    return "\n".join(lines)


def middle(rounds):
    known = {key: [figures[key] for figures in rounds if figures[key] is not None] for key in rounds[0]}
    return {key: statistics.median(values) if values else None for key, values in known.items()}


def number(value):
    return "–" if value is None else f"{value:,.0f}"


def ratio(value, base):
    return "–" if value is None or not base else f"{value / base:.2f}"


def machine(folder):
    model = "processor unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
    disk = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=True).stdout.strip()
    version = subprocess.run(["postconf", "-d", "-h", "mail_version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{os.cpu_count()} cores ({model}), {disk}, Linux {os.uname().release}, Postfix {version}"


if __name__ == "__main__":
    main()
