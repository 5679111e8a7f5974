"""Quizzes that graphc did not write: what can be taken of them."""

from __future__ import annotations

from ..errors import InputError
from .xml_text import Node


def foreign_quiz(root: Node, name: str, lang: str) -> tuple[str, list[str]]:
    raise InputError(f"{name} carries no exercise of graphc")
