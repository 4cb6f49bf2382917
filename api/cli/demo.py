"""The demo plant: a tenant with one user for each role, whose password everybody knows; for this machine alone."""

from __future__ import annotations

from collections.abc import Callable

from activities.settings import Settings
from api.servers import database_url
from workflows.domain.errors import NotAllowed

TENANT = "demo"
PASSWORD = "jidoka-demo"  # noqa: S105 - known to everybody on purpose, see demand_loopback
ROLES = {
    "operator": "Operator",
    "inspector": "Inspector",
    "supervisor": "Supervisor",
    "qc_manager": "QC Manager",
    "quality_manager": "Quality Manager",
    "engineer": "Engineer",
    "design_authority": "Design Authority",
    "dept_head": "Department Head",
    "plant_manager": "Plant Manager",
    "maintenance": "Maintenance",
    "warehouse": "Warehouse",
    "admin": "Admin",
}
"""User name, which is also the role, -> name for people."""

LOG_INS = f"demo plant: log in as {', '.join(ROLES)}; password {PASSWORD}"


class DemoRefused(NotAllowed):
    code = "DEMO_NOT_ON_LOOPBACK"


def demand_loopback(settings: Settings) -> None:
    """
    Raises:
        DemoRefused: others than this machine could reach the demo users.
    """
    if settings.demo and not settings.loopback_only:
        raise DemoRefused(
            f"the demo plant's password is known to everybody, and {settings.host} can be reached by others; "
            "set JIDOKA_DEMO=false, or HOST=127.0.0.1"
        )


async def demand_no_demo(settings: Settings) -> None:
    """Look into the database before others than this machine can reach the API.

    Raises:
        DemoRefused: a demo plant was seeded there before.
        Unavailable: the database cannot be asked.
    """
    if settings.loopback_only:
        return
    from activities.services.tenants import Tenants
    from activities.store.database import Database

    database = Database(database_url(settings), pool_size=1)
    try:
        if await Tenants(database).is_open(TENANT):
            raise DemoRefused(
                f"the database has a demo plant, and {settings.host} can be reached by others; "
                f"close it first: jidoka tenant disable {TENANT}"
            )
    finally:
        await database.close()


async def seed(settings: Settings, say: Callable[[str], None]) -> None:
    """Make the plant on the first call; publish the shipped definitions that it does not have on every call."""
    from activities.actions import catalogue
    from activities.services.definitions import Definitions
    from activities.services.tenants import NewUser, Tenants
    from activities.store.database import Database

    database = Database(database_url(settings), pool_size=2)
    try:
        tenants = Tenants(database)
        if not await tenants.exists(TENANT):
            people = [NewUser(role, name, (role,), PASSWORD, f"{role}@demo.localhost") for role, name in ROLES.items()]
            await tenants.create(TENANT, "Demo plant", users=people)
        for shipped in await Definitions(database, catalogue()).seed_shipped(TENANT):
            if shipped.problem is not None:
                say(f"{shipped.file} is not published in the demo plant: {shipped.problem}")
    finally:
        await database.close()
