"""Code kept on disk: off by default, the same results with it and without, and nothing foreign is ever run."""

from __future__ import annotations

import marshal
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import graphc as G
from graphc import diskcache


def built(path: object = None, factor: float = 3.0) -> G.Function:
    x, w = G.input("x", 4), G.param("w")
    return G.compile([G.sum(G.tanh(w * x) * factor)], cache=path)


def entries(path: Path) -> list[Path]:
    return sorted((path / "graphc-code").glob("*"))


@pytest.fixture
def compiled(monkeypatch):
    """The texts that Python really compiled."""
    texts: list[str] = []
    kept = diskcache.kept

    def counting(source, filename, compiled):
        return kept(source, filename, lambda s, f: (texts.append(s), compiled(s, f))[1])

    monkeypatch.setattr("graphc.compiled.kept", counting)
    monkeypatch.delenv(diskcache.VARIABLE, raising=False)
    return texts


X = [0.5, -1.0, 2.0, 0.0]


def test_an_entry_is_used_again_and_gives_the_same(tmp_path, compiled):
    first = built(tmp_path)
    second = built(tmp_path)
    assert len(compiled) == 1 and len(entries(tmp_path)) == 1
    assert first(X, 0.7) == second(X, 0.7) == built()(X, 0.7)


def test_another_text_is_another_entry(tmp_path, compiled):
    built(tmp_path)
    built(tmp_path, 4.0)
    assert len(compiled) == 2 and len(entries(tmp_path)) == 2


def test_it_is_off_by_default(tmp_path, compiled, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built()
    built(False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["1", "on", "path"])
def test_the_environment_turns_it_on_and_false_turns_it_off(tmp_path, compiled, monkeypatch, value):
    monkeypatch.setattr(diskcache, "_home", lambda: str(tmp_path))
    monkeypatch.setenv(diskcache.VARIABLE, str(tmp_path) if value == "path" else value)
    built(False)
    assert list(tmp_path.iterdir()) == []
    built()
    assert len(entries(tmp_path)) == 1


@pytest.mark.parametrize("damage", [
    lambda data: b"", lambda data: data[:-1], lambda data: data[:60], lambda data: data + b"!",
    lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], lambda data: b"something else",
    lambda data: marshal.dumps([1]),
])  # fmt: skip
def test_a_damaged_entry_is_made_again(tmp_path, compiled, damage):
    right = built(tmp_path)(X, 0.7)
    (entry,) = entries(tmp_path)
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    assert built(tmp_path)(X, 0.7) == right
    assert len(compiled) == 2 and entry.read_bytes() == whole


def test_an_entry_under_another_name_is_not_taken(tmp_path, compiled):
    built(tmp_path, 4.0)
    (other,) = entries(tmp_path)
    right = built(tmp_path)(X, 0.7)
    (mine,) = [e for e in entries(tmp_path) if e != other]
    mine.write_bytes(other.read_bytes())
    assert built(tmp_path)(X, 0.7) == right and len(compiled) == 3


@pytest.mark.parametrize("what", ["sys.version", "np.__version__"])
def test_another_version_is_another_entry(tmp_path, compiled, monkeypatch, what):
    built(tmp_path)
    monkeypatch.setattr(f"graphc.diskcache.{what}", "0.0")
    built(tmp_path)
    assert len(entries(tmp_path)) == 2


def test_the_folder_is_closed_to_others_and_an_open_one_is_refused(tmp_path, compiled):
    built(tmp_path)
    folder = tmp_path / "graphc-code"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    with pytest.raises(G.InputError, match=r"with permissions 0755; code is only loaded from .* with 0700: chmod 700"):
        built(tmp_path)


def test_a_link_in_its_place_is_refused(tmp_path, compiled):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "graphc-code").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(G.InputError, match="graphc-code' is no folder"):
        built(tmp_path)


def test_a_path_that_is_a_file_or_no_path(tmp_path, compiled):
    (tmp_path / "file").write_text("")
    with pytest.raises(G.InputError, match=r"cache: cannot make the folder '.*graphc-code': "):
        built(tmp_path / "file")
    with pytest.raises(G.InputError, match="cache takes True, False or the path of a folder, got int 7"):
        built(7)


def test_a_failing_write_does_not_matter(tmp_path, compiled, monkeypatch):
    def full(path, data):
        raise G.InputError("no space left")

    monkeypatch.setattr(diskcache, "write_whole", full)
    assert built(tmp_path)(X, 0.7) == built()(X, 0.7)
    assert entries(tmp_path) == []


def test_many_writers_at_once(tmp_path, compiled):
    right = built()(X, 0.7)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda i: built(tmp_path, 3.0 + i % 2)(X, 0.7), range(40)))
    assert results[::2] == [right] * 20
    assert len(entries(tmp_path)) == 2 and not any(e.name.endswith(".tmp") for e in entries(tmp_path))


def test_long_functions_in_parts_keep_their_lines(tmp_path, compiled):
    x = v = G.param("x")
    for _ in range(1500):
        v = v * x + 0.5
    fresh = G.compile([v], simplify=False)
    for _ in range(2):
        f = G.compile([v], simplify=False, cache=tmp_path)
        assert f(0.25) == fresh(0.25)
        assert f.raw.__code__.co_firstlineno == fresh.raw.__code__.co_firstlineno
    assert len(entries(tmp_path)) == 1 and os.listdir(tmp_path) == ["graphc-code"]
