"""The shipped quality processes on a real Temporal server, with several people each; days pass on its virtual clock."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from activities.actions.registry import default
from activities.codec import converter
from activities.embedded.temporal import binary
from activities.instance_activities import InstanceActivities
from activities.services.definitions import Definitions
from activities.services.instances import Instances
from activities.store.database import Database
from activities.store.program_source import program_source
from activities.temporal import register_search_attributes
from activities.worker import workers
from tests.effects import equipment, new_tenant
from workflows.domain.errors import NotAllowed
from workflows.domain.signing import hash_of
from workflows.engine.events import Actor
from workflows.machine import programs
from workflows.messages.instance import Outcome, workflow_id

pytestmark = pytest.mark.timeout(180)
SKIPPING = ["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"]


def person(role: str) -> Actor:
    return Actor(sum(role.encode()), role, role.replace("_", " ").title(), (role,))


def signature(role: str, meaning: str) -> dict[str, Any]:
    """As the service makes it after the password was entered once more."""
    return {
        "meaning": meaning,
        "username": role,
        "printed_name": person(role).name,
        "at": dt.datetime.now(dt.UTC).isoformat(),
        "method": "password",
        "content_hash": hash_of({}),
        "content": {},
    }


class Company:
    """A tenant with all shipped definitions, and a clock that can be put forward for one instance."""

    def __init__(self, tenant: str, database: Database, env: WorkflowEnvironment, instances: Instances) -> None:
        self.tenant = tenant
        self._database = database
        self._env = env
        self._instances = instances

    async def start(self, process: str, by: str, **data: Any) -> int:
        return (await self._instances.start(self.tenant, process, data, actor=person(by))).id

    async def take(
        self, process: str, entity: int, code: str, by: str, signed: str | None = None, **data: Any
    ) -> Outcome:
        given = signature(by, signed) if signed else None
        return await self._instances.transition(
            self.tenant, process, entity, code, data, actor=person(by), signature=given
        )

    async def pass_time(self, process: str, entity: int, days: float) -> None:
        handle = self._env.client.get_workflow_handle(workflow_id(self.tenant, process, entity))
        assert await self._env.fast_forward(handle, dt.timedelta(days=days))

    async def row(self, process: str, **columns: Any) -> Any:
        """The instance of which these columns are known, as soon as SQL has it so."""
        wanted = " AND ".join(f"{name} = :{name}" for name in columns)
        query = text(f"SELECT * FROM instances WHERE process = :process AND {wanted}")
        async with asyncio.timeout(20):
            while True:
                async with self._database.transaction(self.tenant) as connection:
                    found = (await connection.execute(query, {"process": process, **columns})).one_or_none()
                if found is not None:
                    return found
                await asyncio.sleep(0.03)


@pytest.fixture(scope="module")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """Time is skipped where a test says so, else it passes as it does."""
    skipping = await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False),
        dev_server_existing_path=str(binary()),
        dev_server_extra_args=SKIPPING,
        data_converter=converter(),
    )
    async with skipping as env:
        await register_search_attributes(env.client)
        yield env


@pytest.fixture
async def company(
    env: WorkflowEnvironment, database: Database, database_url: str, tmp_path: Path
) -> AsyncIterator[Company]:
    tenant = await new_tenant(database)
    registry, suffix = default(), f"-{uuid4().hex[:8]}"
    instances = Instances(database, env.client, registry, queue_suffix=suffix)
    seeded = await Definitions(database, registry.catalogue()).seed_shipped(tenant)
    assert [one.problem for one in seeded if one.problem] == []
    programs.install(program_source(database_url))
    bound = InstanceActivities(
        database=database, registry=registry, instances=instances, equipment=equipment(database, tmp_path)
    )
    async with workers(env.client, bound, sandboxed=True, queue_suffix=suffix):
        yield Company(tenant, database, env, instances)


async def test_a_report_waits_escalates_and_is_closed_by_three_people(company: Company) -> None:
    ncr = await company.start("ncr_report", "inspector", severity="minor", description="Scratches on the cover")
    with pytest.raises(NotAllowed):
        await company.take("ncr_report", ncr, "approve", "plant_manager")
    await company.pass_time("ncr_report", ncr, days=1.1)
    await company.take("ncr_report", ncr, "approve", "plant_manager", disposition="rework")
    await company.take("ncr_report", ncr, "assign", "plant_manager", assignee="qc_manager")
    await company.pass_time("ncr_report", ncr, days=2)
    await company.take("ncr_report", ncr, "resolve", "qc_manager", comment="polished")
    with pytest.raises(NotAllowed) as refused:
        await company.take("ncr_report", ncr, "verify", "qc_manager", "verified")
    await company.take("ncr_report", ncr, "verify", "inspector", "verified", passed=True)
    await company.take("ncr_report", ncr, "close", "qc_manager")

    assert refused.value.code == "SEPARATION_OF_DUTIES"
    assert (await company.row("ncr_report", entity_id=ncr, status="done")).state == "closed"


async def test_a_board_that_does_not_agree_in_time_is_heard_by_the_plant_manager(company: Company) -> None:
    ncr = await company.start("ncr_report", "inspector", severity="minor", description="Scratches on the cover")
    await company.take("ncr_report", ncr, "approve", "qc_manager")
    await company.take("ncr_report", ncr, "refer", "qc_manager", comment="quality disagrees")
    number = (await company.row("ncr_report", entity_id=ncr)).number
    board = (await company.row("mrb", number=f"MRB-{number}-1", state="open")).entity_id
    await company.take("mrb", board, "submit", "qc_manager", proposal="scrap", justification="see photos")
    await company.take("mrb", board, "agree", "quality_manager", "approved", comment="agreed")
    await company.take("mrb", board, "agree", "engineer", "approved", comment="agreed")
    await company.pass_time("mrb", board, days=14)
    await company.row("mrb", entity_id=board, state="escalated")
    await company.take(
        "mrb", board, "decide", "plant_manager", "approved", disposition="rework", comment="it can be polished"
    )
    decided = await company.row("ncr_report", entity_id=ncr, state="approved")
    await company.take("mrb", board, "execute", "supervisor", comment="polished")
    await company.take("mrb", board, "close", "quality_manager", "verified")

    assert decided.data["disposition"] == "rework"
    assert (await company.row("mrb", entity_id=board, status="done")).state == "closed"


async def test_a_capa_waits_ninety_days_for_the_proof_that_it_works(company: Company) -> None:
    capa = await company.start("capa", "quality_manager", source="trend", problem="Burrs on the same edge")
    causes = ("cause_of_occurrence", "cause_of_escape", "cause_in_system", "proof")
    action = {"id": "A1", "type": "corrective", "description": "counter", "owner": "engineer", "due": "2027-01-31"}
    plan = {"actions": [action], "criterion": "no burr in 90 days", "risk_of_change": "none known"}
    transfer = dict.fromkeys(("fmea", "control_plan", "instruction", "training"), "not_applicable")
    team = {"team_leader": "engineer", "containment_effective": True, "containment_proof": "all sorted"}
    cause = {"method": "ishikawa", "nature": "machine"} | dict.fromkeys(causes, "worn out tool")
    steps: list[tuple[str, str, str | None, dict[str, Any]]] = [
        ("form_team", "quality_manager", None, team),
        ("explain", "engineer", None, cause),
        ("propose", "engineer", None, plan),
        ("approve_plan", "quality_manager", "approved", {}),
        ("begin", "engineer", None, {}),
        ("report_action", "engineer", None, {"action": "A1", "proof": "mounted and tested"}),
        ("complete", "engineer", None, {}),
        ("verify", "inspector", "verified", transfer | {"read_across": "press 4 too"}),
    ]
    for code, by, signed, data in steps:
        await company.take("capa", capa, code, by, signed, **data)
    await company.row("capa", entity_id=capa, state="observation")
    await company.pass_time("capa", capa, days=90)
    await company.row("capa", entity_id=capa, state="measurement")
    await company.take("capa", capa, "confirm", "quality_manager", "verified", result="no burr")

    ended = await company.row("capa", entity_id=capa, status="done")
    assert (ended.state, ended.data["cycle"]) == ("closed", 1)
