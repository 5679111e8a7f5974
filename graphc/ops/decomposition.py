"""Inverses, solutions and factorisations of matrices."""
