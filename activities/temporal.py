"""The connection to Temporal and the map from its failures to ours; the only place that knows them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import (
    Client,
    RPCError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCStatusCode, TLSConfig

from activities.codec import converter
from workflows.domain.errors import InstanceEnded, JidokaError, NotFound, Unavailable
from workflows.machine.failures import DRAINING, refused
from workflows.messages import attributes

AWAY = {
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.ABORTED,
}


class StillWorking(JidokaError):
    """The command is accepted but not carried out yet; it will be. Ask again with the same key."""

    status = 202
    code = "ACCEPTED"


class RunChanging(Exception):
    """The instance is between two runs."""


async def connect(
    address: str,
    *,
    namespace: str = "default",
    payload_keys: Mapping[str, bytes] | None = None,
    lazy: bool = False,
    tls: bool | TLSConfig = False,
    api_key: str | None = None,
) -> Client:
    """A client with our payload codec. `lazy`: connect at the first call, so that reads work without Temporal."""
    return await Client.connect(
        address,
        namespace=namespace,
        data_converter=converter(payload_keys),
        lazy=lazy,
        tls=tls,
        api_key=api_key,
    )


async def register_search_attributes(client: Client) -> None:
    """Idempotent; an instance whose search attribute is unknown to the server would get stuck."""
    wanted = dict.fromkeys(attributes.KEYWORDS, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD) | dict.fromkeys(
        attributes.BOOLS, IndexedValueType.INDEXED_VALUE_TYPE_BOOL
    )
    for name, kind in wanted.items():
        request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes={name: kind})
        try:
            await client.operator_service.add_search_attributes(request)
        except RPCError as problem:
            if problem.status != RPCStatusCode.ALREADY_EXISTS:
                raise


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Inside, Temporal's failures become ours.

    Raises:
        JidokaError: what the instance refused, as it refused it.
        RunChanging: send the same command again.
        StillWorking: accepted, not yet carried out.
        InstanceEnded, NotFound, Unavailable: from the server.
    """
    try:
        yield
    except WorkflowUpdateFailedError as failure:
        if getattr(failure.cause, "type", None) == DRAINING:
            raise RunChanging from failure
        known = refused(failure.cause)
        if known is None:
            raise JidokaError("the instance could not carry out the command", code="COMMAND_FAILED") from failure
        raise known from failure
    except WorkflowUpdateRPCTimeoutOrCancelledError as failure:
        raise StillWorking("accepted; still being carried out") from failure
    except RPCError as failure:
        raise _translate(failure) from failure
    except (TimeoutError, ConnectionError, RuntimeError) as failure:
        if isinstance(failure, RuntimeError) and "connect" not in str(failure).lower():
            raise
        raise Unavailable("Temporal cannot be reached", details={"retry_after_s": 5}) from failure


def _translate(failure: RPCError) -> Exception:
    if failure.status == RPCStatusCode.NOT_FOUND:
        if "already completed" in failure.message:
            return InstanceEnded("the instance has ended")
        return NotFound("no such running instance")
    if failure.status == RPCStatusCode.FAILED_PRECONDITION:
        return RunChanging()
    if failure.status in AWAY:
        return Unavailable("Temporal cannot be reached", details={"retry_after_s": 5})
    return JidokaError("Temporal refused the call", code="TEMPORAL_ERROR", details={"status": failure.status.name})
