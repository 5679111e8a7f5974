"""Checking a hand derivation: read, decide, diagnose."""

from .diagnosing.diagnose import Finding
from .shapes.to_graph import parse_graph
from .verdict import Counterexample, Verdict, check

__all__ = ["Counterexample", "Finding", "Verdict", "check", "parse_graph"]
