"""What is sent again and what never is: a read may be repeated, a write only when it surely was not carried out."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr

from sync.alma.client import AlmaClient, open_alma
from sync.errors import (
    ConfigurationError,
    LoginRefusedError,
    NotFoundError,
    OutcomeUnknownError,
    QuotaError,
    RefusedError,
    SyncError,
    UnreachableError,
)
from sync.folio.client import FolioClient, open_folio
from sync.folio.wire import PackagePost
from sync.transport.retry import QuotaMidWriteError, RetryPolicy
from tests.support.transports import FolioScript, Script, Step, answer, quick

KEY = SecretStr("l8xx00112233445566")
COLLECTION = {"id": "61123", "public_name": "Journals"}
PACKAGE = {"data": {"id": "19-3964", "type": "packages", "attributes": {"name": "Journals"}}}
POST = PackagePost(name="Journals", content_type="E-Journal")


@asynccontextmanager
async def alma(script: Script, **changes: object) -> AsyncIterator[AlmaClient]:
    async with open_alma("http://alma.invalid", KEY, 0, options=quick(script, **changes)) as client:
        yield client


@asynccontextmanager
async def folio(script: Script, **changes: object) -> AsyncIterator[FolioClient]:
    options = quick(script, **changes)
    async with open_folio("http://folio.invalid", "diku", "sync", SecretStr("pass-word"), 0, options=options) as client:
        yield client


def alma_error(status: int, code: str, message: str = "words", **headers: str) -> httpx.Response:
    body = {"errorsExist": True, "errorList": {"error": [{"errorCode": code, "errorMessage": message}]}, "result": None}
    return answer(status, body, **headers)


def json_api(status: int, title: str, detail: str = "") -> httpx.Response:
    body = {"errors": [{"title": title, "detail": detail}], "jsonapi": {"version": "1.0"}}
    return answer(status, body, kind="application/vnd.api+json")


PASSING_FOR_READS: list[Step] = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("full"),
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    answer(408, {"errors": [{"message": "Request timed out", "code": "SERVICE_ERROR"}], "total_records": 1}),
    answer(500, text="Internal Server Error"),
    answer(502, text="<html><title>Bad Gateway</title></html>", kind="text/html"),
    answer(503),
    answer(503, text="busy", Retry_After="0"),
    answer(504, text="timeout"),
    alma_error(400, "GENERAL_ERROR"),
    alma_error(429, "PER_SECOND_THRESHOLD"),
    alma_error(200, "PER_SECOND_THRESHOLD"),
    answer(200, text="<html>maintenance</html>", kind="text/html"),
    answer(200, text='{"id": "611', kind="application/json"),
    answer(200),
    answer(204),
]


@pytest.mark.parametrize("step", PASSING_FOR_READS, ids=repr)
async def test_a_read_is_repeated_until_the_trouble_has_passed(step: Step) -> None:
    script = Script(step, answer(200, COLLECTION))

    async with alma(script) as client:
        client.connection.limiter.refused = lambda _seconds: None  # type: ignore[method-assign]
        record = await client.get_collection("61123")

    assert record.model.public_name == "Journals"
    assert len(script.requests) == 2


async def test_a_read_is_given_up_after_its_attempts() -> None:
    script = Script(answer(503))

    async with alma(script) as client:
        with pytest.raises(
            UnreachableError, match=r"Alma GET /almaws/v1/electronic/e-collections/61123.*tried 6 times"
        ):
            await client.get_collection("61123")

    assert len(script.requests) == 6


NOT_SENT: list[Step] = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")]


@pytest.mark.parametrize("step", NOT_SENT, ids=repr)
async def test_a_write_is_repeated_when_it_was_never_sent(step: Step) -> None:
    script = FolioScript(step, answer(200, PACKAGE))

    async with folio(script) as client:
        record = await client.create_package(POST)

    assert record.model.id == "19-3964"
    assert len(script.requests) == 2


async def test_a_write_that_never_gets_through_is_known_not_to_have_arrived() -> None:
    async with folio(FolioScript(httpx.ConnectError("refused"))) as client:
        with pytest.raises(UnreachableError) as lost:
            await client.create_package(POST)

    assert not isinstance(lost.value, OutcomeUnknownError)


UNKNOWN: list[Step] = [
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.WriteError("reset"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    answer(408, {"errors": [{"message": "Request timed out"}], "total_records": 1}),
    answer(500, text="Internal Server Error"),
    json_api(500, "Internal Server Error"),
    answer(502, text="<html><title>Bad Gateway</title></html>", kind="text/html"),
    answer(503, {"errors": [{"message": "busy"}], "total_records": 1}, Retry_After="1"),
    answer(504),
    answer(200),
    answer(200, text="stored", kind="text/plain"),
    answer(200, text="<html>hello</html>", kind="text/html"),
    answer(200, [PACKAGE]),
    answer(200, {"data": {"type": "packages"}}),
    answer(204),
    json_api(429, "Too many requests to EBSCO"),
]


@pytest.mark.parametrize("step", UNKNOWN, ids=repr)
async def test_a_write_is_sent_once_when_it_may_have_been_carried_out(step: Step) -> None:
    script = FolioScript(step, answer(200, PACKAGE))

    async with folio(script) as client:
        with pytest.raises(OutcomeUnknownError, match="FOLIO POST /eholdings/packages"):
            await client.create_package(POST)

    assert len(script.requests) == 1


async def test_a_write_turned_away_for_coming_too_fast_is_repeated() -> None:
    script = FolioScript(answer(429, {"message": "API rate limit exceeded"}, Retry_After="0"), answer(200, PACKAGE))

    async with folio(script) as client:
        await client.create_package(POST)

    assert len(script.requests) == 2


async def test_retry_after_is_honoured_in_full() -> None:
    script = Script(answer(503, text="busy", Retry_After="1"), answer(200, COLLECTION))

    began = time.monotonic()
    async with alma(script) as client:
        await client.get_collection("61123")

    assert time.monotonic() - began >= 1.0


async def test_a_wait_longer_than_the_total_time_gives_up_at_once() -> None:
    script = Script(answer(503, text="busy", Retry_After="60"))

    async with alma(script, retry=RetryPolicy(total_seconds=5)) as client:
        with pytest.raises(UnreachableError):
            await client.get_collection("61123")

    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "step",
    [
        answer(503, text="maintenance", Retry_After="86400"),
        alma_error(429, "PER_SECOND_THRESHOLD", Retry_After="86400"),
        answer(503, text="busy", Retry_After="99999999999"),
    ],
    ids=["a day of maintenance", "a day for one call too fast", "three thousand years"],
)
async def test_a_system_that_wants_to_be_left_alone_for_long_pauses_the_run_and_nobody_waits(step: Step) -> None:
    script = Script(step)

    async with alma(script) as client:
        with pytest.raises(QuotaError) as raised:
            await client.get_collection("61123")
        other = asyncio.create_task(client.get_collection("61124"))
        with pytest.raises(QuotaError):
            await asyncio.wait_for(other, 5)

    left = (raised.value.resumes_at - datetime.now(UTC)).total_seconds()
    assert 86_000 < left <= 7 * 86_400
    assert "asks to be left alone until" in raised.value.message


async def test_a_429_pauses_the_other_calls_of_the_system_too() -> None:
    script = Script(
        alma_error(429, "PER_SECOND_THRESHOLD", Retry_After="1"), answer(200, COLLECTION), answer(200, COLLECTION)
    )
    async with alma(script) as client:
        first = asyncio.create_task(client.get_collection("61123"))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await client.get_collection("61123")
        waited = time.monotonic() - began
        await first

    assert waited >= 0.85


@pytest.mark.parametrize("status", [200, 400, 403, 429, 503])
async def test_almas_daily_threshold_pauses_the_run_whatever_its_status(status: int) -> None:
    script = Script(alma_error(status, "DAILY_THRESHOLD"))

    async with alma(script) as client:
        for _ in range(3):
            with pytest.raises(QuotaError) as paused:
                await client.get_collection("61123")

    assert paused.value.resumes_at.hour == 0
    assert len(script.requests) == 1


async def test_ebscos_daily_limit_pauses_the_run() -> None:
    script = FolioScript(json_api(429, "Limit Exceeded"))

    async with folio(script) as client:
        for _ in range(3):
            with pytest.raises(QuotaError) as paused:
                await client.get_package("19-3964")

    assert not isinstance(paused.value, OutcomeUnknownError)
    assert len(script.requests) == 1


async def test_ebscos_daily_limit_in_the_midst_of_a_write_leaves_its_outcome_unknown() -> None:
    """A PUT is GET, PUT and GET at EBSCO: the last may be refused after the change was made."""
    script = FolioScript(json_api(429, "Limit Exceeded"))

    async with folio(script) as client:
        with pytest.raises(QuotaMidWriteError) as cut:
            await client.create_package(POST)

    assert isinstance(cut.value, OutcomeUnknownError)
    assert isinstance(cut.value, QuotaError)
    assert len(script.requests) == 1


ALMA_FINAL: list[tuple[Step, type[SyncError]]] = [
    (alma_error(400, "60121", "The collection ID was not found"), NotFoundError),
    (alma_error(400, "402203", "Input parameters mmsId 99 is not valid."), NotFoundError),
    (alma_error(400, "60106", "Invalid query format"), RefusedError),
    (alma_error(200, "401664", "Mandatory field is missing: library"), RefusedError),
    (alma_error(400, "UNAUTHORIZED", "API-key not defined or not configured to allow this API."), LoginRefusedError),
    (answer(401, text="no"), LoginRefusedError),
    (answer(403), LoginRefusedError),
    (answer(404, text="<html><title>404</title></html>", kind="text/html"), ConfigurationError),
    (answer(301, Location="https://elsewhere.invalid/"), ConfigurationError),
]


@pytest.mark.parametrize(("step", "error"), ALMA_FINAL, ids=repr)
async def test_what_alma_says_clearly_is_not_asked_again(step: Step, error: type[SyncError]) -> None:
    script = Script(step)

    async with alma(script) as client:
        with pytest.raises(error) as raised:
            await client.get_collection("61123")

    assert type(raised.value) is error
    assert "GET /almaws/v1/electronic/e-collections/61123" in raised.value.message
    assert len(script.requests) == 1


def eureka(status: int, message: str, code: str) -> httpx.Response:
    return answer(status, {"errors": [{"message": message, "code": code, "type": "X"}], "total_records": 1})


NO_USER = "KB Credentials do not exist or user with userId = 1 is not assigned to any available knowledgebase."

FOLIO_FINAL: list[tuple[Step, type[SyncError], str]] = [
    (json_api(404, "Package not found"), NotFoundError, "Package not found"),
    (json_api(422, "Invalid name", "name must not be empty"), RefusedError, "name must not be empty"),
    (json_api(403, "Unauthorized"), ConfigurationError, "EBSCO refused"),
    (json_api(500, NO_USER), ConfigurationError, "no EBSCO credentials"),
    (answer(404, text=NO_USER), ConfigurationError, "no EBSCO credentials"),
    (answer(404, {"message": "no Route matched with those values"}), ConfigurationError, "no Route"),
    (answer(404, text="No suitable module found for path /eholdings"), ConfigurationError, "No suitable module"),
    (eureka(404, "Unable to find the route", "NOT_FOUND_ERROR"), ConfigurationError, "Unable to find"),
    (eureka(400, "Application is not enabled for tenant: diku", "TENANT_NOT_ENABLED"), ConfigurationError, "diku"),
    (
        answer(403, text="Access for user 'sync' (1) requires permission: kb-ebsco.packages.item.get"),
        ConfigurationError,
        "kb-ebsco.packages.item.get",
    ),
]


@pytest.mark.parametrize(("step", "error", "text"), FOLIO_FINAL, ids=repr)
async def test_what_folio_says_clearly_is_not_asked_again(step: Step, error: type[SyncError], text: str) -> None:
    script = FolioScript(step)

    async with folio(script) as client:
        with pytest.raises(error, match=text) as raised:
            await client.get_package("19-3964")

    assert type(raised.value) is error
    assert len(script.requests) == 1


async def test_a_passing_403_of_eureka_is_asked_once_more_for_reads_only() -> None:
    denied = eureka(403, "Access Denied", "AUTHORIZATION_ERROR")
    passing, lasting, writing = FolioScript(denied, answer(200, PACKAGE)), FolioScript(denied), FolioScript(denied)

    async with folio(passing) as client:
        await client.get_package("19-3964")
    async with folio(lasting) as client:
        with pytest.raises(ConfigurationError, match=r"kb-ebsco\.packages\.item\.get"):
            await client.get_package("19-3964")
    async with folio(writing) as client:
        with pytest.raises(ConfigurationError, match=r"kb-ebsco\.packages\.collection\.post"):
            await client.create_package(POST)

    assert [len(script.requests) for script in (passing, lasting, writing)] == [2, 2, 1]


async def test_writes_spend_what_they_cost_at_ebsco_and_reads_one() -> None:
    async with folio(FolioScript(answer(200, PACKAGE))) as client:
        await client.create_package(POST)
        await client.get_package("19-3964")

        assert client.connection.budget.used == 4
        assert (client.connection.calls, client.connection.writes) == (2, 1)


async def test_the_calls_left_today_are_those_alma_reports() -> None:
    async with alma(Script(answer(200, COLLECTION, X_Exl_Api_Remaining="49999"))) as client:
        assert client.remaining_calls is None
        await client.get_collection("61123")

        assert client.remaining_calls == 49999


async def test_work_pauses_at_the_reserve_by_almas_own_count() -> None:
    script = Script(answer(200, COLLECTION, X_Exl_Api_Remaining="5000"))
    async with open_alma("http://alma.invalid", KEY, 0, daily_reserve=5000, options=quick(script)) as client:
        await client.get_collection("61123")
        with pytest.raises(QuotaError):
            await client.get_collection("61123")

    assert len(script.requests) == 1


async def test_an_observer_sees_each_write_before_it_is_sent_and_can_stop_it() -> None:
    seen: list[tuple[str, str]] = []

    def observer(method: str, path: str, body: object) -> None:
        seen.append((method, path))
        raise AssertionError("not this one")

    script = FolioScript(answer(200, PACKAGE))
    async with folio(script, observer=observer) as client:
        await client.get_package("19-3964")
        with pytest.raises(AssertionError, match="not this one"):
            await client.create_package(POST)

    assert seen == [("POST", "/eholdings/packages")]
    assert [request.method for request in script.requests] == ["GET"]


async def test_one_unreadable_record_does_not_lose_its_page() -> None:
    page = {
        "electronic_collection": [COLLECTION, {"id": "61124", "is_local": "perhaps"}, "what"],
        "total_record_count": 3,
    }
    async with alma(Script(answer(200, page))) as client:
        found = await client.list_collections(0)

    assert [record.model.id for record in found.records] == ["61123"]
    assert [item.id for item in found.invalid] == ["61124", ""]
    assert "perhaps" not in found.invalid[0].reason
    assert (found.total, found.size) == (3, 3)


async def test_no_hits_are_an_empty_page_but_another_object_is_a_failure() -> None:
    async with alma(Script(answer(200, {"total_record_count": 0}))) as client:
        assert (await client.list_collections(0)).size == 0
    async with alma(Script(answer(200, {}))) as client:
        with pytest.raises(UnreachableError):
            await client.list_collections(0)
