"""The LaTeX document: what the class `exam` needs is there, and nothing in it is a command of a stranger."""

from __future__ import annotations

import re

import pytest
from exchange_exercises import NEURON

import graphc as G
from graphc.exchange.exam_class import author_tex, exam_document
from graphc.exchange.moodle import options_of
from graphc.sheets.tex_sheet import mixed


def document(text=NEURON, **options):
    e = G.Exercise.loads(text)
    return exam_document(e, options_of(e, options), text)[0].decode()


def bare(tex):
    return "\n".join(line for line in tex.split("\n") if not line.startswith("%"))


@pytest.mark.parametrize("lang, babel, answer", [("en", "english", "Model answer:"), ("fr", "french", "Corrigé~:")])
def test_a_document_of_the_class_exam(lang, babel, answer):
    tex = bare(document(lang=lang, student="ada"))
    assert r"\documentclass[11pt,a4paper,addpoints]{exam}" in tex and rf"\usepackage[{babel}]{{babel}}" in tex
    assert answer in tex and r"\begin{tikzpicture}" in tex
    assert tex.count(r"\question[") == 3 and tex.count(r"\begin{solution}") == 3
    assert re.findall(r"\\question\[(.*)\]", tex) == ["2", "3", "4"]


def test_environments_nest():
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", bare(document())):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert stack == []


def test_the_solution_has_the_numbers_and_the_derivation_its_steps():
    e = G.Exercise.loads(NEURON)
    numbers = e.numbers("ada")
    z = numbers["w1"] * (numbers["x1"] + numbers["x2"]) + numbers["b"]
    tex = bare(document(student="ada"))
    first = tex.partition(r"\begin{solution}")[2].partition(r"\end{solution}")[0]
    assert f"= {z}" in first.replace("{-}", "-")
    assert tex.index(r"\end{questions}") < tex.index(r"\ifprintanswers") < tex.index("Sum over the paths")


def test_points_that_the_class_cannot_add_are_shown():
    tex = bare(document(NEURON.replace("points = 4", "points = 0.25"), lang="fr"))
    assert r"\question[0{,}25]" in tex and "addpoints" not in tex and r"/\,5{,}25\par" in tex
    assert r"\question[3\half]" in document(NEURON.replace("points = 4", "points = 3.5"))


def test_hostile_words_are_words():
    text = NEURON.replace("A neuron computes", "100 % \\\\\\\\input{/etc/passwd} #1 ^^5e & ~ _").replace(
        'text = "', 'text = "\\\\\\\\write18{ls} } { ')
    tex = bare(document(text, student="}\\input{x}%"))
    assert r"\input" not in tex and r"\write" not in tex and "^^" not in tex
    assert r"\textbackslash{}write18\{ls\} \} \{" in tex


def test_a_sentence_goes_to_tex_and_back():
    text = "100 % of a_b & {c} # for $x_1$, 5 < 6"
    assert author_tex(mixed(text).replace(r"\textless{}", "<")) == text


def test_the_same_bytes_every_time():
    assert document(student="ada") == document(student="ada")
