"""What the workflow sandbox may share with its host and what it must never see; the worker and the tests use it."""

from __future__ import annotations

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxMatcher, SandboxRestrictions

PASSTHROUGH = (
    "pydantic",
    "pydantic_core",
    "jsonschema",
    "referencing",
    "rpds",
    "attr",
    "attrs",
    "cel_expr_python",
    "google.protobuf",
    "workflows.domain",
    "workflows.definition",
    "workflows.engine",
    "workflows.messages",
    "workflows.machine.programs",
    "workflows.machine.failures",
)
"""Loaded once and shared. Never bare `workflows`: that would let the interpreter itself out of the sandbox."""

FORBIDDEN = {"sqlalchemy", "fastapi", "yaml", "httpx", "psycopg", "activities", "api"}


def runner() -> SandboxedWorkflowRunner:
    """A runner that refuses to load a workflow which reaches for the world."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSTHROUGH)
    invalid = restrictions.invalid_modules | SandboxMatcher(access=FORBIDDEN)
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions(
            passthrough_modules=restrictions.passthrough_modules,
            invalid_modules=invalid,
            invalid_module_members=restrictions.invalid_module_members,
        )
    )
