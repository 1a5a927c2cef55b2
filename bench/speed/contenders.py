"""Who is compared, how each is built and started, and whether it answers as it should."""

import contextlib
import http.client
import json
import os
import socket
import time
from dataclasses import dataclass, field

from speed import load, programs

READS = {"users-read": "/users/{user}", "orders-read": "/orders/{order}",
         "customers": "/customers/{user}", "orders-list": "/orders?customer_id={user}"}
CREATES = {"users-create": "/users", "orders-create": "/orders"}
WORK = [*READS, *CREATES, "mix"]

PACKAGE = os.path.join(programs.ROOT, "bench", "contenders")
USER = "01980000-0000-7000-8000-000000000001"
ORDER = "01980000-0001-7000-8000-000000000001"
ITEMS = [{"sku": "TEA-100", "quantity": 2, "unit_price": 499}, {"sku": "CUP-1", "quantity": 1, "unit_price": 100}]


@dataclass
class Contender:
    """`layout` is how its tables lie: in the product's two schemas, or in one that is shared."""

    name: str
    layout: str = "shared"
    work: list = field(default_factory=lambda: WORK)
    most_connections: int = 1_000_000
    url: str = None
    cluster: object = None
    process: object = None

    def slice(self, work, connections, seconds, rows, tag):
        if self.name == "pgbench":
            return load.pgbench(self.cluster, work, connections, seconds, rows)
        return load.wrk(self.url, "live" if self.name == "constant" else work, connections, seconds, rows, tag)

    def memory(self, kind="VmRSS"):
        """Bytes of the process and all that it started, without PostgreSQL."""
        return memory(self.process.pid, kind)


def everyone():
    """In the order of the tables. `constant` is the product answering from memory: what HTTP alone costs it."""
    return [
        Contender("product", layout="services"),
        Contender("constant", layout=None, most_connections=64, work=["users-read", "orders-read"]),
        Contender("usual", layout="services"),
        Contender("shared"),
        Contender("axum-sqlx"),
        Contender("axum-tokio-postgres"),
        Contender("fastify"),
        Contender("fastapi"),
        # Each of its clients is a connection to PostgreSQL, which lets in a hundred.
        Contender("pgbench", layout="services", most_connections=64),
    ]


def build(names):
    """Builds the product, and the others if any of them is wanted; returns the command that starts each."""
    programs.say("Building the product")
    programs.do(["cargo", "build", "--release", "--quiet"], cwd=programs.ROOT)
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(programs.ROOT, "target"))
    commands = {"product": [os.path.join(target, "release", "schema-per-service")]}
    others = [name for name in names if name not in ("product", "constant", "pgbench")]
    if others:
        programs.say("Building the contenders")
        programs.do([os.path.join(PACKAGE, "build")])
    return commands | {name: [os.path.join(PACKAGE, "start"), name] for name in others}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def serving(contender, command, cluster):
    """The contender at work on its cluster. The product brings PostgreSQL itself."""
    contender.cluster = cluster
    with contextlib.ExitStack() as stack:
        if contender.name != "product":
            stack.enter_context(cluster.running())
        if command:
            port = free_port()
            log = cluster.path("contender.log")
            own = {"DATABASE_URL": cluster.admin_url(), "PORT": str(port)}
            if contender.name == "product":
                command = [*command, "--listen", f"127.0.0.1:{port}", "--data-dir", cluster.folder]
                # The others write no line for each request either.
                own = {"LOG": "warn"}
            contender.process = stack.enter_context(programs.running(command, log, env={**os.environ, **own}))
            contender.url = f"http://127.0.0.1:{port}"
            first_answer(contender.process, port, log)
            answers_as_it_should(contender.name, port)
        yield contender


def first_answer(process, port, log):
    """Waits until a user can be read."""
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if ask(port, "GET", READS["users-read"].format(user=USER))[0] == 200:
                return
        if process.poll() is not None:
            said = programs.last_words(log).replace(programs.ROOT + "/", "")
            raise programs.Missing(f"it does not start: {said}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"no answer: {programs.last_words(log)}")
        time.sleep(0.002)


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def answers_as_it_should(name, port):
    """A fast answer counts only if it is the right one."""
    def expect(right, what):
        if not right:
            raise RuntimeError(f"{name} answers wrongly: {what}")

    def answer(method, path, status, body=None):
        code, text = ask(port, method, path, body)
        expect(code == status, f"{method} {path}: {code} {text[:300]!r}")
        return json.loads(text) if text else None

    read = {work: answer("GET", path.format(user=USER, order=ORDER), 200) for work, path in READS.items()}
    expect((read["users-read"]["id"], read["users-read"]["email"]) == (USER, "user1@example.com"), read["users-read"])
    expect(read["orders-read"]["total"] == 1098 and len(read["orders-read"]["items"]) == 2, read["orders-read"])
    whole = read["customers"]
    expect(whole["user"]["id"] == USER and len(whole["orders"]) >= 3 and len(whole["orders"][0]["items"]) == 2, whole)
    page = read["orders-list"]["items"]
    expect(len(page) >= 3 and all(len(order["items"]) == 2 for order in page), page)
    someone = answer("POST", CREATES["users-create"], 201, {"email": f"{name}@check.example.com", "name": "Grace Hopper"})
    order = answer("POST", CREATES["orders-create"], 201, {"customer_id": someone["id"], "currency": "EUR", "items": ITEMS})
    expect(order["total"] == 1098, order)
    expect(answer("GET", f"/orders/{order['id']}", 200)["items"] == ITEMS, order)
    code, _ = ask(port, "GET", f"/users/{ORDER}")
    expect(code == 404, f"an unknown user: {code}")


def memory(pid, kind="VmRSS"):
    """Bytes of a process and of all that it started, except of PostgreSQL, which every contender has."""
    with open(f"/proc/{pid}/status") as file:
        facts = dict(line.split(":", 1) for line in file)
    if facts["Name"].strip() in ("postgres", "sh"):
        return 0
    own = int(facts[kind].split()[0]) * 1024
    children = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as file:
            children += file.read().split()
    return own + sum(memory(int(child), kind) for child in children)
