"""Proofs of what filtering is compared with, claimed in `bounds.paper.alternatives`.

w is a weight of the oracle's score S, q(s) = E[|v|^2 | S = s], h = q p with p the score's density; s also
stands for sqrt(a a~).  Derivations: proofs_notes/alternatives.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import sympy as sp

from bounds.checks import Origin, Quoted, Relation, Statement, Step
from bounds.law.scales import unfiltered_scale
from bounds.paper.one_round import BESSEL, FLOOR, NO_THRESHOLD
from bounds.proof import steps
from bounds.proof.steps import attained, concluded, given, identity, instance, integral, nonnegative, positive
from bounds.symbols import N, Noisy, a_x, a_y, eta, gamma, gamma_tilde, n, n_T, r

SIGNAL = sp.Symbol("zeta", positive=True)
"""E[z^^2] for z^ = E[z | u, v]."""

CLEAN_PART = sp.Symbol("G", real=True)
"""E_1[r w + S w'] of a weight w."""

REACHED = sp.Symbol("M_w", positive=True)
"""E[w S]."""

SPILL = sp.Symbol("K_w", positive=True)
"""The larger of the integrals of ((r - 1) p_1 - s p_1')^2/(q_c p_c) over the classes c."""

F_INTEGRAL, J_INTEGRAL = sp.symbols("F J_w", positive=True)
H_INTEGRAL = sp.Symbol("H", real=True)
"""F = E[S^2/q], H = E[S h'/h], J = E[(h'/h)^2 q]."""

OWN_J = (H_INTEGRAL**2 + sp.Symbol("D", positive=True)) / F_INTEGRAL
"""J, with D = F J - H^2 > 0 by Cauchy and Schwarz."""

ALPHA, BETA = sp.symbols("alpha beta", positive=True)
"""alpha = r/N, beta = a~/(gamma^2 n_T eta^2)."""

FISHER = "Fisher: the score of what is seen is the mean of the complete score given it"
LAGRANGE = "Lagrange's identity, for integrals"

_h, _x, _y = sp.symbols("h x y", nonnegative=True)
_w = sp.Symbol("w", nonnegative=True)
_s = sp.Symbol("s", real=True)


def pca_scale(pairs: sp.Expr) -> sp.Expr:
    """V_L of the principal components of the first modality."""
    return a_x / (gamma * pairs)


def _mirrored(expression: sp.Expr) -> sp.Expr:
    return expression.subs({gamma: gamma_tilde, gamma_tilde: gamma}, simultaneous=True)


def against_all_pairs(claimed: Statement) -> Iterator[Step]:
    """The scales of both sides, written out and multiplied."""
    yield given(claimed, Noisy(gamma), Noisy(gamma_tilde))
    pairs = unfiltered_scale(n, eta, gamma, a_y)
    ratio = pairs / pca_scale(n)
    yield identity("one side: (a~/a)/eta^2, below 1 where a~ < a eta^2", ratio, a_y / a_x / eta**2)
    yield concluded("both sides: the noise cancels", sp.simplify(ratio * _mirrored(ratio)), claimed)
    yield nonnegative("at least 1", (1 / eta**4).subs(eta, 1 / (1 + _x)), 1)


def against_the_filter(claimed: Statement) -> Iterator[Step]:
    """Theorem 1's floor for every threshold over PCA's scale, entry by entry."""
    yield given(claimed, Noisy(gamma))
    halves = {N: n / 2, n_T: n / 2}
    floor = (NO_THRESHOLD / pca_scale(n)).subs(halves)
    for symbol, words in ((FLOOR, "own noise"), (None, "teacher's part")):
        least = sp.simplify(_entry(floor, symbol))
        stated = claimed.about(_entry(claimed.bound, symbol))
        yield concluded(f"the {words} over PCA's scale", least, stated, shown=Relation.LOWER)
        yield positive("which grows like 1/eta^2", steps.limit(stated.bound * eta**2, eta, 0))


def _entry(bound: sp.Expr, symbol: sp.Symbol | None) -> sp.Expr:
    """The bound with each Min replaced by its entry with FLOOR, or by the one without."""
    chosen = {
        node: next((e for e in node.args if (FLOOR in e.free_symbols) == (symbol is FLOOR)), node)
        for node in bound.atoms(sp.Min)
    }
    return bound.xreplace(chosen)


def information(claimed: Statement) -> Iterator[Step]:
    """The score of an angle between a signal direction j and a noise direction h: gamma x_h z^_j."""
    turn, latent, along, across = sp.symbols("phi z_j x_j x_h", real=True)
    complete = -gamma / 2 * ((along - sp.cos(turn) * latent) ** 2 + (across - sp.sin(turn) * latent) ** 2)
    score = sp.diff(complete, turn).subs(turn, 0)
    yield identity("given z, the score of the angle is gamma x_h z_j", score, gamma * across * latent)
    yield Quoted("so it is gamma x_h z^_j of what is seen", True, f"quoted: {FISHER}", FISHER)
    # x_h is noise alone, N(0, 1/gamma), and independent of (u, v).
    yield concluded("its mean square", gamma**2 * (1 / gamma) * SIGNAL, claimed)
    yield from _none_shared()


@steps.shared
def _none_shared() -> Iterator[Step]:
    """What two angles share is gamma^2 E[x_h x_h'] E[z^_j z^_j'], as the noise is independent of z^."""
    across, latent, seen, told = sp.symbols("x_h z_j u_j v_j", real=True)
    noise = sp.exp(-gamma * across**2 / 2) * sp.sqrt(gamma / (2 * sp.pi))
    line = (across, -sp.oo, sp.oo)
    yield identity("x_h has mean square 1/gamma", integral(across**2 * noise, line), 1 / gamma)
    yield identity(
        "two noise directions are independent: E[x_h] E[x_h'] = 0", integral(across * noise, line), 0
    )
    of_u = latent**2 + gamma * (seen - latent) ** 2
    turned = {latent: -latent, seen: -seen, told: -told}
    for words, exponent in (
        ("clean", of_u + gamma_tilde * (told - latent) ** 2),
        ("corrupted", of_u + told**2 / a_y),
    ):
        density = sp.exp(-exponent / 2)
        moved = density.subs(turned, simultaneous=True)
        statement = "z_j, u_j, v_j may change sign together, and z^_j does: E[z^_j z^_j'] = 0"
        yield identity(f"{words}: {statement}", sp.expand_log(sp.log(moved / density), force=True), 0)
    complete = -gamma * ((seen - latent) ** 2 + across**2) / 2 + sp.log(gamma)
    slope = sp.diff(complete, gamma)
    known = "the score of gamma is even in x_h, those of eta, gamma~ and U~ are free of it: nothing is shared"
    yield identity(known, integral(across * slope * noise, line), 0)


def signal_below(claimed: Statement) -> Iterator[Step]:
    """u alone: z has the regression u/a on it in both classes."""
    slope = 1 / a_x
    yield identity("E[(z - u/a) u] = 0, as E[z u] = 1 and E[u^2] = a", 1 - slope * a_x, 0)
    known = slope**2 * a_x
    yield identity("E[(u/a)^2]", sp.simplify(known), gamma / (1 + gamma))
    yield instance("as eta -> 0, where v tells nothing", sp.simplify(known), claimed)
    yield attained("which is then the bound", known, claimed)
    yield concluded(
        "E[z^^2] is that plus the mean square of z^ - u/a, which is uncorrelated with u/a",
        sp.simplify(known),
        claimed,
        shown=Relation.LOWER,
    )


def signal_above(claimed: Statement) -> Iterator[Step]:
    """The coin known: the regression on (u, v) for a clean pair, on u for a corrupted one."""
    on_u, on_v = (g / (1 + gamma + gamma_tilde) for g in (gamma, gamma_tilde))
    yield identity("clean: E[(z - b u - b~ v) u] = 0", sp.simplify(1 - on_u * a_x - on_v), 0)
    yield identity("clean: E[(z - b u - b~ v) v] = 0", sp.simplify(1 - on_u - on_v * a_y), 0)
    clean = on_u + on_v
    (alone,) = sp.solve(1 - _w * a_x, _w)
    yield identity("corrupted: E[(z - b u) u] = 0 at b = 1/a, and v is independent of both", alone, 1 / a_x)
    known = eta * clean + (1 - eta) / a_x
    yield instance("eta = 1, where the coin is known", clean, claimed, {eta: 1})
    yield instance("u alone tells so much, whatever eta", 1 / a_x, claimed, shown=Relation.LOWER)
    yield attained("which is then the bound", clean, claimed, at={eta: 1})
    yield concluded(
        "E[z^^2] is the mean over the coin less a mean square, as z^ is the mean given less",
        known,
        claimed,
        shown=Relation.UPPER,
    )


def efficiency(claimed: Statement) -> Iterator[Step]:
    """PCA's scale times the information, at the most that the information can be."""
    ratio = sp.simplify(pca_scale(n) * n * gamma * SIGNAL)
    yield identity("V of PCA over the limit is a E[z^^2]", ratio, sp.simplify(a_x) * SIGNAL)
    clean = (gamma + gamma_tilde) / (1 + gamma + gamma_tilde)
    most = eta * clean + (1 - eta) / a_x
    yield instance("eta = 1, where the coin is known", a_x * clean, claimed, {eta: 1})
    yield instance("u alone tells 1/a, whatever eta", sp.Integer(1), claimed, shown=Relation.LOWER)
    yield concluded("which is at most that of a known coin", a_x * most, claimed, shown=Relation.UPPER)
    same = sp.factor(sp.simplify(2 - (a_x * most).subs(gamma_tilde, gamma).subs(eta, 1 / (1 + _x))))
    yield nonnegative("for gamma = gamma~ no more than 2", same)


def weighted_leak(claimed: Statement) -> Iterator[Step]:
    """Stein's identity for g = v w(u^T v), one coordinate at a time."""
    yield from _stein()
    turned = sp.Symbol("B", real=True)  # E[|v|^2 w'(S)]
    (solved,) = sp.solve(sp.Eq(REACHED, a_x * turned + eta * CLEAN_PART), turned)
    leak = solved / (gamma * REACHED)
    yield concluded("E[w S] = a E[|v|^2 w'] + eta G gives the leak E[|v|^2 w']/(gamma E[w S])", leak, claimed)
    (untold,) = sp.solve(sp.Eq(REACHED, a_x * turned), turned)  # v is independent of u: no term in G
    alone = sp.simplify(untold / (gamma * REACHED))
    yield identity("corrupted pairs alone: 1/(1 + gamma), whatever w", alone, 1 / (1 + gamma))


@cache  # wrong versions of the claim need the same steps
def _stein() -> tuple[Step, ...]:
    """What Stein's identity says of g, as steps."""
    return tuple(_stein_steps())


@steps.shared
def _stein_steps() -> Iterator[Step]:
    u, v, rest = sp.symbols("u v t", real=True)
    cross = sp.Symbol("k", real=True)
    own, other = sp.symbols("a b", positive=True)
    determinant = own * other - cross**2
    density = sp.exp(-(other * u**2 - 2 * cross * u * v + own * v**2) / (2 * determinant))
    stein = own * sp.diff(density, u) + cross * sp.diff(density, v) + u * density
    yield identity(
        "a d/du + k d/dv of the density of (u, v) is -u times it: E[u g] = a E[dg/du] + k E[dg/dv]",
        sp.simplify(stein / density),
        0,
    )
    weight = sp.Function("w")
    field = v * weight(u * v + rest)
    slope = weight(u * v + rest).diff(rest)
    yield identity("dg/du = v^2 w'(S): summed, |v|^2 w'", (sp.diff(field, u) - v**2 * slope).doit(), 0)
    yield identity(
        "dg/dv = w(S) + u v w'(S): summed, r w + S w'",
        (sp.diff(field, v) - weight(u * v + rest) - u * v * slope).doit(),
        0,
    )


def no_weighting(claimed: Statement) -> Iterator[Step]:
    """As for a threshold: either the leak is half of its largest, or the student's own noise is large."""
    yield given(claimed, Noisy(gamma))
    weight, density = sp.Function("w")(_s), sp.Function("p_1")(_s)
    slope, fall = sp.diff(weight, _s), sp.diff(density, _s)
    yield identity(
        "by parts: r w p_1 + s w' p_1 is w ((r - 1) p_1 - s p_1') and a derivative",
        sp.expand(r * weight * density + _s * slope * density),
        sp.expand(weight * ((r - 1) * density - _s * fall) + sp.diff(_s * weight * density, _s)),
    )
    b, c, e, f = sp.symbols("b c e f", real=True)
    yield identity(
        "(b^2 + c^2)(e^2 + f^2) - (b e + c f)^2 is a square",
        sp.expand((b**2 + c**2) * (e**2 + f**2) - (b * e + c * f) ** 2),
        sp.expand((b * f - c * e) ** 2),
    )
    yield Quoted("so G^2 <= E_c[w^2 q_c] K in both classes c", True, f"quoted: {LAGRANGE}", LAGRANGE)
    leak = (1 - eta * CLEAN_PART / REACHED) / (1 + gamma)
    inherited = leak**2 * unfiltered_scale(n_T, eta, gamma, a_y)
    half = (sp.Rational(1, 2) - _x) * REACHED / eta
    least = a_y / (4 * (1 + gamma) ** 2 * n_T) / (gamma * eta**2)
    yield nonnegative(
        "where eta G <= M/2 the inherited part is at least that of half the largest leak",
        sp.factor((inherited.subs(CLEAN_PART, half) - least) * gamma * eta**2),
    )
    stated = claimed.about(_part(claimed.bound, n_T))
    yield concluded("which is at least the bound", least, stated, shown=Relation.LOWER)
    part = sp.Symbol("G", positive=True)
    corrupted, clean = part**2 / SPILL * (1 + _y), part**2 / SPILL * (1 + _h)
    fresh = r * ((1 - eta) * corrupted + eta * clean) / (gamma * N * (2 * eta * part / (1 + _x)) ** 2)
    rare = {eta: 1 / (1 + _w)}
    own = r / (4 * N * SPILL) / (gamma * eta**2)
    yield nonnegative(
        "elsewhere M < 2 eta G, and the student's own noise is at least r/(4 N K gamma eta^2)",
        sp.factor(((fresh - own) * gamma * eta**2).subs(rare)),
    )
    stated = claimed.about(_part(claimed.bound, SPILL))
    yield concluded("which is at least the bound", own, stated, shown=Relation.LOWER)
    yield Quoted("tails: powers of s times exponentials", True, f"quoted: {BESSEL}", BESSEL)
    above = sp.Symbol("e", positive=True)  # sqrt(a a~) - 1, positive with any noise
    for place, rate in (("s -> oo", 2 + above), ("s -> -oo", above)):
        for words, over in (("corrupted", 1 + above), ("clean", rate)):
            room = sp.factor(2 / rate - 1 / over)
            yield positive(f"K is finite, {words}: its integrand falls exponentially as {place}", room)


def _part(bound: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """The bound with each Min replaced by its entry that holds `symbol`, if one does."""
    chosen = {
        node: next((e for e in node.args if symbol in e.free_symbols), node) for node in bound.atoms(sp.Min)
    }
    return bound.xreplace(chosen)


def best_weights(claimed: Statement) -> Iterator[Step]:
    """A quadratic in w on the plane of s/q and h'/h, to which any other direction only adds."""
    found, least = _best()
    yield from found
    stated = claimed.about(claimed.bound.subs(J_INTEGRAL, OWN_J), Origin(((J_INTEGRAL, OWN_J),)))
    yield concluded("where it is gamma V_L", least, stated)


@cache  # wrong versions of the claim need the same steps
def _best() -> tuple[tuple[Step, ...], sp.Expr]:
    """The steps that find the least V_L, and its value."""
    *found, least = _best_steps()
    return tuple(step for step in found if isinstance(step, Step)), least


def _best_steps() -> Iterator[Step | sp.Expr]:
    weight, mass = sp.Function("w")(_s), sp.Function("h")(_s)
    yield identity(
        "by parts: w' h is -w h' and a derivative, so E[w' q] = -E[w h'/p]",
        sp.expand(sp.diff(weight, _s) * mass),
        sp.expand(sp.diff(weight * mass, _s) - weight * sp.diff(mass, _s)),
    )
    norm, tilt = sp.Symbol("Q", positive=True), sp.Symbol("T", real=True)  # E[w^2 q], E[w' q]
    leak = tilt / (gamma * REACHED)
    scale = (r * norm / (N * REACHED**2) + leak**2 * a_y / (n_T * eta**2)) / gamma
    named = (ALPHA * norm + BETA * tilt**2) / (gamma * REACHED**2)
    values = {ALPHA: r / N, BETA: a_y / (gamma**2 * n_T * eta**2)}
    yield identity(
        "gamma V_L = (alpha E[w^2 q] + beta E[w' q]^2)/E[w S]^2", sp.simplify(scale - named.subs(values)), 0
    )
    one, two, off = sp.symbols("x y z", real=True)
    f, g, mass_here = sp.symbols("f g h", real=True)
    square = sp.expand((one * f - two * g + off) ** 2 * mass_here)
    parts = (
        one**2 * f**2 - 2 * one * two * f * g + two**2 * g**2 + off**2 + 2 * one * f * off - 2 * two * g * off
    )
    yield identity("w = x f - y g + z, f = s/q, g = h'/h", square, sp.expand(parts * mass_here))
    added = sp.Symbol("Z", nonnegative=True)  # E[z^2 q]
    yield nonnegative(
        "z with E[z f q] = 0 = E[z g q] changes neither E[w S] nor E[w' q] and adds E[z^2 q]", added
    )
    x_of_y = (1 + two * H_INTEGRAL) / F_INTEGRAL  # E[w S] = x F - y H = 1
    spread = x_of_y**2 * F_INTEGRAL - 2 * x_of_y * two * H_INTEGRAL + two**2 * OWN_J
    value = ALPHA * spread + BETA * (two * OWN_J - x_of_y * H_INTEGRAL) ** 2
    yield positive("the value is convex in y", sp.factor(sp.diff(value, two, 2)))
    (best,) = sp.solve(sp.diff(value, two), two)
    k = BETA * H_INTEGRAL / (ALPHA + BETA * OWN_J)
    yield identity("least at y/x = k", sp.simplify(best / x_of_y.subs(two, best) - k), 0)
    yield sp.simplify(value.subs(two, best) / gamma)
