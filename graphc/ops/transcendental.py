"""Elementwise rows: trigonometric and hyperbolic functions, exponentials and logarithms of other bases."""
