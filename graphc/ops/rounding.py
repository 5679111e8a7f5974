"""Elementwise rows: rounding, remainders, predicates."""
