"""Elementwise rows: the activations of neural networks."""
