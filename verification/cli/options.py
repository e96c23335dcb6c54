"""The flags that describe a setting and a procedure, shared by several commands."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from verification.cli.app import number_option
from verification.cli.terminal import message
from verification.errors import InvalidArgument, whole
from verification.setting import Setting

N = Annotated[float, number_option("--n", "Number of pairs, such as 1e6.")]
D = Annotated[float, number_option("--d", "Dimension of the first modality.")]
DTilde = Annotated[float | None, number_option("--d-tilde", "Dimension of the second one.  [default: d]")]
R = Annotated[float, number_option("--r", "Latent dimension.")]
Eta = Annotated[float, number_option("--eta", "Clean fraction, in (0, 1].")]
Gamma = Annotated[float, number_option("--gamma", "Inverse noise variance; inf is no noise.")]
GammaTilde = Annotated[
    float | None, number_option("--gamma-tilde", "Same, second modality.  [default: gamma]")
]
Theta = Annotated[float | None, number_option("--theta", "Threshold on the oracle's scale (clean mean r).")]
Retain = Annotated[float | None, number_option("--retain", "Share of the scored pairs that is kept.")]
Rounds = Annotated[float, number_option("--rounds", "Students, each the next one's teacher.")]
TeacherN = Annotated[
    float | None, number_option("--teacher-n", "Pairs that train the teacher.  [default: n in even parts]")
]
StudentN = Annotated[
    float | None,
    number_option("--student-n", "Pairs scored in each round.  [default: what the teacher leaves]"),
]
Estimator = Annotated[
    str,
    typer.Option(
        "--estimator", metavar="NAME", help="unfiltered, oracle-filtered, teacher-filtered, pca or weighted."
    ),
]
ExecutorName = Annotated[
    str, typer.Option("--executor", metavar="KIND", help="processes, dask, mpi, or serial (this process).")
]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", metavar="ADDRESS", help="The dask scheduler, tcp://host:port.")
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


Replicates = Annotated[int, number_option("--replicates", "Simulated draws per point of the picture.")]


def figure_for(replicates: float, figure: str | None) -> None:
    """Refuse simulated points without a picture to put them in, and a number of them that is none."""
    whole("replicates", replicates, 0, 10**6)
    if replicates and figure is None:
        raise InvalidArgument("--replicates", replicates, "must go with --figure")
