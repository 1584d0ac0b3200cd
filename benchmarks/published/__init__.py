"""The published experiments of Nielsen's book, run again through the engine."""
