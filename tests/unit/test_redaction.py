"""No key, token or password reaches a log line, a message or an address, in whatever spelling."""

import base64
import json
import logging
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
import structlog
from pydantic import SecretStr

from sync.alma.client import open_alma
from sync.errors import ConfigurationError, SyncError
from sync.folio.client import open_folio
from sync.logs import configure_logging
from sync.transport.redaction import REDACTED, forget_secret, redact_event, register_secret, scrub
from tests.support.transports import QUICK, answer, login_answer, quick

KEY = "l8xx5f0a9c31b2d4"
PASSWORD = "p&ss wörd/\"1'"  # noqa: S105


@pytest.fixture
def secrets() -> Iterator[None]:
    register_secret(KEY)
    register_secret(SecretStr(PASSWORD))
    yield
    forget_secret(KEY)
    forget_secret(PASSWORD)


@pytest.fixture
def fresh_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(
    "spelled",
    [
        KEY,
        PASSWORD,
        quote(PASSWORD),
        quote(PASSWORD, safe=""),
        json.dumps(PASSWORD),
        json.dumps(PASSWORD, ensure_ascii=False),
        repr(PASSWORD),
        base64.b64encode(PASSWORD.encode()).decode(),
    ],
)
def test_a_registered_secret_is_struck_out_in_every_spelling(spelled: str) -> None:
    text = scrub(f"before {spelled} after")

    assert REDACTED in text
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert spelled.strip("\"'=") not in text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET https://api.invalid/almaws/v1/bibs?apikey=l7xxabc&view=full", "l7xxabc"),
        ("Authorization: apikey l7xxabc123", "l7xxabc123"),
        ("sent apikey l7xxabc123 twice", "l7xxabc123"),
        ("x-okapi-token: abc.def.ghi", "abc.def.ghi"),
        ("Cookie: folioAccessToken=abc; folioRefreshToken=def", "def"),
        ("Set-Cookie: folioAccessToken=abcdef; Path=/", "abcdef"),
        ("Authorization: Bearer abcdefgh1", "abcdefgh1"),
        ('{"username":"sync","password":"hunter2"}', "hunter2"),
        ("password=hunter2", "hunter2"),
        ("postgresql://sync:hunter2@db.invalid/x", "hunter2"),
        ("token eyJhbGciOiJI.eyJzdWIi.c2ln is old", "eyJzdWIi"),
        ('{"access_token": "abcdef"}', "abcdef"),
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "API-key not defined or not configured to allow this API.",
        "Token missing, access requires permission: kb-ebsco.packages.item.get",
        "Alma GET /almaws/v1/electronic/e-collections/61173723710002204: refused (400)",
        "The token is no longer accepted",
        "https://publisher.invalid/journal?id=31111&lang=en",
        "basic research in physics",
    ],
)
def test_plain_words_stay(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.usefixtures("secrets")
def test_a_log_event_is_scrubbed_however_deep() -> None:
    event = redact_event(
        None,
        "info",
        {
            "event": f"used {KEY}",
            "headers": {"Authorization": f"apikey {KEY}", "Accept": "application/json"},
            "list": [{"body": PASSWORD}, (KEY.encode(),)],
            "password": "short",
            "error": ValueError(KEY),
            "secret_value": SecretStr("hidden"),
            "count": 3,
        },
    )

    written = json.dumps(event, default=str, ensure_ascii=False)
    assert KEY not in written
    assert PASSWORD not in written
    assert "short" not in written
    assert "hidden" not in written
    assert event["count"] == 3
    assert event["headers"]["Accept"] == "application/json"


@pytest.mark.usefixtures("secrets", "fresh_logging")
@pytest.mark.parametrize("form", ["json", "text"])
def test_logs_go_to_standard_error_with_their_action_and_without_secrets(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info", form)  # type: ignore[arg-type]
    log = structlog.get_logger()

    log.debug("not heard", action="test.debug")
    log.info("heard", action="test.info", detail=f"key {KEY}")
    try:
        int(f"with {KEY} inside")
    except ValueError:
        log.exception("failed", action="test.failed")
    logging.getLogger("some.library").warning("library says %s", KEY)
    logging.getLogger("some.library").info("library chats")

    out, err = capsys.readouterr()
    assert out == ""
    assert "test.info" in err
    assert "ValueError" in err
    assert "library says" in err
    assert KEY not in err
    assert "not heard" not in err
    assert "library chats" not in err
    if form == "json":
        lines = [json.loads(line) for line in err.splitlines()]
        assert [line["action"] for line in lines] == ["test.info", "test.failed", "library"]


def test_an_unknown_level_or_form_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError):
        configure_logging("loud")
    with pytest.raises(ConfigurationError):
        configure_logging("info", "xml")  # type: ignore[arg-type]


@pytest.mark.usefixtures("fresh_logging")
async def test_nothing_a_client_logs_or_raises_holds_its_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("debug", "json")
    words: list[str] = []

    def echo(request: httpx.Request) -> httpx.Response:
        """Answer with everything that was sent, as a careless server might."""
        if request.url.path.endswith("with-expiry"):
            return login_answer("token-abc-0123456789")
        return answer(500, text=f"{request.url} {dict(request.headers)} {request.content.decode()}")

    options = quick(httpx.MockTransport(echo), retry=QUICK)
    async with open_alma("http://alma.invalid", SecretStr(KEY), 0, options=options) as alma:
        with pytest.raises(SyncError) as failed:
            await alma.get_collection("61")
        words.append(str(failed.value))
    refuse = httpx.MockTransport(lambda request: answer(422, text=request.content.decode()))
    for transport in (options.transport, refuse):
        settings = quick(transport, retry=QUICK)
        async with open_folio(
            "http://folio.invalid", "diku", "sync", SecretStr(PASSWORD), 0, options=settings
        ) as folio:
            with pytest.raises(SyncError) as failed:
                await folio.get_package("1-2")
            words.append(str(failed.value))

    everything = "".join(words) + capsys.readouterr().err
    assert "http.call" in everything
    for secret in (KEY, PASSWORD, json.dumps(PASSWORD)[1:-1], "token-abc-0123456789"):
        assert secret not in everything


@pytest.mark.parametrize("key", ["", "  ", "l8xx\nfoo", "schlüssel"])
async def test_a_key_that_no_header_can_carry_is_named_but_not_shown(key: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        async with open_alma("http://alma.invalid", SecretStr(key)):
            pass

    assert "Alma API key" in refused.value.message
    assert not key.strip() or key not in refused.value.message
