"""Lines of keys, against the values that tomllib itself finds there."""

from __future__ import annotations

import tomllib

from graphc.exercise.locate import line_of, lines_of_keys

TEXT = '''title = "a [b] = c"   # [not.a.table]
long = """
x = 1
[point]
\\""" still inside
"""
list = [
  "a = 1", # [
  "]",
]
[point]
"odd = key" = 1
a.b = 2
inline = { x = 1, y = [1,
  2] }
raw = \'\'\'
[[question]]\'\'\'

[[question]]
ask = "value"
  [question.text]
  en = "x"
[[question]]
ask = "gradient"
'''

LINES = {("title",): 1, ("long",): 2, ("list",): 7, ("point",): 11, ("point", "odd = key"): 12, ("point", "a", "b"): 13,
         ("point", "inline"): 14, ("point", "raw"): 16, ("question", 0): 19, ("question", 0, "ask"): 20,
         ("question", 0, "text"): 21, ("question", 0, "text", "en"): 22, ("question", 1): 23,
         ("question", 1, "ask"): 24}  # fmt: skip


def test_every_key_and_table_has_its_line():
    tomllib.loads(TEXT)
    assert lines_of_keys(TEXT) == LINES


def test_a_key_without_a_line_of_its_own_stands_where_its_table_does():
    assert line_of(("point", "inline", "x"), LINES) == 14
    assert line_of(("question", 1, "wrt"), LINES) == 23
    assert line_of(("nothing",), LINES) == 1
