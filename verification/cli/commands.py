"""Imports every module that adds a command to the application, in the order of the help text."""

from __future__ import annotations

from verification.cli import verify  # isort: skip
from verification.cli import claims  # isort: skip
from verification.cli import diff  # isort: skip
from verification.cli import simulate  # isort: skip
from verification.cli import predict  # isort: skip
from verification.cli import constants  # isort: skip
from verification.cli import sweep  # isort: skip
from verification.cli import reproduce  # isort: skip
from verification.cli import search  # isort: skip
from verification.cli import probe  # isort: skip

__all__ = [
    "claims",
    "constants",
    "diff",
    "predict",
    "probe",
    "reproduce",
    "search",
    "simulate",
    "sweep",
    "verify",
]
