"""The command line: `jidoka`. Each command is a few lines here and its work elsewhere.

Heavy rooms are imported inside the commands, so that `jidoka --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import definitions
from workflows.domain.errors import JidokaError

if TYPE_CHECKING:
    from activities.settings import Settings

app = typer.Typer(
    help="Workflow-engine-driven BPM platform for manufacturing.", no_args_is_help=True, pretty_exceptions_enable=False
)


@app.command()
def run() -> None:
    """Run everything on this machine: databases, worker, API and a demo plant; restart what dies."""
    from api.cli.run import run

    run(_settings(), _say)


@app.command()
def api() -> None:
    """Run the API alone. Needs DATABASE_URL and TEMPORAL_ADDRESS, or a `jidoka run` on the same data folder."""
    from api.cli.parts import serve_api

    serve_api(_settings())


@app.command()
def worker() -> None:
    """Run a worker alone. Needs DATABASE_URL and TEMPORAL_ADDRESS, or a `jidoka run` on the same data folder."""
    from api.cli.parts import serve_worker

    serve_worker(_settings())


@app.command()
def migrate() -> None:
    """Bring the database to the tables this version expects."""
    from api.cli.parts import migrate

    migrate(_settings(), _say)


@app.command()
def doctor() -> None:
    """Check this installation: versions, packages, ports, database, Temporal, data folder."""
    from api.cli.doctor import examine

    raise typer.Exit(examine(_settings(), _say))


app.add_typer(definitions.commands)

tenant = typer.Typer(help="Tenants: companies or plants that own their data.", no_args_is_help=True)
app.add_typer(tenant, name="tenant")


@tenant.command()
def create(
    key: Annotated[str, typer.Argument(help="Short and for ever, for example acme.")],
    name: Annotated[str, typer.Option(help="For people; default: the key.")] = "",
    admin: Annotated[str, typer.Option(help="User name of the first administrator.")] = "admin",
    time_zone: Annotated[str, typer.Option(help="IANA name; dates in numbers use it.")] = "UTC",
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="JIDOKA_ADMIN_PASSWORD")
    ] = "",
) -> None:
    """Create a tenant with the shipped definitions and one administrator; asks for the password."""
    from api.cli.tenants import create

    create(_settings(), key, name or key, admin, password, time_zone, _say)


@tenant.command()
def disable(key: str) -> None:
    """Keep the people and keys of a tenant out; its running instances go on."""
    from api.cli.tenants import set_open

    set_open(_settings(), key, to=False)


@tenant.command()
def enable(key: str) -> None:
    """Let the people and keys of a disabled tenant in again."""
    from api.cli.tenants import set_open

    set_open(_settings(), key, to=True)


@app.command()
def listen(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 9000,
    secret: Annotated[str | None, typer.Option(help="As shown once when the webhook was made.")] = None,
) -> None:
    """Receive webhooks on this machine and show them, for trying things out."""
    from api.cli.listen import listen

    listen(port, secret, _say)


audit = typer.Typer(help="The audit trail.", no_args_is_help=True)
app.add_typer(audit, name="audit")


@audit.callback()
def _audit() -> None:
    """Keep `audit` a group although it has one command."""


@audit.command()
def verify(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant; default: all.")] = None,
    checkpoint: Annotated[
        list[str] | None, typer.Option(help="A hash from the worker's log or an evidence pack; must be on record.")
    ] = None,
) -> None:
    """Recompute the hash chain of every instance and all checkpoints; exit status 1 if a record is broken."""
    from api.cli.audit import verify_chains

    raise typer.Exit(verify_chains(_settings(), tenant, _say, checkpoint or []))


evidence = typer.Typer(help="Evidence packs.", no_args_is_help=True)
app.add_typer(evidence, name="evidence")


@evidence.callback()
def _evidence() -> None:
    """Keep `evidence` a group although it has one command."""


@evidence.command("verify")
def verify_evidence(file: Annotated[Path, typer.Argument(help="The pack, as it was exported.")]) -> None:
    """Check a pack with nothing but the file; exit status 1, and what is wrong, if it was changed."""
    from api.cli.evidence import verify_pack

    raise typer.Exit(verify_pack(file, _say))


def _settings() -> Settings:
    from pydantic import ValidationError

    from activities.settings import Settings

    try:
        return Settings.load()
    except ValidationError as problem:
        for error in problem.errors():
            typer.echo(f"{'.'.join(map(str, error['loc']))}: {error['msg']}", err=True)
        raise typer.Exit(2) from None


def _say(line: str) -> None:
    typer.echo(line)


def main() -> None:
    """Entry point. Ends the process without the interpreter's teardown once Temporal's library is loaded: its
    threads may abort the process while it is torn down."""
    status: object = 0
    try:
        app()
    except JidokaError as refusal:
        typer.echo(f"jidoka: {refusal.message}", err=True)
        status = 1
    except SystemExit as end:
        status = end.code
    code = status if isinstance(status, int) else int(status is not None)
    if "temporalio" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
