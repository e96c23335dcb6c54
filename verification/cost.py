"""What a replicate is expected to cost: seconds of one core, and bytes in memory and on disk.

Rough by design (about a factor of two on a present-day core): it orders tasks, sizes the first
batches and answers a dry run.  A sweep corrects it by what it measures.
"""

from __future__ import annotations

from verification.cells import AnyCell, Cell

ROW_BYTES = 120
"""Bytes of one row in a store."""

CELL_BYTES = 700
"""Bytes of one cell in a store, index included."""

PROCESS_BYTES = 90_000_000
"""Bytes of a worker process with the libraries loaded."""

_NORMAL_SECONDS = 1.4e-8
"""One standard normal drawn and used once."""

_START_SECONDS = 3e-4
"""What a replicate costs however few pairs it has."""


def seconds(cell: AnyCell) -> float:
    """Predicted seconds of one replicate on one core."""
    if not isinstance(cell, Cell):
        return _START_SECONDS
    setting, procedure = cell.setting, cell.procedure
    teacher, student = procedure.sizes(setting.n)
    scored = student * procedure.rounds * (2 if procedure.retain is not None else 1)
    both = setting.d + setting.d_tilde
    if cell.engine == "direct":
        normals = (teacher + scored) * (both + 2 * setting.r)
    else:
        normals = scored * 2 * setting.r  # an unfiltered fit costs the same for every number of pairs
    fits = 1 + (procedure.rounds if student else 0)
    return _START_SECONDS + normals * _NORMAL_SECONDS + fits * 1e-9 * both**3


def memory(cell: Cell) -> int:
    """Predicted bytes of memory that one replicate takes in its worker, beyond the libraries."""
    setting, procedure = cell.setting, cell.procedure
    both = setting.d + setting.d_tilde
    blocks = 8 * (2**20 if cell.engine == "direct" else 2**18) * 4
    scores = 8 * procedure.sizes(setting.n)[1] if procedure.retain is not None else 0
    return PROCESS_BYTES + blocks + scores + 4 * 8 * both**2
