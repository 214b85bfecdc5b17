"""The servers that are measured. Each is started in a folder of its own and ended by its process number."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from fill import DEPARTMENTS

CONFIGURATION = """
[gateway]
name = "Load"
hostname = "desk.example.org"
data = "{folder}/data"
key_file = "{folder}/data/keys"
[store]
url = "{url}"
[smtp]
listen = ["127.0.0.1:{port}"]
trusted_networks = ["127.0.0.0/8"]
[delivery]
relay = "discard:"
[acknowledgements]
per_hour = 1000000
per_day = 1000000
total_per_day = 1000000
"""

# A department has one agent, so that each mail makes one notice to an agent. The load of new mail goes to the first of them.
DEPARTMENT = """
[[department]]
key = "{key}"
name = "{key}"
prefix = "{prefix}"
address = "{key}@desk.example.org"
agents = ["{agent}"]
[[agent]]
key = "{agent}"
name = "{agent}"
address = "{agent}@private.example"
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
        self.ports = [free_port()]
        self.process = None

    def tickets(self):
        return 0

    def wait_until_decided(self):
        pass

    def wait_until_sent(self):
        pass

    def peak_memory(self):
        return None

    def stop(self):
        if self.process:
            end(self.process)


class Sink(Subject):
    """Takes everything and keeps nothing: what the load and the loopback can do at most."""

    def start(self):
        self.process = subprocess.Popen(["smtp-sink", "-u", "postfix", f"127.0.0.1:{self.ports[0]}", "1024"])
        wait_for_greeting(self.ports[0], self.process)

    def peak_memory(self):
        return peak_of(self.process.pid)


class Postfix(Subject):
    """Queues each mail on the disk, as it does for real mail, and throws it away afterwards."""

    def start(self):
        for name in ["etc", "queue"]:
            (self.folder / name).mkdir()
        (self.folder / "etc/main.cf").write_text(MAIN_CF.format(folder=self.folder))
        (self.folder / "etc/master.cf").write_text(MASTER_CF.format(port=self.ports[0]))
        subprocess.run(["postfix", "-c", self.folder / "etc", "start"], check=True, stderr=subprocess.DEVNULL)
        wait_for_greeting(self.ports[0])

    def stop(self):
        subprocess.run(["postfix", "-c", self.folder / "etc", "stop"], check=False, stderr=subprocess.DEVNULL)


class Postdesk(Subject):
    """One or several gateways on one store. The folder holds all of it, and may be the copy of a filled one."""

    decides = True

    def __init__(self, folder, binary, store, gateways=1):
        super().__init__(folder)
        self.ports = [free_port() for _ in range(gateways)]
        self.binary = Path(binary).resolve()
        self.store = store(folder)
        self.processes = []

    def start(self):
        self.store.start()
        for number, port in enumerate(self.ports):
            place = self.folder / f"gateway{number}"
            (place / "data").mkdir(parents=True, exist_ok=True)
            if number > 0:
                # The first one made the keys when it started; all gateways of a store have the same.
                shutil.copy(self.folder / "gateway0/data/keys", place / "data/keys")
            self.start_gateway(place, port)
        self.wait("the store", lambda: self.store.rows("SELECT next FROM counter") is not None)

    def start_gateway(self, place, port):
        text = CONFIGURATION.format(folder=place, port=port, url=self.store.url)
        text += "".join(DEPARTMENT.format(key=key, prefix=prefix, agent=agent) for key, prefix, agent in DEPARTMENTS)
        (place / "postdesk.toml").write_text(text)
        with open(place / "log", "wb") as log:
            command = self.command(place, "serve")
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=place))
        wait_for_greeting(port, self.processes[-1])

    def command(self, place, *verbs):
        return [self.binary, "--config", place / "postdesk.toml", *verbs]

    def stop(self):
        for process in self.processes:
            end(process)
        self.processes = []
        self.store.stop()

    def tickets(self):
        return self.count("SELECT count(*) FROM ticket")

    def wait_until_decided(self):
        self.wait("the last decision", lambda: self.count("SELECT count(*) FROM arrival WHERE outcome IS NULL") == 0)

    def wait_until_sent(self):
        unsent = "SELECT count(*) FROM outbox WHERE state IN ('due', 'leased')"
        self.wait("the last notice", lambda: self.count(unsent) == 0)

    def peak_memory(self):
        return max(peak_of(process.pid) for process in self.processes)

    def count(self, query):
        rows = self.store.rows(query)
        return int(rows[0][0]) if rows else None

    def wait(self, what, ready):
        deadline = time.monotonic() + 600
        while not ready():
            if any(process.poll() is not None for process in self.processes) or time.monotonic() > deadline:
                logs = [file.read_text()[-4000:] for file in self.folder.glob("gateway*/log")]
                raise SystemExit(f"waited in vain for {what}:\n" + "\n".join(logs))
            time.sleep(0.01)


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for_greeting(port, process=None):
    """Gives up early when the process has ended."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                if connection.recv(4).startswith(b"220"):
                    return
        except OSError:
            pass
        time.sleep(0.02)
    raise SystemExit(f"nothing greets on port {port}")


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
