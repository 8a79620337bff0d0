"""Who may speak to us as Teams: the signed token of every request, and the keys it is signed with.

The SDK's own check is not used: it lets activities in that leave fields out, and stays shut for a
day after Microsoft changes its keys.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
import jwt

from adapters import logs
from adapters.teams.cloud import DEVELOPMENT, HERE
from adapters.teams.inbound import tenant_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.clock import Clock
    from adapters.teams.cloud import Cloud

log = logging.getLogger("turnabout.teams")
CHANNEL = "msteams"
ALGORITHM = "RS256"
SKEW = 300  # seconds by which clocks may differ
PATIENCE = aiohttp.ClientTimeout(total=5)
PAUSE = timedelta(seconds=60)  # between two looks for keys
BRIEF = timedelta(seconds=5)  # the same, while no key is known at all
DAY = timedelta(hours=24)  # after which keys are fetched again in any case
NEEDED = ["iss", "aud", "exp", "nbf", "serviceurl"]


class RefusedError(Exception):
    """A request that goes no further, and the status that says so."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of Microsoft's, and the channels it may sign for."""

    key: jwt.PyJWK
    endorsements: tuple[str, ...]


class KeyRing:
    """The keys tokens are signed with, fetched when an unknown one turns up and once a day."""

    def __init__(self, session: aiohttp.ClientSession, metadata: str, clock: Clock) -> None:
        """Fetch from this address, over this session, going by this clock."""
        self._session = session
        self._metadata = metadata
        self._clock = clock
        self._keys: Mapping[str, SigningKey] = {}
        self._looked: datetime | None = None
        self._fetched: datetime | None = None
        self._alone = asyncio.Lock()

    async def find(self, kid: str) -> SigningKey | None:
        """Return a key by its name, None if there is none. Refuses while no key is known at all."""
        if kid not in self._keys or self._is_old():
            async with self._alone:  # who waited finds what the other fetched
                if (kid not in self._keys or self._is_old()) and self._may_look():
                    await self._look()
        if not self._keys:
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE)
        return self._keys.get(kid)

    def _is_old(self) -> bool:
        return self._fetched is not None and self._clock.now() - self._fetched >= DAY

    def _may_look(self) -> bool:
        pause = PAUSE if self._keys else BRIEF
        return self._looked is None or self._clock.now() - self._looked >= pause

    async def _look(self) -> None:
        self._looked = self._clock.now()
        try:
            told = await self._json(self._metadata)
            found = await self._json(str(told["jwks_uri"]))
            keys = dict(_signing_key(each) for each in found["keys"] if each.get("kty") == "RSA")
        except (aiohttp.ClientError, TimeoutError, ValueError, LookupError, TypeError) as error:
            log.error("Teams' keys could not be fetched", extra=logs.of(error))  # noqa: TRY400
            return
        self._keys, self._fetched = keys, self._looked

    async def _json(self, url: str) -> Any:  # noqa: ANN401
        async with self._session.get(url, timeout=PATIENCE, allow_redirects=False) as answer:
            answer.raise_for_status()
            return await answer.json(content_type=None)


def _signing_key(told: Mapping[str, Any]) -> tuple[str, SigningKey]:
    key = SigningKey(jwt.PyJWK(dict(told), ALGORITHM), tuple(told.get("endorsements", ())))
    return str(told["kid"]), key


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets in what Teams signed for this bot, from this tenant, and nothing else."""

    keys: KeyRing
    cloud: Cloud
    app_id: str
    tenant: str
    clock: Clock

    async def verified(self, header: str, client: str) -> Mapping[str, Any]:  # noqa: ARG002
        """Return what a token claims once it is known to be genuine, before anything is read."""
        scheme, _, token = header.partition(" ")
        if scheme != "Bearer":
            raise RefusedError(HTTPStatus.UNAUTHORIZED)
        try:
            return await self._claims(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise RefusedError(HTTPStatus.UNAUTHORIZED) from None

    async def _claims(self, token: str) -> Mapping[str, Any]:
        told = jwt.get_unverified_header(token)
        kid = told.get("kid")
        if told.get("alg") != ALGORITHM or not isinstance(kid, str):
            raise jwt.InvalidTokenError
        key = await self.keys.find(kid)
        if key is None or CHANNEL not in key.endorsements:
            raise jwt.InvalidTokenError
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[ALGORITHM],
            audience=self.app_id,
            issuer=self.cloud.issuer,
            options={"require": NEEDED, "verify_exp": False, "verify_nbf": False},
        )
        now = self.clock.now().timestamp()  # ours, so that a test's clock counts as well
        if not _seconds(claims, "nbf") - SKEW <= now < _seconds(claims, "exp") + SKEW:
            raise jwt.ExpiredSignatureError
        return claims

    def admits(self, claims: Mapping[str, Any], activity: Mapping[str, Any]) -> None:
        """Refuse an activity that its token was not made for, or that another tenant sent."""
        service = activity.get("serviceUrl")
        if activity.get("channelId") != CHANNEL or not isinstance(service, str):
            raise RefusedError(HTTPStatus.UNAUTHORIZED)
        if claims["serviceurl"] != service or not self.cloud.trusts(service):
            raise RefusedError(HTTPStatus.UNAUTHORIZED)
        if tenant_of(activity) != self.tenant:
            raise RefusedError(HTTPStatus.FORBIDDEN)


class OpenGate:
    """The development flag's: no token is asked for, and nobody but this machine gets in."""

    async def verified(self, header: str, client: str) -> Mapping[str, Any]:  # noqa: ARG002
        """Claim nothing; refuse whoever is not on this machine."""
        if client not in HERE:
            raise RefusedError(HTTPStatus.FORBIDDEN)
        return {}

    def admits(self, claims: Mapping[str, Any], activity: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Refuse an activity that wants its answer elsewhere."""
        if not DEVELOPMENT.trusts(str(activity.get("serviceUrl"))):
            raise RefusedError(HTTPStatus.FORBIDDEN)


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    told = claims[name]
    if isinstance(told, bool) or not isinstance(told, int | float):
        raise jwt.InvalidTokenError
    return float(told)
