"""Exercises: one TOML file for the sheet, the numbers of each student, and grading."""

from .grading import Grade, PartGrade, rounded
from .marking import Mark
from .model import Answer, Exercise
from .parts import Draw, Question, Symbol
from .quantities import Marks, check_all

__all__ = ["Answer", "Draw", "Exercise", "Grade", "Mark", "Marks", "PartGrade", "Question", "Symbol", "check_all",
           "rounded"]
