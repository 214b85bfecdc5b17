"""The loads: new mail by Postfix's smtp-source, and replies to stored tickets, which it cannot make because each of them is different."""

import itertools
import multiprocessing
import socket
import subprocess

SESSIONS = 20
OCTETS = 4096
RECIPIENT = "support@desk.example.org"
LINE = b"X" * 76 + b"\r\n"


class NewMail:
    """Each mail opens a ticket. A connection a mail, so many at a time; over several ports the mails and the sessions are divided."""

    def __init__(self, mails):
        self.mails = mails

    def prepare(self, subject):
        self.before = subject.tickets()

    def send(self, subject):
        ports = len(subject.ports)
        shares = [self.mails * (number + 1) // ports - self.mails * number // ports for number in range(ports)]
        sources = [smtp_source(port, share, SESSIONS // ports) for port, share in zip(subject.ports, shares)]
        if any([source.wait() != 0 for source in sources]):
            raise SystemExit("smtp-source has failed")

    def check(self, subject):
        made = subject.tickets() - self.before
        if subject.decides and made != self.mails:
            raise SystemExit(f"{self.mails} mails made {made} tickets")

    def close(self):
        pass


def smtp_source(port, mails, sessions):
    command = ["smtp-source", "-s", str(min(sessions, mails)), "-l", str(OCTETS), "-m", str(mails)]
    return subprocess.Popen([*command, "-f", "load@customer.example", "-t", RECIPIENT, f"127.0.0.1:{port}"])


class Replies:
    """Each mail replies to another ticket of a filled store, written by who opened it: half of them say so by the id of a stored
    message in In-Reply-To, the others by the reference in the subject. One process a connection, kept for all of its mails."""

    def __init__(self, mails, tickets, number):
        self.mails = mails
        self.tickets = tickets
        self.number = number
        self.senders = []

    def prepare(self, subject):
        """Writes all mails and connects, so that neither counts."""
        self.before = subject.count("SELECT max(id) FROM arrival")
        self.made_before = subject.tickets()
        mails = [reply(target, order, self.number) for order, target in enumerate(self.targets(subject))]
        context = multiprocessing.get_context("fork")
        self.begin = context.Event()
        ready = context.Semaphore(0)
        for session, port in zip(range(SESSIONS), itertools.cycle(subject.ports)):
            share = mails[session::SESSIONS]
            self.senders.append(context.Process(target=send_all, args=(port, share, ready, self.begin), daemon=True))
            self.senders[-1].start()
        for _ in self.senders:
            if not ready.acquire(timeout=60):
                raise SystemExit("a sender of replies could not connect")

    def targets(self, subject):
        """Tickets that are not closed, spread evenly over those that are reached, others in each round."""
        targets = subject.store.rows(
            "SELECT number, department, requester_address, last_message_id FROM ticket "
            f"WHERE number BETWEEN {self.tickets[0]} AND {self.tickets[-1]} AND status <> 'closed' ORDER BY number"
        )
        count = len(targets)
        if count < self.mails:
            raise SystemExit(f"{count} of the tickets are not closed, too few for {self.mails} replies")
        step = count // self.mails
        return [targets[order * count // self.mails + self.number % step] for order in range(self.mails)]

    def send(self, _subject):
        self.begin.set()
        for sender in self.senders:
            sender.join()
        if any(sender.exitcode != 0 for sender in self.senders):
            raise SystemExit("a sender of replies has failed")

    def check(self, subject):
        """Every reply has become a message of the very ticket that its Message-ID says."""
        joined = subject.count(
            f"SELECT count(*) FROM arrival a JOIN message m ON m.arrival = a.id WHERE a.id > {self.before} AND a.outcome = 'reply' "
            f"AND m.kind = 'reply' AND m.message_id = 'reply.{self.number}.' || m.ticket || '@load.example'"
        )
        made = subject.tickets() - self.made_before
        if joined != self.mails or made != 0:
            raise SystemExit(f"of {self.mails} replies {joined} joined their ticket, and {made} tickets were made")

    def close(self):
        for sender in self.senders:
            sender.kill()
            sender.join()


def reply(target, order, number):
    """The envelope, and the mail with its end. Dots need no doubling: no line begins with one."""
    ticket, department, sender, message_id = target
    prefix = {"support": "SUP", "sales": "SAL", "billing": "BIL"}[department]
    recipient = f"{department}@desk.example.org"
    evidence = f"Subject: Re: an order\r\nIn-Reply-To: <{message_id}>" if order % 2 else f"Subject: Re: an order [{prefix}-{ticket}]"
    head = (
        f"From: <{sender}>\r\nTo: <{recipient}>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n"
        f"Message-ID: <reply.{number}.{ticket}@load.example>\r\n{evidence}\r\n\r\n"
    ).encode()
    body = LINE * ((OCTETS - len(head)) // len(LINE))
    return f"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode(), head + body + b".\r\n"


def send_all(port, mails, ready, begin):
    """One connection: the commands of each mail together, and the mail when it was asked for."""
    with socket.create_connection(("127.0.0.1", port), timeout=600) as connection, connection.makefile("rb") as answers:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        expect(answers, b"220")
        connection.sendall(b"EHLO load.example\r\n")
        expect(answers, b"250")
        ready.release()
        begin.wait()
        for envelope, mail in mails:
            connection.sendall(envelope)
            for code in [b"250", b"250", b"354"]:
                expect(answers, code)
            connection.sendall(mail)
            expect(answers, b"250")
        connection.sendall(b"QUIT\r\n")
        expect(answers, b"221")


def expect(answers, code):
    while (line := answers.readline())[3:4] == b"-":
        pass
    if not line.startswith(code):
        raise SystemExit(f"wanted {code!r}, got {line!r}")
