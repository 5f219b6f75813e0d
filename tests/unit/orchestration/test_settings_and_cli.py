"""The settings file and the command line: what is refused, in which words, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.ingestion import csv_text, insured
from typer.testing import CliRunner, Result

from orchestration.cli.main import app
from orchestration.settings import Settings, load_settings
from sources.calendar import quarter_label, quarter_number, reference_date, reference_month
from sources.contract import all_sources
from sources.errors import UsageError

COMMANDS = ("simulate", "run", "check", "status", "releases")


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def said(result: Result) -> Any:
    """What a command printed, if it is one valid JSON document."""
    return json.loads(result.stdout, parse_constant=pytest.fail)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "landing").mkdir()
    return tmp_path


# ---- settings ------------------------------------------------------------------------------------------------


def test_without_a_file_all_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "labourdb.toml") == Settings()


def test_settings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "labourdb.toml"
    path.write_text(
        '[linkage]\nprobabilistic = true\n[succession]\nemployers = false\n[coverage]\nprovinces = ["30", "19", "30"]\n'
        '[engine]\nmemory = "4GB"\nthreads = 1\n[thresholds]\nlinked_share_training = 0.2\nvolume_change = 3\n'
    )
    settings = load_settings(path)
    assert settings.coverage.provinces == ("19", "30") and settings.engine.threads == 1
    assert settings.thresholds == {"linked_share_training": 0.2, "volume_change": 3.0}
    assert settings.not_available() == ["[linkage] probabilistic"]
    # what this version does not do is never said to be done
    assert settings.effective()["linkage"] == {"probabilistic": False}
    assert json.dumps(settings.effective())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[coverage]\nprovince = ['30']", "coverage.province"),
        ("colour = 'red'", "colour"),
        ("[coverage]\nprovinces = ['3']", "'3'"),
        ("[coverage]\nprovinces = ['99', '30']", "'99'"),
        ("[coverage]\nprovinces = '30'", "coverage.provinces"),
        ("[engine]\nthreads = 0", "engine.threads"),
        ("[thresholds]\nlinked_share = 0.1", "No check is called linked_share"),
        ("[thresholds]\nlinked_share_training = 1.1", "linked_share_training is 1.1"),
        ("[thresholds]\nlinked_share_training = nan", "linked_share_training is nan"),
        ("[thresholds]\nlinked_share_training = 'much'", "thresholds.linked_share_training"),
        ("[coverage\n", "labourdb.toml"),
    ],
)
def test_settings_that_cannot_be_meant(home: Path, text: str, named: str) -> None:
    path = home / "labourdb.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        load_settings(path)
    assert named in str(refused.value) and str(path) in str(refused.value)
    result = call("run", "--home", home, "--as-of", "2025Q4", "--json")
    assert result.exit_code == 2 and named in result.stderr and said(result)["exit_code"] == 2
    assert not (home / "restricted").exists()  # before anything is read


def test_settings_that_are_not_text(home: Path) -> None:
    (home / "labourdb.toml").write_bytes(b"\xff\xfe")
    assert call("run", "--home", home, "--as-of", "2025Q4").exit_code == 2


# ---- quarters ------------------------------------------------------------------------------------------------


def test_quarters() -> None:
    assert [quarter_label(quarter_number(q)) for q in ("2024Q4", "2025Q1")] == ["2024Q4", "2025Q1"]
    assert quarter_number("2025Q1") - quarter_number("2024Q4") == 1
    assert reference_month(quarter_number("2025Q4")) == 2025 * 12 + 11
    assert str(reference_date(quarter_number("2024Q1"))) == "2024-03-31"


@pytest.mark.parametrize(
    "label",
    ["2025Q5", "2025Q0", "2025-Q4", "2025q4", "25Q4", "2025Q4 ", "2025", "", "２０２５Q4", "2025Q4\n"],
)
def test_what_is_no_quarter(home: Path, label: str) -> None:
    with pytest.raises(UsageError):
        quarter_number(label)
    result = call("run", "--home", home, "--as-of", label)
    assert result.exit_code == 2 and "is not a quarter" in result.stderr and "2025Q4" in result.stderr


# ---- commands ------------------------------------------------------------------------------------------------


def test_help() -> None:
    whole = call("--help")
    assert whole.exit_code == 0
    for command in COMMANDS:
        assert command in whole.stdout
        result = call(command, "--help")
        assert result.exit_code == 0 and "--json" in result.stdout and "Usage" in result.stdout
        assert command == "check" or "--home" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("run", "--as-of"),
        ("fly",),
        ("run", "--as-of", "2025Q4", "--colour"),
        ("simulate", "--persons", "3"),
        ("check",),
    ],
)
def test_usage_errors_of_the_command_line(arguments: tuple[str, ...]) -> None:
    assert call(*arguments).exit_code == 2


@pytest.mark.parametrize(
    "options",
    [
        ("--until", "2025-13"),
        ("--until", "now"),
        ("--provinces", "99"),
        ("--provinces", ""),
        ("--provinces", "30,30"),
    ],
)
def test_worlds_that_cannot_be_made(tmp_path: Path, options: tuple[str, ...]) -> None:
    result = call("simulate", "--home", tmp_path, "--persons", 1000, "--months", 1, "--json", *options)
    assert result.exit_code == 2 and said(result)["exit_code"] == 2
    assert not (tmp_path / "landing").exists()


def test_simulate(tmp_path: Path) -> None:
    arguments = (
        "simulate",
        "--home",
        tmp_path,
        "--persons",
        1000,
        "--months",
        1,
        "--until",
        "2025-12",
        "--provinces",
        "30",
        "--json",
    )
    result = call(*arguments)
    assert result.exit_code == 0 and said(result)["summary"]["persons"] == 1000
    assert (tmp_path / "landing" / "population" / "2025-12").is_dir()
    again = call(*arguments)
    assert (
        again.exit_code == 2 and "already holds deliveries" in again.stderr and said(again)["exit_code"] == 2
    )


@pytest.mark.parametrize("command", ["run", "status"])
def test_a_home_without_landing(tmp_path: Path, command: str) -> None:
    more = ("--as-of", "2025Q4") if command == "run" else ()
    result = call(command, "--home", tmp_path / "none", "--json", *more)
    assert result.exit_code == 1 and "landing is not there" in result.stderr
    assert "landing is not there" in said(result)["error"]
    assert not (tmp_path / "none").exists()


def test_an_empty_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABOURDB_HOME", str(home))
    facts = said(call("status", "--json"))
    assert facts["current_release"] is None and facts["home"] == str(home)
    assert sorted(s["source"] for s in facts["sources"]) == sorted(all_sources())
    assert facts["protection"] == "DISCLOSURE-CONTROLLED"
    assert said(call("releases", "--json")) == []
    assert "none yet" in call("status").stdout and "No release yet" in call("releases").stdout


# ---- check ---------------------------------------------------------------------------------------------------


def delivery(home: Path, text: str, folder: str = "social_insurance/2025-03") -> Path:
    path = home / "landing" / folder
    path.mkdir(parents=True)
    (path / "data.csv").write_text(text, encoding="utf-8")
    return path


def test_check_of_a_good_delivery(home: Path) -> None:
    path = delivery(home, csv_text([insured(n) for n in range(60)]))
    result = call("check", path, "--json")
    assert result.exit_code == 0
    facts = said(result)
    assert facts["would_be_used"] and facts["refused_because"] is None and facts["problems"] == []
    assert facts["files"][0]["accepted"] == 60 and {c["status"] for c in facts["checks"]} <= {
        "passed",
        "not_applicable",
    }
    assert "Would be used" in call("check", path).stdout
    assert {p.name for p in home.iterdir()} == {"landing"}  # nothing was loaded anywhere


def test_check_of_a_delivery_that_would_be_held(home: Path) -> None:
    rows = [
        insured(n, month="2025-04") if n < 3 else insured(n, wage_base="-1") if n < 20 else insured(n)
        for n in range(60)
    ]
    path = delivery(home, csv_text(rows))
    result = call("check", path, "--json")
    assert result.exit_code == 1
    facts = said(result)
    failed = {c["check_id"] for c in facts["checks"] if c["status"] == "failed"}
    assert not facts["would_be_used"] and {"future_months", "quarantined_share"} <= failed
    assert len(facts["problems"]) == 17 and facts["problems"][0]["line"] == 5  # the header is line 1
    text = call("check", path)
    assert text.exit_code == 1 and "Would be held" in text.stdout and "data.csv, line 5" in text.stdout
    assert "Nguyễn" not in text.output + result.output  # where it stands, never what it says


def test_check_of_a_delivery_that_would_be_refused(home: Path) -> None:
    path = delivery(home, "si_number,full_name\n1,x\n")
    result = call("check", path, "--json")
    assert result.exit_code == 1 and not said(result)["would_be_used"]
    assert "required column(s) missing" in said(result)["refused_because"]
    assert "would be refused" in call("check", path).stdout


def test_check_of_one_file(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "from the agency.csv"
    path.write_text(csv_text([insured(1)]), encoding="utf-8")
    assert call("check", path, "--source", "social_insurance", "--period", "2025-03", "--json").exit_code == 0
    unclear = call("check", path, "--json")
    assert unclear.exit_code == 2 and "--source" in unclear.stderr and said(unclear)["exit_code"] == 2
    unclear = call("check", path, "--source", "social_insurance")
    assert unclear.exit_code == 2 and "--period" in unclear.stderr
    assert call("check", path, "--source", "payroll", "--period", "2025-03").exit_code == 2
    assert call("check", path, "--source", "social_insurance", "--period", "March").exit_code == 2
    assert call("check", tmp_path / "nothing").exit_code == 2
