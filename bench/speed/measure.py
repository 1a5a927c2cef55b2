"""What is measured: rounds of short slices in which the contenders take turns, and a few things about the product alone."""

import contextlib
import http.client
import os
import statistics
import time
from dataclasses import dataclass

from speed import contenders, programs

CREATES = ["users-create", "orders-create"]
POINT_READS = ["users-read", "orders-read"]


@dataclass(frozen=True)
class Rows:
    users: int
    orders: int


@dataclass(frozen=True)
class Cell:
    """One kind of work with so many connections, measured in so many rounds."""

    work: str
    connections: int
    rounds: int


def cells(quick, work, connections):
    """What is compared at each number of connections, the wide comparison first."""
    if quick:
        wanted = [Cell(kind, 64, 3) for kind in POINT_READS + CREATES] + [Cell("users-read", 1, 3)]
    else:
        wanted = [Cell(kind, 64, 5) for kind in contenders.WORK]
        wanted += [Cell(kind, count, 3) for count in (1, 16, 256) for kind in ("users-read", "orders-create", "mix")]
    return [cell for cell in wanted if cell.work in work and cell.connections in connections]


class Clock:
    """Shares the time that is left out among the slices, and shows how far the run is."""

    def __init__(self, ends, shortest):
        self.ends = ends
        self.shortest = shortest
        self.left = 0
        self.done = 0

    def plan(self, slices):
        self.left = slices

    def slice(self):
        # Starting a load generator and ending it takes a tenth of a second.
        share = (self.ends - time.monotonic()) / max(1, self.left) - 0.12
        return min(1.0, max(self.shortest, share))

    def tick(self, what):
        self.left -= 1
        self.done += 1
        remaining = self.left * (self.slice() + 0.12)
        programs.say(f"[{self.done}/{self.done + self.left}, {remaining:.0f} s to go] {what}")


def rounds(cells, field, rows, clock):
    """Every cell once in each round; within a round the contenders follow each other directly, each time in another order.
    Memory is looked at after the rounds with 64 connections."""
    samples, memory = [], {}
    takes_part = lambda one, cell: cell.work in one.work and cell.connections <= one.most_connections
    clock.plan(sum(1 for cell in cells for one in field if takes_part(one, cell)
                   for _ in range(cell.rounds + (cell.connections == 64))))
    warmed = set()
    counts = sorted({cell.connections for cell in cells}, key=lambda count: (count != 64, count))
    for connections in counts:
        at_this = [cell for cell in cells if cell.connections == connections]
        for round in range(max(cell.rounds for cell in at_this)):
            for cell in at_this:
                if round >= cell.rounds:
                    continue
                starters = [one for one in field if takes_part(one, cell)]
                turn = round % len(starters)
                for one in starters[turn:] + starters[:turn]:
                    tag = f"s{len(samples)}"
                    if connections == 64 and (one.name, cell.work) not in warmed:
                        warmed.add((one.name, cell.work))
                        one.slice(cell.work, connections, clock.shortest, rows, "warm-" + tag)
                        clock.tick(f"warm-up: {one.name}, {cell.work}")
                    sample = one.slice(cell.work, connections, clock.slice(), rows, tag)
                    samples.append({"round": round, "work": cell.work, "connections": connections, "contender": one.name, **sample})
                    clock.tick(f"{cell.work}, {connections} connections, round {round + 1}: {one.name} "
                               f"{sample['requests'] / sample['seconds']:,.0f}/s, p99 {sample['p99']:.2f} ms")
        if connections == 64:
            memory = {one.name: {"rss": one.memory(), "peak_rss": one.memory("VmHWM")} for one in field if one.process}
    return {"samples": samples, "memory": memory}


def pairs(one, other, slice_one, slice_other, count):
    """Alternating slices of two things; returns each pair."""
    return [(slice_one(f"{one}-{at}"), slice_other(f"{other}-{at}")) for at in range(count)]


def ten_times_the_clients(product, rows, seconds, count):
    """Throughput at 640 connections over that at 64."""
    result = {}
    for work in ["users-read", "orders-create"]:
        at = lambda connections: lambda tag: product.slice(work, connections, seconds, rows, f"clients-{tag}")
        rate = lambda sample: sample["requests"] / sample["seconds"]
        result[work] = [rate(many) / rate(few) for few, many in pairs("64", "640", at(64), at(640), count)]
        programs.say(f"ten times the clients, {work}: throughput × {statistics.median(result[work]):.2f}")
    return result


def ten_times_the_rows(few, few_rows, many, many_rows, seconds, count):
    """Median latency on the many rows over that on the few."""
    result = {}
    for work in ["users-read", "orders-read", "orders-list"]:
        on = lambda product, rows: lambda tag: product.slice(work, 64, seconds, rows, f"rows-{tag}")
        on(few, few_rows)("warm-up")
        on(many, many_rows)("warm-up")
        result[work] = [large["p50"] / small["p50"] for small, large in
                        pairs("few", "many", on(few, few_rows), on(many, many_rows), count)]
        programs.say(f"ten times the rows, {work}: latency × {statistics.median(result[work]):.2f}")
    return result


def start_and_idle(command, cluster, count):
    """With its database up: seconds from start to the first answer, and bytes for a thousand connections that ask nothing."""
    urls = cluster.service_logins()
    log = cluster.path("start.log")
    starts = []
    for at in range(count):
        port = contenders.free_port()
        begun = time.monotonic()
        with programs.running([*command, "--listen", f"127.0.0.1:{port}"], log, env={**os.environ, **urls}) as process:
            contenders.first_answer(process, port, log)
            starts.append(time.monotonic() - begun)
            if at == count - 1:
                idle = thousand_idle(process, port)
    programs.say(f"start to first answer: {statistics.median(starts) * 1000:.0f} ms; "
                 f"a thousand idle connections: {idle / 1e6:.1f} MB")
    return {"start_seconds": starts, "idle_bytes": idle}


def thousand_idle(process, port):
    with contextlib.ExitStack() as open_connections:
        def connect():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            open_connections.callback(connection.close)
            connection.request("GET", contenders.READS["users-read"].format(user=contenders.USER))
            connection.getresponse().read()

        # What the first requests of a process allocate is not the price of a connection.
        for _ in range(10):
            connect()
        before = contenders.memory(process.pid)
        for _ in range(1000):
            connect()
        return contenders.memory(process.pid) - before
