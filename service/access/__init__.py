"""Identity of callers, their scopes and limits."""
