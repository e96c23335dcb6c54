"""The flags that describe a setting and a procedure, shared by several commands."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from verification.cli.app import number
from verification.cli.terminal import message
from verification.errors import InvalidArgument
from verification.setting import Setting

N = Annotated[
    float, typer.Option("--n", parser=number, metavar="NUMBER", help="Number of pairs, such as 1e6.")
]
D = Annotated[
    float, typer.Option("--d", parser=number, metavar="NUMBER", help="Dimension of the first modality.")
]
DTilde = Annotated[
    float | None,
    typer.Option(
        "--d-tilde", parser=number, metavar="NUMBER", help="Dimension of the second one.  [default: d]"
    ),
]
R = Annotated[float, typer.Option("--r", parser=number, metavar="NUMBER", help="Latent dimension.")]
Eta = Annotated[
    float, typer.Option("--eta", parser=number, metavar="NUMBER", help="Clean fraction, in (0, 1].")
]
Gamma = Annotated[
    float,
    typer.Option("--gamma", parser=number, metavar="NUMBER", help="Inverse noise variance; inf is no noise."),
]
GammaTilde = Annotated[
    float | None,
    typer.Option(
        "--gamma-tilde", parser=number, metavar="NUMBER", help="Same, second modality.  [default: gamma]"
    ),
]
Theta = Annotated[
    float | None,
    typer.Option(
        "--theta", parser=number, metavar="NUMBER", help="Threshold on the oracle's scale (clean mean r)."
    ),
]
Retain = Annotated[
    float | None,
    typer.Option("--retain", parser=number, metavar="NUMBER", help="Share of the scored pairs that is kept."),
]
Rounds = Annotated[
    float,
    typer.Option("--rounds", parser=number, metavar="NUMBER", help="Students, each the next one's teacher."),
]
TeacherN = Annotated[
    float | None,
    typer.Option(
        "--teacher-n",
        parser=number,
        metavar="NUMBER",
        help="Pairs that train the teacher.  [default: n in even parts]",
    ),
]
StudentN = Annotated[
    float | None,
    typer.Option(
        "--student-n",
        parser=number,
        metavar="NUMBER",
        help="Pairs scored in each round.  [default: what the teacher leaves]",
    ),
]
Estimator = Annotated[
    str, typer.Option("--estimator", help="unfiltered, oracle-filtered or teacher-filtered.")
]


def setting(
    n: float, d: float, d_tilde: float | None, r: float, eta: float, gamma: float, gamma_tilde: float | None
) -> Setting:
    """The validated setting of the flags; the second modality defaults to the first."""
    values: dict[str, Any] = {"n": n, "d": d, "d_tilde": d if d_tilde is None else d_tilde, "r": r}
    return Setting(**values, eta=eta, gamma=gamma, gamma_tilde=gamma if gamma_tilde is None else gamma_tilde)


def note_pairs(n: int, teacher_n: int, student_n: int, rounds: int) -> None:
    """A word to whoever gives teacher and student more pairs than n together."""
    total = teacher_n + rounds * student_n
    if total > n:
        message(f"note: teacher and student take {total:,} pairs together, more than n = {n:,}")


Module = Annotated[
    str | None, typer.Option("--module", metavar="FILE", help="Python file with CLAIMS of your own.")
]

Figure = Annotated[
    str | None, typer.Option("--figure", metavar="FILE", help="Write a picture (.png, .svg, .pdf).")
]


Replicates = Annotated[
    int,
    typer.Option(
        "--replicates", parser=number, metavar="NUMBER", help="Simulated draws per point of the picture."
    ),
]


def figure_for(replicates: float, figure: str | None) -> None:
    """Refuse simulated points without a picture to put them in."""
    if replicates and figure is None:
        raise InvalidArgument("--replicates", replicates, "must go with --figure")
