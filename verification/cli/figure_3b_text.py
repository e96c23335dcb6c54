"""What `reproduce figure-3b` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verification.studies.figure_3b import SetResult

WIDTH = 80

SHORT = {
    "all pairs": "all",
    "clean pairs only": "clean",
    "filter, theta = 0": "theta=0",
    "keep 30%": "30%",
    "oracle, theta = 0": "oracle",
    "pca": "PCA",
    "soft weights": "soft",
    "blend": "blend",
}


def text(results: Sequence[SetResult]) -> str:
    """Every set's errors, slopes and what the rules cost, in 80 columns."""
    lines = ["Figure 3b on real pairs: mean error against eta; n pairs, a share 1 - eta paired anew"]
    for result in results:
        lines += ["", *_errors(result), *_slopes(result), *_rules(result), *_said(result)]
    lines += [
        "",
        "theta=0, 30%, oracle: Algorithm 1 with its halves (oracle: the population as teacher).  "
        "blend: all pairs and kept ones, weighed by what the rows say.  "
        "best: all pairs or the best share in hindsight, of one half or of both halves "
        "that filter each other.",
    ]
    return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="    ") for line in lines)


def _errors(result: SetResult) -> list[str]:
    head = "".join(f"{short:>8}" for short in SHORT.values())
    lines = [f"{result.name}: n = {result.n:,}, r = {result.r}, {len(result.runs[0])} runs", f"   eta{head}"]
    for i, eta in enumerate(result.etas):
        cells = "".join(f"{result.mean(name)[i]:8.3f}" for name in SHORT)
        lines.append(f"  {eta:4.2f}{cells}")
    return lines


def _slopes(result: SetResult) -> list[str]:
    parts = []
    for name in ("all pairs", "clean pairs only", "filter, theta = 0", "keep 30%"):
        slope = result.slope(name)
        if slope is not None:
            parts.append(f"{SHORT[name]} {slope.value:.2f} [{slope.low:.2f}, {slope.high:.2f}]")
    gain = result.gain("keep 30%")
    floor = ", ".join(f"{share:.0%} {result.floor[share]:.3f}" for share in (0.9, 0.6, 0.3))
    found = [f"  slopes: {'; '.join(parts)}"] if parts else []
    return [
        *found,
        f"  gain of keep 30%: {gain.min():.2f} to {gain.max():.2f}; floor by share kept: {floor}",
    ]


def _rules(result: SetResult) -> list[str]:
    from verification.studies.figure_3b import RULES

    worst = ", ".join(f"{rule} {result.regret(f'rule: {rule}').max():.2f}" for rule in RULES)
    return [f"  error over the best in hindsight, worst eta: {worst}"]


def _said(result: SetResult) -> list[str]:
    inside, total = result.covered()
    wrong, made = result.wrong_decisions()
    return [
        f"  fit: eta inside its interval {inside} of {total}, lower bound too high "
        f"{result.bound_failures()}, decisions {made}, wrong {wrong}"
    ]
