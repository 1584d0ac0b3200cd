"""Trainyard's engine: trains regularized neural networks in NumPy, with nothing else needed."""
