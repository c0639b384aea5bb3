"""The command as a person or a program uses it: in a child process, beside practice systems, on a real database."""

import asyncio
import json
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.sandbox.alma import AlmaSwitches
from sync.sandbox.controls import Faults
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.seed import SeedRange
from sync.store.database import engine_for
from sync.store.runs import RunState, pair_lock, recent_runs
from tests.support.commands import (
    DIRECTION,
    Place,
    answering,
    configuration,
    custom_titles,
    ended,
    logins,
    moved,
    until,
    writes,
)
from tests.support.databases import Databases
from tests.support.libraries import collection, journal, library, plain_library, portfolio
from tests.support.practice import Systems, practice_systems

COMMANDS = (
    "demo", "init", "check", "match", "diff", "migrate", "sync", "conflicts", "conflicts list", "conflicts show",
    "conflicts resolve", "plans", "plan", "plan show", "plan approve", "plan withhold", "apply", "links", "links list",
    "links export", "links import", "audit", "runs", "runs show", "status", "sandbox", "sandbox serve", "db",
    "db current", "db upgrade",
)  # fmt: skip
MIGRATE = ("migrate", *DIRECTION, "--yes")
LIBRARY = plain_library((5, 3))
SLOW_WRITES = Faults(slow=1.0, slow_seconds=0.4, methods=frozenset({"POST", "PUT"}))

PLAN_KEYS = {
    "run_id",
    "plan_id",
    "pair",
    "direction",
    "takes_back",
    "created_at",
    "summary",
    "guards",
    "cost",
    "changes",
}
SUMMARY_KEYS = {"create", "update", "remove", "unchanged", "conflict", "withheld", "ambiguous", "lossy"}
COST_KEYS = {"alma_calls", "folio_calls", "ebsco_calls", "seconds"}
CHANGE_KEYS = {
    "id", "system", "kind", "action", "name", "identifiers", "target_id", "reason", "status", "fields", "losses",
}  # fmt: skip
RESULT_KEYS = {"applied", "verified", "skipped", "failed", "parked", "paused"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(folder=tmp_path)


@pytest.fixture
def systems() -> Iterator[Systems]:
    with practice_systems(LIBRARY) as running:
        yield running


@pytest.fixture
async def desk(place: Place, systems: Systems, database_url: str) -> AsyncIterator[Place]:
    """Give a working directory with a configuration that works."""
    place.configure(configuration(systems, database_url))
    return place


# --- help, options, configuration


async def test_the_help_of_every_command_shows_examples(place: Place) -> None:
    answers = await asyncio.gather(*(place.run(*command.split(), "--help") for command in ("", *COMMANDS)))
    for command, answer in zip(("", *COMMANDS), answers, strict=True):
        assert answer.code == 0
        assert answer.err == ""
        assert "Examples:" in answer.out, command
        assert f"  alma-folio-sync {command}".rstrip() in answer.out, command
    assert all(command.split()[0] in answers[0].out for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fly",), "No such command 'fly'"),
        (("diff",), "Say which way"),
        (("diff", "--from", "alma", "--to", "koha"), "'koha' is not one of 'alma', 'folio'"),
        (("diff", "--from", "alma", "--to", "alma"), "--from and --to are both alma"),
        (("diff", "--both", "--from", "alma"), "--both goes both ways"),
        (("diff", "--both", "--remove"), "--both goes both ways"),
        (("sync", "--max-removals", "-1"), "-1 is not in the range"),
        (("migrate", "--from", "folio", "--to", "folio"), "--from and --to are both folio"),
        (("runs", "--limit", "0"), "0 is not in the range"),
        (("status", "--format", "xml"), "'xml' is not one of"),
        (("--log-level", "loud", "status"), "'loud' is not one of"),
        (("demo", "my-list.tsv"), "does not exist"),
    ],
)
async def test_wrong_usage_is_told_from_other_errors(place: Place, arguments: tuple[str, ...], words: str) -> None:
    answer = await place.run(*arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert words in answer.err
    assert "Traceback" not in answer.err


async def test_errors_in_the_configuration_are_named_with_what_to_do(desk: Place) -> None:
    missing = await desk.run("status", "--config", "elsewhere.toml")
    assert missing.code == 1
    assert "There is no configuration file elsewhere.toml" in missing.err
    assert "alma-folio-sync init" in missing.err

    whole = (desk.folder / "alma-folio-sync.toml").read_text(encoding="utf-8")
    desk.configure(whole.replace("tenant =", "tenent =") + '\n[pairs.main.colour]\nfront = "red"\n', "wrong.toml")
    unknown = await desk.run("status", "--config", "wrong.toml")
    assert unknown.code == 1
    assert "pairs.main.folio.tenent: unknown key" in unknown.err
    assert "pairs.main.folio.tenant: is missing" in unknown.err
    assert "pairs.main.colour: unknown key" in unknown.err

    desk.configure("[pairs.main\n", "broken.toml")
    broken = await desk.run("status", "--config", "broken.toml")
    assert broken.code == 1
    assert "broken.toml cannot be read" in broken.err

    nobody = await desk.run("status", "--pair", "branch")
    assert nobody.code == 1
    assert "There is no pair 'branch'; there are: main." in nobody.err

    typed_wrong = await desk.run("status", PAIRS__MAIN__ALMA__API_KEYY="x")
    assert typed_wrong.code == 1
    assert "api_keyy: unknown key" in typed_wrong.err
    for answer in (missing, unknown, broken, nobody, typed_wrong):
        assert answer.out == ""
        assert "What to do: " in answer.err
        assert "Traceback" not in answer.err


async def test_several_pairs_must_be_told_apart(desk: Place) -> None:
    whole = (desk.folder / "alma-folio-sync.toml").read_text(encoding="utf-8")
    pair = whole[whole.index("[pairs.main.alma]") :]
    desk.configure(whole + pair.replace("pairs.main", "pairs.branch"))
    unnamed, every = await asyncio.gather(desk.run("diff", *DIRECTION), desk.run("status", "--format", "json"))
    assert unnamed.code == 1
    assert "several pairs: branch, main" in unnamed.err
    assert "--pair" in unnamed.err
    assert [one["pair"] for one in every.json["pairs"]] == ["branch", "main"]


async def test_global_options_stand_before_or_after_the_command(desk: Place) -> None:
    (desk.folder / "alma-folio-sync.toml").rename(desk.folder / "other.toml")
    options = ("--config", "other.toml", "--pair", "main", "--log-level", "debug", "--log-format", "json")
    before, after = await asyncio.gather(
        desk.run(*options, "status", "--format", "json"), desk.run("status", "--format", "json", *options)
    )
    for answer in (before, after):
        assert answer.code == 0
        assert answer.json["pairs"][0]["pair"] == "main"


async def test_the_environment_names_the_file_and_replaces_its_values(desk: Place, systems: Systems) -> None:
    right = (desk.folder / "alma-folio-sync.toml").rename(desk.folder / "other.toml")
    desk.configure(right.read_text(encoding="utf-8").replace("practice-alma-key", "set-by-environment"), "other.toml")
    answer, replaced = await asyncio.gather(
        desk.run("check", "--format", "json", CONFIG="other.toml"),
        desk.run("check", "--format", "json", CONFIG="other.toml", PAIRS__MAIN__ALMA__API_KEY="practice-alma-key"),
    )
    assert answer.code == 1
    assert answer.json["ok"] is False
    assert replaced.code == 0, replaced.out
    assert replaced.json["ok"] is True


# --- init and check


async def test_init_writes_a_file_that_loads_once_it_is_filled(
    place: Place, systems: Systems, database_url: str
) -> None:
    made = await place.run("init")
    assert made.code == 0
    path = place.folder / "alma-folio-sync.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text(encoding="utf-8")

    again = await place.run("init")
    assert again.code == 1
    assert "is there already" in again.err
    assert path.read_text(encoding="utf-8") == text

    path.write_text("changed", encoding="utf-8")
    assert (await place.run("init", "--force")).code == 0
    assert path.read_text(encoding="utf-8") == text

    unfilled = await place.run("check", DATABASE__URL=database_url)
    assert unfilled.code == 1
    assert "What to do: " in unfilled.err
    assert "Traceback" not in unfilled.err

    for old, new in (
        ("https://api-eu.hosted.exlibrisgroup.com", systems.alma_url),
        ("https://folio.example.edu", systems.folio_url),
        ('api_key = "…"', 'api_key = "practice-alma-key"'),
        ('password = "…"', 'password = "practice"'),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    filled = await place.run("check", DATABASE__URL=database_url)
    assert filled.code == 0, filled.out + filled.err


async def test_check_says_that_everything_works(desk: Place, systems: Systems) -> None:
    answer, as_json = await asyncio.gather(desk.run("check"), desk.run("check", "--format", "json"))
    assert answer.code == 0
    assert answer.err == ""
    assert "✗" not in answer.out
    for name in ("database", "Alma Bibs", "Alma quota", "Alma clock", "FOLIO login", "FOLIO packages", "proxy map"):
        assert name in answer.out
    assert writes(systems) == 0
    assert as_json.code == 0
    assert set(as_json.json) == {"pair", "ok", "checks"}
    assert {key for check in as_json.json["checks"] for key in check} == {"name", "state", "detail", "advice"}


async def test_check_tries_a_wrong_password_once_and_a_wrong_key_too(desk: Place, systems: Systems) -> None:
    wrong = {"PAIRS__MAIN__FOLIO__PASSWORD": "guessed", "PAIRS__MAIN__ALMA__API_KEY": "made-up"}
    answer = await desk.run("check", **wrong)
    assert answer.code == 1
    assert logins(systems) == 1, "accounts lock after a few failures"
    assert "✗ FOLIO login and EBSCO key: FOLIO refused the login of user 'sync'" in answer.out
    assert "Check the key or password in the configuration" in answer.out
    assert re.search(r"✗ Alma\b.*Invalid API Key", answer.out)
    assert "guessed" not in answer.out + answer.err
    assert "made-up" not in answer.out + answer.err


async def test_check_names_rights_that_are_missing_and_maps_that_lead_nowhere(place: Place, database_url: str) -> None:
    limited = AlmaSwitches(requests_per_second=0, key_areas={"practice-alma-key": frozenset({"electronic"})})
    permissions = frozenset({"kb-ebsco.status.get", "kb-ebsco.proxy-types.collection.get"})
    with practice_systems(LIBRARY, alma=limited, folio=FolioSwitches(permissions=permissions)) as systems:
        place.configure(configuration(systems, database_url))
        answer = await place.run("check", "--format", "json", PAIRS__MAIN__MAPS__PROXIES='{"EZPROXY": "NoSuchProxy"}')
    assert answer.code == 1
    failed = {check["name"]: check for check in answer.json["checks"] if check["state"] == "failed"}
    assert "read access to the area Bibs" in failed["Alma Bibs"]["advice"]
    assert "kb-ebsco.packages.collection.get" in failed["FOLIO packages"]["detail"]
    assert "NoSuchProxy" in failed["proxy map"]["detail"]
    assert "EZProxy" in failed["proxy map"]["advice"]
    assert all(check["advice"] for check in failed.values())


# --- diff and migrate


def _without_ids_and_times(text: str) -> str:
    return re.sub(r'"(run_id|plan_id|created_at)":("[^"]*"|\d+)', "", text)


async def test_diff_shows_the_same_plan_in_the_same_bytes_and_writes_nothing(desk: Place, systems: Systems) -> None:
    first = await desk.run("diff", *DIRECTION, "--format", "json")
    second = await desk.run("diff", *DIRECTION, "--format", "json", "--output", "reports/plan.json")
    assert (first.code, second.code) == (3, 3)
    assert second.out == ""
    written = (desk.folder / "reports" / "plan.json").read_text(encoding="utf-8")
    assert _without_ids_and_times(first.out) == _without_ids_and_times(written)

    plan, later = first.json, json.loads(written)
    assert later["plan_id"] > plan["plan_id"]
    assert set(plan) == PLAN_KEYS
    assert set(plan["summary"]) == SUMMARY_KEYS
    assert set(plan["cost"]) == COST_KEYS
    assert all(set(guard) == {"name", "value", "limit", "tripped"} for guard in plan["guards"])
    assert all(set(change) == CHANGE_KEYS for change in plan["changes"])
    assert {key for one in plan["changes"] for field in one["fields"] for key in field} == {"field", "before", "after"}
    assert {key for one in plan["changes"] for loss in one["losses"] for key in loss} == {"field", "value", "reason"}
    assert (plan["pair"], plan["direction"]) == ("main", "alma-to-folio")
    assert plan["summary"]["create"] == len(plan["changes"]) == 2 + 8 + 8
    assert {change["kind"] for change in plan["changes"]} == {"package", "title", "holding"}
    assert {change["status"] for change in plan["changes"]} == {"planned"}

    text = await desk.run("diff", *DIRECTION)
    assert text.code == 3
    assert "2 packages, 8 titles and 8 holdings will be added to FOLIO" in text.out
    assert "read Alma" in text.err
    assert writes(systems) == 0
    assert moved(systems) == {}


async def test_migrate_without_approval_refuses_where_nobody_can_be_asked(desk: Place, systems: Systems) -> None:
    answer = await desk.run("migrate", *DIRECTION)
    assert answer.code == 1
    assert "there is no terminal to ask on" in answer.err
    assert "--yes" in answer.err
    assert writes(systems) == 0
    assert not systems.alma.controls.calls


async def test_migrate_moves_everything_and_then_finds_nothing_to_do(desk: Place, systems: Systems) -> None:
    answer = await desk.run(*MIGRATE, "--format", "json", "--log-level", "debug")
    assert answer.code == 0, answer.err
    told = answer.json
    assert set(told) == PLAN_KEYS | {"result"}
    assert all(CHANGE_KEYS <= set(change) <= CHANGE_KEYS | {"outcome"} for change in told["changes"])
    assert set(told["result"]) == RESULT_KEYS
    assert told["result"] == {"applied": 18, "verified": 18, "skipped": 0, "failed": 0, "parked": 0, "paused": 0}
    assert {change["status"] for change in told["changes"]} == {"verified"}
    assert moved(systems) == {
        "Collection 1": [f"Journal {number} of Harbour Studies" for number in range(5)],
        "Collection 2": [f"Journal {number} of Harbour Studies" for number in range(5, 8)],
    }
    assert "18 of 18 changes written, read back and verified" in answer.err

    reports = desk.folder / "data" / "reports"
    report = json.loads((reports / f"run-{told['run_id']}.json").read_text(encoding="utf-8"))
    assert report == told
    assert "Journal 7 of Harbour Studies" in (reports / f"run-{told['run_id']}.txt").read_text(encoding="utf-8")

    written = writes(systems)
    again = await desk.run(*MIGRATE)
    assert again.code == 0
    assert "Nothing to do: 18 records agree." in again.err
    nothing = await desk.run("diff", *DIRECTION, "--format", "json")
    assert nothing.code == 0
    assert nothing.json["changes"] == []
    assert nothing.json["summary"]["unchanged"] == 18
    assert writes(systems) == written

    commands = (("runs", "--format", "json"), ("runs", "--limit", "2"), ("status", "--format", "json"), ("status",))
    runs, listed, status, text = await asyncio.gather(*(desk.run(*command) for command in commands))
    ended = [(run["command"], run["state"]) for run in runs.json["runs"]]
    assert ended == [("diff", "done"), ("migrate", "done"), ("migrate", "done")]
    assert runs.json["runs"][2]["run_id"] == told["run_id"]
    assert runs.json["runs"][2]["result"] == told["result"]
    assert [line.split()[3] for line in listed.out.splitlines()] == ["diff", "migrate"]
    pair = status.json["pairs"][0]
    assert pair["links"] == {"holding": 8, "package": 2, "title": 8}
    assert pair["open_writes"] == 0
    assert pair["last_run"]["command"] == "diff"
    assert "linked: 8 holdings, 2 packages, 8 titles" in text.out
    assert "last in step: " in text.out
    assert pair["in_step_at"] == runs.json["runs"][0]["ended_at"]


async def test_a_run_is_shown_with_its_plan_its_phases_and_the_calls_that_the_systems_counted_too(
    desk: Place, systems: Systems
) -> None:
    told = (await desk.run(*MIGRATE, "--format", "json")).json
    number = str(told["run_id"])
    words, shown, none = await asyncio.gather(
        desk.run("runs", "show", number),
        desk.run("runs", "show", number, "--format", "json"),
        desk.run("runs", "show", "99"),
    )

    found = shown.json
    assert (found["command"], found["state"], found["result"]) == ("migrate", "done", told["result"])
    assert (found["plan"]["plan_id"], found["parked"], found["due"]) == (told["plan_id"], 0, None)
    assert {"read Alma", "read FOLIO", "match", "plan"} <= set(found["measures"]["phases"])
    assert all(seconds >= 0 for seconds in found["measures"]["phases"].values())
    calls = found["measures"]["calls"]
    assert calls["FOLIO"]["writes"] == writes(systems)
    assert calls["Alma"]["writes"] == 0 < calls["Alma"]["calls"]

    assert f"calls to FOLIO: {calls['FOLIO']['calls']:,}, of them {calls['FOLIO']['writes']} writes" in words.out
    assert f"plan show {told['plan_id']}" in words.out
    assert none.code == 1
    assert "There is no run 99." in none.err


async def test_records_that_cannot_be_moved_are_parked_with_reason_and_told_by_the_exit_code(
    place: Place, database_url: str
) -> None:
    bad = portfolio(1, local_coverage=(SeedRange(from_year="2011", until_year="2005"),))
    holding = library([journal(0), journal(1)], collection("Tides", [portfolio(0), bad]))
    with practice_systems(holding) as systems:
        place.configure(configuration(systems, database_url))
        answer = await place.run(*MIGRATE, "--format", "json")
        assert answer.code == 7
        told = answer.json
        assert told["result"]["failed"] == 1
        assert told["result"]["verified"] == told["summary"]["create"] == 3
        (parked,) = (change for change in told["changes"] if change["status"] == "parked")
        assert set(parked) == CHANGE_KEYS
        assert parked["kind"] == "holding"
        assert "2011" in parked["reason"]
        text = await place.run(*MIGRATE)
        assert text.code == 7
        assert "Parked" in text.out
        assert "1 parked" in text.err
        assert moved(systems) == {"Tides": ["Journal 0 of Harbour Studies"]}


# --- on a terminal


async def test_on_a_terminal_the_plan_is_shown_and_only_a_yes_writes(desk: Place, systems: Systems) -> None:
    async with desk.on_terminal("migrate", *DIRECTION) as terminal:
        await terminal.sees("Carry this plan out? [y/N]")
        assert "2 packages, 8 titles and 8 holdings will be added to FOLIO" in terminal.shown
        assert "Collection 2" in terminal.shown
        terminal.type("n\n")
        assert await terminal.ended() == 0
        assert "Nothing was written" in terminal.shown
    assert writes(systems) == 0
    async with desk.on_terminal("migrate", *DIRECTION) as terminal:
        await terminal.sees("Carry this plan out? [y/N]")
        terminal.type("perhaps\n")
        await terminal.sees("Please type y or n.")
        terminal.type("y\n")
        assert await terminal.ended() == 0
    assert len(moved(systems)) == 2


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_at_the_question_a_signal_ends_the_command_at_once(
    desk: Place, systems: Systems, database: AsyncEngine, sign: signal.Signals
) -> None:
    async with desk.on_terminal("migrate", *DIRECTION) as terminal:
        await terminal.sees("Carry this plan out? [y/N]")
        terminal.process.send_signal(sign)
        assert await terminal.ended(seconds=15) == 1
        assert "Stopped." in terminal.shown
    assert writes(systems) == 0
    assert [run.state for run in await recent_runs(database)] == [RunState.STOPPED]


async def test_names_cannot_command_a_terminal(place: Place, database_url: str) -> None:
    title = "[bold red]Loud[/] \u009b31m \u202e Review\x7f"
    package = "\x1b]0;owned\x07\x1b[2J[link=https://example.org]Harbour[/link]"
    bad = portfolio(1, local_coverage=(SeedRange(from_year="2011", until_year="2005"),))
    holding = library(
        [journal(0, title=title), journal(1, title=title + " Two")], collection(package, [portfolio(0), bad])
    )
    with practice_systems(holding) as systems:
        place.configure(configuration(systems, database_url))
        async with place.on_terminal(*MIGRATE) as terminal:
            assert await terminal.ended() == 7
        shown = terminal.shown
        as_json = await place.run("diff", *DIRECTION, "--format", "json")
        assert as_json.code == 0
        report = (place.folder / "data" / "reports" / "run-1.txt").read_text(encoding="utf-8")
    for text in (shown, report):
        assert "[bold red]Loud[/]" in text or "[link=" in text
    for sequence in ("\x1b]0;", "\x1b[2J", "\x07", "\u009b", "\x1b]8;"):
        assert sequence not in shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", as_json.out + as_json.err + report)


async def test_what_a_system_answers_cannot_command_a_terminal_either(desk: Place) -> None:
    hostile = {
        "errorList": {"error": [{"errorCode": "1", "errorMessage": "no \x1b]0;owned\x07\x1b[2J\u009b31m entry"}]}
    }
    async with answering(400, json.dumps(hostile)) as url:
        for command in (("check",), ("diff", *DIRECTION, "--log-level", "debug"), ("runs",)):
            async with desk.on_terminal(*command, PAIRS__MAIN__ALMA__BASE_URL=url) as terminal:
                await terminal.ended()
            assert "entry" in terminal.shown, terminal.shown
            for sequence in ("\x1b]", "\x1b[2J", "\x07", "\u009b"):
                assert sequence not in terminal.shown, terminal.shown


LOGGING = """
import structlog
from sync.logs import configure_logging
said = "no \\x1b]0;owned\\x07\\x1b[2J\\u009b31m entry"
for form in ("text", "json"):
    configure_logging("info", form)
    structlog.get_logger().error("refused", action="http.refused", reason=said, exc_info=ValueError(said))
"""


async def test_log_lines_cannot_command_a_terminal_either(place: Place) -> None:
    answer = await replace(place, command=(sys.executable, "-c")).run(LOGGING)
    assert answer.code == 0, answer.err
    *text, as_json = answer.err.splitlines()
    assert "entry" in text[0]
    assert text[-1].startswith("ValueError: no ")
    assert json.loads(as_json)["reason"].endswith("entry")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", answer.err)


async def test_a_locale_of_few_letters_is_no_obstacle(desk: Place) -> None:
    narrow = replace(desk, environment={**desk.environment, "PYTHONIOENCODING": "ascii"})
    answer = await narrow.run("diff", *DIRECTION, "--format", "json")
    assert answer.code == 3, answer.err
    assert answer.json["summary"]["create"] == 18


# --- one run at a time, interruptions, quota


async def test_two_migrations_at_once_are_one_and_a_killed_one_stands_in_nobody_s_way(
    desk: Place, systems: Systems
) -> None:
    systems.folio.controls.set_faults(Faults(slow=1.0, slow_seconds=60))
    async with desk.started(*MIGRATE) as first:
        await until(lambda: logins(systems) > 0, within=first)
        second = await desk.run(*MIGRATE)
        assert second.code == 5
        assert "Another run works on the pair 'main': run 1 (migrate), since " in second.err
        assert second.out == ""
        assert first.returncode is None
        first.kill()
        await first.wait()
    systems.folio.controls.set_faults(Faults())
    assert (await desk.run(*MIGRATE)).code == 0
    assert sum(map(len, moved(systems).values())) == len(custom_titles(systems)) == 8


async def test_an_interrupted_migration_ends_soon_and_goes_on_with_nothing_twice(
    place: Place, database_url: str, database: AsyncEngine
) -> None:
    with practice_systems(plain_library((30,))) as systems:
        place.configure(configuration(systems, database_url))
        systems.folio.controls.set_faults(SLOW_WRITES)
        arrived = []
        for sign in (signal.SIGINT, signal.SIGTERM):
            earlier = logins(systems)
            async with place.started(*MIGRATE, "--format", "json") as process:
                await until(lambda earlier=earlier: logins(systems) > earlier, within=process)
                before = writes(systems)
                await until(lambda before=before: writes(systems) > before + 5, within=process)
                process.send_signal(sign)
                stopped = await ended(process, seconds=30)
            assert stopped.code == 1
            assert "Stopped. What was written is recorded; run the same command again to go on." in stopped.err
            assert "Traceback" not in stopped.err
            assert stopped.out == ""
            arrived.append(len(custom_titles(systems)))
            async with database.connect() as connection:
                left = await connection.scalar(
                    sqlalchemy.text("select count(*) from intent where state in ('open', 'unknown')")
                )
            assert left == 0, "what was under way came to its end"
        assert 0 < arrived[0] < 30, "it was stopped in the middle"
        systems.folio.controls.set_faults(Faults())
        answer = await place.run(*MIGRATE)
        assert answer.code == 0, answer.err
        assert {name: len(titles) for name, titles in moved(systems).items()} == {"Collection 1": 30}
        assert custom_titles(systems) == sorted(f"Journal {number} of Harbour Studies" for number in range(30))
        states = [run.state for run in await recent_runs(database)]
        assert states == [RunState.DONE, RunState.STOPPED, RunState.STOPPED]


async def test_at_the_quota_the_migration_pauses_and_says_until_when(desk: Place, systems: Systems) -> None:
    limits = {"PAIRS__MAIN__FOLIO__DAILY_CALLS": "40", "PAIRS__MAIN__FOLIO__DAILY_RESERVE": "5"}
    paused = await desk.run(*MIGRATE, "--format", "json", **limits)
    assert paused.code == 6
    result = paused.json["result"]
    assert result["paused"] > 0
    assert result["failed"] == result["skipped"] == 0
    until_when = re.search(r"goes on at (\d{4}-\d\d-\d\d 00:00 UTC)", paused.err)
    assert until_when, paused.err
    assert "Run the same command again after the time named" in paused.err

    text = await desk.run("status", **limits)
    assert f"waits for quota until {until_when[1]}" in text.out

    resumed = await desk.run(*MIGRATE)
    assert resumed.code == 0, resumed.err
    assert sum(map(len, moved(systems).values())) == len(custom_titles(systems)) == 8


# --- the schema


async def test_the_schema_is_shown_and_brought_up_to_date(place: Place, systems: Systems, databases: Databases) -> None:
    async with databases.fresh(template="template0") as url:
        place.configure(configuration(systems, url))
        empty = await place.run("db", "current")
        assert empty.code == 0
        assert empty.out.startswith("schema empty; this version needs ")
        upgraded = await place.run("db", "upgrade", "--format", "json")
        assert upgraded.code == 0
        newest = upgraded.json["newest"]
        assert upgraded.json == {"before": "", "current": newest, "newest": newest}
        current, again = await asyncio.gather(
            place.run("db", "current", "--format", "json"), place.run("db", "upgrade")
        )
        assert current.json == {"before": newest, "current": newest, "newest": newest}
        assert again.out == f"schema {newest}, as before\n"


async def test_a_plan_is_not_approved_while_a_run_is_about_to_replace_it(desk: Place, database_url: str) -> None:
    planned = await desk.run("diff", *DIRECTION, "--format", "json")
    number = str(planned.json["plan_id"])
    async with engine_for(database_url) as database, pair_lock(database, "main"):
        refused = await desk.run("plan", "approve", number)
    assert refused.code == 5, refused.err
    assert "Another run works on the pair 'main'" in refused.err
    status = await desk.run("status")
    assert f"plan {number} waits: to be carried out: alma-folio-sync apply {number}" in status.out
    assert (await desk.run("plan", "approve", number)).code == 0


async def test_the_configuration_in_use_is_never_written_over_by_a_report(desk: Place) -> None:
    configured = desk.folder / "alma-folio-sync.toml"
    before = configured.read_bytes()
    (desk.folder / "link.txt").symlink_to(configured)
    for output, why in (
        ("alma-folio-sync.toml", "is the configuration in use"),
        ("link.txt", "a link to another file"),
    ):
        refused = await desk.run("diff", *DIRECTION, "--output", output)
        assert refused.code == 1
        assert why in refused.err
    assert configured.read_bytes() == before


@pytest.mark.parametrize("command", ["plan show", "apply", "undo", "runs show", "conflicts show"])
async def test_a_number_beyond_all_plans_and_runs_is_wrong_usage(desk: Place, command: str) -> None:
    answer = await desk.run(*command.split(), str(2**63))
    assert answer.code == 2
    assert "is not in the range" in answer.err


async def test_a_report_in_a_file_is_whole_says_what_was_withheld_and_is_for_its_owner_only(
    place: Place, database_url: str
) -> None:
    with practice_systems(plain_library([1] * 14)) as many:
        place.configure(configuration(many, database_url))
        planned = await place.run("diff", *DIRECTION, "--output", "plan.txt")
        assert planned.code == 3, planned.err
        assert "14 packages" in planned.err
        assert "Written to plan.txt" in planned.err
        whole = (place.folder / "plan.txt").read_text(encoding="utf-8")
        assert "… and" not in whole
        assert all(f"Collection {number}" in whole for number in range(1, 15))
        assert "in Collection 14, FOLIO" in whole

        number = str((await place.run("plans", "--format", "json")).json["plans"][0]["plan_id"])
        assert (await place.run("plan", "withhold", number, "--package", "Collection 14")).code == 0
        done = await place.run("apply", number, "--yes", "--format", "json")
        run_id = done.json["run_id"]
    reports = place.folder / "data" / "reports"
    report = (reports / f"run-{run_id}.txt").read_text(encoding="utf-8")
    assert "      withheld  " in report
    modes = [oct(path.stat().st_mode & 0o777) for path in (reports, *sorted(reports.iterdir()))]
    assert modes == ["0o700", "0o600", "0o600"]
