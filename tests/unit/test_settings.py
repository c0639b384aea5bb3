"""The configuration: one file, every key replaceable by the environment, unknown keys refused, secrets never shown."""

import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.errors import ConfigurationError
from sync.settings import Settings, example_configuration, find_file, load_settings

KEY = "l8xx5f0a9c31b2d4-MARKED"
PASSWORD = "p4ssw0rd-MARKED"  # noqa: S105
DATABASE_PASSWORD = "d4tabase-MARKED"  # noqa: S105
MARK = "MARKED"

ALMA = f"""
[pairs.main.alma]
base_url = "https://alma.invalid"
api_key = "{KEY}"
"""
FOLIO = f"""
[pairs.main.folio]
base_url = "https://folio.invalid/"
tenant = "diku"
username = "sync"
password = "{PASSWORD}"
"""
WHOLE = ALMA + FOLIO

Loader = Callable[[str], Settings]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ALMA_FOLIO_SYNC_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    """Return a function that writes a configuration and loads it."""

    def loaded(text: str) -> Settings:
        path = tmp_path / "conf.toml"
        path.write_text(text, encoding="utf-8")
        return load_settings(path)

    return loaded


def _refused(load: Loader, text: str) -> str:
    """Return the message with which a configuration is refused; whatever is wrong, no secret is in it."""
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    shown = "".join(traceback.format_exception(caught.value)) + caught.value.advice
    error: BaseException | None = caught.value
    while error is not None:
        shown += str(error) + repr(error)
        error = error.__cause__ or error.__context__
    assert MARK not in shown
    return caught.value.message


def test_a_small_configuration_has_the_defaults_of_the_contract(load: Loader) -> None:
    """design: §10."""
    found = load(WHOLE)
    name, pair = found.pair(None)

    assert (name, pair.alma.base_url, pair.folio.base_url) == ("main", "https://alma.invalid", "https://folio.invalid")
    assert (pair.alma.requests_per_second, pair.alma.daily_reserve, pair.alma.sru_url) == (25, 5000, None)
    assert (pair.folio.requests_per_second, pair.folio.daily_calls, pair.folio.daily_reserve) == (10, 30000, 3000)
    assert (pair.policy.conflicts, pair.policy.max_removals, pair.policy.max_removals_percent) == ("ask", 20, 5.0)
    assert (found.database.url, found.database.data_dir) == (None, Path(".alma-folio-sync"))


def test_the_example_configuration_is_one(load: Loader) -> None:
    assert load(example_configuration()).pair("main")[1].folio.tenant == "diku"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("colour = 1\n" + WHOLE, "colour"),
        (WHOLE + '\n[databse]\nurl = "x"\n', "databse"),
        (WHOLE + "\n[database]\nurls = 'x'\n", "database.urls"),
        (ALMA + f'apikey = "{KEY}"\n' + FOLIO, "pairs.main.alma.apikey"),
        (WHOLE + f'passwort = "{PASSWORD}"\n', "pairs.main.folio.passwort"),
        (WHOLE + "\n[pairs.main.policy]\nmax_removal = 1\n", "pairs.main.policy.max_removal"),
        (WHOLE + "\n[pairs.main.maps]\nproxy = {}\n", "pairs.main.maps.proxy"),
        (WHOLE + "\n[pairs.main.ebsco]\n", "pairs.main.ebsco"),
        ('_env_prefix = "X"\n' + WHOLE, "_env_prefix"),
    ],
)
def test_an_unknown_key_is_refused_by_its_name(load: Loader, text: str, key: str) -> None:
    assert f"  {key}: unknown key" in _refused(load, text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "pairs"),
        (ALMA, "pairs.main.folio"),
        (FOLIO, "pairs.main.alma"),
        (ALMA.replace(f'api_key = "{KEY}"', "") + FOLIO, "pairs.main.alma.api_key"),
        (WHOLE.replace('tenant = "diku"\n', ""), "pairs.main.folio.tenant"),
    ],
)
def test_a_missing_key_is_named(load: Loader, text: str, key: str) -> None:
    assert f"  {key}: is missing" in _refused(load, text)


def test_every_mistake_is_named_at_once(load: Loader) -> None:
    message = _refused(load, WHOLE.replace("https://alma.invalid", "alma.invalid") + "colour = 1\n")

    assert "pairs.main.alma.base_url" in message
    assert "pairs.main.folio.colour" in message


@pytest.mark.parametrize(
    "url",
    [
        "alma.invalid", "ftp://alma.invalid", f"https://user:{PASSWORD}@alma.invalid", "https://alma.invalid/?a=b",
        "https://alma.invalid/#x", "https://", "https://alma .invalid", f"https://alma.invalid/?apikey={KEY}",
    ],
)  # fmt: skip
def test_a_wrong_address_is_refused_without_showing_it_or_the_secret_beside_it(load: Loader, url: str) -> None:
    assert "pairs.main.alma.base_url" in _refused(load, WHOLE.replace("https://alma.invalid", url))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001", "https://api-eu.invalid/", "https://folio.invalid/okapi/"])
def test_an_address_loses_its_last_slash(load: Loader, url: str) -> None:
    found = load(WHOLE.replace("https://alma.invalid", url))

    assert found.pair(None)[1].alma.base_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("requests_per_second", "-1"), ("requests_per_second", "1001"), ("requests_per_second", "nan"),
        ("daily_reserve", "-1"), ("calls_in_flight", "0"), ("timeout_seconds", "0"), ("daily_reserve", '"many"'),
    ],
)  # fmt: skip
def test_a_number_out_of_range_is_refused(load: Loader, name: str, value: str) -> None:
    assert f"pairs.main.alma.{name}" in _refused(load, ALMA + f"{name} = {value}\n" + FOLIO)


@pytest.mark.parametrize("rate", [0, 0.5, 25, 1000])
def test_limits_are_honoured_as_given(load: Loader, rate: float) -> None:
    """design: §10 — 0 (no limit, no reserve) and 1000 a second included."""
    limits = f"requests_per_second = {rate}\ndaily_reserve = 0\n"
    _, pair = load(ALMA + limits + FOLIO + limits + "daily_calls = 0\n").pair(None)

    assert (pair.alma.requests_per_second, pair.alma.daily_reserve) == (rate, 0)
    assert (pair.folio.requests_per_second, pair.folio.daily_reserve, pair.folio.daily_calls) == (rate, 0, 0)


@pytest.mark.parametrize("calls", [3000, 2999])
def test_a_reserve_that_leaves_no_call_is_refused(load: Loader, calls: int) -> None:
    assert "daily_reserve must be smaller than daily_calls" in _refused(load, WHOLE + f"daily_calls = {calls}\n")
    assert load(WHOLE + "daily_calls = 3001\n").pair(None)[1].folio.daily_calls == 3001


# The environment


def test_the_environment_goes_before_the_file(load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PAIRS__MAIN__ALMA__API_KEY": "other",
        "PAIRS__MAIN__ALMA__REQUESTS_PER_SECOND": "0",
        "PAIRS__MAIN__FOLIO__REQUESTS_PER_SECOND": "1000",
        "PAIRS__MAIN__FOLIO__PASSWORD": "12345",
        "PAIRS__MAIN__POLICY__CONFLICTS": "alma",
        "PAIRS__MAIN__POLICY__TAGS": '["from-alma","new"]',
        "DATABASE__DATA_DIR": "elsewhere",
    }.items():
        monkeypatch.setenv(f"ALMA_FOLIO_SYNC_{name}", value)

    found = load(WHOLE)
    _, pair = found.pair(None)

    assert pair.alma.api_key.get_secret_value() == "other"
    assert pair.folio.password.get_secret_value() == "12345"
    assert (pair.alma.requests_per_second, pair.folio.requests_per_second) == (0, 1000)
    assert (pair.policy.conflicts, pair.policy.tags) == ("alma", ("from-alma", "new"))
    assert found.database.data_dir == Path("elsewhere")
    assert pair.alma.base_url == "https://alma.invalid"


def test_the_environment_may_give_what_the_file_lacks(load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALMA_FOLIO_SYNC_PAIRS__MAIN__ALMA__API_KEY", KEY)

    found = load(WHOLE.replace(f'api_key = "{KEY}"', ""))

    assert found.pair(None)[1].alma.api_key.get_secret_value() == KEY


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("PAIRS__MAIN__ALMA__APIKEY", "pairs.main.alma.apikey: unknown key"),
        ("DATABSE__URL", "ALMA_FOLIO_SYNC_DATABSE__URL: unknown key"),
        ("PAIR__MAIN__ALMA__API_KEY", "ALMA_FOLIO_SYNC_PAIR__MAIN__ALMA__API_KEY: unknown key"),
    ],
)
def test_an_unknown_key_in_the_environment_is_refused_too(
    load: Loader, monkeypatch: pytest.MonkeyPatch, name: str, shown: str
) -> None:
    monkeypatch.setenv(f"ALMA_FOLIO_SYNC_{name}", KEY)

    assert shown in _refused(load, WHOLE)


@pytest.mark.parametrize("name", ["SERVICE_HOST", "PORT_8080_TCP_ADDR", "CONFIG"])
def test_what_kubernetes_sets_for_a_service_of_our_name_is_no_key(
    load: Loader, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"ALMA_FOLIO_SYNC_{name}", "tcp://10.0.0.1:8080")

    assert load(WHOLE).pair(None)[0] == "main"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAIRS", f"junk {KEY}"),
        ("PAIRS__MAIN__ALMA", KEY),
        ("PAIRS__MAIN__POLICY__TAGS", "one,two"),
        ("PAIRS__MAIN__ALMA__REQUESTS_PER_SECOND", f"fast {KEY}"),
        ("DATABASE__URL", f"mysql://u:{DATABASE_PASSWORD}@h/d"),
    ],
)
def test_a_variable_that_cannot_be_read_is_an_error_with_its_name_and_without_its_value(
    load: Loader, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"ALMA_FOLIO_SYNC_{name}", value)

    message = _refused(load, WHOLE).lower()

    assert name.lower() in message or name.lower().replace("__", ".") in message


# Secrets


def test_secrets_are_read_from_files_named_for_them(load: Loader, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n", encoding="utf-8")
    (tmp_path / "password").write_text(f"  {PASSWORD}\n", encoding="utf-8")
    text = WHOLE.replace(f'api_key = "{KEY}"', f'api_key_file = "{tmp_path}/key"')
    text = text.replace(f'password = "{PASSWORD}"', f'password_file = "{tmp_path}/password"')

    _, pair = load(text).pair(None)

    assert (pair.alma.api_key.get_secret_value(), pair.folio.password.get_secret_value()) == (KEY, PASSWORD)


@pytest.mark.parametrize("home", [True, False])
def test_a_secret_file_in_the_home_folder_or_missing(
    load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, home: bool
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    text = WHOLE.replace(f'api_key = "{KEY}"', 'api_key_file = "~/key"')
    if home:
        (tmp_path / "key").write_text(KEY, encoding="utf-8")
        assert load(text).pair(None)[1].alma.api_key.get_secret_value() == KEY
    else:
        assert "api_key_file cannot be read: No such file or directory" in _refused(load, text)


@pytest.mark.parametrize("value", ["5", "[]", "true"])
def test_a_secret_file_that_is_no_path_is_refused(load: Loader, value: str) -> None:
    assert "api_key" in _refused(load, WHOLE.replace(f'api_key = "{KEY}"', f"api_key_file = {value}"))


def test_an_empty_secret_is_refused(load: Loader, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n", encoding="utf-8")

    assert "api_key is empty" in _refused(load, WHOLE.replace(KEY, ""))
    assert "password is empty" in _refused(load, WHOLE.replace(PASSWORD, ""))
    assert "api_key is empty" in _refused(load, WHOLE.replace(f'api_key = "{KEY}"', f'api_key_file = "{tmp_path}/key"'))


def test_a_binary_secret_file_is_refused(load: Loader, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe" + KEY.encode())

    _refused(load, WHOLE.replace(f'api_key = "{KEY}"', f'api_key_file = "{tmp_path}/key"'))


def test_a_secret_file_without_an_end_is_refused_at_once(load: Loader, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "long").write_text("x" * 70_000, encoding="utf-8")
    for place, why in (("/dev/zero", "no ordinary file"), (f"{tmp_path}/pipe", "no ordinary file"), ("long", "longer")):
        text = WHOLE.replace(f'api_key = "{KEY}"', f'api_key_file = "{tmp_path / place}"')
        assert why in _refused(load, text)


@pytest.mark.parametrize("absurd", [f"number = {'9' * 5000}", "list = " + "[" * 50_000])
def test_a_file_of_absurd_values_is_refused_and_named(load: Loader, tmp_path: Path, absurd: str) -> None:
    assert str(tmp_path / "conf.toml") in _refused(load, absurd)


def test_a_misspelt_key_is_refused_with_the_one_that_may_be_meant(load: Loader) -> None:
    message = _refused(load, FOLIO + ALMA + "setle_seconds = 3\nnothing_like_it = 1\n")
    assert "pairs.main.alma.setle_seconds: unknown key (did you mean settle_seconds?)" in message
    assert message.endswith("pairs.main.alma.nothing_like_it: unknown key")


def test_the_address_of_the_database_may_stand_in_a_file_of_its_own(load: Loader, tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"postgresql://sync:{DATABASE_PASSWORD}@db.invalid/x\n", encoding="utf-8")

    found = load(WHOLE + f'\n[database]\nurl_file = "{tmp_path}/url"\n')

    assert found.database.url is not None
    assert found.database.url.get_secret_value() == f"postgresql+psycopg://sync:{DATABASE_PASSWORD}@db.invalid/x"
    assert MARK not in repr(found) + found.model_dump_json()


def test_no_secret_shows_in_any_form_of_the_configuration(load: Loader) -> None:
    found = load(WHOLE + f'\n[database]\nurl = "postgresql://sync:{DATABASE_PASSWORD}@db.invalid/x"\n')
    _, pair = found.pair(None)

    shown = [found, found.database, found.pairs, pair, pair.alma, pair.folio]
    text = "".join(f"{one!r}{one!s}" for one in shown) + found.model_dump_json() + str(found.model_dump())

    assert MARK not in text
    assert found.database.url is not None
    assert DATABASE_PASSWORD in found.database.url.get_secret_value()


@pytest.mark.parametrize(
    "text",
    [
        f"api_key = {KEY}\n",
        f'x = "{KEY}\n',
        f'x = "\\q{KEY}"\n',
        f'pairs = "{KEY}"\n',
        f'[pairs]\nmain = "{KEY}"\n',
        f'[pairs.main]\nalma = "{KEY}"\nfolio = ["{PASSWORD}"]\n',
        WHOLE.replace(f'"{KEY}"', f'["{KEY}"]'),
        WHOLE.replace(f'"{KEY}"', f'{{ value = "{KEY}" }}'),
        WHOLE + f'\n[database]\nurl = "mysql://u:{DATABASE_PASSWORD}@h/d"\n',
        WHOLE + f'\n[database]\nurl = ["{DATABASE_PASSWORD}"]\n',
        WHOLE + f'\n[pairs.main.policy]\nconflicts = "{KEY}"\n',
        WHOLE + f'\n[pairs.main.maps.embargo_operators]\n">" = "{KEY}"\n',
    ],
)
def test_no_secret_shows_in_an_error_wherever_it_stands(load: Loader, text: str) -> None:
    _refused(load, text)


def test_mms_ids_of_standalone_portfolios_are_read_one_a_line_each_once(load: Loader, tmp_path: Path) -> None:
    """mapping: standalone portfolios "are read when their MMS IDs are given"."""
    ids = tmp_path / "ids.txt"
    ids.write_text("\ufeff991\r\n\n 992 \n991\n", encoding="utf-8")
    text = ALMA + f'standalone_mms_ids_file = "{ids}"\n' + FOLIO

    assert load(text).pair(None)[1].alma.standalone_mms_ids() == ("991", "992")
    assert load(WHOLE).pair(None)[1].alma.standalone_mms_ids() == ()
    ids.write_text("991\n99x\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 2: '99x' is no MMS ID"):
        load(text).pair(None)[1].alma.standalone_mms_ids()
    ids.unlink()
    with pytest.raises(ConfigurationError, match="standalone_mms_ids_file cannot be read"):
        load(text).pair(None)[1].alma.standalone_mms_ids()


# Databases, pairs, maps, files


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_postgres_url_is_taken_in_every_usual_spelling(load: Loader, scheme: str) -> None:
    url = load(WHOLE + f'\n[database]\nurl = "{scheme}://u:p@h:5433/d?sslmode=require"\n').database.url

    assert url is not None
    assert url.get_secret_value() == "postgresql+psycopg://u:p@h:5433/d?sslmode=require"


def test_another_database_is_refused(load: Loader) -> None:
    assert "only Postgres is supported" in _refused(load, WHOLE + "\n[database]\nurl = 'sqlite:///x'\n")


def test_the_only_pair_needs_no_name_and_of_several_one_must_be_named(load: Loader) -> None:
    several = load(WHOLE + WHOLE.replace("pairs.main", "pairs.branch"))

    assert several.pair("branch")[0] == "branch"
    with pytest.raises(ConfigurationError, match="The configuration has several pairs: branch, main") as caught:
        several.pair(None)
    assert caught.value.advice == "Name one with --pair."
    with pytest.raises(ConfigurationError, match="There is no pair 'nowhere'; there are: branch, main"):
        several.pair("nowhere")
    with pytest.raises(ConfigurationError, match="There is no pair 'nowhere'; there are: main"):
        load(WHOLE).pair("nowhere")


def test_a_configuration_without_pairs_is_refused(load: Loader) -> None:
    assert "pairs" in _refused(load, "[pairs]\n")


def test_maps_are_read(load: Loader) -> None:
    _, pair = load(
        WHOLE
        + """
[pairs.main.maps.proxies]
"EZP" = "EZProxy"
[pairs.main.maps.material_types]
masterthesis = "Thesis & Dissertation"
[pairs.main.maps.coverage_in_use]
"2" = "either"
[pairs.main.maps.embargo_operators]
">" = "delay"
[pairs.main.maps.notes]
public_note = "userDefinedField1"
internal_description = "userDefinedField5"
"""
    ).pair(None)

    assert pair.maps.proxies == {"EZP": "EZProxy"}
    assert pair.maps.material_types == {"MASTERTHESIS": "Thesis & Dissertation"}
    assert pair.maps.coverage_in_use == {"2": "either"}
    assert pair.maps.embargo_operators == {">": "delay"}
    assert pair.maps.notes == {"public_note": "userDefinedField1", "internal_description": "userDefinedField5"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('material_types = { DOCUMENT = "Paper" }', "'Paper' is no publication type of FOLIO; there are: Audiobook"),
        ('coverage_in_use = { "2" = "all" }', "pairs.main.maps.coverage_in_use.2"),
        ('embargo_operators = { ">" = "wall" }', "pairs.main.maps.embargo_operators.>"),
        ('notes = { public_note = "userDefinedField6" }', "pairs.main.maps.notes.public_note"),
        ('notes = { title_note = "userDefinedField1" }', "pairs.main.maps.notes.title_note"),
        (
            'notes = { public_note = "userDefinedField1", authentication_note = "userDefinedField1" }',
            "two notes go to the same user-defined field",
        ),
    ],
)
def test_a_map_that_means_nothing_is_refused(load: Loader, text: str, words: str) -> None:
    assert words in _refused(load, WHOLE + f"\n[pairs.main.maps]\n{text}\n")


def test_the_file_is_the_one_named_then_the_environments_then_the_one_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here, named, environment = tmp_path / "alma-folio-sync.toml", tmp_path / "named.toml", tmp_path / "env.toml"
    for path in (here, named, environment):
        path.write_text(WHOLE, encoding="utf-8")

    assert find_file(None).resolve() == here
    monkeypatch.setenv("ALMA_FOLIO_SYNC_CONFIG", str(environment))
    assert find_file(None) == environment
    assert find_file(named) == named


def test_without_a_file_the_message_says_how_to_write_one_or_to_rehearse_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError, match=r"There is no configuration file alma-folio-sync\.toml") as caught:
        load_settings(None)
    assert "alma-folio-sync init" in caught.value.advice
    assert "alma-folio-sync demo" in caught.value.advice
    with pytest.raises(ConfigurationError, match=r"There is no configuration file nowhere\.toml"):
        load_settings(Path("nowhere.toml"))
    with pytest.raises(ConfigurationError, match="There is no configuration file"):
        load_settings(tmp_path)


def test_a_file_that_is_no_toml_is_named_with_the_place(load: Loader, tmp_path: Path) -> None:
    assert "conf.toml cannot be read: " in _refused(load, "[pairs.main.alma\n")
    assert "at line 1" in _refused(load, "[pairs.main.alma\n")
    path = tmp_path / "latin1.toml"
    path.write_bytes("x = 'é'".encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"latin1\.toml cannot be read"):
        load_settings(path)


def test_settings_cannot_be_changed_while_they_are_in_use(load: Loader) -> None:
    found = load(WHOLE)

    with pytest.raises(ValueError, match="frozen"):
        found.pair(None)[1].alma.requests_per_second = 1000
