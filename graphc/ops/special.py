"""Elementwise rows: special functions, in NumPy alone."""
