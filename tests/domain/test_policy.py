"""Permissions: deny by default, roles for people, scopes for keys."""

from __future__ import annotations

import pytest

from workflows.domain.errors import NotAllowed
from workflows.domain.policy import PERMISSIONS, ROLES, SCOPES, kpi_role, may, require


def test_every_permission_says_who_has_it() -> None:
    assert set(ROLES) == set(PERMISSIONS)


def test_an_unknown_permission_is_nobody_s() -> None:
    assert not may("moon.land", roles=["admin"])  # type: ignore[arg-type]  # what a caller might make up
    assert not may("moon.land", roles=[], scope="admin")  # type: ignore[arg-type]  # as above


def test_an_unknown_scope_may_nothing() -> None:
    assert not any(may(permission, roles=["admin"], scope="root") for permission in PERMISSIONS)


def test_the_scopes_of_keys_grow() -> None:
    assert SCOPES["read-only"] < SCOPES["read-write"] < SCOPES["admin"]


def test_roles_of_a_key_do_not_widen_its_scope() -> None:
    assert not may("api_key.manage", roles=["admin"], scope="read-write")


def test_a_user_without_roles_may_only_what_everyone_may() -> None:
    held = {permission for permission in PERMISSIONS if may(permission, roles=[])}

    assert held == {
        "instance.read",
        "instance.start",
        "instance.transition",
        "task.collaborate",
        "delegation.own",
        "notification.own",
        "definition.read",
        "definition.validate",
    }


def test_the_refusal_says_who_may() -> None:
    with pytest.raises(NotAllowed, match="Only admin or process_owner may publish definitions"):
        require("definition.publish", roles=["operator"])
    with pytest.raises(NotAllowed, match="An API key with scope read-only may not start instances"):
        require("instance.start", roles=[], scope="read-only")


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ([], "OPERATOR_DATAENTRY"),
        (["operator"], "OPERATOR_DATAENTRY"),
        (["supervisor"], "LEADER_DATACONFIG"),
        (["operator", "plant_manager"], "POWERUSER"),
        (["admin", "operator"], "ADMIN"),
        (["POWERUSER"], "POWERUSER"),
    ],
)
def test_the_kpi_role_is_the_strongest(roles: list[str], expected: str) -> None:
    assert kpi_role(roles) == expected
