"""The table of a run: on the terminal, and as docs/benchmarks.md."""

import json
import os
import platform
import subprocess
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from .measure import Finding, Outcome

BAR = 32


def number(value):
    if value != value:
        return "n/a"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"


def bars(outcome):
    """One line for each contender, longest = most."""
    most = max((value for _, value, _ in outcome.bars), default=1) or 1
    width = max((len(name) for name, _, _ in outcome.bars), default=0)
    return [f"{name:<{width}}  {'█' * max(1, round(value / most * BAR)):<{BAR}} {number(value):>9}"
            + (f"  {note}" if note else "") for name, value, note in outcome.bars]


def mark(finding):
    return {True: "reached", False: "**not reached**", None: ""}[finding.good]


def terminal(outcomes):
    for outcome in outcomes:
        print(f"\n({outcome.figure}) {outcome.title} [{outcome.unit}]")
        print("\n".join("  " + line for line in bars(outcome)))
        for each in outcome.findings:
            print(f"    {each.what:<44} {number(each.value):>9} {each.unit:<3} {each.reach:<9} "
                  f"{mark(each).strip('*')}")
        for note in outcome.notes:
            print(f"    {note}")


def machine():
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024 // 1024 + 1
    return f"{os.cpu_count()} × {model}, {memory} GB, {platform.system()} {platform.release()}"


def version(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout or done.stderr).strip().splitlines()[0] if done.stdout or done.stderr else "?"


def remember(path, outcomes, command, plan):
    """Keeps what was taken, by figure, so that a later run of one figure renews that one alone."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    for outcome in outcomes:
        kept[outcome.figure] = asdict(outcome) | {
            "date": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC", "command": command,
            "rounds": f"{plan.rounds} × {plan.seconds} s"}
    path.write_text(json.dumps(kept, indent=1))
    return kept


def restored(entry):
    """The outcome that `remember` kept."""
    fields = {name: entry[name] for name in ("figure", "title", "unit", "bars", "notes")}
    return Outcome(**fields, findings=[Finding(**each) for each in entry["findings"]])


def document(kept, root):
    """The Markdown text; what bounds each figure comes from bench/bounds.md, which people write."""
    bounds = read_bounds(root / "bench" / "bounds.md")
    outcomes = [(entry, restored(entry)) for _, entry in sorted(kept.items())]
    lines = ["# Benchmarks", "", "Written by `./dev bench`, which renews the figures it takes; what bounds each is",
             "kept in `bench/bounds.md`. Ratios are of medians of interleaved rounds, CPU is from `/proc`.", "",
             f"- Machine: {machine()}",
             f"- {version('redis-server', '--version').split(' sha')[0]}; {version('psql', '--version')}; "
             f"{version('nginx', '-v')}",
             "- Durability as shipped: `appendfsync always`, `synchronous_commit on`; logs and metrics on.", "",
             "| figure | what | value | reach | |", "| --- | --- | --- | --- | --- |"]
    for _, outcome in outcomes:
        lines += [f"| ({each.figure}) | {each.what} | {number(each.value)} {each.unit} | {each.reach} | {mark(each)} |"
                  for each in outcome.findings]
    for entry, outcome in outcomes:
        lines += ["", f"## ({outcome.figure}) {outcome.title}", "",
                  f"In {outcome.unit}; `{entry['command']}`, {entry['date']}, rounds {entry['rounds']}.", "", "```",
                  *bars(outcome), "```"]
        lines += [""] + outcome.notes if outcome.notes else []
        lines += ["", bounds[outcome.figure]] if outcome.figure in bounds else []
    return "\n".join(lines) + "\n"


def read_bounds(path):
    """Sections of bench/bounds.md by figure: `## a` and the text below it."""
    found, current = {}, None
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.startswith("## "):
            current = line[3:].strip()
            found[current] = ""
        elif current:
            found[current] += line + "\n"
    return {figure: text.strip() for figure, text in found.items()}
