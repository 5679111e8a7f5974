"""Padding, repeating, rolling, and what else moves values about."""
