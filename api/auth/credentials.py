"""From the `Authorization` header to an identity. Who is asking; never who may.

One header carries both kinds of credential and the form decides: keys begin with `jdk_`, everything else is taken
for an access token. The caller is looked up in the store on every request, by index, so that a user who was
deactivated or a key that was revoked is out at once, whatever the token still says.
"""

from __future__ import annotations

from starlette.requests import Request

from activities.services.api_keys import KEY_MARK, ApiKeys
from activities.services.origin import Origin
from activities.services.people import People
from api.auth.addresses import allowed
from api.auth.hosts import Hosts
from api.auth.identity import Identity
from api.auth.tokens import AccessTokens
from workflows.domain.errors import NotAllowed, NotAuthenticated


class Credentials:
    """Checks credentials for one application."""

    def __init__(self, people: People, api_keys: ApiKeys, tokens: AccessTokens, hosts: Hosts) -> None:
        self._people = people
        self._api_keys = api_keys
        self._tokens = tokens
        self._hosts = hosts

    async def identity(self, request: Request, origin: Origin) -> Identity:
        """
        Raises:
            NotAuthenticated: no credential, or one that is not (any more) good.
        """
        credential = _bearer(request)
        return await (self._key(credential, origin) if credential.startswith(KEY_MARK) else self._user(credential))

    async def admit(self, request: Request, found: Identity, origin: Origin) -> None:
        """Whether a good credential may be used for this request at all.

        Raises:
            NotAllowed: a key from an address it must not come from, or a credential of another tenant than the one
                named in X-MES-Team-ID or by the host (C-16).
        """
        if not allowed(origin.ip, found.allowed_ips):
            raise NotAllowed("The API key may not be used from this address", code="ADDRESS_NOT_ALLOWED")
        team = request.headers.get("x-mes-team-id")
        if team is not None and team != found.tenant:
            raise NotAllowed("The credential does not belong to the team named in X-MES-Team-ID")
        if await self._hosts.tenant(request) not in {None, found.tenant}:
            raise NotAllowed("The credential does not belong to the organization that the host names")
        if found.scope is not None and found.actor.id is not None:
            await self._api_keys.note_use(found.tenant, found.actor.id, origin)

    async def _user(self, token: str) -> Identity:
        subject = self._tokens.read(token)
        actor = await self._people.actor(subject.tenant, subject.user_id)
        if actor is None:
            raise NotAuthenticated("The account does not exist any more or is not active")
        return Identity(tenant=subject.tenant, actor=actor, session=subject.session)

    async def _key(self, text: str, origin: Origin) -> Identity:
        key = await self._api_keys.authenticate(text, origin)
        if key is None:
            raise NotAuthenticated("The API key is not valid")
        actor = await self._people.key_actor(key)
        return Identity(tenant=key.tenant, actor=actor, scope=key.scope, allowed_ips=key.allowed_ips)


def _bearer(request: Request) -> str:
    given = request.headers.getlist("authorization")
    if len(given) != 1:
        raise NotAuthenticated("This request needs one Authorization header")
    scheme, _, credential = given[0].partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise NotAuthenticated("The Authorization header must be: Bearer, a space, and a token or API key")
    return credential.strip()
