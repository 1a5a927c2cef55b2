"""Programs that a run needs or starts. Whatever it starts, it also ends, by its id."""

import contextlib
import glob
import os
import shutil
import signal
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Builds and packages that only the benchmark needs; ignored by git.
TOOLS = os.path.join(ROOT, ".tools", "bench")


class Missing(Exception):
    """A program that is not on this machine."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def need(program):
    if not shutil.which(program):
        raise Missing(f"{program} is not installed")


def do(command, **options):
    """Runs a command to its end and returns what it printed; what it said on stderr is shown only when it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise RuntimeError(f"{' '.join(command)} failed: {said}")
    return done.stdout


@contextlib.contextmanager
def running(command, log, stop=signal.SIGTERM, **options):
    """A program that runs as long as the block. It has a session of its own, so Ctrl-C reaches only us, who end it in order."""
    with open(log, "ab") as output:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, **options)
    try:
        yield child
    finally:
        child.send_signal(stop)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(20)
        # Its own children, and itself if it does not listen.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def last_words(log):
    with open(log, errors="replace") as file:
        return file.read()[-2000:].strip()


def install_wrk():
    """Installs wrk by the system's package manager, if it is missing."""
    if shutil.which("wrk"):
        return
    for manager, arguments in [
        ("apt-get", ["install", "-y", "-qq", "--no-install-recommends"]),
        ("dnf", ["install", "-y", "-q"]),
        ("apk", ["add", "-q"]),
        ("pacman", ["-S", "--noconfirm", "--needed"]),
        ("brew", ["install", "-q"]),
    ]:
        if shutil.which(manager):
            say(f"Installing with {manager}: wrk")
            as_root = ["sudo"] if os.geteuid() and manager != "brew" else []
            do([*as_root, manager, *arguments, "wrk"])
            return
    raise Missing("no package manager that I know; install wrk")


def postgres_programs():
    """The folder of PostgreSQL's programs: PG_BIN_DIR, or the newest there is."""
    given = os.environ.get("PG_BIN_DIR")
    if given:
        return given
    found = [os.path.dirname(path) for pattern in [
        "/usr/lib/postgresql/*/bin/pgbench", "/usr/pgsql-*/bin/pgbench",
        "/opt/homebrew/opt/postgresql*/bin/pgbench", "/usr/local/opt/postgresql*/bin/pgbench",
    ] for path in glob.glob(pattern)]
    on_path = shutil.which("postgres")
    if not found and not on_path:
        raise Missing("PostgreSQL's server programs are not installed")
    version = lambda folder: [int(digits) for digits in "".join(c if c.isdigit() else " " for c in folder).split()]
    return max(found, key=version) if found else os.path.dirname(os.path.realpath(on_path))
