"""The rooms of both systems are libraries: the example in each one's docstring runs as it stands."""

import asyncio
import textwrap
from types import ModuleType
from typing import Any

import pytest
from pydantic import SecretStr

import sync.alma
import sync.folio
from tests.support.libraries import journal, knowledge_base, known_title, plain_library
from tests.support.practice import practice_systems


def example(module: ModuleType) -> str:
    """Return the indented part of a module's docstring."""
    lines = (module.__doc__ or "").splitlines()
    return textwrap.dedent("\n".join(line for line in lines if line.startswith("    ") or not line.strip()))


async def run(code: str, names: dict[str, Any]) -> None:
    wrapped = f"async def main():\n{textwrap.indent(code, '    ')}"
    exec(compile(wrapped, "example", "exec"), names)  # noqa: S102  (our own docstring)
    await asyncio.wait_for(names["main"](), 30)


async def test_the_examples_of_both_rooms_run(capsys: pytest.CaptureFixture[str]) -> None:
    with practice_systems(plain_library([2]), knowledge_base(known_title(journal(0)), selected=True)) as systems:
        systems.folio.switches.password = "right"  # noqa: S105
        alma = example(sync.alma).replace("https://api-eu.hosted.exlibrisgroup.com", systems.alma_url)
        folio = example(sync.folio).replace("https://folio.example.edu", systems.folio_url)
        key = systems.alma.switches.api_key
        await run(alma, {**vars(sync.alma), "SecretStr": SecretStr, "key": key})
        await run(folio, {**vars(sync.folio), "SecretStr": SecretStr, "password": "right"})
    assert capsys.readouterr().out == "Collection 1 2\nVendor's Complete 1\n"


@pytest.mark.parametrize("module", [sync.alma, sync.folio], ids=["alma", "folio"])
def test_every_public_method_is_documented_and_typed(module: ModuleType) -> None:
    for name in module.__all__:
        thing = getattr(module, name)
        methods = (
            {key: value for key, value in vars(thing).items() if callable(value)} if isinstance(thing, type) else {}
        )
        for key, value in {name: thing, **methods}.items():
            if key.startswith("_"):
                continue
            assert value.__doc__, f"{name}.{key} has no docstring"
            assert isinstance(value, type) or "return" in value.__annotations__, f"{name}.{key} has no types"
