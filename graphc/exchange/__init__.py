"""Exercises in other systems: Moodle quizzes (STACK, Cloze, numerical) and the LaTeX class `exam`, out and in.

    Exercise -> pieces -> {stack, cloze -> moodle, exam_class} -> file;  file -> carried + edits | foreign -> Exercise
"""

from .files import Exported, Imported, export_exercise, import_exercise, import_exercises

__all__ = ["Exported", "Imported", "export_exercise", "import_exercise", "import_exercises"]
