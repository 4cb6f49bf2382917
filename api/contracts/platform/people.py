"""Bodies of the platform contract for delegations, absences and certificates, with their examples."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from activities.services.certificates import Certificate
from activities.services.delegations import Absence, Delegation
from api.contracts.platform.schemas import Input

_USERNAME = Field(min_length=1, max_length=200, description="User name.")
_CALLER = "User name; left out: the caller."
_REASON = Field(min_length=1, max_length=4000, description="Goes on record.")
_STARTS = Field(default=None, description="Left out: now.")
_ENDS = Field(description="First moment at which it does not hold any more; within 366 days.")


class DelegationInput(Input):
    to: str = _USERNAME
    from_: str | None = Field(default=None, alias="from", min_length=1, max_length=200, description=_CALLER)
    starts_at: AwareDatetime | None = _STARTS
    ends_at: AwareDatetime = _ENDS
    process: str | None = Field(default=None, min_length=1, max_length=100, description="Left out: all processes.")
    role: str | None = Field(default=None, min_length=1, max_length=100, description="Left out: everything.")
    reason: str = _REASON


class DelegationView(BaseModel):
    id: int
    from_username: str
    to_username: str
    starts_at: datetime
    ends_at: datetime
    process: str | None
    role: str | None
    reason: str
    created_by: str
    created_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None


class DelegationList(BaseModel):
    delegations: list[DelegationView] = Field(description="The youngest 200.")


class AbsenceInput(Input):
    username: str | None = Field(default=None, min_length=1, max_length=200, description=_CALLER)
    substitute: str | None = Field(
        default=None, min_length=1, max_length=200, description="Who acts meanwhile; left out: nobody."
    )
    starts_at: AwareDatetime | None = _STARTS
    ends_at: AwareDatetime = _ENDS
    reason: str = _REASON


class AbsenceView(BaseModel):
    id: int
    username: str
    substitute: str | None
    starts_at: datetime
    ends_at: datetime
    reason: str
    created_by: str
    created_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None


class AbsenceList(BaseModel):
    absences: list[AbsenceView] = Field(description="The youngest 200.")


class CertificateInput(Input):
    username: str = _USERNAME
    skill: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z_][A-Za-z0-9_.\-]*$")
    valid_from: AwareDatetime | None = _STARTS
    valid_until: AwareDatetime | None = Field(default=None, description="Left out: for good.")
    certificate: str | None = Field(default=None, min_length=1, max_length=200, description="Number of the paper.")


class CertificateView(BaseModel):
    id: int
    username: str
    skill: str
    valid_from: datetime
    valid_until: datetime | None
    certificate: str | None
    recorded_by: str
    recorded_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    revoke_reason: str | None


class CertificateList(BaseModel):
    certificates: list[CertificateView]


def view(item: Delegation | Absence | Certificate) -> dict[str, Any]:
    """All three are shown as they are kept."""
    return asdict(item)


DELEGATION_INPUT: dict[str, Any] = {
    "to": "anna.beck",
    "ends_at": "2025-11-21T22:00:00Z",
    "process": "ncr_report",
    "role": "qc_manager",
    "reason": "Audit at the customer",
}
DELEGATION: dict[str, Any] = {
    "id": 4,
    "from_username": "omar.diaz",
    "to_username": "anna.beck",
    "starts_at": "2025-11-17T06:00:00Z",
    "ends_at": "2025-11-21T22:00:00Z",
    "process": "ncr_report",
    "role": "qc_manager",
    "reason": "Audit at the customer",
    "created_by": "omar.diaz",
    "created_at": "2025-11-14T15:00:00Z",
    "revoked_at": None,
    "revoked_by": None,
}
DELEGATIONS: dict[str, Any] = {"delegations": [DELEGATION]}
ABSENCE_INPUT: dict[str, Any] = {
    "substitute": "anna.beck",
    "starts_at": "2025-12-22T00:00:00Z",
    "ends_at": "2026-01-02T00:00:00Z",
    "reason": "Holiday",
}
ABSENCE: dict[str, Any] = {
    "id": 2,
    "username": "omar.diaz",
    "substitute": "anna.beck",
    "starts_at": "2025-12-22T00:00:00Z",
    "ends_at": "2026-01-02T00:00:00Z",
    "reason": "Holiday",
    "created_by": "omar.diaz",
    "created_at": "2025-11-14T15:00:00Z",
    "revoked_at": None,
    "revoked_by": None,
}
ABSENCES: dict[str, Any] = {"absences": [ABSENCE]}
CERTIFICATE_INPUT: dict[str, Any] = {
    "username": "jane.inspector",
    "skill": "welding",
    "valid_until": "2027-03-31T00:00:00Z",
    "certificate": "ISO 9606-1 / 4711",
}
CERTIFICATE: dict[str, Any] = {
    "id": 9,
    "username": "jane.inspector",
    "skill": "welding",
    "valid_from": "2025-04-01T00:00:00Z",
    "valid_until": "2027-03-31T00:00:00Z",
    "certificate": "ISO 9606-1 / 4711",
    "recorded_by": "admin",
    "recorded_at": "2025-04-01T08:00:00Z",
    "revoked_at": None,
    "revoked_by": None,
    "revoke_reason": None,
}
CERTIFICATE_REVOKED: dict[str, Any] = CERTIFICATE | {
    "revoked_at": "2025-11-06T16:00:00Z",
    "revoked_by": "admin",
    "revoke_reason": "Issued by mistake",
}
CERTIFICATES: dict[str, Any] = {"certificates": [CERTIFICATE]}
