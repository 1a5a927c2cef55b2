"""PostgreSQL clusters: one is made by the product and filled, the others are copies of it, and all run with the same settings."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
import urllib.parse

from speed import programs


class Cluster:
    """A data folder as the product lays it out: its cluster, the socket's folder, the log and the superuser's password."""

    def __init__(self, folder, bin_dir, shared_buffers=None):
        self.folder = folder
        self.bin_dir = bin_dir
        self.shared_buffers = shared_buffers

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def program(self, name):
        return os.path.join(self.bin_dir, name)

    @property
    def password(self):
        with open(self.path("admin-password")) as file:
            return file.read()

    def url(self, role, password):
        socket = urllib.parse.quote(self.path("run"), safe="")
        return f"postgres://{role}:{password}@{socket}:5432/app"

    def admin_url(self):
        return self.url("postgres", self.password)

    def environment(self):
        """How PostgreSQL's own programs log in."""
        login = {"PGHOST": self.path("run"), "PGPORT": "5432", "PGUSER": "postgres", "PGDATABASE": "app"}
        return {**os.environ, **login, "PGPASSWORD": self.password}

    def sql(self, *arguments):
        return programs.do([self.program("psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", *arguments], env=self.environment())

    def service_logins(self):
        """What the product serves with on this cluster: new passwords, as it makes them itself when it brings PostgreSQL.
        A database by URL could be anybody's, so it wants to hear that calls may be open, as those of the others are."""
        urls = {"ANYONE_MAY_CALL": "true"}
        for service in ["users", "orders"]:
            role, password = f"{service}_service", secrets.token_hex(16)
            self.sql("-c", f"ALTER ROLE {role} PASSWORD '{password}'")
            urls[f"{service.upper()}_DATABASE_URL"] = self.url(role, password)
        return urls

    def copy(self, folder):
        programs.do(["cp", "-a", "--reflink=auto", self.folder, folder])
        return Cluster(folder, self.bin_dir, self.shared_buffers)

    def remove(self):
        shutil.rmtree(self.folder)

    @contextlib.contextmanager
    def running(self):
        """PostgreSQL on this folder, with the very settings that the product gives it."""
        settings = {
            "listen_addresses": "", "unix_socket_directories": self.path("run"), "unix_socket_permissions": "0700", "port": "5432",
            "log_error_verbosity": "terse", "log_min_error_statement": "panic", "log_statement": "none",
            "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "logging_collector": "on",
            "log_directory": self.path("log"), "log_filename": "%a.log", "log_truncate_on_rotation": "on",
            "shared_buffers": self.shared_buffers,
        }
        command = [self.program("postgres"), "-D", self.path("postgres")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        # Root may not run PostgreSQL: then the product gave the cluster to somebody who may.
        owner = os.stat(self.path("postgres"))
        other = {} if owner.st_uid == os.geteuid() else {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": [], "cwd": "/"}
        with programs.running(command, self.path("startup.log"), stop=signal.SIGINT, **other) as server:
            deadline = time.monotonic() + 30
            while subprocess.run([self.program("pg_isready"), "-q"], env=self.environment()).returncode:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL does not start: {programs.last_words(self.path('startup.log'))}")
                time.sleep(0.02)
            yield


def services_base(folder, bin_dir, product, users, orders):
    """Makes a cluster of two services by the product itself, and fills it."""
    log = folder + ".log"
    with programs.running([*product, "--listen", "127.0.0.1:0", "--data-dir", folder], log) as server:
        deadline = time.monotonic() + 60
        while "Listening on" not in programs.last_words(log):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the product does not start: {programs.last_words(log)}")
            time.sleep(0.02)
        cluster = Cluster(folder, bin_dir)
        # Of a size that the machine decides.
        cluster.shared_buffers = cluster.sql("-c", "SHOW shared_buffers").strip()
    with cluster.running():
        cluster.sql("-v", f"users={users}", "-v", f"orders={orders}", "-f", os.path.join(programs.ROOT, "bench", "fill.sql"))
    return cluster


def shared_base(services, folder):
    """The same rows in one shared schema."""
    cluster = services.copy(folder)
    with cluster.running():
        for file in ["contenders/schema.sql", "fill_shared.sql"]:
            cluster.sql("-f", os.path.join(programs.ROOT, "bench", file))
    return cluster
