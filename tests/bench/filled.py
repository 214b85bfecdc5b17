"""A filled store, and beside it a small one with the same kind of tickets."""

import statistics
import subprocess
import sys
import time

from fill import Filling, fill
from stores import copy
from subjects import Postdesk

LISTS = [
    ["ticket", "list"],
    ["ticket", "list", "--status", "open"],
    ["ticket", "list", "--assignee", "ana"],
    ["ticket", "list", "--department", "support"],
]
REPEATS = 21


class Filled:
    """Both are filled once. The large one is then used in place, because copying it would take minutes: each measurement leaves its
    mails there, few beside what it holds. The small one is copied for each measurement. It has as many tickets as there are mails in a
    load, none of them closed, so that each reply goes to another ticket on either store."""

    def __init__(self, options, folder, store):
        self.options = options
        self.store = store
        self.folder = folder
        folder.mkdir()
        folder.chmod(0o755)
        self.make(folder / "large", Filling(options.tickets, options.messages))
        if "replies" in options.subjects:
            each = max(1, options.messages // options.tickets)
            self.make(folder / "small", Filling(options.mails, options.mails * each, closed=0))

    def make(self, place, filling):
        """The gateway makes the tables, then the generator fills them."""
        place.mkdir()
        place.chmod(0o755)
        subject = Postdesk(place, self.options.binary, self.store)
        try:
            subject.start()
        finally:
            subject.stop()
        store = self.store(place)
        try:
            store.start()
            fill(store.owner_url, filling)
            print(f"{self.store.name}: {store.octets() / 2**30:.2f} GiB", file=sys.stderr)
        finally:
            store.stop()

    def subject(self, _place=None):
        return Postdesk(self.folder / "large", self.options.binary, self.store)

    def small_subject(self, place):
        place.rmdir()
        copy(self.folder / "small", place)
        return Postdesk(place, self.options.binary, self.store)


def time_lists(subject, options):
    """Milliseconds from the start of the program to its end, beside a gateway without work: {verb: (median, longest)}."""
    times = {}
    try:
        subject.start()
        for verb in LISTS:
            command = subject.command(subject.folder / "gateway0", *verb)
            times[" ".join(verb)] = time_command(command)
    finally:
        subject.stop()
    print(f"lists: {times}", file=sys.stderr)
    return times


def time_command(command):
    taken = []
    for _ in range(REPEATS):
        begun = time.monotonic()
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        taken.append(1_000 * (time.monotonic() - begun))
        if answer.count("\n") < 50:
            raise SystemExit(f"{command} listed too little:\n{answer}")
    return statistics.median(taken), max(taken)
