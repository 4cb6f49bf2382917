"""Handing work over, and what people are certified for."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from activities.services.delegations import Period
from api.auth.identity import Identity
from api.contracts.platform import people
from api.contracts.platform.errors import PlatformRoute
from api.contracts.platform.people import (
    AbsenceInput,
    AbsenceList,
    AbsenceView,
    CertificateInput,
    CertificateList,
    CertificateView,
    DelegationInput,
    DelegationList,
    DelegationView,
)
from api.contracts.platform.schemas import Reason
from api.deps import Asked, From, Who
from api.operation import operation
from api.paging import PageNumber, PerPage
from workflows.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound

router = APIRouter(prefix="/api/v1", route_class=PlatformRoute)

RowId = Annotated[int, Path(ge=1, le=10**18)]
Of = Annotated[str | None, Query(max_length=200, description="User name; left out: the caller. `*`: everybody.")]
Ended = Annotated[bool, Query(description="With those that are over or were revoked.")]
_EVERYBODY = "*"

_LOOP = Conflict(
    "This would close a circle: omar.diaz → anna.beck → omar.diaz",
    code="DELEGATION_LOOP",
    details={"people": ["omar.diaz", "anna.beck", "omar.diaz"]},
)
_OTHERS = NotAllowed(
    "Only admin may manage the delegations and certificates of others", details={"permission": "people.manage"}
)
_NO_USER = InvalidInput(
    "to must be an active user",
    violations=[{"field": "to", "value": "nobody", "constraint": "must be an active user"}],
)


@router.get("/delegations", response_model=DelegationList)
@operation("delegation.own", response=people.DELEGATIONS)
async def list_delegations(who: Who, asked: Asked, username: Of = None, ended: Ended = False) -> dict[str, Any]:
    """Delegations from and to one person, youngest first; those of others need the permission to read them."""
    found = await asked.delegations.list_delegations(who.tenant, username=_readable(who, username), ended=ended)
    return {"delegations": [people.view(item) for item in found]}


@router.post("/delegations", status_code=201, response_model=DelegationView)
@operation(
    "delegation.own",
    request=people.DELEGATION_INPUT,
    response=people.DELEGATION,
    errors=(_LOOP, _OTHERS, _NO_USER),
)
async def delegate(body: DelegationInput, who: Who, asked: Asked, origin: From) -> dict[str, Any]:
    """Let somebody act for the caller, or (admin) for somebody else, until a date; in one process or role, if given.

    Steps taken then name both. Who acts for somebody does not act for those that somebody acts for.
    """
    made = await asked.delegations.delegate(
        who.tenant,
        _managed(who, body.from_),
        body.to,
        Period(body.starts_at, body.ends_at),
        process=body.process,
        role=body.role,
        reason=body.reason,
        actor=who.actor,
        origin=origin,
    )
    return people.view(made)


@router.delete("/delegations/{delegation_id}", status_code=204)
@operation("delegation.own", errors=(NotFound("There is no delegation 5"),))
async def end_delegation(delegation_id: RowId, who: Who, asked: Asked, origin: From) -> Response:
    """End a delegation at once, given or received by the caller (admin: anybody's). It stays on record."""
    await asked.delegations.end_delegation(
        who.tenant, delegation_id, only_of=_only_of(who), actor=who.actor, origin=origin
    )
    return Response(status_code=204)


@router.get("/absences", response_model=AbsenceList)
@operation("delegation.own", response=people.ABSENCES)
async def list_absences(who: Who, asked: Asked, username: Of = None, ended: Ended = False) -> dict[str, Any]:
    """When one person is away or stands in for another, youngest first."""
    found = await asked.delegations.list_absences(who.tenant, username=_readable(who, username), ended=ended)
    return {"absences": [people.view(item) for item in found]}


@router.post("/absences", status_code=201, response_model=AbsenceView)
@operation("delegation.own", request=people.ABSENCE_INPUT, response=people.ABSENCE, errors=(_LOOP, _OTHERS, _NO_USER))
async def report_absence(body: AbsenceInput, who: Who, asked: Asked, origin: From) -> dict[str, Any]:
    """Put on record that the caller, or (admin) somebody else, is away. The substitute acts for them meanwhile."""
    made = await asked.delegations.absent(
        who.tenant,
        _managed(who, body.username),
        body.substitute,
        Period(body.starts_at, body.ends_at),
        reason=body.reason,
        actor=who.actor,
        origin=origin,
    )
    return people.view(made)


@router.delete("/absences/{absence_id}", status_code=204)
@operation("delegation.own", errors=(NotFound("There is no absence 5"),))
async def end_absence(absence_id: RowId, who: Who, asked: Asked, origin: From) -> Response:
    """End the caller's absence at once (admin: anybody's). It stays on record."""
    await asked.delegations.end_absence(who.tenant, absence_id, only_of=_only_of(who), actor=who.actor, origin=origin)
    return Response(status_code=204)


@router.get("/certificates", response_model=CertificateList)
@operation("delegation.own", response=people.CERTIFICATES)
async def list_certificates(
    who: Who,
    asked: Asked,
    username: Of = None,
    skill: Annotated[str | None, Query(max_length=100, description="Only this skill.")] = None,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> dict[str, Any]:
    """What one person is certified for, with what has expired or was revoked."""
    found = await asked.certificates.listed(
        who.tenant, username=_readable(who, username), skill=skill, page=page, per_page=per_page
    )
    return {"certificates": [people.view(item) for item in found]}


@router.post("/certificates", status_code=201, response_model=CertificateView)
@operation("people.manage", request=people.CERTIFICATE_INPUT, response=people.CERTIFICATE, errors=(_NO_USER,))
async def record_certificate(body: CertificateInput, who: Who, asked: Asked, origin: From) -> dict[str, Any]:
    """Put a certificate on record. Tasks that ask for the skill look at it when they are claimed and completed."""
    made = await asked.certificates.record(
        who.tenant,
        body.username,
        body.skill,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        certificate=body.certificate,
        actor=who.actor,
        origin=origin,
    )
    return people.view(made)


@router.post("/certificates/{certificate_id}/revoke", response_model=CertificateView)
@operation(
    "people.manage",
    request={"reason": "Issued by mistake"},
    response=people.CERTIFICATE_REVOKED,
    errors=(NotFound("There is no certificate 5"),),
)
async def revoke_certificate(
    certificate_id: RowId, body: Reason, who: Who, asked: Asked, origin: From
) -> dict[str, Any]:
    """Declare a certificate void at once, with a reason. It stays on record."""
    revoked = await asked.certificates.revoke(
        who.tenant, certificate_id, reason=body.reason, actor=who.actor, origin=origin
    )
    return people.view(revoked)


def _is_caller(who: Identity, username: str | None) -> bool:
    return username is None or username.lower() == who.actor.username.lower()


def _readable(who: Identity, username: str | None) -> str | None:
    """Whose records to list; None: everybody's."""
    if _is_caller(who, username):
        return who.actor.username
    who.require("people.read")
    return None if username == _EVERYBODY else username


def _managed(who: Identity, username: str | None) -> str:
    """For whom something is recorded."""
    if username is not None and not _is_caller(who, username):
        who.require("people.manage")
        return username
    if who.actor.kind != "user":
        raise NotAllowed("An API key is nobody who could hand work over; name the person")
    return who.actor.username


def _only_of(who: Identity) -> str | None:
    return None if who.may("people.manage") else who.actor.username
