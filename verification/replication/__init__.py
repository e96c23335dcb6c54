"""Replicates of cells on any worker, kept in a file."""
