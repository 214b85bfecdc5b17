"""The databases that a gateway is measured on: a SQLite file, or a PostgreSQL cluster of its own.

A store lives whole in the folder it is given, so that a filled one is copied by copying its folder while it is stopped.
"""

import contextlib
import glob
import os
import pwd
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

# What is not here has the default of PostgreSQL, the settings of its log included. The two promises are the default as well, and stand
# here because the figures mean nothing without them. There is no TCP port: on one machine the gateway comes by the socket, whose
# folder is said at each start, because a copy lies elsewhere.
POSTGRES_CONF = """
listen_addresses = ''
shared_buffers = 256MB
fsync = on
synchronous_commit = on
"""

# A cluster in use writes its log over files that it has; one that was just made would have to make each of them, 16 MiB of zeros and an
# fsync. So it has written some 300 MiB before anything is measured.
USED = [
    "CREATE TABLE used AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 300000) AS series(n)",
    "DROP TABLE used",
    "CHECKPOINT",
]


class Lite:
    """A SQLite file."""

    name = "SQLite"

    def __init__(self, home):
        self.file = home / "postdesk.db"
        self.url = f"sqlite:{self.file}"
        self.owner_url = self.url

    def start(self):
        pass

    def stop(self):
        pass

    def rows(self, query):
        """The answer as a list of tuples, or None when there are no such tables yet."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=10)) as store:
                return store.execute(query).fetchall()
        except sqlite3.OperationalError:
            return None

    def octets(self):
        return self.file.stat().st_size


class Postgres:
    """A cluster, run by an unprivileged user because PostgreSQL refuses root, and ended by its process number."""

    name = "PostgreSQL"

    def __init__(self, home):
        self.folder = home / "postgres"
        self.url = f"postgres://postdesk@/postdesk?host={self.folder}"
        self.owner_url = f"postgres:///postdesk?host={self.folder}&user=owner"
        self.process = None
        self.session = None

    def start(self):
        fresh = not self.folder.exists()
        if fresh:
            self.make()
        with open(self.folder / "log", "ab") as log:
            command = [programs() / "postgres", "-D", self.folder, "-k", self.folder]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.identity())
        self.wait_until_ready()
        if fresh:
            self.administer("CREATE ROLE postdesk LOGIN", "CREATE DATABASE postdesk OWNER postdesk", *USED)

    def make(self):
        user = unprivileged()
        self.folder.mkdir()
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        command = [programs() / "initdb", "-D", self.folder, "-U", "owner", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self.identity())
        with open(self.folder / "postgresql.conf", "a") as file:
            file.write(POSTGRES_CONF)

    def identity(self):
        user = unprivileged()
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": self.folder}

    def wait_until_ready(self):
        deadline = time.monotonic() + 120  # a copy of a large cluster may have to read its log first
        command = [programs() / "pg_isready", "-q", "-h", self.folder, "-d", "postgres", "-U", "owner"]
        while subprocess.run(command, check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"PostgreSQL does not start:\n{(self.folder / 'log').read_text()[-4000:]}")
            time.sleep(0.02)

    def administer(self, *statements):
        command = [programs() / "psql", "-qX", "-v", "ON_ERROR_STOP=1", f"postgres:///postgres?host={self.folder}&user=owner"]
        for statement in statements:
            subprocess.run([*command, "-c", statement], check=True)

    def stop(self):
        if self.session:
            self.session.stdin.close()
            self.session.wait()
            self.session = None
        if self.process:
            self.process.send_signal(signal.SIGINT)  # ends the sessions and writes a checkpoint
            self.process.wait(timeout=600)
            self.process = None

    def rows(self, query):
        """As above. One psql answers all of them: starting one for each question would take time from what is measured."""
        if not self.session:
            command = [programs() / "psql", "-qAtX", "-F", "\t", self.owner_url]
            pipe = subprocess.PIPE
            self.session = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        self.session.stdin.write(f"{query};\n\\echo # :ERROR\n")
        self.session.stdin.flush()
        answer = []
        while not (line := self.session.stdout.readline()).startswith("# "):
            if not line:
                raise SystemExit("psql has ended")
            answer.append(tuple(line.rstrip("\n").split("\t")))
        return answer if line == "# false\n" else None

    def octets(self):
        return int(self.rows("SELECT pg_database_size('postdesk')")[0][0])


def programs():
    """The folder of the newest PostgreSQL's programs."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb") or [shutil.which("initdb")]
    if not found[0]:
        raise SystemExit("tests/bench/run: PostgreSQL is missing (Debian: apt-get install postgresql)")
    return Path(max(found, key=lambda path: [int(digits) for digits in re.findall(r"\d+", path)])).parent


def unprivileged():
    for name in ["postgres", "nobody"]:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise SystemExit("there is neither a user postgres nor a user nobody to run PostgreSQL")


def copy(source, target):
    """Copies a stopped store with its owners, and waits for the disk, so that nothing of it is written during the measurement."""
    subprocess.run(["cp", "-a", source, target], check=True)
    os.sync()
