"""A validated setting of the model, and the procedure that is run in it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Literal, get_args

from verification.errors import InvalidArgument, one_of, real, whole

EstimatorName = Literal["unfiltered", "oracle-filtered", "teacher-filtered", "pca", "weighted"]
ESTIMATORS: tuple[str, ...] = get_args(EstimatorName)

MOST_DIMENSIONS = 10**6
"""Largest dimension of a modality."""


@dataclass(frozen=True, order=True, init=False)
class Setting:
    """The bimodal model's parameters (Eq. 1, Assumptions 1 and 2).

    n pairs; dimensions d, d_tilde; latent dimension r <= min(d, d_tilde); clean fraction eta in
    (0, 1]; inverse noise variances gamma, gamma_tilde in (0, inf].  Left out, d_tilde is d and
    gamma_tilde is gamma; the others must be given.  At d = r the left space is everything and its
    error is identically 0 (likewise on the right).  Raises InvalidArgument.

    >>> Setting(n=1e6, d=512, r=32, eta=0.3, gamma=5).replace(eta=0.1).eta
    0.1
    """

    n: int
    d: int
    d_tilde: int
    r: int
    eta: float
    gamma: float
    gamma_tilde: float

    def __init__(
        self,
        n: float,
        d: float,
        d_tilde: float | None = None,
        r: float | None = None,
        eta: float | None = None,
        gamma: float | None = None,
        gamma_tilde: float | None = None,
    ) -> None:
        sizes = {"n": whole("n", n, 4), "d": whole("d", d, 1, MOST_DIMENSIONS)}
        sizes["d_tilde"] = sizes["d"] if d_tilde is None else whole("d_tilde", d_tilde, 1, MOST_DIMENSIONS)
        sizes["r"] = whole("r", r, 1, MOST_DIMENSIONS)
        smaller = min(sizes["d"], sizes["d_tilde"])
        if sizes["r"] > smaller:
            raise InvalidArgument("r", sizes["r"], f"must be at most min(d, d_tilde) = {smaller}")
        numbers = {"eta": real("eta", eta, "must lie in (0, 1]")}
        if not 0 < numbers["eta"] <= 1:
            raise InvalidArgument("eta", numbers["eta"], "must lie in (0, 1]")
        for name, value in (("gamma", gamma), ("gamma_tilde", gamma if gamma_tilde is None else gamma_tilde)):
            numbers[name] = real(name, value, "must lie in (0, inf]")
            if not numbers[name] > 0:
                raise InvalidArgument(name, numbers[name], "must lie in (0, inf]")
        for name, settled in (sizes | numbers).items():
            object.__setattr__(self, name, settled)

    def replace(self, **changes: float) -> Setting:
        """The setting with some parameters changed; all others, d_tilde and gamma_tilde too, stay.

        Raises InvalidArgument, also for a name that is no parameter.
        """
        known = asdict(self)
        for name in changes:
            if name not in known:
                raise InvalidArgument("setting", name, f"has only {', '.join(known)}")
        return Setting(**{**known, **changes})

    @property
    def key(self) -> str:
        """Canonical text of the setting: equal settings have equal keys on every platform."""
        return ",".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self))

    def as_dict(self) -> dict[str, float]:
        """Parameter name -> value; an infinite gamma stays a float inf."""
        return asdict(self)


def require_setting(setting: object) -> None:
    """Raises InvalidArgument for what is no Setting, such as a dict of its fields."""
    if not isinstance(setting, Setting):
        raise InvalidArgument("setting", setting, "must be a Setting, such as Setting(n=100, ...)")


@dataclass(frozen=True, order=True)
class Procedure:
    """What is run in a setting: the estimator, its threshold and its sample sizes.

    `theta` is on the oracle's scale (clean mean r), `retain` the share of the scored pairs that is
    kept; a filtered estimator takes exactly one of them.  `teacher_n` trains the teacher,
    `student_n` pairs are scored in each round.  Defaults: Algorithm 1's halves, or K + 1 even
    parts with K rounds.  Raises InvalidArgument.
    """

    estimator: EstimatorName = "unfiltered"
    theta: float | None = None
    retain: float | None = None
    rounds: int = 1
    teacher_n: int | None = None
    student_n: int | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        one_of("estimator", self.estimator, ESTIMATORS)
        if self.theta is not None:
            value = real("theta", self.theta, "must be a real number (-inf keeps every pair)")
            if value == math.inf:
                raise InvalidArgument("theta", value, "must be below inf")
            put(self, "theta", value)
        if self.retain is not None:
            value = real("retain", self.retain, "must lie in (0, 1]")
            if not 0 < value <= 1:
                raise InvalidArgument("retain", value, "must lie in (0, 1]")
            put(self, "retain", value)
        put(self, "rounds", whole("rounds", self.rounds, 1, 10_000))
        for name in ("teacher_n", "student_n"):
            if getattr(self, name) is not None:
                put(self, name, whole(name, getattr(self, name), 2))
        self._fits_the_estimator()

    def _fits_the_estimator(self) -> None:
        """Raises InvalidArgument where the estimator lacks an argument, or has no use for one."""
        filtered = self.estimator in ("oracle-filtered", "teacher-filtered")
        taught = self.estimator in ("teacher-filtered", "weighted")
        if filtered and (self.theta is None) == (self.retain is None):
            raise InvalidArgument(
                "theta or retain", self.theta, f"(exactly one) must be given for {self.estimator}"
            )
        unused = {
            "theta": not filtered and self.theta is not None,
            "retain": not filtered and self.retain is not None,
            "student_n": not (filtered or taught) and self.student_n is not None,
            "teacher_n": not taught and self.teacher_n is not None,
            "rounds": self.estimator != "teacher-filtered" and self.rounds != 1,
        }
        for name, given in unused.items():
            if given:
                raise InvalidArgument(
                    name, getattr(self, name), f"must be left out for the {self.estimator} estimator"
                )

    def sizes(self, n: int) -> tuple[int, int]:
        """(pairs for the teacher, pairs scored in each round) out of n.

        The unfiltered estimator and PCA train on all n: (n, 0).  The oracle scores n - n//2 pairs.
        """
        if self.estimator in ("unfiltered", "pca"):
            return n, 0
        if self.estimator == "oracle-filtered":
            return 0, self.student_n if self.student_n is not None else n - n // 2
        part = n // (self.rounds + 1)
        teacher = self.teacher_n if self.teacher_n is not None else part
        student = self.student_n if self.student_n is not None else (n - teacher) // self.rounds
        if self.student_n is None and self.teacher_n is not None and student < 2:
            whom = "the student" if self.rounds == 1 else f"each of {self.rounds} rounds"
            raise InvalidArgument("teacher_n", teacher, f"must leave 2 of n = {n} pairs or more for {whom}")
        for name, value in (("teacher_n", teacher), ("student_n", student)):
            if value < 2:
                raise InvalidArgument(name, value, f"must be at least 2 (n = {n}, rounds = {self.rounds})")
        return teacher, student

    @property
    def key(self) -> str:
        """Canonical text of the procedure."""
        return ",".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self))


def simulate_command(s: Setting, procedure: Procedure, seed: int, replicates: int) -> str:
    """The command that draws these errors."""
    flags = (
        f"--n {s.n} --d {s.d} --d-tilde {s.d_tilde} --r {s.r} --eta {s.eta!r} --gamma {s.gamma!r} "
        f"--gamma-tilde {s.gamma_tilde!r} --estimator {procedure.estimator}"
    )
    for flag, value in (
        ("--theta", procedure.theta),
        ("--retain", procedure.retain),
        ("--rounds", None if procedure.rounds == 1 else procedure.rounds),
        ("--teacher-n", procedure.teacher_n),
        ("--student-n", procedure.student_n),
    ):
        flags += "" if value is None else f" {flag} {value!r}"
    return f"filtergain simulate {flags} --seed {seed} --replicates {replicates}"
