"""The writer of exercise TOML: what it writes is read back as the same values."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphc.errors import InputError
from graphc.exchange.toml_text import toml_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SCALAR = st.one_of(TEXT, st.booleans(), st.integers(-2**60, 2**60), st.floats(allow_nan=False))
FLAT = st.one_of(SCALAR, st.lists(SCALAR, max_size=4))
TABLE = st.dictionaries(TEXT.filter(bool), FLAT, max_size=4)
FILE = st.dictionaries(TEXT.filter(bool), st.one_of(FLAT, TABLE, st.lists(TABLE, min_size=1, max_size=3)), max_size=5)


@given(FILE)
def test_what_is_written_reads_back(values):
    assert tomllib.loads(toml_text(values)) == values


@pytest.mark.parametrize("text", ["'''", "a\n'''\nb", "ends with '\n'", "\r\n", "\\", '"""', "tab\tx\ny", "\n",
                                  "\x85\u2028"])
def test_texts_over_lines_keep_every_character(text):
    assert tomllib.loads(toml_text({"k": text}))["k"] == text


def test_a_long_list_goes_over_lines():
    values = {"point": {"x": list(range(100))}}
    text = toml_text(values)
    assert tomllib.loads(text) == values
    assert max(map(len, text.splitlines())) < 20


def test_a_value_that_has_no_word_is_refused():
    with pytest.raises(InputError, match="cannot hold a value of type complex"):
        toml_text({"k": 1j})
