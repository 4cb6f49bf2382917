"""Electronic signatures that transitions ask for. Who the signer is has been verified by whoever made the signature;
here is only whether it is the one that is needed, and for two-person signing, whether both have signed the same.
"""

from __future__ import annotations

from typing import Any

from workflows.engine.draft import Draft
from workflows.engine.events import Event
from workflows.engine.permissions import in_words, task_at
from workflows.engine.standing import Standing, apart, doers_of, persons, standing
from workflows.engine.tables import Arc

TWO_PEOPLE = "S3"


def objection(draft: Draft, arc: Arc) -> Standing | None:
    """Why the transition cannot be taken with the signature given, or without one."""
    sign, actor = arc.model.sign, draft.event.actor
    if sign is None or actor.kind == "system":
        return None
    refused = kept_apart(draft, arc)
    if refused is not None:
        return refused
    wanted, signature = {"meaning": sign.meaning, "level": sign.level}, draft.event.signature
    if signature is None or actor.kind != "user":
        reason = f"This has to be signed by a person, as {sign.meaning}"
        return Standing(False, error="SIGNATURE_REQUIRED", reason=reason, details=wanted)
    if signature.get("username") != actor.username:
        reason = f"The signature is that of {signature.get('username')}, not yours"
        return Standing(False, error="SIGNATURE_NOT_YOURS", reason=reason, details=wanted)
    if signature.get("meaning") != sign.meaning:
        reason = f"The signature says {signature.get('meaning')}; this needs {sign.meaning}"
        return Standing(False, error="SIGNATURE_MEANING", reason=reason, details=wanted)
    return None


def kept_apart(draft: Draft, arc: Arc) -> Standing | None:
    """Of two-person signing: the creator signs nothing, and nobody twice what has not changed."""
    if arc.model.sign is None or arc.model.sign.level != TWO_PEOPLE or draft.event.actor.kind == "system":
        return None
    acting = persons(draft.event.actor, standing(draft, arc).principal)
    involved = doers_of(draft, "creator", None)
    name = next((name for name in acting if name in involved), None)
    if name is not None:
        return apart("creator", name, draft.event.actor)
    first = draft.signatures.get(_key(draft, arc))
    given = draft.event.signature
    if first is None or (given is not None and not _same_content(first["signature"], given)):
        return None
    name = next((name for name in acting if name in first["persons"]), None)
    if name is None:
        return None
    who = "You have" if name == draft.event.actor.username else f"{name} has"
    reason = f"{who} signed {in_words(arc.model.code or '')!r} already: a second person has to"
    return Standing(False, error="ALREADY_SIGNED", reason=reason, details={"username": name})


def signed(draft: Draft, arc: Arc) -> bool:
    """Record the signature; False: it is the first of two."""
    sign, signature = arc.model.sign, draft.event.signature
    if sign is None or signature is None or draft.event.actor.kind == "system":
        return True
    key, voids, complete = _key(draft, arc), False, True
    if sign.level == TWO_PEOPLE:
        first = draft.signatures.get(key)
        complete = first is not None and _same_content(first["signature"], signature)
        voids = first is not None and not complete
        if complete:
            del draft.own("signatures")[key]
        else:
            draft.own("signatures")[key] = _first(draft.event, draft, signature)
    task = task_at(draft, arc.source)
    draft.effects.append(
        {
            "kind": "sign",
            "state": draft.chart.nodes[arc.source].id,
            "task": next((number for number, other in draft.tasks.items() if other is task), None),
            "code": arc.model.code,
            "meaning": sign.meaning,
            "level": sign.level,
            "position": 2 if complete and sign.level == TWO_PEOPLE else 1,
            "complete": complete,
            "voids": voids,
            "signature": signature,
            "on_behalf_of": draft.principal.username if draft.principal else None,
        }
    )
    return complete


def forget(draft: Draft, state: str) -> None:
    """What was signed once in a state that is left."""
    for key in [key for key in draft.signatures if key.startswith(f"{state}/")]:
        del draft.own("signatures")[key]


def _first(event: Event, draft: Draft, signature: dict[str, Any]) -> dict[str, Any]:
    return {"signature": signature, "persons": persons(event.actor, draft.principal), "at": event.at}


def _same_content(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one.get("content_hash") == other.get("content_hash"))


def _key(draft: Draft, arc: Arc) -> str:
    return f"{draft.chart.nodes[arc.source].id}/{arc.model.code}"
