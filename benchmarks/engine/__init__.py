"""The engine against PyTorch, JAX, scikit-learn and the bare matrix products of its step."""
