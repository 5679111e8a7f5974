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
    (["export", "exam.toml", "-o", "exam.doc"], "choose from .xml, .tex"),
    (["import", "exam.toml", "-o", "x.toml"], "choose from .xml, .tex"),
    (["export", "exam.toml", "-o", "exam.xml", "--variants", "0"], "from 1 to 200, got 0"),
    (["export", "exam.toml", "-o", "exam.xml", "--numbers", "text"], "choose from cloze, numerical, stack"),
])  # fmt: skip
def test_wrong_usage_says_what_is_needed(here, args, told, capsys):
    assert main(["exercise", *args]) == 3
    assert f"graphc exercise {args[0]}: " in (err := capsys.readouterr().err) and told in err


@pytest.mark.parametrize(("args", "told"), [
    ([], "graphc exercise: the following arguments are required: action"),
    (["export", "exam.toml"], "graphc exercise export: the following arguments are required: -o"),
    (["new", "other.toml", "--students", "3"], "unrecognized arguments: --students 3"),
    (["check", "exam.toml", "-o", "x"], "unrecognized arguments: -o x"),
    (["import", "exam.xml", "-o", "x", "--variants", "2"], "unrecognized arguments: --variants 2"),
    (["export", "exam.toml", "-o", "x.xml", "--students", "2"], "unrecognized arguments: --students 2")])
def test_an_option_of_another_action_is_refused(here, args, told, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["exercise", *args])
    assert stopped.value.code == 3 and told in capsys.readouterr().err


@pytest.mark.parametrize("action", ["new", "check", "export", "import"])
def test_each_action_has_help_with_an_example(action, capsys):
    with pytest.raises(SystemExit):
        main(["exercise", action, "--help"])
    assert f"example:\n  graphc exercise {action} " in capsys.readouterr().out


def test_a_file_that_exists_is_kept_by_an_import(here, capsys):
    main(["exercise", "export", "exam.toml", "-o", "exam.tex"])
    assert main(["exercise", "import", "exam.tex", "-o", "exam.toml"]) == 3
    assert "exists already, and is kept" in capsys.readouterr().err
