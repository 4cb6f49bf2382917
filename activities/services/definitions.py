"""Definitions: checked, published by version, handed out. What compiles differently is another version."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from activities.store.database import Database
from activities.store.repositories import definitions as repository
from workflows.definition.catalogue import Catalogue
from workflows.definition.compile import Compilation, compile_text
from workflows.definition.folder import calendar_beside, process_files
from workflows.definition.program import Program
from workflows.domain.errors import Conflict, InvalidInput, NotFound
from workflows.domain.records import DefinitionVersion
from workflows.domain.semver import Version
from workflows.engine.events import SYSTEM, Actor

__all__ = ["DefinitionDetail", "Definitions", "Published", "Seeded"]


@dataclass(frozen=True, slots=True)
class DefinitionDetail:
    version: DefinitionVersion
    source: str
    """The YAML as written."""
    files: dict[str, str]
    """Schemas, forms and decision tables the YAML names, path -> text."""
    program: Program


@dataclass(frozen=True, slots=True)
class Published:
    version: DefinitionVersion
    created: bool
    """False: this very version had been published before."""
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Seeded:
    """What became of one shipped file."""

    file: str
    process: str | None
    version: str | None
    created: bool
    problem: str | None = None
    """Why the tenant does not have this file's content; None when it has."""


class Definitions:
    """`catalogue`: what definitions may call; methods that write open one transaction."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue

    async def validate(
        self, text: str, *, files: Mapping[str, str] | None = None, filename: str = "definition.yaml"
    ) -> Compilation:
        """Everything that is wrong with a definition, and the program if nothing is. Touches no table."""
        given = files or {}

        def read_file(path: str) -> str:
            plain = posixpath.normpath(path)  # a form may refer to `../schemas/…` beside its own folder
            if plain not in given:
                raise ValueError("not among the files given with the definition")
            return given[plain]

        # Compiling is computation; other requests go on meanwhile.
        return await asyncio.to_thread(
            compile_text, text, filename=filename, catalogue=self._catalogue, read_file=read_file
        )

    async def publish(
        self,
        tenant: str,
        text: str,
        *,
        actor: Actor = SYSTEM,
        files: Mapping[str, str] | None = None,
        changelog: str | None = None,
        filename: str = "definition.yaml",
    ) -> Published:
        """Put a version in force; the same content again changes nothing.

        Args:
            files: text of each schema, form and decision table that the definition names by path.

        Raises:
            InvalidInput: DEFINITION_INVALID, with all diagnostics in `details["diagnostics"]`.
            Conflict: VERSION_EXISTS, the version has other content; VERSION_NOT_NEWER, a later one is published.
        """
        compiled = await self.validate(text, files=files, filename=filename)
        if compiled.program is None:
            raise _invalid(compiled)
        program, given = compiled.program, dict(files or {})
        async with self._database.transaction(tenant) as connection:
            await repository.lock_process(connection, tenant, program.process)
            existing = await repository.versions(connection, tenant, program.process)
            _demand_publishable(program, existing)
            await repository.add_program(connection, program)
            created = await repository.add_version(
                connection, tenant, program, source=text, files=given, changelog=changelog, username=actor.username
            )
            found = await repository.find(connection, tenant, program.process, program.version)
        assert found is not None, "what was just written is there"
        return Published(found[0], created, [str(item) for item in compiled.diagnostics])

    async def list_definitions(self, tenant: str) -> list[DefinitionVersion]:
        """The version in force of each process, by process."""
        async with self._database.transaction(tenant) as connection:
            return await repository.in_force(connection, tenant)

    async def versions(self, tenant: str, process: str) -> list[DefinitionVersion]:
        """All versions, the one published last first.

        Raises:
            NotFound: no such process.
        """
        async with self._database.transaction(tenant) as connection:
            found = await repository.versions(connection, tenant, process)
        if not found:
            raise _missing(process, None)
        return found

    async def get(self, tenant: str, process: str, version: str | None = None) -> DefinitionDetail:
        """One version in full; None: the one in force.

        Raises:
            NotFound: no such process or version.
        """
        async with self._database.transaction(tenant) as connection:
            found = await repository.find(connection, tenant, process, version)
        if found is None:
            raise _missing(process, version)
        listed, source, files, canonical = found
        return DefinitionDetail(listed, source, files, Program.from_canonical(canonical))

    async def deprecate(self, tenant: str, process: str, version: str) -> DefinitionVersion:
        """No new instances get this version; running ones keep it.

        Raises:
            NotFound: no such version.
        """
        async with self._database.transaction(tenant) as connection:
            if not await repository.deprecate(connection, tenant, process, version):
                raise _missing(process, version)
            found = await repository.find(connection, tenant, process, version)
        assert found is not None, "what was just changed is there"
        return found[0]

    async def load_program(self, digest: str) -> Program:
        """The program of that digest, of whatever tenant: content knows no owner.

        Raises:
            NotFound: no such program.
        """
        async with self._database.system() as connection:
            canonical = await repository.program(connection, digest)
        if canonical is None:
            raise NotFound(f"no program {digest}", code="NO_SUCH_PROGRAM")
        return Program.from_canonical(canonical)

    async def seed_shipped(self, tenant: str, folder: Path | None = None) -> list[Seeded]:
        """Publish every definition that ships with the product; those the tenant has stay as they are.

        Args:
            folder: where to look instead of in the package `definitions`.
        """
        root = folder or shipped_folder()
        return [await self._seed(tenant, root, path) for path in process_files(root)]

    async def _seed(self, tenant: str, root: Path, path: Path) -> Seeded:
        name = path.relative_to(root).as_posix()
        text, beside = await asyncio.to_thread(_read, path)
        try:
            published = await self.publish(tenant, text, files=beside, filename=name)
        except (InvalidInput, Conflict) as error:
            return Seeded(name, None, None, created=False, problem=_told(error))
        return Seeded(name, published.version.process, published.version.version, published.created)


def shipped_folder() -> Path:
    """The folder of definitions in the installed package."""
    spec = find_spec("definitions")
    if spec is None or not spec.submodule_search_locations:
        raise NotFound("the package `definitions` is not installed", code="NO_SHIPPED_DEFINITIONS")
    return Path(spec.submodule_search_locations[0])


def _read(path: Path) -> tuple[str, dict[str, str]]:
    """A definition, the schemas, forms and decision tables in its own folder by path relative to it, its calendar."""
    folder, text = path.parent, path.read_text(encoding="utf-8")
    found = [*folder.rglob("*.json"), *folder.rglob("tables/*.yaml")]
    beside = {each.relative_to(folder).as_posix(): each.read_text(encoding="utf-8") for each in found}
    return text, {**beside, **calendar_beside(path, text)}


def _demand_publishable(program: Program, existing: list[DefinitionVersion]) -> None:
    for version in existing:
        if version.version == program.version:
            if version.digest == program.digest:
                return
            raise Conflict(
                f"{program.process} {program.version} is published with other content; raise the version",
                code="VERSION_EXISTS",
                details={"process": program.process, "version": program.version, "digest": version.digest},
            )
    latest = max((version.version for version in existing), key=Version.parse, default=None)
    if latest is not None and Version.parse(latest) > Version.parse(program.version):
        raise Conflict(
            f"{program.process} {latest} is published; {program.version} would be older",
            code="VERSION_NOT_NEWER",
            details={"process": program.process, "version": program.version, "latest": latest},
        )


def _invalid(compiled: Compilation) -> InvalidInput:
    errors = compiled.errors
    first = errors[0].message if errors else ""
    return InvalidInput(
        f"The definition has {len(errors)} error{'s' if len(errors) != 1 else ''}; the first: {first}",
        code="DEFINITION_INVALID",
        details={"diagnostics": [item.to_json() for item in compiled.diagnostics]},
    )


def _told(error: InvalidInput | Conflict) -> str:
    diagnostics = error.details.get("diagnostics", [])
    lines = [
        f"{item['file']}:{item['line']}:{item['column']}: {item['severity']} {item['code']} {item['message']}"
        for item in diagnostics
    ]
    return "\n".join([error.message, *lines])


def _missing(process: str, version: str | None) -> NotFound:
    what = f"no process {process}" if version is None else f"no version {version} of process {process}"
    return NotFound(what, code="NO_SUCH_PROCESS")
