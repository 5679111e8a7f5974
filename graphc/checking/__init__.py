"""Checking a hand derivation: read, decide, diagnose."""

from .diagnose import Finding
from .to_graph import parse_graph
from .verdict import Counterexample, Verdict, check

__all__ = ["Counterexample", "Finding", "Verdict", "check", "parse_graph"]
