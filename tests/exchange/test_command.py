"""`graphc exercise export` and `graphc exercise import`, as typed."""

from __future__ import annotations

import json

import pytest

from graphc.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["exercise", "new", "exam.toml"]) == 0
    return tmp_path


@pytest.mark.parametrize("ending", ["xml", "tex"])
def test_out_and_in_again_is_the_same_file(here, ending, capsys):
    assert main(["exercise", "export", "exam.toml", "-o", f"exam.{ending}", "--variants", "1"]) == 0
    assert main(["exercise", "import", f"exam.{ending}", "-o", "back.toml"]) == 0
    assert (here / "back.toml").read_bytes() == (here / "exam.toml").read_bytes()
    assert capsys.readouterr().out.split() == [f"exam.{ending}", "back.toml"]


def test_json_has_the_notes(here, capsys):
    assert main(["exercise", "export", "exam.toml", "-o", "exam.xml", "--variants", "1", "--lang", "fr", "--json"]) == 0
    told = capsys.readouterr()
    facts = json.loads(told.out.splitlines()[-1])
    assert facts["path"] == "exam.xml" and "3 fois les points" in facts["notes"][0]
    assert "3 fois les points" in told.err


@pytest.mark.parametrize("args, told", [
    (["export", "exam.toml"], "-o FILE is needed"),
    (["export", "exam.toml", "-o", "exam.doc"], "choose from .xml, .tex"),
    (["import", "exam.toml", "-o", "x.toml"], "choose from .xml, .tex"),
    (["export", "exam.toml", "-o", "exam.xml", "--variants", "0"], "from 1 to 200, got 0")])  # fmt: skip
def test_wrong_usage_says_what_is_needed(here, args, told, capsys):
    assert main(["exercise", *args]) == 3
    assert told in capsys.readouterr().err


def test_a_file_that_exists_is_kept_by_an_import(here, capsys):
    main(["exercise", "export", "exam.toml", "-o", "exam.tex"])
    assert main(["exercise", "import", "exam.tex", "-o", "exam.toml"]) == 3
    assert "exists already, and is kept" in capsys.readouterr().err
