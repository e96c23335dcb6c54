"""Imports every module that adds a command to the application."""

from __future__ import annotations

from verification.cli import simulate

__all__ = ["simulate"]
