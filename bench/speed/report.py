"""The results on paper: what was asked of the product and whether it was reached, the ratios, and the raw numbers."""

import json
import os
import shutil
import statistics
import subprocess
from dataclasses import dataclass

from speed import contenders, measure, programs

PLOT = os.path.join(programs.ROOT, "bench", "speed", "plot.py")
MATPLOTLIB = "matplotlib==3.10.*"


@dataclass
class Target:
    """`values` are of the rounds; their median is held against the bound."""

    what: str
    values: list
    sign: str
    bound: float
    unit: str = ""

    @property
    def reached(self):
        median = statistics.median(self.values)
        return median >= self.bound if self.sign == "≥" else median <= self.bound

    def row(self):
        number = lambda value: f"{value:.2f}{self.unit}" if not self.unit else f"{value:.0f}{self.unit}"
        return [self.what, f"{self.sign} {number(self.bound)}", spread(self.values, number), "reached" if self.reached else "**missed**"]


class Samples:
    """The slices of all rounds."""

    def __init__(self, samples):
        self.all = [{**sample, "rate": sample["requests"] / sample["seconds"]} for sample in samples]
        self.by_place = {self.place(sample, sample["contender"]): sample for sample in self.all}

    @staticmethod
    def place(sample, contender):
        return sample["round"], sample["work"], sample["connections"], contender

    def of(self, work, connections, field, contender):
        return [sample[field] for sample in self.all
                if (sample["work"], sample["connections"], sample["contender"]) == (work, connections, contender)]

    def ratios(self, work, connections, field, contender):
        """The product's number over the contender's, in each round that has both."""
        both = [(sample, self.by_place.get(self.place(sample, contender))) for sample in self.all
                if (sample["work"], sample["connections"], sample["contender"]) == (work, connections, "product")]
        return [sample[field] / other[field] for sample, other in both if other]

    def contenders(self):
        return list(dict.fromkeys(one.name for one in contenders.everyone() if any(s["contender"] == one.name for s in self.all)))


def targets(results):
    """What is asked of the product, wherever it was measured."""
    samples = Samples(results["samples"])
    asked = []

    def ratio(what, work, connections, field, contender, sign, bound):
        asked.append(Target(f"{work}, {connections}: {what} {contender}", samples.ratios(work, connections, field, contender), sign, bound))

    for contender, bound in [("usual", 2.5), ("axum-sqlx", 3.5), ("axum-tokio-postgres", 1.3), ("pgbench", 1.3), ("constant", 0.65)]:
        for work in measure.POINT_READS:
            ratio("throughput over", work, 64, "rate", contender, "≥", bound)
    for contender, bound in [("usual", 4), ("pgbench", 2)]:
        for work in measure.CREATES:
            ratio("throughput over", work, 64, "rate", contender, "≥", bound)
    for contender in ["usual", "shared", "axum-sqlx", "axum-tokio-postgres", "fastify", "fastapi"]:
        # Below that of each contender, whatever the work: so the work where it is nearest, or above, speaks for all.
        found = {work: samples.ratios(work, 64, "p99", contender) for work in contenders.WORK}
        found = {work: values for work, values in found.items() if values}
        if found:
            worst = max(found, key=lambda work: statistics.median(found[work]))
            asked.append(Target(f"any work, 64: p99 over {contender}, at worst ({worst})", found[worst], "≤", 1))
    for work in ["users-read", "orders-create", "mix"]:
        ratio("latency over", work, 1, "p50", "usual", "≤", 1.1)
    for work in measure.POINT_READS + measure.CREATES:
        ratio("throughput over", work, 64, "rate", "shared", "≥", 0.95)
    ratio("latency over the JOIN of", "customers", 64, "p50", "shared", "≤", 1.5)

    memory = results.get("memory", {}).get("product")
    asked.append(Target("memory under load at 64", [memory["rss"] / 1e6] if memory else [], "≤", 64, " MB"))
    idle = results.get("idle_bytes")
    asked.append(Target("memory for 1,000 idle connections", [idle / 1e6] if idle is not None else [], "≤", 20, " MB"))
    starts = [seconds * 1000 for seconds in results.get("start_seconds", [])]
    asked.append(Target("start to first answer, its database up", starts, "≤", 200, " ms"))
    for work, values in results.get("growth", {}).items():
        asked.append(Target(f"{work}, 64: latency with ten times the rows", values, "≤", 1.2))
    for work, values in results.get("clients", {}).items():
        asked.append(Target(f"{work}: throughput with ten times the clients (640)", values, "≥", 0.95))
    return [target for target in asked if target.values]


def write(results, folder):
    os.makedirs(folder, exist_ok=True)
    raw = os.path.join(folder, "latest.json")
    with open(raw, "w") as file:
        file.write(raw_text(results))
    picture = os.path.join(folder, "throughput.svg")
    drawn = draw(raw, picture)
    with open(os.path.join(folder, "README.md"), "w") as file:
        file.write(paper(results, drawn))


def raw_text(results):
    """JSON with one line for each sample, so that a change of the results can be read."""
    rest = {name: value for name, value in results.items() if name != "samples"}
    lines = ",\n".join("  " + json.dumps(sample) for sample in results["samples"])
    return json.dumps(rest, indent=1)[:-2] + f',\n "samples": [\n{lines}\n ]\n}}\n'


def draw(raw, picture):
    """Draws by matplotlib, in an environment of its own. Without it, the tables still tell everything."""
    folder = os.path.join(programs.TOOLS, "plot")
    python = os.path.join(folder, "bin", "python")
    try:
        if not os.path.exists(os.path.join(folder, "installed")):
            shutil.rmtree(folder, ignore_errors=True)
            programs.do(["python3", "-m", "venv", folder])
            programs.do([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", MATPLOTLIB])
            open(os.path.join(folder, "installed"), "w").close()
        programs.do([python, PLOT, raw, picture])
        return True
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        programs.say(f"No plot: {error}")
        return False


def paper(results, drawn):
    samples, machine = Samples(results["samples"]), results["machine"]
    asked = targets(results)
    others = [name for name in samples.contenders() if name != "product"]
    times = lambda value: f"{value:.2f}"

    parts = [f"""# Results

Written by `bench/run`, which `./dev bench` calls; do not edit. {machine['date']}, commit {machine['commit']}, {results['seconds']} s:
{machine['cores']} cores ({machine['processor']}), {machine['memory_gb']} GB, {machine['postgresql']}, {machine['rust']},
{results['rows']['users']:,} users and {results['rows']['orders']:,} orders{', a quick run' if results['quick'] else ''}. Server, PostgreSQL and load generator share these cores;
the load average before was {machine['load_before']}.

Each contender has a PostgreSQL of its own with the same rows and settings. They take turns in slices of about a second; a ratio is
the product's number over the contender's in the same round. Shown are the median and, in parentheses, the least and the most."""]
    if results["left_out"]:
        parts.append("Left out: " + "; ".join(f"{name} ({why.splitlines()[0][:120]})" for name, why in results["left_out"].items()) + ".")
    if drawn:
        parts.append("![Requests in a second, by work and contender](throughput.svg)")
    reached = sum(target.reached for target in asked)
    parts.append(f"## Targets\n\nReached: {reached} of {len(asked)}.\n\n" + table(["what", "target", "measured", ""], [target.row() for target in asked]))

    counts = sorted({sample["connections"] for sample in samples.all}, key=lambda count: (count != 64, count))
    for field, title, words in [
        ("rate", "Throughput", "Requests in a second, and how many times each contender's that is. More is better."),
        ("p50", "Median latency", "Milliseconds, and how many times each contender's that is. Less is better."),
        ("p99", "99th percentile of the latency", "Milliseconds, and how many times each contender's that is. Less is better."),
    ]:
        rows = []
        for connections in counts:
            for work in contenders.WORK:
                own = samples.of(work, connections, field, "product")
                if own:
                    median = statistics.median(own)
                    ratios = [samples.ratios(work, connections, field, name) for name in others]
                    rows.append([work, str(connections), f"{median:,.0f}" if field == "rate" else f"{median:.2f}",
                                 *[spread(values, times) if values else "" for values in ratios]])
        parts.append(f"## {title}\n\n{words}\n\n" + table(["work", "connections", "product", *[f"× {name}" for name in others]], rows))

    if results.get("memory"):
        rows = [[name, f"{memory['rss'] / 1e6:.0f} MB", f"{memory['peak_rss'] / 1e6:.0f} MB"] for name, memory in results["memory"].items()]
        parts.append("## Memory\n\nAfter the rounds at 64 connections, all processes of each together, without PostgreSQL.\n\n"
                     + table(["contender", "resident", "peak"], rows))
    return "\n\n".join(parts) + "\n\n" + NOTES


NOTES = """## How to read this

- `usual` works on the product's own two schemas as one superuser, the others on one schema that they share. What each does, and
  what it does less than the product, is in `bench/contenders`.
- `constant` is the product answering `GET /health/live`: what HTTP alone costs, with this load generator.
- `pgbench` speaks no HTTP: the statements of the usual way, prepared, from as many connections as the others have clients. It has
  no generator of ids, so PostgreSQL computes them, which costs it a little.
- `mix` is 80 % reads: 40 users, 30 orders, 5 lists, 5 customers with orders; 8 registrations and 12 orders placed.
- Creates leave their rows behind, so whoever is faster has more rows by the end; but a tenth of the users order and the others are
  read, so nobody's lists grow.
- Any answer that is not a success fails the run; before it, each contender shows that it answers rightly.

```sh
./dev bench                                          # everything, ten minutes
bench/run --quick                                    # two minutes
bench/run --only product,pgbench --work users-read   # into target/bench, as every run that leaves something out
```
"""


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(values, text):
    median = text(statistics.median(values))
    return median if len(values) == 1 else f"{median} ({text(min(values))}–{text(max(values))})"
