"""What a replicate is expected to cost: seconds of one core, and bytes in memory and on disk.

Rough by design (about a factor of two on a present-day core): it orders tasks, sizes the first
batches and answers a dry run.  A sweep corrects it by what it measures.
"""

from __future__ import annotations

from verification.replication.cells import PLACEHOLDER, AnyCell, ErrorCell

ROW_BYTES = 120
"""Bytes of one row in a store."""

CELL_BYTES = 700
"""Bytes of one cell in a store, index included."""

PROCESS_BYTES = 90_000_000
"""Bytes of a worker process with the libraries loaded."""

_NORMAL_SECONDS = {"direct": 1.4e-8, "exact": 8.5e-9, "limit": 3e-8}
"""One standard normal of an engine, drawn and used."""

_FIT_SECONDS = 3e-4
"""A fit, however few pairs it has; it grows with the cube of the dimensions."""

_THRESHOLD_SECONDS = 0.02
"""A best threshold, found once for a cell's replicates in one batch."""


def seconds(cell: AnyCell) -> float:
    """Predicted seconds of one replicate on one core."""
    if not isinstance(cell, ErrorCell):
        return _FIT_SECONDS
    setting, procedure = cell.setting, cell.procedure
    teacher, student = procedure.sizes(setting.n)
    both = setting.d + setting.d_tilde
    if cell.engine == "direct":
        # A share is kept in two passes over the same pairs: one finds the threshold.
        passes = 2 if procedure.retain is not None else 1
        normals = (teacher + student * procedure.rounds * passes) * (both + 2 * setting.r)
    elif cell.engine == "limit":
        normals = min(student, 2**14) * procedure.rounds * 2 * setting.r  # few kept pairs, rejection included
    else:
        normals = student * procedure.rounds * 2 * setting.r  # a fit without a filter draws no pairs
    fits = (1 if teacher else 0) + (procedure.rounds if student else 0)
    threshold = _THRESHOLD_SECONDS if cell.best and procedure.theta == PLACEHOLDER else 0.0
    return normals * _NORMAL_SECONDS[cell.engine] + fits * (_FIT_SECONDS + 2e-10 * both**3) + threshold


def memory(cell: ErrorCell) -> int:
    """Predicted bytes of a worker process that runs the cell, libraries included."""
    setting, procedure = cell.setting, cell.procedure
    both = setting.d + setting.d_tilde
    numbers = 4 * (2**20 if cell.engine == "direct" else 2**18) + 4 * both**2
    if cell.engine == "direct" and procedure.retain is not None:
        numbers += 2 * procedure.sizes(setting.n)[1]  # all scores at once, and a copy to select from
    return PROCESS_BYTES + 8 * numbers
