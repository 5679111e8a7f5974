"""Exercises: one TOML file for the sheet, the numbers of each student, and grading."""

from .grading import Grade, PartGrade
from .model import Answer, Exercise
from .parts import Draw, Question, Symbol

__all__ = ["Answer", "Draw", "Exercise", "Grade", "PartGrade", "Question", "Symbol"]
