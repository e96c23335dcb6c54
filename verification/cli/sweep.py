"""`filtergain sweep`, `export` and `plot`: grids of settings into a store, and out of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verification.cli import options
from verification.cli.app import (
    EXIT_AS_EXPECTED,
    EXIT_INTERRUPTED,
    AllJobsOption,
    JsonOption,
    app,
    number_option,
)
from verification.cli.terminal import message, print_json, times

if TYPE_CHECKING:
    from verification.sweeps.grid import Design
    from verification.sweeps.sweep import Progress

LINE_SECONDS = 10.0
"""Without a terminal, progress is a line now and then."""

StoreArgument = Annotated[
    Path, typer.Argument(metavar="STORE", help="A store written by `filtergain sweep`.")
]


@app.command(
    short_help="Run a grid of settings into a store.",
    epilog="Example: filtergain sweep examples/phase-diagram.toml --dry-run",
)
def sweep(
    grid: Annotated[Path, typer.Argument(metavar="GRID.toml", help="Settings, procedures and replicates.")],
    store: Annotated[
        Path | None, typer.Option("--store", metavar="FILE", help="Where rows are kept.  [default: GRID.db]")
    ] = None,
    executor: options.ExecutorName = "processes",
    jobs: AllJobsOption = None,
    scheduler: options.Scheduler = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the grid and predict its cost.")] = False,
    retry: Annotated[bool, typer.Option("--retry-failures", help="Run again what failed before.")] = False,
    seed: Annotated[float | None, number_option("--seed", "Root seed.  [default: the grid's]")] = None,
    json: JsonOption = False,
) -> int:
    """Run a grid of settings, estimators and replicates into a store; run again to resume."""
    from verification.sweeps import grid as grids

    design = grids.load(grid, None if seed is None else seed)  # type: ignore[arg-type]
    path = store if store is not None else grid.with_suffix(".db")
    if dry_run:
        _dry_run(design, path, jobs, json)
        return EXIT_AS_EXPECTED
    try:
        return _run(design, path, executor, jobs, scheduler, retry, json)
    except KeyboardInterrupt:
        message(f"interrupted: what was reported as stored is in {path}")
        return EXIT_INTERRUPTED


def _run(
    design: Design,
    path: Path,
    executor: str,
    jobs: float | None,
    scheduler: str | None,
    retry: bool,
    json: bool,
) -> int:
    from verification.replication.batches import open_batch_workers
    from verification.replication.store import Store
    from verification.sweeps.sweep import stop_on_interrupt
    from verification.sweeps.sweep import sweep as run_sweep
    from verification.workers.executors import check_workers

    def on_first() -> None:
        message("stopping: what runs is finished and stored (again: stop at once)")

    check_workers(executor, jobs, scheduler)  # before there is a store
    with Store(path) as store:
        if retry:
            store.forget_failures()
        with (
            stop_on_interrupt(on_first) as stop,
            open_batch_workers(executor, jobs, scheduler) as workers,  # type: ignore[arg-type]
            _display() as show,
        ):
            progress = run_sweep(design, design.replicates, store, workers, on_progress=show, stop=stop)
        summary = {
            "schema": 1,
            "store": str(path),
            "rows": progress.total,
            "found": progress.found,
            "stored": progress.stored,
            "failures": progress.failures,
            "stopped": progress.stopped,
            "seconds": progress.elapsed,
            "core_seconds": progress.core_seconds,
            "workers": workers.count,
            "content": store.content_hash(),
        }
    if json:
        print_json(summary)
    else:
        print(
            f"{path}: {progress.stored} rows stored, {progress.found} found, "
            f"{progress.missing} missing of {progress.total}; "
            f"{progress.failures} of the new ones failed"
        )
        print(
            f"{progress.elapsed:.1f} s, {progress.core_seconds:.1f} core-seconds on {workers.count} workers"
        )
        print(f"content {summary['content']}")
    if progress.stopped:
        message(f"interrupted: resume with the same command ({path})")
        return EXIT_INTERRUPTED
    return EXIT_AS_EXPECTED


def _dry_run(design: Design, path: Path, jobs: float | None, json: bool) -> None:
    from verification.replication import cost
    from verification.replication.store import Store
    from verification.workers.executors import processors

    workers = processors() if jobs is None else int(jobs)
    found = 0
    seconds = 0.0
    memory = 0
    store = Store.read(path) if path.exists() else None
    try:
        for cell in design:
            have = len(store.stored(cell, design.replicates)) if store is not None else 0
            found += have
            seconds += cost.seconds(cell) * (design.replicates - have)
            memory = max(memory, cost.memory(cell))
    finally:
        if store is not None:
            store.close()
    disk = (design.rows - found) * cost.ROW_BYTES + len(design) * cost.CELL_BYTES
    plan = {
        "schema": 1,
        "cells": len(design),
        "rows": design.rows,
        "found": found,
        "core_seconds": seconds,
        "seconds": seconds / workers,
        "workers": workers,
        "store_bytes": disk,
        "memory_bytes": memory * workers,
    }
    if json:
        print_json(plan)
        return
    print(f"{len(design)} cells x {design.replicates} replicates = {design.rows} rows")
    print(f"{found} rows are in {path} already")
    print(f"about {seconds:.3g} core-seconds: {seconds / workers:.3g} s on {workers} workers")
    print(f"about {disk / 1e6:.3g} MB in the store, {memory * workers / 1e6:.3g} MB of memory")


@contextmanager
def _display() -> Iterator[Callable[[Progress], None]]:
    """Shows progress on standard error: a live table at a terminal, else a line now and then."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    last = time.monotonic()
    if not console.is_terminal:

        def line(progress: Progress) -> None:
            nonlocal last
            if time.monotonic() - last >= LINE_SECONDS:
                last = time.monotonic()
                message(_line(progress))

        yield line
        return
    with Live(console=console, transient=True, auto_refresh=False) as live:

        def table(progress: Progress) -> None:
            nonlocal last
            if time.monotonic() - last >= 0.2:
                last = time.monotonic()
                live.update(_table(progress), refresh=True)

        yield table


def _line(progress: Progress) -> str:
    done = progress.found + progress.stored
    # No rate: rows cost what they cost, and who divides by it finds another time than is left.
    spent = times(progress.elapsed, progress.remaining_seconds)
    text = f"{done}/{progress.total} rows ({100 * done / progress.total:.0f}%), {spent}"
    if progress.failures:
        text += f", {progress.failures} failed"
    return text


def _table(progress: Progress) -> Any:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table("estimator", "rows", "failed", "mean error", "seconds a row", box=None, pad_edge=False)
    for name, tally in sorted(progress.tallies.items()):
        mean = "" if tally.mean is None else f"{tally.mean:.4g}"
        table.add_row(name, str(tally.rows), str(tally.failures), mean, f"{tally.seconds / tally.rows:.3g}")
    line = Table.grid()  # a bar alone does not end its line
    line.add_row(ProgressBar(progress.total, progress.found + progress.stored, width=60))
    return Group(Text(_line(progress)), line, table)


@app.command(
    short_help="Write a store as Parquet, CSV or NetCDF.",
    epilog="Example: filtergain export phase-diagram.db --to rows.parquet",
)
def export(
    store: StoreArgument,
    to: Annotated[
        Path,
        typer.Option(
            "--to", metavar="FILE", help="FILE.parquet or .csv (all rows), or .nc (an array with named axes)."
        ),
    ],
    json: JsonOption = False,
) -> int:
    """Write a store's rows as Parquet, CSV, or NetCDF (an xarray Dataset)."""
    from verification.sweeps import export as exports

    count = exports.write(store, to)
    if json:
        print_json({"schema": 1, "store": str(store), "to": str(to), "rows": count})
    else:
        print(f"{to}: {count} rows")
    return EXIT_AS_EXPECTED


@app.command(
    short_help="Draw error or gain over the axes of a store.",
    epilog="Example: filtergain plot phase-diagram.db --x eta --y gamma --quantity gain --to gain.png",
)
def plot(
    store: StoreArgument,
    x: Annotated[
        str,
        typer.Option("--x", metavar="NAME", help="The axis: n, d, d_tilde, r, eta, gamma, theta, retain ..."),
    ],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The picture: .png, .svg or .pdf.")],
    y: Annotated[
        str | None, typer.Option("--y", metavar="NAME", help="A second axis makes it a map.")
    ] = None,
    quantity: Annotated[
        str,
        typer.Option(
            "--quantity", metavar="NAME", help="error, or gain: the unfiltered error over the error."
        ),
    ] = "error",
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="NAME=VALUE", help="Only these cells; repeatable.")
    ] = None,
    law: Annotated[bool, typer.Option("--law/--no-law", help="Draw the sharp law beside the data.")] = True,
    json: JsonOption = False,
) -> int:
    """Draw error or gain over one or two axes of a store, with the sharp law beside."""
    from verification.figures import sweeps

    drawn = sweeps.plot(store, to, x=x, y=y, quantity=quantity, where=where or [], law=law)
    if json:
        print_json({"schema": 1, "store": str(store), "to": str(to), "points": drawn})
    else:
        print(f"{to}: {drawn} points")
    return EXIT_AS_EXPECTED
