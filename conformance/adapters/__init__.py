"""Adapters: found, tried and written; those of known loaders are in ``builtin``, one file each."""
