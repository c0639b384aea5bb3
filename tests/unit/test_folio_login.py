"""The login to FOLIO: one at a time, in good time, and never again after a refusal, because accounts are blocked."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import SecretStr

from sync.errors import ConfigurationError, LoginRefusedError, SyncError, UnreachableError
from sync.folio.auth import FolioLogin
from sync.folio.client import FolioClient, open_folio
from sync.folio.wire import PackagePost
from sync.transport.http import Http
from sync.transport.limiter import Limiter
from tests.support.transports import answer, login_answer, quick

PACKAGE = {"data": {"id": "19-3964", "type": "packages", "attributes": {"name": "Journals"}}}
POST = PackagePost(name="Journals", content_type="E-Journal")


class Gateway(httpx.MockTransport):
    """A FOLIO that accepts the tokens it gave out and has not withdrawn."""

    def __init__(self, login: Callable[[int], httpx.Response] | None = None) -> None:
        self.logins = 0
        self.bodies: list[dict[str, str]] = []
        self.calls: list[httpx.Request] = []
        self.carried_out = 0
        self.valid: set[str] = set()
        self._login = login
        super().__init__(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/authn/login-with-expiry":
            self.logins += 1
            self.bodies.append(json.loads(request.content))
            await asyncio.sleep(0.01)
            if self._login is not None:
                return self._login(self.logins)
            token = f"token-{self.logins}-abcdefgh"
            self.valid.add(token)
            return login_answer(token)
        self.calls.append(request)
        if request.headers.get("x-okapi-token") not in self.valid:
            return answer(401, text="Invalid token")
        self.carried_out += 1
        return answer(200, PACKAGE, kind="application/vnd.api+json")


@asynccontextmanager
async def folio(gateway: Gateway) -> AsyncIterator[FolioClient]:
    async with open_folio(
        "http://folio.invalid", "diku", "sync", SecretStr("pass-word"), 0, options=quick(gateway)
    ) as client:
        yield client


async def test_calls_carry_tenant_token_and_media_type() -> None:
    gateway = Gateway()
    async with folio(gateway) as client:
        await client.create_package(POST)

    assert gateway.bodies == [{"username": "sync", "password": "pass-word"}]
    headers = gateway.calls[0].headers
    assert headers["x-okapi-tenant"] == "diku"
    assert headers["x-okapi-token"] == "token-1-abcdefgh"
    assert headers["Content-Type"] == headers["Accept"] == "application/vnd.api+json"
    assert "cookie" not in headers


async def test_many_calls_at_once_log_in_once() -> None:
    gateway = Gateway()
    async with folio(gateway) as client:
        await asyncio.gather(*(client.get_package("19-3964") for _ in range(20)))

    assert gateway.logins == 1


async def test_a_withdrawn_token_is_renewed_once_and_the_calls_repeated_writes_too() -> None:
    gateway = Gateway()
    async with folio(gateway) as client:
        await client.get_package("19-3964")
        gateway.valid.clear()
        await asyncio.gather(client.create_package(POST), *(client.get_package("19-3964") for _ in range(8)))

    assert gateway.logins == 2
    assert gateway.carried_out == 10


async def test_a_token_that_is_never_accepted_is_an_error_after_one_renewal() -> None:
    gateway = Gateway(lambda number: login_answer(f"unknown-{number}-abcdefgh"))
    async with folio(gateway) as client:
        with pytest.raises(LoginRefusedError, match="does not accept its own token"):
            await client.create_package(POST)

    assert (gateway.logins, len(gateway.calls)) == (2, 2)


REFUSALS = [
    answer(422, {"errors": [{"message": "Error", "code": "wrong.username.or.wrong.password.or.account.blocked"}]}),
    answer(401, {"errors": [{"message": "Unauthorized", "code": "UNAUTHORIZED_ERROR"}], "total_records": 1}),
    answer(400, text="Tenant must be set"),
    answer(404, {"message": "no Route matched with those values"}),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=repr)
async def test_a_refused_login_is_never_tried_again(refusal: httpx.Response) -> None:
    gateway = Gateway(lambda _number: refusal)
    async with folio(gateway) as client:
        outcomes = await asyncio.gather(*(client.get_package("19-3964") for _ in range(10)), return_exceptions=True)
        with pytest.raises(LoginRefusedError) as again:
            await client.create_package(POST)

    assert gateway.logins == 1
    assert all(isinstance(outcome, LoginRefusedError) for outcome in outcomes)
    assert "user 'sync' at tenant 'diku'" in again.value.message
    assert "pass-word" not in again.value.message
    assert gateway.calls == []


async def test_an_answer_without_a_token_is_a_configuration_error_and_not_tried_again() -> None:
    gateway = Gateway(lambda _number: httpx.Response(200, text="<html>Welcome</html>"))
    async with folio(gateway) as client:
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="folioAccessToken"):
                await client.get_package("19-3964")

    assert gateway.logins == 1


async def test_a_login_that_fails_for_the_moment_is_tried_again_and_the_write_goes_through() -> None:
    def login(number: int) -> httpx.Response:
        if number == 1:
            return httpx.Response(503, text="starting")
        gateway.valid.add("token-late-abcdefgh")
        return login_answer("token-late-abcdefgh")

    gateway = Gateway(login)
    async with folio(gateway) as client:
        await client.create_package(POST)

    assert gateway.logins == 2
    assert gateway.carried_out == 1


async def test_logins_without_an_answer_stop_before_the_account_is_blocked() -> None:
    """FOLIO blocks after five failures in ten minutes; nobody knows whether an unanswered login was one."""
    gateway = Gateway(lambda _number: httpx.Response(502, text="bad"))
    async with folio(gateway) as client:
        for _ in range(4):
            with pytest.raises(UnreachableError):
                await client.get_package("19-3964")

    assert gateway.logins == 3


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def login(answers: Callable[[], httpx.Response], clock: Clock) -> AsyncIterator[FolioLogin]:
    http = Http("http://folio.invalid", transport=httpx.MockTransport(lambda _request: answers()))
    yield FolioLogin(
        http, tenant="diku", username="sync", password=SecretStr("pass-word"), limiter=Limiter(0), clock=clock
    )
    await http.aclose()


@pytest.mark.parametrize(("life", "still_good"), [(600, 539), (60, 29), (10, 4)])
async def test_the_token_is_renewed_a_minute_before_it_expires(life: int, still_good: int) -> None:
    clock = Clock()
    async with login(lambda: login_answer("token-x-abcdefgh", life), clock) as one:
        await one.headers()
        clock.now += still_good
        await one.headers()
        assert one.logins == 1

        clock.now += 2
        await one.headers()
        assert one.logins == 2


async def test_the_life_of_a_token_without_max_age_is_told_by_the_body() -> None:
    clock = Clock()
    cookie = {"Set-Cookie": "folioAccessToken=token-y-abcdefgh; Path=/; Partitioned"}
    body = {"accessTokenExpiration": "2999-01-01T00:00:00Z"}
    async with login(lambda: httpx.Response(201, headers=cookie, json=body), clock) as one:
        await one.headers()
        clock.now += 100_000
        headers = await one.headers()

    assert one.logins == 1
    assert headers["x-okapi-token"] == "token-y-abcdefgh"


async def test_an_absurd_life_of_a_token_is_no_life() -> None:
    clock = Clock()
    cookie = {"Set-Cookie": f"folioAccessToken=token-y-abcdefgh; Max-Age={'9' * 400}"}
    body = {"accessTokenExpiration": "1970-01-01T00:00:00Z"}
    async with login(lambda: httpx.Response(201, headers=cookie, json=body), clock) as one:
        await one.headers()
        clock.now += 100_000
        await one.headers()

    assert one.logins == 2


async def test_a_token_that_no_header_can_hold_is_refused_and_not_asked_for_again() -> None:
    asked = 0

    def answers() -> httpx.Response:
        nonlocal asked
        asked += 1
        cookie = "folioAccessToken=tok\u00e9n-abcdefgh; Max-Age=600".encode()
        return httpx.Response(201, headers=[(b"Set-Cookie", cookie)], json={})

    async with login(answers, Clock()) as one:
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="a character that no header can hold"):
                await one.headers()

    assert asked == 1


async def test_an_old_tokens_refusal_does_not_throw_away_a_new_one() -> None:
    async with login(lambda: login_answer("token-z-abcdefgh"), Clock()) as one:
        await one.headers()
        one.reject({"x-okapi-token": "token-older-abcdefgh"})
        await one.headers()

    assert one.logins == 1


async def test_a_tenant_that_no_header_can_carry_is_refused() -> None:
    with pytest.raises(SyncError, match="FOLIO tenant"):
        async with open_folio("http://folio.invalid", "di\nku", "sync", SecretStr("pass-word")):
            pass
