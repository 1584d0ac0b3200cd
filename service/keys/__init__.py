"""The domain of API keys: ``/v1/keys`` and ``trainyard keys``."""
