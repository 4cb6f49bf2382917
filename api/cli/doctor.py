"""`jidoka doctor`: what an installation stands on, looked at piece by piece, with a remedy for what is wrong."""

from __future__ import annotations

import asyncio
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from typing import Literal

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.service import RPCError

from activities.documents.pdf import PdfUnavailable, library
from activities.embedded import postgres, temporal
from activities.embedded.ports import is_taken
from activities.settings import Settings
from activities.store import migrate
from api.cli.lock import AlreadyRunning, held
from api.servers import connect_to_temporal, database_url
from workflows.domain.errors import JidokaError
from workflows.messages import attributes

OUR_PACKAGES = ("workflows", "activities", "api", "definitions")
"""Top-level names this distribution owns; they are generic, and another distribution may overwrite them."""


@dataclass(frozen=True, slots=True)
class Finding:
    level: Literal["ok", "warning", "problem"]
    subject: str
    text: str


def examine(settings: Settings, say: Callable[[str], None]) -> int:
    """Report every finding; 1 when something must be mended before the product can work, else 0."""
    problems = 0
    for look in (_python, _packages, _folder, _port, _pdf, _database, _temporal):
        for finding in look(settings):
            problems += finding.level == "problem"
            say(f"{finding.level:8} {finding.subject}: {finding.text}")
    return 1 if problems else 0


def foreign_owners() -> dict[str, list[str]]:
    """Our package names that another distribution also claims, with the claimants."""
    owners = packages_distributions()
    claims = {name: sorted(set(owners.get(name, [])) - {"jidoka"}) for name in OUR_PACKAGES}
    return {name: others for name, others in claims.items() if others}


def _python(_settings: Settings) -> Iterator[Finding]:
    supported = sys.version_info >= (3, 11)
    text = f"{platform.python_version()} on {platform.platform()}"
    yield Finding("ok" if supported else "problem", "Python", text if supported else f"{text}; 3.11 is needed")


def _packages(_settings: Settings) -> Iterator[Finding]:
    yield Finding(
        "ok", "versions", ", ".join(f"{name} {version(name)}" for name in ("jidoka", "temporalio", "fastapi"))
    )
    for name, others in foreign_owners().items():
        yield Finding(
            "problem", "packages", f"{name!r} is also installed by {', '.join(others)}; use an environment of our own"
        )


def _folder(settings: Settings) -> Iterator[Finding]:
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.data):
            pass
    except OSError as failure:
        yield Finding("problem", "data folder", f"{settings.data} cannot be written: {failure.strerror}")
        return
    free = os.statvfs(settings.data)
    gib = free.f_bavail * free.f_frsize / 2**30
    level: Literal["ok", "warning"] = "ok" if gib > 1 else "warning"
    yield Finding(level, "data folder", f"{settings.data}, {gib:.1f} GiB free")


def _port(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.host}:{settings.port}"
    if not is_taken(settings.host, settings.port):
        yield Finding("ok", "port", f"{where} is free")
    elif _runs_here(settings):
        yield Finding("ok", "port", f"{where} is held, and `jidoka run` runs on this data folder")
    else:
        yield Finding("warning", "port", f"{where} is taken; choose another with PORT")


def _runs_here(settings: Settings) -> bool:
    try:
        with held(settings.data):
            return False
    except AlreadyRunning:
        return True


def _pdf(_settings: Settings) -> Iterator[Finding]:
    try:
        yield Finding("ok", "PDF documents", f"WeasyPrint {library().__version__}")
    except PdfUnavailable as failure:
        remedy = "install Pango and HarfBuzz, on Debian: libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        yield Finding("warning", "PDF documents", f"{failure.__cause__}; {remedy}")


def _database(settings: Settings) -> Iterator[Finding]:
    if settings.database_url is None:
        program = [str(postgres.binaries() / "postgres"), "--version"]
        shown = subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()
        yield Finding("ok", "database", f"embedded, {shown}")
        if not _runs_here(settings):
            return
    try:
        at = migrate.current(database_url(settings))
    except JidokaError as failure:
        yield Finding("problem", "database", failure.message)
        return
    head = migrate.head()
    if at == head:
        yield Finding("ok", "database", f"answers; tables are at revision {at}")
    else:
        yield Finding("problem", "database", f"tables are at revision {at}, {head} is needed: run `jidoka migrate`")


def _temporal(settings: Settings) -> Iterator[Finding]:
    if settings.temporal_address is None:
        program = [str(temporal.binary()), "--version"]
        shown = subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()
        yield Finding("ok", "Temporal", f"embedded, {shown}")
        if not _runs_here(settings):
            return
    yield asyncio.run(_temporal_server(settings))


async def _temporal_server(settings: Settings) -> Finding:
    try:
        client = await connect_to_temporal(settings)
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    except (JidokaError, RuntimeError, RPCError) as failure:
        return Finding("problem", "Temporal", str(failure))
    missing = sorted({*attributes.KEYWORDS, *attributes.BOOLS} - set(known.custom_attributes))
    if missing:
        return Finding("problem", "Temporal", f"search attributes are missing: {', '.join(missing)}")
    return Finding("ok", "Temporal", f"answers; namespace {client.namespace} has our search attributes")
