"""How fast `postdesk try` reads an archive: python3 tests/bench/archive.py [--mails 5000] [--rounds 3] [--binary FILE] [--folder DIR].

Mails of 10 KB are made up, always the same ones: a third each of plain answers with a quotation below, of `multipart/alternative` with
an HTML quotation, and of text with a file. `try` is run over their folder, its JSON going nowhere, held to one core and on all of
them, without a store and with one. Nothing is signed, so no name server is asked. Prints medians as a Markdown table, asserts nothing.
"""

import argparse
import base64
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from subjects import CONFIGURATION, DEPARTMENT

SIZE = 10 * 1024
WORDS = """the kettle that we ordered in March does not boil any more although we have tried it on another socket and with
another cable as you asked us to do last week please tell us whether it can be repaired or will be replaced because our office
kitchen has none besides and the guarantee ends soon größere Bestellung für Köln wäre möglich déjà reçu la réponse merci""".split()
HEAD = """Received: from mx.customer.example (mx.customer.example [192.0.2.7]) by mail.shop.example with ESMTPS id {number}
\tfor <help@shop.example>; Thu, 12 Nov 2026 10:11:00 +0100
From: Mia Berg <mia{number}@customer.example>
To: Help <help@shop.example>
Date: Thu, 12 Nov 2026 10:11:00 +0100
Subject: {subject}
Message-ID: <{number}@customer.example>
MIME-Version: 1.0
"""
PLAIN = 'Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: 8bit\n\n'
HTML = 'Content-Type: text/html; charset="utf-8"\nContent-Transfer-Encoding: 8bit\n\n'


def main():
    options = arguments()
    folder = Path(tempfile.mkdtemp(prefix="postdesk-bench-", dir=options.folder))
    try:
        print(table(options, measure(options, folder)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def arguments():
    binary = Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release/postdesk"
    parser = argparse.ArgumentParser(prog="tests/bench/archive.py")
    parser.add_argument("--mails", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--binary", default=str(binary), help="a release build")
    parser.add_argument("--folder", default="/var/tmp")
    return parser.parse_args()


def measure(options, folder):
    """{(store, cores): [(mails a second, peak memory in MiB)]}."""
    mails = folder / "mails"
    octets = write_mails(mails, options.mails)
    print(f"{options.mails} mails, {octets / options.mails / 1024:.1f} KiB each", file=sys.stderr)
    without, stored = configuration(folder / "without"), configuration(folder / "stored")
    first = next(mails.iterdir()).read_bytes()
    subprocess.run([options.binary, "--config", stored, "pipe", "--to", "support@desk.example.org"], input=first, check=True)
    everything = os.sched_getaffinity(0)
    results = {}
    for _ in range(options.rounds):
        for name, file in [("none", without), ("SQLite", stored)]:
            for cores in [{min(everything)}, everything]:
                figures = run([options.binary, "--config", file, "try", mails, "--to", "support@desk.example.org",
                               "--from", "mia@customer.example", "--json"], cores, options.mails)
                results.setdefault((name, len(cores)), []).append(figures)
    return results


def run(command, cores, mails):
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, cores))
    lines = sum(chunk.count(b"\n") for chunk in iter(lambda: process.stdout.read(1 << 20), b""))
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - begun
    if status != 0 or lines != mails:
        sys.exit(f"{lines} lines for {mails} mails, status {status}")
    return mails / took, usage.ru_maxrss / 1024


def configuration(folder):
    folder.mkdir()
    text = CONFIGURATION.format(folder=folder, url=f"sqlite:{folder}/data/postdesk.db", port=2525)
    file = folder / "postdesk.toml"
    file.write_text(text + DEPARTMENT.format(key="support", prefix="SUP", agent="ana"))
    return file


def write_mails(folder, count):
    folder.mkdir()
    chance, octets = random.Random(7), 0
    for number in range(count):
        kind = [answer, alternative, with_file][number % 3]
        mail = kind(number, chance).replace("\n", "\r\n").encode()
        octets += len(mail)
        (folder / f"{number:06}.eml").write_bytes(mail)
    return octets


def prose(chance, size):
    """Paragraphs of about so many octets."""
    lines, length = [], 0
    while length < size:
        line = " ".join(chance.choices(WORDS, k=chance.randint(6, 13))) + chance.choice([".", ",", "", "\n"])
        lines.append(line)
        length += len(line.encode()) + 1
    return "\n".join(lines)


def quoted(text):
    return "\n".join("> " + line for line in text.split("\n"))


ATTRIBUTION = "On Wed, 11 Nov 2026 at 09:30, Help <help@shop.example> wrote:"


def answer(number, chance):
    head = HEAD.format(number=number, subject="Re: Broken kettle")
    return f"{head}{PLAIN}{prose(chance, SIZE // 3)}\n\n{ATTRIBUTION}\n\n{quoted(prose(chance, SIZE // 2))}\n\n-- \nMia Berg\n"


def alternative(number, chance):
    head = HEAD.format(number=number, subject="Re: Broken kettle") + 'Content-Type: multipart/alternative; boundary="b1"\n\n'
    own, theirs = prose(chance, SIZE // 6), prose(chance, SIZE // 5)
    html = own.replace("\n", "<br>\n")
    cited = theirs.replace("\n", "<br>\n")
    page = (f'<div dir="ltr">{html}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{ATTRIBUTION}<br></div>'
            f'<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex">{cited}</blockquote></div>\n')
    return f"{head}--b1\n{PLAIN}{own}\n\n{ATTRIBUTION}\n\n{quoted(theirs)}\n\n--b1\n{HTML}{page}\n--b1--\n"


def with_file(number, chance):
    head = HEAD.format(number=number, subject="Broken kettle") + 'Content-Type: multipart/mixed; boundary="b2"\n\n'
    file = base64.encodebytes(chance.randbytes(SIZE // 2)).decode()
    return (f'{head}--b2\n{PLAIN}{prose(chance, SIZE // 4)}\n\n--b2\nContent-Type: image/jpeg; name="kettle.jpg"\n'
            f'Content-Disposition: attachment; filename="kettle.jpg"\nContent-Transfer-Encoding: base64\n\n{file}--b2--\n')


def table(options, results):
    rows = ["| store | cores | mails/s | peak memory MiB |", "|---|---:|---:|---:|"]
    for (store, cores), figures in sorted(results.items()):
        speed, memory = (statistics.median(column) for column in zip(*figures))
        rows.append(f"| {store} | {cores} | {speed:,.0f} | {memory:.0f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
