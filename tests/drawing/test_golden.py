"""The exam's figures, compared by structure. To renew a golden file after looking at the figure, delete it and
run the test once: it writes the file and fails."""

from pathlib import Path

import pytest

import graphc as G
from graphc.drawing import draw

GOLDEN = Path(__file__).with_name("golden")


def figure(exam, name):
    backward = G.backward(exam.f, exam.all)
    return {
        "forward": lambda: draw(exam.f, engine="own"),
        "circuit": lambda: draw(exam.f, wrt=exam.all, at=exam.at, engine="own"),
        "circuit_fr": lambda: draw(exam.f, wrt=exam.wrt, at=exam.at, lang="fr", rankdir="TB", engine="own"),
        "symbols": lambda: draw(exam.f, wrt=exam.wrt, engine="own"),
        "blank": lambda: draw(exam.f, wrt=exam.wrt, at=exam.at, blank="all", engine="own"),
        "backward": lambda: draw(backward, engine="own"),
        "backward_at": lambda: draw(backward, at=exam.at, engine="own"),
    }[name]()


@pytest.mark.parametrize("name", ["forward", "circuit", "circuit_fr", "symbols", "blank", "backward", "backward_at"])
def test_structure(exam, structure, name):
    found = structure(figure(exam, name))
    path = GOLDEN / f"{name}.txt"
    if not path.exists():
        path.write_text(found, encoding="utf-8")
        pytest.fail(f"{path.name} was missing and has been written: look at the figure, then run again")
    assert found == path.read_text(encoding="utf-8")
