"""Naming a mistake: derivatives with exactly one mistake in them."""
