"""The key goes to the configured address and nowhere else, and every answer is bounded."""

import asyncio
import gzip

import httpx
import pytest
from pydantic import SecretStr

from sync.alma.client import open_alma
from sync.errors import BugError, ConfigurationError, DataError
from sync.transport.http import Answer, AnswerLostError, Headers, Http, NotSentError, segment
from tests.support.transports import Script, answer, quick


@pytest.mark.parametrize(
    "path",
    [
        "https://elsewhere.invalid/x",
        "http://elsewhere.invalid/x",
        "//elsewhere.invalid/x",
        "elsewhere.invalid/x",
        "/\\elsewhere.invalid",
        "/a/../../x",
        "/a/./x",
        "/a?apikey=1",
        "/a#b",
        "/a b",
        "/a\nb",
        "",
    ],
)
async def test_only_a_path_below_the_configured_address_is_called(path: str) -> None:
    script = Script(answer(200, {}))
    http = Http("http://alma.invalid/base", transport=script)

    with pytest.raises(ConfigurationError):
        await http.send("GET", path)
    await http.aclose()

    assert script.requests == []


async def test_paths_and_queries_arrive_as_given() -> None:
    script = Script(answer(200, {}))
    http = Http("http://folio.invalid/gateway/", transport=script)

    await http.send(
        "GET", "/titles/1-2", params={"filter[name]": "a&b", "selected": True, "q": None, "tags": ["x", "y"]}
    )
    await http.aclose()

    url = script.requests[0].url
    assert url.path == "/gateway/titles/1-2"
    assert list(url.params.multi_items()) == [
        ("filter[name]", "a&b"),
        ("selected", "true"),
        ("tags", "x"),
        ("tags", "y"),
    ]


@pytest.mark.parametrize(
    "base", ["", "ftp://x", "https://", "https://user:hunter2@x.invalid", "https://x.invalid?apikey=1", "https://x:pq"]
)
async def test_an_address_that_is_none_is_refused_without_showing_a_password(base: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Http(base)

    assert "hunter2" not in refused.value.message


async def test_a_redirect_is_not_followed() -> None:
    script = Script(answer(302, Location="http://elsewhere.invalid/steal"))

    async with open_alma("http://alma.invalid", SecretStr("l8xx0123456789"), 0, options=quick(script)) as alma:
        with pytest.raises(ConfigurationError, match="redirect"):
            await alma.get_collection("61")

    assert [request.url.host for request in script.requests] == ["alma.invalid"]


async def test_the_key_travels_in_the_header_and_never_in_the_address() -> None:
    script = Script(answer(200, {"id": "61", "link": "http://elsewhere.invalid/x"}))

    async with open_alma(
        "http://alma.invalid/almaws/v1/", SecretStr(" l8xx0123456789\n"), 0, options=quick(script)
    ) as alma:
        with pytest.raises(DataError):  # no record has such an id, and none answers under it
            await alma.get_collection("61/../62?x")

    request = script.requests[0]
    assert request.headers["Authorization"] == "apikey l8xx0123456789"
    assert request.headers["Accept"] == "application/json"
    assert request.url.raw_path == b"/almaws/v1/electronic/e-collections/61%2F..%2F62%3Fx"
    assert len(script.requests) == 1


@pytest.mark.parametrize("value", ["", " ", ".", ".."])
def test_an_empty_id_never_becomes_a_list(value: str) -> None:
    with pytest.raises(BugError):
        segment(value)


async def test_cookies_are_not_kept() -> None:
    script = Script(answer(200, {}, Set_Cookie="session=abc; Path=/"))
    http = Http("http://folio.invalid", transport=script)

    await http.send("GET", "/a")
    await http.send("GET", "/b")
    await http.aclose()

    assert "cookie" not in script.requests[1].headers


async def test_an_answer_beyond_the_cap_is_given_up() -> None:
    http = Http("http://alma.invalid", transport=Script(answer(200, text="x" * 2000)), largest_body=1000)

    with pytest.raises(AnswerLostError, match="larger than 1000 bytes"):
        await http.send("GET", "/a")
    await http.aclose()


async def test_an_answer_that_never_ends_is_given_up() -> None:
    class Trickle(httpx.AsyncByteStream):
        async def __aiter__(self):  # type: ignore[no-untyped-def]
            while True:
                await asyncio.sleep(0.01)
                yield b"x"

    transport = httpx.MockTransport(lambda _request: httpx.Response(200, stream=Trickle()))
    http = Http("http://alma.invalid", transport=transport, connect_seconds=0.1, read_seconds=0.05)

    with pytest.raises(AnswerLostError, match="no whole answer"):
        await http.send("GET", "/a")
    await http.aclose()


async def test_nobody_listening_is_known_as_not_sent() -> None:
    http = Http("http://127.0.0.1:9", connect_seconds=2)

    with pytest.raises(NotSentError):
        await http.send("POST", "/a", content=b"{}")
    await http.aclose()


async def test_an_answer_that_is_compressed_twice_is_no_answer() -> None:
    packed = gzip.compress(gzip.compress(b"0" * 10_000_000))
    answered = httpx.Response(200, headers={"Content-Encoding": "gzip, gzip"}, stream=httpx.ByteStream(packed))
    http = Http("http://alma.invalid", transport=httpx.MockTransport(lambda _request: answered))

    with pytest.raises(AnswerLostError, match="compressed more than once"):
        await http.send("GET", "/a")
    await http.aclose()


async def test_no_more_requests_are_in_flight_than_permitted() -> None:
    together, most = 0, 0

    async def slow(_request: httpx.Request) -> httpx.Response:
        nonlocal together, most
        together += 1
        most = max(most, together)
        await asyncio.sleep(0.01)
        together -= 1
        return answer(200, {"id": "61"})

    options = quick(httpx.MockTransport(slow), in_flight=3)
    async with open_alma("http://alma.invalid", SecretStr("l8xx0123456789"), 0, options=options) as alma:
        await asyncio.gather(*(alma.get_collection("61") for _ in range(20)))

    assert most == 3


def test_headers_are_found_in_any_case_and_each_cookie_by_itself() -> None:
    headers = Headers([("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("X-Exl-Api-Remaining", "7")])

    assert headers["x-exl-api-remaining"] == "7"
    assert headers.every("Set-Cookie") == ("a=1", "b=2")
    assert "Content-Type" not in headers


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [("7", 7, 7), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0), ("Fri, 21 Oct 2050 07:28:00 GMT", 1e6, 1e10)],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, low: float, high: float) -> None:
    seconds = Answer(status=503, headers=Headers([("Retry-After", value)])).retry_after

    assert seconds is not None
    assert low <= seconds <= high


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5x"])
def test_an_unreadable_retry_after_is_none(value: str) -> None:
    assert Answer(status=503, headers=Headers([("Retry-After", value)])).retry_after is None
