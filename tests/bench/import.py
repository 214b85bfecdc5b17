"""How fast `postdesk import` takes an mbox, and in how much memory, beside Dovecot's own import of the same file.

    cargo build --release && python3 tests/bench/import.py [--megabytes 1000] [--peer-megabytes 20] [--rounds 1] [--folder /var/tmp]

README.md beside this file says what is measured. Needs root for Dovecot; without `doveadm` the peer is left out.
"""

import argparse
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LARGE_EVERY = 20_000
DOVECOT = """\
base_dir = {folder}/base
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
first_valid_uid = 1
mail_uid = nobody
mail_gid = nogroup
mail_location = maildir:{folder}/mail
"""


def write(path, megabytes):
    """An mbox of conversations: 4 KB a mail, every LARGE_EVERYth of 12 MB. How many mails it holds."""
    words = ("The kettle does not boil any more, and the order was paid. " * 64 + "\n").encode()
    large = ("QUJD" * 19 + "\n").encode() * (12 * 1024 * 1024 // 77)
    mails = octets = 0
    with open(path, "wb") as file:
        while octets < megabytes * 1_000_000:
            date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(1_500_000_000 + mails * 60))
            answers = f"In-Reply-To: <{mails - 1}@customer.example>\n" if mails % 4 else ""
            head = (
                f"From mia{mails // 4}@customer.example {time.strftime('%a %b %d %H:%M:%S %Y', time.gmtime(mails * 60))}\n"
                f"From: Mia <mia{mails // 4}@customer.example>\nTo: help@shop.example\nSubject: Kettle {mails // 4}\n"
                f"Message-ID: <{mails}@customer.example>\n{answers}Date: {date}\n\n"
            ).encode()
            body = large if mails % LARGE_EVERY == LARGE_EVERY - 1 else words
            file.write(head + body + b"\n")
            octets += len(head) + len(body) + 1
            mails += 1
    return mails


def timed(command, folder):
    """Seconds, and the peak of memory in MiB, of a process that must end well."""
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begun
    if status != 0:
        sys.exit(f"{command[0]} ended with status {status}")
    return seconds, usage.ru_maxrss / 1024


def by_postdesk(binary, mbox, mails, folder):
    (folder / "config").mkdir()
    shutil.copy(ROOT / "config/postdesk.toml", folder / "config/postdesk.toml")
    result = timed([binary, "import", str(mbox)], folder)
    database = sqlite3.connect(folder / "var/postdesk.db")
    (taken,) = database.execute("SELECT COUNT(*) FROM arrival").fetchone()
    if taken != mails:
        sys.exit(f"{taken} of {mails} mails were taken")
    return result


def by_dovecot(mbox, folder):
    for name in ["base", "state", "mail", "box"]:
        (folder / name).mkdir()
    os.link(mbox, folder / "box/INBOX")
    configuration = folder / "dovecot.conf"
    configuration.write_text(DOVECOT.format(folder=folder))
    subprocess.run(["chown", "-R", "nobody:nogroup", str(folder)], check=True)
    source = f"mbox:{folder}/box:INBOX={folder}/box/INBOX"
    user = ["runuser", "-u", "nobody", "--", "env", f"HOME={folder}"]
    return timed([*user, "doveadm", "-c", str(configuration), "import", source, "", "all"], folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=str(ROOT / "target/release/postdesk"))
    parser.add_argument("--megabytes", type=int, default=1_000)
    # A message store syncs each mail: it is given less, and compared by the rate.
    parser.add_argument("--peer-megabytes", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", default="/var/tmp")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        scratch = pathlib.Path(scratch)
        scratch.chmod(0o755)
        for name, megabytes in [("dovecot", options.peer_megabytes), ("postdesk", options.megabytes)]:
            if name == "dovecot" and not shutil.which("doveadm"):
                continue
            mbox = scratch / f"{name}.mbox"
            mails = write(mbox, megabytes)
            results = []
            for number in range(options.rounds):
                folder = scratch / f"{name}-{number}"
                folder.mkdir(mode=0o755)
                binary = os.path.abspath(options.binary)
                results.append(by_dovecot(mbox, folder) if name == "dovecot" else by_postdesk(binary, mbox, mails, folder))
                shutil.rmtree(folder)
            seconds = statistics.median(seconds for seconds, _ in results)
            peak = max(peak for _, peak in results)
            print(f"{name}: {mails} mails, {megabytes} MB: {seconds:.1f} s, {mails / seconds:.0f} mails/s, peak {peak:.0f} MiB")


if __name__ == "__main__":
    main()
