"""Grids of settings, run and exported."""
