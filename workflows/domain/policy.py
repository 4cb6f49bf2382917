"""Who may do what outside a process definition; deny by default.

What a definition says (`by`, `start_by`) is judged by the engine. Everything else that a person, a key or a device
can ask for is one of the permissions below, and `require` is the only place that decides about it. Standard library
only; knows neither requests nor tables.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, get_args

from workflows.domain.errors import NotAllowed

Permission = Literal[
    "instance.read",
    "instance.start",
    "instance.transition",
    "instance.cancel",
    "task.collaborate",
    "delegation.own",
    "notification.own",
    "people.read",
    "people.manage",
    "definition.read",
    "definition.validate",
    "definition.publish",
    "incident.read",
    "incident.act",
    "webhook.manage",
    "api_key.manage",
    "audit.read",
    "evidence.export",
]

PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

EVERYONE = "*"
"""Stands for any signed-in person of the tenant."""

ROLES: Mapping[Permission, frozenset[str]] = {
    "instance.read": frozenset({EVERYONE}),
    "instance.start": frozenset({EVERYONE}),
    "instance.transition": frozenset({EVERYONE}),
    "instance.cancel": frozenset({"admin", "plant_manager"}),
    "task.collaborate": frozenset({EVERYONE}),
    "delegation.own": frozenset({EVERYONE}),
    "notification.own": frozenset({EVERYONE}),
    "people.read": frozenset({"admin", "auditor", "plant_manager", "qc_manager", "quality_manager", "supervisor"}),
    "people.manage": frozenset({"admin"}),
    "definition.read": frozenset({EVERYONE}),
    "definition.validate": frozenset({EVERYONE}),
    "definition.publish": frozenset({"admin", "process_owner"}),
    "incident.read": frozenset({"admin", "auditor", "plant_manager", "process_owner", "supervisor"}),
    "incident.act": frozenset({"admin", "process_owner"}),
    "webhook.manage": frozenset({"admin"}),
    "api_key.manage": frozenset({"admin"}),
    "audit.read": frozenset({"admin", "auditor"}),
    "evidence.export": frozenset({"admin", "auditor", "plant_manager", "qc_manager", "quality_manager"}),
}
"""Permission -> roles of people that have it. Starting and transitions are further limited by the definition."""

SCOPES: Mapping[str, frozenset[Permission]] = {
    "read-only": frozenset({"instance.read", "definition.read"}),
    "read-write": frozenset(
        {
            "instance.read",
            "instance.start",
            "instance.transition",
            "task.collaborate",
            "definition.read",
            "definition.validate",
            "incident.read",
        }
    ),
    "admin": frozenset(PERMISSIONS),
}
"""Scope of an API key -> permissions. The roles of a key matter only where a definition asks for them."""

_DEED: Mapping[Permission, str] = {
    "instance.read": "read instances",
    "instance.start": "start instances",
    "instance.transition": "take transitions",
    "instance.cancel": "cancel instances",
    "task.collaborate": "comment on instances and attach files",
    "delegation.own": "hand over their own work",
    "notification.own": "read their notifications",
    "people.read": "read the delegations and certificates of others",
    "people.manage": "manage the delegations and certificates of others",
    "definition.read": "read definitions",
    "definition.validate": "validate definitions",
    "definition.publish": "publish definitions",
    "incident.read": "read incidents",
    "incident.act": "act on incidents",
    "webhook.manage": "manage webhooks",
    "api_key.manage": "manage API keys",
    "audit.read": "read the audit log",
    "evidence.export": "export evidence",
}


def may(permission: Permission, *, roles: Collection[str], scope: str | None = None) -> bool:
    """Whether a person with `roles` (`scope` None) or a key of `scope` has the permission; unknown ones: no."""
    if scope is not None:
        return permission in SCOPES.get(scope, frozenset())
    allowed = ROLES.get(permission, frozenset())
    return EVERYONE in allowed or not allowed.isdisjoint(roles)


def require(permission: Permission, *, roles: Collection[str], scope: str | None = None) -> None:
    """Raises:
    NotAllowed: says who may; `details["permission"]` names what was asked for.
    """
    if may(permission, roles=roles, scope=scope):
        return
    deed = _DEED.get(permission, permission)
    if scope is not None:
        reason = f"An API key with scope {scope} may not {deed}"
    else:
        allowed = sorted(ROLES.get(permission, frozenset()))
        reason = f"Only {' or '.join(allowed)} may {deed}" if allowed else f"Nobody may {deed}"
    raise NotAllowed(reason, details={"permission": permission})


KPI_ROLES = ("OPERATOR_DATAENTRY", "LEADER_DATACONFIG", "POWERUSER", "ADMIN")
"""The four cumulative roles of the KPI contract, weakest first."""

_KPI_ROLE_OF: Mapping[str, str] = {
    **{name: name for name in KPI_ROLES},
    "supervisor": "LEADER_DATACONFIG",
    "qc_manager": "LEADER_DATACONFIG",
    "maintenance_manager": "LEADER_DATACONFIG",
    "engineer": "LEADER_DATACONFIG",
    "planner": "POWERUSER",
    "quality_manager": "POWERUSER",
    "dept_head": "POWERUSER",
    "plant_manager": "POWERUSER",
    "admin": "ADMIN",
}


def kpi_role(roles: Collection[str]) -> str:
    """The strongest KPI role among `roles`; everyone is at least OPERATOR_DATAENTRY."""
    found = [_KPI_ROLE_OF.get(role, KPI_ROLES[0]) for role in roles]
    return max(found, key=KPI_ROLES.index, default=KPI_ROLES[0])
