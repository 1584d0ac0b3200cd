"""Files of other makers as arrays to train on: what a file holds is found out, said, and can be overridden.

``options`` is what the API knows of it, without NumPy; ``parse.parse`` runs in the engine's processes.
"""
