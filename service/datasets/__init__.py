"""Data sets: what there is to train on."""
