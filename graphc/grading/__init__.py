"""Batch grading: files of answers, a process for each submission, a report for the class and for each student."""

from .batch import Outcome, grade_folder

__all__ = ["Outcome", "grade_folder"]
