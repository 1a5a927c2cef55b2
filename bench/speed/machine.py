"""Facts of the machine, without which a number means little."""

import contextlib
import datetime
import os
import platform
import shutil
import subprocess

from speed import programs


def facts(bin_dir):
    def said(*command):
        with contextlib.suppress(OSError):
            done = subprocess.run(command, capture_output=True, text=True, cwd=programs.ROOT)
            # wrk prints its version and exits with 1.
            return (done.stdout or done.stderr).split("\n")[0].strip()

    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    wrk = said("wrk", "-v") or ""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": said("git", "rev-parse", "--short", "HEAD") + ("*" if said("git", "status", "--porcelain", "src") else ""),
        "cores": os.cpu_count(),
        "processor": models[0] if models else platform.machine(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "load_before": round(os.getloadavg()[0], 2),
        "kernel": platform.release(),
        "rust": said("rustc", "--version"),
        "postgresql": said(os.path.join(bin_dir, "postgres"), "--version"),
        "wrk": wrk.split("Copyright")[0].strip(),
        "node": said("node", "--version") if shutil.which("node") else None,
        "python": platform.python_version(),
    }
