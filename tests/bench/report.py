"""Figures as Markdown: medians of the rounds, and their ratios."""

import os
import statistics
import subprocess
from pathlib import Path

from stores import programs


def report(options, results, lists):
    median = {name: middle(rounds) for name, rounds in results.items()}
    parts = [mail_table(median), *ratios(options, median), *reply_table(options, median), *list_table(lists)]
    parts.append(f"Medians of {options.rounds} rounds of {options.mails:,} mails, {machine(options)}.")
    return "\n\n".join(part for part in parts if part)


def mail_table(median):
    rate = median.get("Postfix", {}).get("accept")
    base = median.get("postdesk on SQLite", {}).get("decide")
    lines = [
        "| server | accepted mails/s | × Postfix | decided mails/s | × Postfix | × SQLite | peak memory MiB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, figures in median.items():
        if not name.startswith("replies"):
            accept, decide = figures["accept"], figures["decide"]
            cells = [name, number(accept), ratio(accept, rate), number(decide), ratio(decide, rate), ratio(decide, base)]
            lines.append(row(*cells, number(figures["memory"])))
    return "\n".join(lines) if len(lines) > 2 else ""


def ratios(options, median):
    """What the table does not say by itself: two gateways beside one, and the filled store beside the empty one."""
    one, two = median.get("postdesk on PostgreSQL"), median.get("postdesk × 2 on PostgreSQL")
    if one and two:
        accept, decide = ratio(two["accept"], one["accept"]), ratio(two["decide"], one["decide"])
        yield f"Two gateways on one PostgreSQL accept {accept} × and decide {decide} × what one does."
    for store in ["SQLite", "PostgreSQL"]:
        empty, full = median.get(f"postdesk on {store}"), median.get(f"postdesk on {store}, {options.tickets:,} tickets")
        if empty and full:
            rate = ratio(full["decide"], empty["decide"])
            yield f"With {options.tickets:,} tickets in {store}, new mail is decided at {rate} × the rate of the empty store."


def reply_table(options, median):
    lines = ["| replies, store | accepted mails/s | decided mails/s | × small store | peak memory MiB |", "|---|---:|---:|---:|---:|"]
    for store in ["SQLite", "PostgreSQL"]:
        small = median.get(f"replies on {store}, small")
        large = median.get(f"replies on {store}, {options.tickets:,} tickets")
        each = max(1, options.messages // max(1, options.tickets))
        for holds, messages, figures in [(options.mails, options.mails * each, small), (options.tickets, options.messages, large)]:
            if figures:
                name = f"{store}, {holds:,} tickets, {messages:,} messages"
                rate = ratio(figures["decide"], small["decide"])
                lines.append(row(name, number(figures["accept"]), number(figures["decide"]), rate, number(figures["memory"])))
    return ["\n".join(lines)] if len(lines) > 2 else []


def list_table(lists):
    if not lists:
        return []
    lines = [row("command, whole process", *(f"{store}: median ms | longest ms" for store in lists))]
    lines.append("|---|" + "---:|---:|" * len(lists))
    for verb in next(iter(lists.values())):
        cells = [f"{times[verb][0]:.1f} | {times[verb][1]:.1f}" for times in lists.values()]
        lines.append(row(f"`postdesk {verb}`", *cells))
    return ["\n".join(lines)]


def row(*cells):
    return f"| {' | '.join(cells)} |"


def middle(rounds):
    known = {key: [figures[key] for figures in rounds if figures[key] is not None] for key in rounds[0]}
    return {key: statistics.median(values) if values else None for key, values in known.items()}


def number(value):
    return "–" if value is None else f"{value:,.0f}"


def ratio(value, base):
    return "–" if value is None or not base else f"{value / base:.2f}"


def machine(options):
    model = "processor unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
    disk = answer("stat", "-f", "-c", "%T", options.folder)
    versions = f"Linux {os.uname().release}, Postfix {answer('postconf', '-d', '-h', 'mail_version')}"
    if options.store != "sqlite":
        versions += f", {answer(programs() / 'postgres', '--version')}"
    return f"{os.cpu_count()} cores ({model}), {disk}, {versions}"


def answer(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
