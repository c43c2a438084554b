"""A small scenario on disk, a model store that no other run shares, and a PostgreSQL server of our own."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import URL, NullPool, create_engine, text

from models.truth import ScholarshipWorld

SCENARIO = """\
name: small
units: {{table: applicants.csv, id: student_id}}
history: {{table: history.csv, outcome: enrolled, treatment: award, features: [family_income, exam_score, gender, faculty]}}
model: {{kind: s_learner, estimator: {estimator}}}
amounts: {{max: 2_000_000, step: 500_000, currency: JPY}}
limits:
  - {{measure: cost, at_most: 10_000_000}}
  - {{measure: recipients, at_most: 20%}}
  - {{measure: recipients, at_least: 40%, of: recipients, where: {{gender: F}}, name: women}}
"""


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard():
    # A shell that starts us in the background has it ignored, and so would every program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _own_model_store(tmp_path_factory):
    os.environ["BURSAR_CACHE"] = str(tmp_path_factory.mktemp("models"))


@pytest.fixture
def folder(tmp_path):
    """A folder with history.csv (600 rows), applicants.csv (60 rows) and small.yaml."""
    world = ScholarshipWorld()
    world.draw_history(np.random.default_rng(1), n=600).to_csv(tmp_path / "history.csv", index=False)
    world.draw_applicants(np.random.default_rng(2), n=60, first=601).to_csv(tmp_path / "applicants.csv", index=False)
    estimator = "sklearn.tree.DecisionTreeRegressor, params: {max_depth: 4}"
    (tmp_path / "small.yaml").write_text(SCENARIO.format(estimator=estimator), encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="session")
def postgres():
    """The address, with its password, of a database on a PostgreSQL server that runs for these tests alone."""
    usual = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("postgres", path=os.pathsep.join([os.environ["PATH"], *map(str, usual)]))
    if found is None or find_spec("psycopg") is None:
        why = "there is no PostgreSQL server (or no psycopg) on this machine"
        (pytest.fail if os.environ.get("BURSAR_REQUIRE_POSTGRES") == "1" else pytest.skip)(why)
    with tempfile.TemporaryDirectory(prefix="bursar-postgres-", ignore_cleanup_errors=True) as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = URL.create("postgresql+psycopg", "owner", "pass:w/rd@% 1", "127.0.0.1", free.getsockname()[1], "postgres")
        free.close()
        server = _Server(Path(found).parent, Path(folder), url)
        server.start()
        try:
            yield url
        finally:
            server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """Where a ledger may be made: in a SQLite file, and in an empty database of PostgreSQL."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.sqlite")
    return private(tmp_path / "address", emptied(request.getfixturevalue("postgres")))


def emptied(server):
    """The address of a new database on this server."""
    name = f"ledger_{secrets.token_hex(8)}"
    made = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with made.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    return server.set(database=name)


def private(path, url):
    """A file that holds an address with its password, as the command line is told of it."""
    path.write_text(url.render_as_string(hide_password=False))
    path.chmod(0o600)
    return f"file:{path}"


class _Server:
    """One on loopback, in a folder of its own; it will not run as root, so that root runs it as another user."""

    def __init__(self, binaries, folder, url):
        self.binaries, self.folder, self.url = binaries, folder, url
        self.user = {}
        if os.geteuid() == 0:
            who = next(user for user in pwd.getpwall() if user.pw_name in ("postgres", "nobody"))
            self.user = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
            os.chown(folder, who.pw_uid, who.pw_gid)

    def start(self):
        password, data = self.folder / "password", self.folder / "data"
        password.write_text(self.url.password)
        password.chmod(0o644)
        who = ("-U", self.url.username, "--pwfile", password, "-A", "scram-sha-256")
        self._run("initdb", "-D", data, *who, "-E", "UTF8", "--no-locale")
        settings = f"-p {self.url.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "-D", data, "-l", self.folder / "log", "-o", settings, "-w", "start")

    def stop(self):
        self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")

    def _run(self, program, *arguments):
        # A server keeps what it inherits: pipes would never end.
        log = self.folder / "programs"
        with log.open("ab") as said:
            done = subprocess.run(
                [self.binaries / program, *arguments], check=False, cwd=self.folder, stdout=said, stderr=said, **self.user
            )
        assert done.returncode == 0, log.read_text()


@pytest.fixture(scope="module")
def workers():
    """Two workers, each a process that may be killed."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=60) as held:
        yield held
