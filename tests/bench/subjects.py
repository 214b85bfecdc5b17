"""The servers that are measured. Each is started in a folder of its own and ended by its process number."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

CONFIGURATION = """
[gateway]
name = "Load"
hostname = "desk.example.org"
data = "{folder}/data"
key_file = "{folder}/data/keys"
[store]
url = "sqlite:{folder}/data/postdesk.db"
[smtp]
listen = ["127.0.0.1:{port}"]
trusted_networks = ["127.0.0.0/8"]
[delivery]
relay = "discard:"
[acknowledgements]
per_hour = 1000000
per_day = 1000000
total_per_day = 1000000
[[department]]
key = "support"
name = "Support"
prefix = "SUP"
address = "support@desk.example.org"
mailboxes = ["help@shop.example"]
agents = ["ana"]
[[agent]]
key = "ana"
name = "Ana Agent"
address = "ana@private.example"
"""

# Every setting that is not here has the default of Postfix. It queues as it does for real mail, and then throws away.
MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
default_transport = discard:
"""

MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
"""


class Subject:
    """A server on a port. What only a gateway has is nothing here."""

    decides = False

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.process = None

    def arrivals(self):
        return 0

    def wait_until_decided(self, mails):
        pass

    def wait_until_sent(self):
        pass

    def peak_memory(self):
        return None

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Sink(Subject):
    """Takes everything and keeps nothing: what the load and the loopback can do at most."""

    def start(self):
        self.process = subprocess.Popen(["smtp-sink", "-u", "postfix", f"127.0.0.1:{self.port}", "1024"])

    def peak_memory(self):
        return peak_of(self.process.pid)


class Postfix(Subject):
    """Queues each mail on the disk, as it does for real mail, and throws it away afterwards."""

    def start(self):
        for name in ["etc", "queue"]:
            (self.folder / name).mkdir()
        (self.folder / "etc/main.cf").write_text(MAIN_CF.format(folder=self.folder))
        (self.folder / "etc/master.cf").write_text(MASTER_CF.format(port=self.port))
        subprocess.run(["postfix", "-c", self.folder / "etc", "start"], check=True, stderr=subprocess.DEVNULL)

    def stop(self):
        subprocess.run(["postfix", "-c", self.folder / "etc", "stop"], check=False, stderr=subprocess.DEVNULL)


class Postdesk(Subject):
    """The gateway, on an empty store or on a copy of a full one."""

    decides = True

    def __init__(self, folder, binary, store):
        super().__init__(folder)
        self.binary = Path(binary).resolve()
        if store:
            shutil.copytree(store, folder / "data")
            # The copy is to be on the disk before the measurement, not during it.
            os.sync()

    def start(self):
        (self.folder / "data").mkdir(exist_ok=True)
        file = self.folder / "postdesk.toml"
        file.write_text(CONFIGURATION.format(folder=self.folder, port=self.port))
        log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([self.binary, "--config", file, "serve"], stdout=log, stderr=log, cwd=self.folder)
        self.wait("the store", lambda: self.count("SELECT count(*) FROM arrival") is not None)

    def arrivals(self):
        return self.count("SELECT count(*) FROM arrival")

    def wait_until_decided(self, mails):
        self.wait("the last decision", lambda: self.count("SELECT count(*) FROM arrival WHERE outcome IS NULL") == 0)
        tickets = self.count("SELECT count(*) FROM ticket")
        if tickets != mails:
            raise SystemExit(f"{mails} mails made {tickets} tickets")

    def wait_until_sent(self):
        unsent = "SELECT count(*) FROM outbox WHERE state IN ('due', 'leased')"
        self.wait("the last notice", lambda: self.count(unsent) == 0)

    def peak_memory(self):
        return peak_of(self.process.pid)

    def count(self, query):
        try:
            store = sqlite3.connect(f"file:{self.folder}/data/postdesk.db?mode=ro", uri=True, timeout=10)
            try:
                return store.execute(query).fetchone()[0]
            finally:
                store.close()
        except sqlite3.OperationalError:
            return None  # not there yet

    def wait(self, what, ready):
        deadline = time.monotonic() + 600
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"waited in vain for {what}:\n{(self.folder / 'log').read_text()[-4000:]}")
            time.sleep(0.01)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def peak_of(pid):
    """The largest resident set the process ever had, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None
