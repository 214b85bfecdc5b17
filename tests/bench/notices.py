"""Notices that leave: how many a second over one relay, beside what smtp-source reaches on the same sink, and with one destination of ten
that takes connections and says nothing.

    notices.py --binary target/release/postdesk [--notices 20000] [--rounds 3] [--connections 4]

The outbox is filled by SQL while no gateway runs; the gateway then finds all of it due. The rate is what was settled after the first set,
by the times that the gateway itself noted. It needs smtp-sink and smtp-source (Debian: postfix), and root, which smtp-sink asks for.
"""

import argparse
import shutil
import socket
import sqlite3
import statistics
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from subjects import end, free_port, wait_for_greeting

OCTETS = 4096
DOMAINS = 10
CONFIGURATION = """
[gateway]
hostname = "desk.example.org"
data = "{folder}"
[store]
url = "sqlite:{folder}/postdesk.db"
[smtp]
listen = ["127.0.0.1:{port}"]
[authentication]
name_servers = ["127.0.0.1:{names}"]
[delivery]
relay = "{relay}"
max_connections = {connections}
max_per_day = 0
[[department]]
key = "support"
name = "support"
prefix = "SUP"
address = "support@desk.example.org"
agents = ["ana"]
[[agent]]
key = "ana"
name = "ana"
address = "ana@private.example"
"""
# A ticket, the arrival that is behind all of them, and so many notices to each domain by turns.
FILL = f"""
INSERT INTO raw (id, sha256, octets) VALUES (1, x'00', x'00');
INSERT INTO arrival (id, raw_id, department, recipients, source, peer_tls, size, received_at, outcome)
  VALUES (1, 1, 'support', '', 'smtp', 0, 0, 0, 'request');
WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < :notices)
INSERT INTO outbox (id, ticket, arrival, event, recipient, recipient_key, sender, message_id, state, next_attempt_at, created_at, destination)
  SELECT id, NULL, 1, 'reply', 'c' || id || '@d' || (id % {DOMAINS}) || '.example', id, 'support@desk.example.org',
    id || '@desk.example.org', 'due', :now + id, :now + id, 'd' || (id % {DOMAINS}) || '.example' FROM n;
INSERT INTO letter (outbox, head, parts, tail)
  SELECT id, 'Subject: ' || id || char(13, 10, 13, 10) || :text, '[]', '' FROM outbox;
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=lambda path: str(Path(path).resolve()), required=True)
    parser.add_argument("--notices", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--folder", default="/var/tmp")
    print(table(measure(parser.parse_args())))


def measure(options):
    """{name: [a rate for each round]}."""
    rates = {}
    for _ in range(options.rounds):
        for name, round_of in [
            ("smtp-source, a connection a mail", lambda: source(options, [])),
            ("smtp-source, kept connections", lambda: source(options, ["-d"])),
            ("postdesk", lambda: one_relay(options)),
            ("nine of ten destinations", lambda: destinations(options, hanging=False)),
            ("nine of ten destinations, the tenth hanging", lambda: destinations(options, hanging=True)),
        ]:
            rates.setdefault(name, []).append(round_of())
    return rates


def table(rates):
    middle = {name: statistics.median(rounds) for name, rounds in rates.items()}
    lines = ["| notices, SQLite | a second | × smtp-source | × kept | × ten well |", "|---|---:|---:|---:|---:|"]
    for name, rate in middle.items():
        relay = not name.startswith("nine")
        cells = [rate / middle["smtp-source, a connection a mail"] if relay else None,
                 rate / middle["smtp-source, kept connections"] if relay else None,
                 None if relay else rate / middle["nine of ten destinations"]]
        lines.append(" | ".join([f"| {name}", f"{rate:,.0f}", *(f"{cell:.2f}" if cell else "–" for cell in cells)]) + " |")
    return "\n".join(lines)


def source(options, flags):
    port = free_port()
    with Servers() as servers:
        servers.sink("127.0.0.1", port)
        command = ["smtp-source", *flags, "-s", str(options.connections), "-l", str(OCTETS), "-m", str(options.notices)]
        begun = time.monotonic()
        subprocess.run([*command, "-f", "a@desk.example.org", "-t", "c@d1.example", f"127.0.0.1:{port}"], check=True)
        return options.notices / (time.monotonic() - begun)


def one_relay(options):
    port = free_port()
    with Servers() as servers:
        servers.sink("127.0.0.1", port)
        return gateway(options, f"smtp://127.0.0.1:{port}", options.connections, 0, options.notices, "1 = 1")


def destinations(options, hanging):
    port = free_port()
    with Servers() as servers:
        for number in range(DOMAINS):
            if number == 0 and hanging:
                servers.mute(f"127.0.1.{number}", port)
            else:
                servers.sink(f"127.0.1.{number}", port)
        others = options.notices // DOMAINS * (DOMAINS - 1)
        return gateway(options, f"mx:{port}", 20, servers.names(), others, "destination <> 'd0.example'")


def gateway(options, relay, connections, names, expected, those):
    """Notices a second of those that the condition names."""
    folder = Path(tempfile.mkdtemp(prefix="postdesk-notices-", dir=options.folder))
    process = None
    try:
        def start(relay):
            port = free_port()
            text = CONFIGURATION.format(folder=folder, port=port, names=names or 53, relay=relay, connections=connections)
            (folder / "postdesk.toml").write_text(text)
            with open(folder / "log", "ab") as log:
                command = [options.binary, "--config", folder / "postdesk.toml", "serve"]
                started = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
            wait_for_greeting(port, started)
            return started

        end(start("discard:"))
        store = sqlite3.connect(folder / "postdesk.db", timeout=60)
        text = ("x" * 76 + "\r\n") * (OCTETS // 78)
        for statement in FILL.split(";\n"):
            store.execute(statement, {"notices": options.notices, "now": time.time_ns() // 1000 - 10**9, "text": text})
        store.commit()
        process = start(relay)
        deadline = time.monotonic() + 300
        done = f"FROM outbox WHERE state = 'sent' AND {those}"
        while store.execute(f"SELECT count(*) {done}").fetchone()[0] < expected:
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit("waited in vain for the last notice:\n" + (folder / "log").read_text()[-2000:])
            time.sleep(0.2)
        first, last = store.execute(f"SELECT min(settled_at), max(settled_at) {done}").fetchone()
        later = store.execute(f"SELECT count(*) {done} AND settled_at > {first}").fetchone()[0]
        return later * 1_000_000 / (last - first)
    finally:
        if process:
            end(process)
        shutil.rmtree(folder, ignore_errors=True)


class Servers:
    """What runs beside the gateway until the measurement is over."""

    def __enter__(self):
        self.processes, self.sockets = [], []
        return self

    def __exit__(self, *_):
        for process in self.processes:
            end(process)
        for listener in self.sockets:
            listener.close()

    def sink(self, address, port):
        self.processes.append(subprocess.Popen(["smtp-sink", "-u", "postfix", f"{address}:{port}", "256"]))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex((address, port)) == 0:
                    return
            time.sleep(0.02)
        raise SystemExit("smtp-sink does not listen")

    def mute(self, address, port):
        """Takes connections and says nothing."""
        listener = socket.create_server((address, port))
        self.sockets.append(listener)

        def take(held):
            while True:
                try:
                    held.append(listener.accept())
                except OSError:
                    return

        threading.Thread(target=take, args=([],), daemon=True).start()

    def names(self):
        """A name server: each domain has one address and no MX record; its port."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        self.sockets.append(server)

        def serve():
            while True:
                try:
                    question, client = server.recvfrom(512)
                except OSError:
                    return
                server.sendto(answer(question), client)

        threading.Thread(target=serve, daemon=True).start()
        return server.getsockname()[1]


def answer(question):
    """`dN.example` is at 127.0.1.N."""
    end_of_name = question.index(0, 12)
    number = int(question[14 : 13 + question[12]])
    wanted = struct.unpack(">H", question[end_of_name + 1 : end_of_name + 3])[0]
    asked = question[12 : end_of_name + 5]
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 300, 4) + bytes([127, 0, 1, number]) if wanted == 1 else b""
    return question[:2] + struct.pack(">HHHHH", 0x8180, 1, bool(record), 0, 0) + asked + record


if __name__ == "__main__":
    main()
