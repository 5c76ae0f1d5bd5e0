"""What is deployed is what the program knows: read and compared, since there may be no engine."""

from __future__ import annotations

import configparser
import re
import shlex
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from skysieve.cli.application import application
from skysieve.configuration import override
from skysieve.service.settings import ServiceSettings

DEPLOY = Path(__file__).parents[1] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("web", "worker")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
CADDYFILE = (DEPLOY / "Caddyfile").read_text()
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
VERBS = typer.main.get_command(application)


def check_call(words: list[str]) -> None:
    """Fail unless these words call a command with options that it has."""
    command: Any = VERBS
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands, f"{words[0]} is no verb"
        command, words = command.commands[words[0]], words[1:]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    options = {word for word in words if word.startswith("--")}
    assert options <= known, f"{options - known} are no options of {command.name}"


def test_the_services_of_the_composition() -> None:
    assert set(SERVICES) == {"database", "web", "worker", "proxy"}


@pytest.mark.parametrize("name", SERVICES)
def test_each_is_watched_restarted_and_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert set(service["healthcheck"]) >= {"test", "interval", "timeout", "retries"}
    assert "privileged" not in service
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].rpartition(":")
    assert image
    assert re.match(r"\d+\.\d+", tag), f"{name}: the tag {tag!r} may change under us"


def test_only_the_proxy_is_reached_from_elsewhere() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert SERVICES["database"]["networks"] == ["inside"]
    assert "inside" not in SERVICES["proxy"]["networks"]


@pytest.mark.parametrize("name", OURS)
def test_ours_run_as_nobody_in_particular_with_room_to_finish(name: str) -> None:
    assert SERVICES[name]["user"] == "10001:10001"
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) > 40
    assert SERVICES[name]["depends_on"]["database"]["condition"] == "service_healthy"
    assert "home:/srv/skysieve" in SERVICES[name]["volumes"]


@pytest.mark.parametrize("name", OURS)
def test_commands_are_verbs(name: str) -> None:
    check_call(list(SERVICES[name]["command"]))


def test_the_check_of_the_worker_is_a_verb() -> None:
    words = SERVICES["worker"]["healthcheck"]["test"]
    assert words[:2] == ["CMD", "night-service"]
    check_call(words[2:])


def test_the_check_of_the_web_is_python() -> None:
    *_, program, option, code = SERVICES["web"]["healthcheck"]["test"]
    assert (program, option) == ("python", "-c")
    compile(code, "healthcheck", "exec")
    assert "http://127.0.0.1:8765/health" in code


def test_volumes_networks_and_secrets_are_declared() -> None:
    for service in SERVICES.values():
        assert set(service.get("networks", ())) <= set(COMPOSE["networks"])
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        named = {volume.split(":")[0] for volume in service["volumes"]}
        assert {name for name in named if name[0] not in "./$"} <= set(COMPOSE["volumes"])


def test_what_is_mounted_is_there_or_an_example_of_it() -> None:
    for service in SERVICES.values():
        for volume in service["volumes"]:
            place = volume.split(":")[0]
            if place.startswith("./"):
                assert (DEPLOY / place).exists() or (DEPLOY / f"{place}.example").exists(), place


@pytest.mark.parametrize(
    "path", sorted(path for path in DEPLOY.rglob("*") if path.is_file()), ids=lambda path: path.name
)
def test_no_secret_stands_in_a_file(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\w+://[^\s:/@]+:[^\s/@]+@", text), "an address with a password"
    named = r"(?im)^[ \-#]*(?:ENV )?(\w*(?:PASSWORD|SECRET|TOKEN|KEY)\w*)\s*[:=][ \t]*(\S.*)$"
    for name, value in re.findall(named, text):
        place = value.startswith(("$(cat /run/secrets/", "/run/secrets/"))
        assert place or name == "secrets", f"{name} = {value}"


def test_secrets_are_kept_out_of_the_repository() -> None:
    ignored = (DEPLOY / ".gitignore").read_text().split()
    assert {"/.env", "/secrets/", "/service.toml"} <= set(ignored)
    assert COMPOSE["secrets"]["database-password"]["file"].startswith("./secrets/")


def test_the_image_is_built_in_stages_and_runs_as_the_user_of_the_composition() -> None:
    stages = re.findall(r"(?m)^FROM (\S+)(?: AS (\w+))?$", DOCKERFILE)
    assert [name for _, name in stages] == ["build", ""]
    assert all(re.search(r":\d+\.\d+\.\d+-", image) for image, _ in stages)
    last = DOCKERFILE.rsplit("FROM ", 1)[1]
    assert re.search(r"(?m)^USER skysieve$", last)
    assert "--uid 10001" in last
    assert "pip install" not in last
    assert 'ENTRYPOINT ["night-service"]' in last
    check_call(shlex.split(re.search(r"(?m)^CMD (\[.*\])$", last)[1].strip("[]").replace(",", " ")))


def test_what_the_image_copies_is_in_its_context() -> None:
    allowed = {
        line[1:]
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text().split("\n")
        if line.startswith("!")
    }
    for copied in re.findall(r"(?m)^COPY (?!--from)(.+)$", DOCKERFILE):
        sources = [word for word in copied.split()[:-1] if not word.startswith("--")]
        assert {source.removeprefix("./") for source in sources} <= allowed
        assert all((DEPLOY.parent / source).exists() for source in sources)


def test_the_entry_point_is_sound() -> None:
    script = DEPLOY / "night-service.sh"
    assert script.stat().st_mode & stat.S_IXUSR
    subprocess.run(["sh", "-n", script], check=True)
    assert 'exec skysieve "$@"' in script.read_text()


def test_the_proxy_speaks_tls_and_leads_to_the_web() -> None:
    assert "tls {$SKYSIEVE_TLS}" in CADDYFILE
    assert "reverse_proxy web:8765" in CADDYFILE
    assert SERVICES["proxy"]["environment"].keys() >= {"SKYSIEVE_HOSTNAME", "SKYSIEVE_TLS"}
    assert re.search(r"@inside path /metrics\s+respond @inside 404", CADDYFILE)
    assert CADDYFILE.count("{") == CADDYFILE.count("}")
    limit = int(re.search(r"max_size (\d+)MB", CADDYFILE)[1])
    assert limit * 1e6 >= ServiceSettings().web.upload_mb * 1024**2


def test_the_settings_are_known_and_fit_the_composition() -> None:
    settings = override(ServiceSettings(), tomllib.loads((DEPLOY / "service.toml.example").read_text()))
    assert settings.web.behind_tls
    (network,) = COMPOSE["networks"]["outside"]["ipam"]["config"]
    assert settings.web.proxies == (network["subnet"],)


def test_settings_that_are_commented_out_are_known_too() -> None:
    text = re.sub(r"(?m)^#(?=\[|\w+ = )", "", (DEPLOY / "service.toml.example").read_text())
    settings = override(ServiceSettings(), tomllib.loads(text))
    assert settings.ingest.kafka.topics
    assert settings.ingest.depot.url
    assert settings.outflow.webhooks


def test_variables_of_the_example_are_read_somewhere() -> None:
    source = "".join(path.read_text() for path in (DEPLOY.parent / "src").rglob("settings.py"))
    known = source + (DEPLOY / "compose.yaml").read_text()
    for name in re.findall(r"(?m)^#?([A-Z_]+)=", (DEPLOY / "env.example").read_text()):
        assert name in known, name


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_call_verbs_as_a_user_of_their_own(path: Path) -> None:
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment]
    unit.read(path)
    service = unit["Service"]
    assert service["User"] == "skysieve"
    assert service["NoNewPrivileges"] == "true"
    assert service["ProtectSystem"] == "strict"
    called = re.search(r"/opt/skysieve/bin/skysieve ([^']*)", service["ExecStart"])
    check_call(shlex.split(called[1]))


@pytest.mark.parametrize("path", sorted((DEPLOY / "systemd").glob("*.timer")), ids=lambda path: path.name)
def test_timers_have_their_units(path: Path) -> None:
    assert path.with_suffix(".service") in UNITS
    assert "OnCalendar=" in path.read_text()


def test_alerts_ask_for_metrics_that_there_are() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
    source = (DEPLOY.parent / "src/skysieve/service/operation/metrics.py").read_text()
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "look")
        for name in re.findall(r"skysieve_\w+", rule["expr"]):
            assert f'"{name.removesuffix("_total")}"' in source, name
    (scrape,) = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    assert scrape["authorization"] == {"credentials_file": "/etc/prometheus/skysieve-token"}


def test_caddy_waits_for_no_client_for_ever() -> None:
    for name in ("read_header", "read_body", "idle"):
        assert re.search(rf"\n\t+{name} \d+[sm]\n", CADDYFILE), name
