"""What `deploy/` holds: each file is checked by its own tool, where there is one, and against the product itself."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import kubernetes_validate
import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel

from sync.cli import COMMANDS
from sync.cli.sandbox import serve
from sync.engine.apply import DRAIN_SECONDS
from sync.sandbox.alma import READ_WRITE_KEY
from sync.sandbox.folio import FolioSwitches
from sync.service.metrics import PREFIX as METRIC_PREFIX
from sync.service.metrics import RECORD_OUTCOMES, RUN_OUTCOMES, Metrics
from sync.service.seen import application
from sync.settings import ENVIRONMENT_PREFIX, FILE_VARIABLE, Settings, load_settings
from tests.support.commands import REPOSITORY
from tests.support.documents.configuration import section_in

DEPLOY = REPOSITORY / "deploy"
CONTAINERFILE = DEPLOY / "container" / "Containerfile"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
UNIT = DEPLOY / "systemd" / "alma-folio-sync.service"
KUBERNETES = DEPLOY / "kubernetes" / "base"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
ALERTS_TEST = DEPLOY / "prometheus" / "alerts_test.yaml"
DASHBOARD = DEPLOY / "grafana" / "alma-folio-sync.json"
CONFIGURATIONS = sorted(set(DEPLOY.rglob("*.toml")) - {DEPLOY / "compose" / "config" / "alma-folio-sync.toml"})
"""All but the one that somebody may have made here for himself."""

KUBERNETES_VERSION = "1.33"
SECRETS = {"alma_api_key": "key", "folio_password": "word", "database_url": "postgresql://sync:word@database/sync"}
SECRET_FOLDER = re.compile(r'(?<=_file = ")/.*/(?=\w+")')
EXPOSURE = 20  # in tenths; systemd calls below 20 well protected
NOT_OURS = {"job", "instance"}
"""Labels that Prometheus itself adds."""


def tool(name: str) -> str:
    """Return the path of a program, beside this Python or on the PATH; skip the test where it is missing."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def call(*command: str, cwd: Path = REPOSITORY) -> str:
    """Run a program that must be content, and return all it said."""
    ended = subprocess.run(  # noqa: S603
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def documents(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


@pytest.fixture(autouse=True)
def _without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Give a folder with the files that hold the secrets."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name, value in SECRETS.items():
        (folder / name).write_text(value + "\n", encoding="utf-8")
    return folder


# --- the container ---


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile, each with its words."""
    lines = [line for line in CONTAINERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in whole if line.strip()]


def let_through(name: str) -> bool:
    """Return whether `.dockerignore` lets a file of the checkout into the build: the last line that fits decides."""
    through = True
    for line in (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if not line or line.startswith("#"):
            continue
        sought = re.compile(re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*"))
        if any(sought.fullmatch(str(one)) for one in (PurePosixPath(name), *PurePosixPath(name).parents)):
            through = line.startswith("!")
    return through


def test_the_linter_finds_nothing_in_the_container_file() -> None:
    assert call(tool("hadolint"), str(CONTAINERFILE)) == ""


def test_the_container_has_no_rights_and_holds_only_what_is_pinned() -> None:
    found = instructions()
    users = [words for name, words in found if name == "USER"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])
    assert "ADD" not in {name for name, _ in found}
    sources = [
        source for name, words in found if name == "COPY" and "--from=" not in words for source in words.split()[:-1]
    ]
    assert sources
    for source in sources:
        assert (REPOSITORY / source).exists(), source
        assert let_through(source), source
    installs = [part for name, words in found if name == "RUN" for part in words.split("&&") if " install " in part]
    assert len(installs) == 2
    assert all("--require-hashes" in one or "--no-deps --no-build-isolation" in one for one in installs)


def test_nothing_else_reaches_the_build() -> None:
    assert let_through("sync/_sql/some.sql")
    for name in (".git/config", "deploy/compose/secrets/alma_api_key", "sync/cli/__pycache__/x.pyc", "local.toml"):
        assert not let_through(name), name


def test_the_container_is_asked_where_the_daemon_answers() -> None:
    texts = dict(instructions())
    listens = re.search(r"DAEMON__LISTEN=0\.0\.0\.0:(\d+)", texts["ENV"])
    assert listens is not None
    assert texts["EXPOSE"] == listens[1]
    assert f"'127.0.0.1', {listens[1]}" in texts["HEALTHCHECK"]
    assert "'/healthz'" in texts["HEALTHCHECK"]


# --- compose ---


def services() -> dict[str, Any]:
    (found,) = documents(COMPOSE)
    return dict(found["services"])


def test_compose_fits_its_schema() -> None:
    call(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(COMPOSE))


def test_compose_takes_the_file() -> None:
    docker = tool("docker")
    if subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:  # noqa: S603
        pytest.skip("docker has no compose plugin")
    call(docker, "compose", "--file", str(COMPOSE), "--profile", "practice", "config", "--quiet")


def test_compose_publishes_to_this_machine_only_and_grants_nothing() -> None:
    found = services()
    assert [name for name, one in found.items() if "profiles" not in one] == ["database", "daemon"]
    assert found["database"]["image"] == "postgres:17"
    assert "ports" not in found["database"]
    for name, one in found.items():
        assert all(port.startswith("127.0.0.1:") for port in one.get("ports", ())), name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        if not one["image"].startswith("postgres:"):
            assert one["read_only"], name
    for name in ("daemon", "practice-daemon"):
        assert int(found[name]["stop_grace_period"].removesuffix("s")) > DRAIN_SECONDS
    (whole,) = documents(COMPOSE)
    assert set(found["daemon"]["secrets"]) == set(SECRETS)
    assert set(whole["secrets"]) == set(SECRETS) | set(found["database"]["secrets"])


def test_the_practice_configuration_leads_to_the_practice_systems() -> None:
    pair = load_settings(DEPLOY / "compose" / "config" / "practice.toml").pair(None)[1]
    switches, ports = FolioSwitches(), {option.name: option.default for option in serve.params}
    assert pair.alma.base_url == f"http://127.0.0.1:{ports['alma_port']}"
    assert pair.folio.base_url == f"http://127.0.0.1:{ports['folio_port']}"
    assert pair.alma.api_key.get_secret_value() == READ_WRITE_KEY
    assert pair.folio.password.get_secret_value() == switches.password
    assert (pair.folio.tenant, pair.folio.username) == (switches.tenant, switches.username)
    assert services()["practice-systems"]["command"] == ["sandbox", "serve"]


# --- systemd ---


def of_unit(key: str) -> list[str]:
    """Return the values of a key of the unit."""
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]


def systemd_analyze() -> str:
    found = tool("systemd-analyze")
    version = re.search(r"systemd (\d+)", call(found, "--version"))
    if version is None or int(version[1]) < 250:
        pytest.skip("systemd is older than 250")
    return found


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    analyze, there = systemd_analyze(), shutil.which("true")
    assert there is not None
    copy = tmp_path / UNIT.name
    program = of_unit("ExecStart")[0].split()[0]
    copy.write_text(UNIT.read_text(encoding="utf-8").replace(program, there), encoding="utf-8")
    said = call(analyze, "verify", str(copy))
    assert [line for line in said.splitlines() if UNIT.stem in line] == []


def test_systemd_finds_the_unit_well_protected() -> None:
    call(systemd_analyze(), "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", str(UNIT))


def test_the_unit_hands_the_secrets_over(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {one.partition(":")[0] for one in of_unit("LoadCredential")} == set(SECRETS)
    assert int(of_unit("TimeoutStopSec")[0]) > DRAIN_SECONDS
    for one in of_unit("Environment"):
        name, _, value = one.partition("=")
        monkeypatch.setenv(name, value.replace("%d", str(secrets)))
    # the files that the configuration names are root's, and not there for the daemon
    assert_secrets_are_read(load_settings(UNIT.with_name("alma-folio-sync.toml")))


# --- Kubernetes ---


def bases() -> dict[str, list[Any]]:
    """Return the documents of the base as they lie there and, where kubectl is, as it puts them together."""
    files = [path for path in sorted(KUBERNETES.glob("*.yaml")) if path.name != "kustomization.yaml"]
    found = {"as files": [one for path in files for one in documents(path)]}
    kubectl = shutil.which("kubectl")
    if kubectl is not None:
        found["put together"] = list(yaml.safe_load_all(call(kubectl, "kustomize", str(KUBERNETES))))
    return found


def test_kubernetes_takes_each_document() -> None:
    for found in bases().values():
        for one in found:
            kubernetes_validate.validate(one, KUBERNETES_VERSION, strict=True)


def test_kubectl_puts_the_base_together() -> None:
    tool("kubectl")
    found = {one["kind"]: one for one in bases()["put together"]}
    assert set(found) == {"ConfigMap", "Deployment", "NetworkPolicy", "Service", "ServiceAccount"}
    (configuration,) = [
        one["configMap"]["name"] for one in found["Deployment"]["spec"]["template"]["spec"]["volumes"]
        if "configMap" in one
    ]  # fmt: skip
    assert configuration == found["ConfigMap"]["metadata"]["name"] != "alma-folio-sync"


def test_the_base_names_every_file_but_the_example_of_the_secret() -> None:
    (found,) = documents(KUBERNETES / "kustomization.yaml")
    named = {*found["resources"], *found["configMapGenerator"][0]["files"]}
    there = {path.name for path in KUBERNETES.iterdir()} - {"kustomization.yaml"}
    assert there - named == {"secret.example.yaml"}
    (example,) = documents(KUBERNETES / "secret.example.yaml")
    assert set(example["stringData"]) == set(SECRETS)


def test_the_pod_is_one_and_has_no_rights() -> None:
    (deployment,) = documents(KUBERNETES / "deployment.yaml")
    spec = deployment["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["terminationGracePeriodSeconds"] > DRAIN_SECONDS
    assert pod["automountServiceAccountToken"] is pod["enableServiceLinks"] is False
    assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" in (
        CONTAINERFILE.read_text(encoding="utf-8")
    )
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
    }  # fmt: skip
    assert not {"env", "envFrom"} & set(container), "secrets and settings are files"
    assert {one["name"] for one in pod["volumes"]} == {one["name"] for one in container["volumeMounts"]}


def test_the_pod_is_asked_where_the_daemon_answers() -> None:
    (deployment,) = documents(KUBERNETES / "deployment.yaml")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    probes = {name: one["httpGet"] for name, one in container.items() if name.endswith("Probe")}
    assert {name: one["path"] for name, one in probes.items()} == {
        "startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"
    }  # fmt: skip
    routes = {getattr(one, "path", "") for one in application(typing.cast("Any", None)).routes}
    assert {one["path"] for one in probes.values()} <= routes
    (port,) = container["ports"]
    assert {one["port"] for one in probes.values()} == {port["name"]}
    assert f"EXPOSE {port['containerPort']}" in CONTAINERFILE.read_text(encoding="utf-8")


# --- the configurations ---


def assert_secrets_are_read(settings: Settings) -> None:
    _, pair = settings.pair(None)
    url = settings.database.url
    assert pair.alma.api_key.get_secret_value() == SECRETS["alma_api_key"]
    assert pair.folio.password.get_secret_value() == SECRETS["folio_password"]
    assert url is not None
    assert url.get_secret_value().endswith("//sync:word@database/sync")


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_each_configuration_is_one(path: Path, secrets: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    copy = tmp_path / path.name
    copy.write_text(SECRET_FOLDER.sub(f"{secrets}/", text), encoding="utf-8")
    settings = load_settings(copy)
    assert settings.database.url is not None
    assert all(pair.schedule is not None for pair in settings.pairs.values()), "the daemon would have nothing to do"
    if path.name != "practice.toml":
        assert_secrets_are_read(settings)


def test_the_secrets_lie_where_each_configuration_looks_for_them() -> None:
    folders = {
        str(path.relative_to(DEPLOY)): set(SECRET_FOLDER.findall(path.read_text(encoding="utf-8")))
        for path in CONFIGURATIONS
    }
    (deployment,) = documents(KUBERNETES / "deployment.yaml")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (mounted,) = [one["mountPath"] for one in container["volumeMounts"] if one["name"] == "secrets"]
    (loaded,) = {one.partition(":")[2].rpartition("/")[0] for one in of_unit("LoadCredential")}
    assert folders == {
        "compose/config/alma-folio-sync.example.toml": {"/run/secrets/"},  # where compose puts them
        "compose/config/practice.toml": set(),
        "kubernetes/base/alma-folio-sync.toml": {f"{mounted}/"},
        "systemd/alma-folio-sync.toml": {f"{loaded}/"},
    }


def names_a_key(variable: str) -> bool:
    """Return whether an environment variable stands for a key of the configuration."""
    *sections, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
    model: type[BaseModel] = Settings
    while sections:
        name = sections.pop(0)
        field = model.model_fields.get(name)
        below = section_in(field.annotation) if field is not None else None
        if below is None:
            return False
        model = below
        if name == "pairs" and sections:
            sections.pop(0)  # any name will do
    return key in model.model_fields


def test_each_environment_variable_names_a_key() -> None:
    paths = [UNIT, CONTAINERFILE, COMPOSE, DEPLOY / "README.md", *CONFIGURATIONS, *KUBERNETES.glob("*.yaml")]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    variables = {found for text in texts for found in re.findall(rf"{ENVIRONMENT_PREFIX}\w+", text)} - {FILE_VARIABLE}
    assert len(variables) >= 5
    assert [name for name in sorted(variables) if not names_a_key(name)] == []
    assert not names_a_key(f"{ENVIRONMENT_PREFIX}PAIRS__MAIN__ALMA__API_KEY_FIEL")


# --- Prometheus and Grafana ---


def rules() -> list[dict[str, Any]]:
    (found,) = documents(ALERTS)
    return [rule for group in found["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    return dict(json.loads(DASHBOARD.read_text(encoding="utf-8")))


def targets() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield panel, target


def metrics_and_labels() -> dict[str, set[str]]:
    """Return the names under which the product's metrics are read, each with its labels."""
    found = {}
    for one in vars(Metrics()).values():
        if isinstance(one, MetricWrapperBase):
            (family,) = one.describe()
            found[family.name + ("_total" if family.type == "counter" else "")] = set(one._labelnames)
    return found


def unknown_in(expression: str, *words: str) -> list[str]:
    """Return what an expression, and the words told with it, name that the product does not have."""
    known = metrics_and_labels()
    named = re.findall(rf"\b{METRIC_PREFIX}_\w+", expression)
    labels = set.intersection(*(known.get(one, set()) for one in named)) if named else set[str]()
    used = {label for inner in re.findall(r"\{([^}]*)\}", expression) for label in re.findall(r"(\w+)\s*[=!]", inner)}
    used |= {label for inner in re.findall(r"\bby \(([^)]*)\)", expression) for label in re.findall(r"\w+", inner)}
    used |= {label for text in words for label in re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", text)}
    return [one for one in named if one not in known] + sorted(used - labels - NOT_OURS)


def commands_in(text: str) -> list[str]:
    return re.findall(r"alma-folio-sync (?:--pair \{\{[^}]*\}\} )?([a-z]+)", text)


def test_promtool_takes_the_alerts_and_their_tests_pass() -> None:
    promtool = tool("promtool")
    call(promtool, "check", "rules", str(ALERTS))
    call(promtool, "test", "rules", str(ALERTS_TEST), cwd=ALERTS_TEST.parent)


def test_promtool_takes_the_expressions_of_the_dashboard(tmp_path: Path) -> None:
    expressions = [target["expr"].replace("$__rate_interval", "5m").replace("$pair", ".*") for _, target in targets()]
    wrapped = [{"record": f"panel:{number}", "expr": one} for number, one in enumerate(expressions)]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": wrapped}]}), encoding="utf-8")
    call(tool("promtool"), "check", "rules", str(path))


def test_alerts_and_panels_use_metrics_that_there_are() -> None:
    assert unknown_in("alma_folio_sync_gone{pair='x'}") == ["alma_folio_sync_gone", "pair"]
    for rule in rules():
        assert unknown_in(rule["expr"], *rule["annotations"].values()) == [], rule["alert"]
    for panel, target in targets():
        assert unknown_in(target["expr"], target["legendFormat"]) == [], panel["title"]
    (pair,) = [one for one in dashboard()["templating"]["list"] if one["name"] == "pair"]
    asked = re.fullmatch(r"label_values\((\w+), (\w+)\)", pair["query"]["query"])
    assert asked is not None
    assert asked[2] in metrics_and_labels()[asked[1]]


def test_alerts_name_outcomes_that_there_are() -> None:
    known = {*RUN_OUTCOMES, *RECORD_OUTCOMES}
    used = {one for rule in rules() for found in re.findall(r'outcome[=!~]+"([^"]+)"', rule["expr"])
            for one in found.split("|")}  # fmt: skip
    assert {"failed", "configuration"} <= used
    assert used <= known


def test_each_alert_says_what_helps() -> None:
    for rule in rules():
        assert set(rule["annotations"]) == {"summary", "description"}, rule["alert"]
        commands = commands_in(rule["annotations"]["description"])
        assert commands, rule["alert"]
        assert set(commands) <= set(COMMANDS), rule["alert"]


def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_silent() -> None:
    (found,) = documents(ALERTS_TEST)
    cases = [(one["alertname"], "exp_alerts" in one) for test in found["tests"] for one in test["alert_rule_test"]]
    names = {rule["alert"] for rule in rules()}
    assert len(names) == len(rules())
    assert {name for name, fires in cases if fires} == {name for name, fires in cases if not fires} == names


def test_the_dashboard_is_whole_and_of_no_installation() -> None:
    found = dashboard()
    assert not {"id", "uid"} & set(found)
    identifiers = [panel["id"] for panel in found["panels"]]
    assert len(set(identifiers)) == len(identifiers) >= 8
    assert found["templating"]["list"][0]["type"] == "datasource"
    assert set(re.findall(r'"uid": "([^"]*)"', json.dumps(found))) == {"${datasource}"}
    for panel, target in targets():
        assert target["expr"], panel["title"]
        assert panel["datasource"] == target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert set(commands_in(panel["description"])) <= set(COMMANDS)


def test_the_readme_speaks_of_this_version_and_of_files_that_are_there() -> None:
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert re.findall(r"newTag: ([^\s}]+)", text) == [version]
    named = re.findall(r"(?<![/\w])deploy/[\w./-]*\w", text)
    assert named
    assert [name for name in named if not (REPOSITORY / name).exists()] == []
