"""One slice of load: so many clients, one kind of work, about a second."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time

from speed import programs

BENCH = os.path.join(programs.ROOT, "bench")
# As in work.lua: of a hundred requests, how many are of each kind.
MIX = {"users-read": 40, "orders-read": 30, "orders-list": 5, "customers": 5, "users-create": 8, "orders-create": 12}


def wrk(url, work, connections, seconds, rows, tag):
    """Requests, seconds, and the latency's percentiles in milliseconds. Any answer that is not a success is an error of the run.

    wrk counts statuses from 400 up; that nothing answers with a redirect or the like, contenders.py has seen before.
    """
    # wrk knows whole seconds only, but ends in order when it is interrupted. One thread is enough; a second makes no difference.
    # A slow answer is a slow answer, and not a failure of the run.
    command = ["wrk", "-t1", f"-c{connections}", "-d60s", "--timeout=30s", "-s", os.path.join(BENCH, "work.lua"), url, "--", work,
               str(rows.users), str(rows.orders), tag]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        time.sleep(seconds)
        child.send_signal(signal.SIGINT)
        said, _ = child.communicate(timeout=30)
    finally:
        child.kill()
        child.wait()
    results = [line for line in said.splitlines() if line.startswith("{")]
    if not results:
        raise RuntimeError(f"wrk failed: {said.strip()}")
    result = json.loads(results[-1])
    refused, broken = result.pop("refused"), result.pop("broken")
    if refused or broken or not result["requests"]:
        raise RuntimeError(f"{work} with {connections} connections: of {result['requests']} requests {refused} were not answered "
                           f"with success, and {broken} connections broke or timed out")
    return result


def pgbench(cluster, work, connections, seconds, rows):
    """The same for PostgreSQL's own benchmark, which has no HTTP to speak and sends the statements of the usual way."""
    scripts = MIX if work == "mix" else {work: 1}
    command = [cluster.program("pgbench"), "-n", "-M", "prepared", f"-c{connections}", f"-j{min(2, connections)}",
               "-D", f"users={rows.users}", "-D", f"orders={rows.orders}"]
    for name, weight in scripts.items():
        command += ["-f", f"{os.path.join(BENCH, 'pgbench', name)}.sql@{weight}"]
    # pgbench knows whole seconds only, and on a busy machine the first may pass before all are connected.
    for seconds in (max(1, round(seconds)), 5):
        with tempfile.TemporaryDirectory() as folder:
            log = ["-T", str(seconds), "-l", "--log-prefix", os.path.join(folder, "log")]
            said = programs.do([*command, *log], env=cluster.environment(), start_new_session=True)
            times = sorted(latencies(folder))
        rate = re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE)
        failed = re.search(r"^number of failed transactions: (\d+)", said, re.MULTILINE)
        if failed and int(failed[1]):
            raise RuntimeError(f"pgbench, {work} with {connections} connections: {failed[1]} transactions failed")
        if rate and times:
            percentile = lambda part: times[int(len(times) * part)] / 1000
            return {"requests": len(times), "seconds": len(times) / float(rate[1]), "p50": percentile(0.5), "p99": percentile(0.99)}
    raise RuntimeError(f"pgbench, {work} with {connections} connections: no transaction")


def latencies(folder):
    """In microseconds, of each transaction in pgbench's logs."""
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as log:
            yield from (int(line.split()[2]) for line in log)
