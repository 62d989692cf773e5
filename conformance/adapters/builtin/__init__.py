"""Adapters of known loaders, one file each."""
