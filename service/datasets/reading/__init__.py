"""Read foreign files as arrays to train on: properties are inferred, reported, and can be overridden.

``options`` is what the API knows of it, without NumPy; ``parse.parse`` runs in the engine's processes.
"""
