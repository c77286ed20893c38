"""Rounds, medians, findings: how figures are taken, and what they leave for the report."""

import sys
import time
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Sample:
    """One contender in one round. CPU is in microseconds for each item, by role."""
    rate: float = 0.0
    cpu: dict = field(default_factory=dict)
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    errors: int = 0

    @property
    def cpu_us(self):
        return sum(self.cpu.values())


@dataclass
class Finding:
    """One line of the table: what was reached, what was to be reached."""
    figure: str
    what: str
    value: float
    unit: str
    reach: str = ""
    good: bool | None = None


@dataclass
class Outcome:
    """What one figure leaves: findings, a bar chart (label, value, note), and prose on what bounds it."""
    figure: str
    title: str
    unit: str
    bars: list = field(default_factory=list)
    findings: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def find(self, what, value, unit, low=None, high=None):
        """Records a value that should be at least `low` or at most `high`."""
        reach = f"≥ {low:g}" if low is not None else f"≤ {high:g}" if high is not None else ""
        good = None if not reach else value >= low if low is not None else value <= high
        self.findings.append(Finding(self.figure, what, value, unit, reach, good))


@dataclass
class Plan:
    """How long and how often."""
    rounds: int = 3
    seconds: int = 6
    quick: bool = False


def interleave(contenders, rounds):
    """Runs `{name: function}` in turns; the median of each number, by name."""
    samples = {name: [] for name in contenders}
    for number in range(rounds):
        for name, run in contenders.items():
            tell(f"  round {number + 1}/{rounds}  {name} …")
            sample = run()
            samples[name].append(sample)
            tell(f"  round {number + 1}/{rounds}  {name:<26} {sample.rate:>10,.0f} /s  {sample.cpu_us:>8.1f} µs CPU"
                 + (f"  {sample.errors} errors" if sample.errors else ""), end=True)
    return {name: middle(taken) for name, taken in samples.items()}


def middle(samples):
    roles = {role for sample in samples for role in sample.cpu}
    return Sample(
        rate=median(s.rate for s in samples), p50_ms=median(s.p50_ms for s in samples),
        p99_ms=median(s.p99_ms for s in samples), errors=sum(s.errors for s in samples),
        cpu={role: median(s.cpu.get(role, 0.0) for s in samples) for role in sorted(roles)})


def ratio_of(samples, one, other, what=lambda sample: sample.rate):
    return what(samples[one]) / what(samples[other]) if what(samples[other]) else float("nan")


class Meter:
    """CPU seconds that processes spend between two moments, by role."""

    def __init__(self, **processes):
        self.processes = processes
        self.begin = {role: process.cpu_seconds() for role, process in processes.items()}

    def microseconds(self, items):
        return {role: (process.cpu_seconds() - self.begin[role]) * 1e6 / max(items, 1)
                for role, process in self.processes.items()}


STARTED = time.monotonic()


def tell(text, end=False):
    """Progress on stderr: a line that is overwritten on a terminal, and only whole lines elsewhere."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}" + ("\n" if end else ""))
    elif end:
        sys.stderr.write(f"[{time.monotonic() - STARTED:5.0f} s] {text}\n")
    sys.stderr.flush()
