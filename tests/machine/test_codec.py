"""What Temporal gets to keep of our payloads."""

from __future__ import annotations

import os

import pytest
from cryptography.exceptions import InvalidTag
from temporalio.api.common.v1 import Payload

from activities.codec import AES_GCM, ZLIB, CompressingCodec, EncryptingCodec, converter
from activities.temporal import connect
from tests.machine.conftest import Plant
from tests.machine.test_effects import JOB
from workflows.engine.events import Actor
from workflows.messages.instance import workflow_id

BIG = Payload(metadata={"encoding": b"json/plain"}, data=b'{"a": "' + b"x" * 5000 + b'"}')
SMALL = Payload(metadata={"encoding": b"json/plain"}, data=b"{}")


async def test_large_payloads_shrink_and_come_back() -> None:
    codec = CompressingCodec()
    [small, big] = await codec.encode([SMALL, BIG])
    assert small == SMALL
    assert big.metadata["encoding"] == ZLIB
    assert len(big.data) < 200
    assert await codec.decode([small, big]) == [SMALL, BIG]


async def test_old_key_still_opens_after_rotation() -> None:
    old, new = os.urandom(32), os.urandom(32)
    sealed = await EncryptingCodec({"k1": old}).encode([BIG])
    rotated = EncryptingCodec({"k2": new, "k1": old})
    assert sealed[0].metadata["encoding"] == AES_GCM
    assert await rotated.decode(sealed) == [BIG]
    assert (await rotated.encode([BIG]))[0].metadata["key"] == b"k2"


async def test_unknown_key_and_changed_bytes_are_refused() -> None:
    codec = EncryptingCodec({"k1": os.urandom(32)})
    [sealed] = await codec.encode([SMALL])
    with pytest.raises(ValueError, match="k1"):
        await EncryptingCodec({"k9": os.urandom(32)}).decode([sealed])
    sealed.data = sealed.data[:-1] + bytes([sealed.data[-1] ^ 1])
    with pytest.raises(InvalidTag):
        await codec.decode([sealed])


def test_without_keys_payloads_are_only_compressed() -> None:
    assert type(converter().payload_codec) is CompressingCodec


async def test_encrypted_history_shows_nothing_of_the_data(
    idle_plant: Plant, temporal_address: str, omar: Actor
) -> None:
    plant = idle_plant
    plant.client = await connect(temporal_address, payload_keys={"k": os.urandom(32)})
    plant.instances = type(plant.instances)(plant.database, plant.client, plant.registry, queue_suffix=plant.suffix)
    await plant.publish(JOB)
    async with plant.worker():
        entity = (await plant.instances.start(plant.tenant, "job", {"note": "topsecret"}, actor=omar)).id
        await plant.until("job", entity, status="done")
    history = await plant.client.get_workflow_handle(workflow_id(plant.tenant, "job", entity)).fetch_history()
    assert "topsecret" not in history.to_json()
    assert b"topsecret" not in b"".join(event.SerializeToString() for event in history.events)
