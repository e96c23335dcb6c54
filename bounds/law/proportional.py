"""The law of the error at any sample size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bounds.error_law import ErrorLaw
from bounds.law.outlier import ORACLE, Fit, Noise, Signal, leading
from bounds.score_numeric import evaluate, parameters


@dataclass(frozen=True)
class Model:
    d: int
    d_tilde: int
    r: int
    eta: float
    gamma: float
    gamma_tilde: float

    @cached_property
    def left_noise(self):
        return 1 / (1 + self.gamma)

    @cached_property
    def right_noise(self):
        return 1 / (1 + self.gamma_tilde)

    @cached_property
    def left_signal(self):
        return 1 / (1 + 1 / self.gamma)

    @cached_property
    def right_signal(self):
        return 1 / (1 + 1 / self.gamma_tilde)

    @property
    def root(self):
        return math.sqrt(self.left_signal * self.right_signal)

    def noise(self, pairs):
        k = max(pairs - 1, 1e-6)
        return Noise(self.left_noise, self.right_noise, (self.d - self.r) / k, (self.d_tilde - self.r) / k)


NODES = ((-math.sqrt(3.0), 1 / 6), (0.0, 2 / 3), (math.sqrt(3.0), 1 / 6))


def spread(m: Model, sig: Signal, pairs, inherited=0.0) -> Fit:
    noise = m.noise(pairs)
    k = max(pairs - 1, 1e-6)
    px = sig.left_excess[0, 0] + m.left_noise
    py = sig.right_excess[0, 0] + m.right_noise
    fresh = px * py / (k * sig.cross[0, 0] ** 2)
    stretched = ((m.r + 1) / 2 - 1 / m.r) * (m.r / (m.r + 2)) ** 2
    eps2 = fresh + inherited * (stretched + (m.r - 1) / 2) / m.r
    width = math.sqrt(fresh * (m.r + 2) / 3 + inherited * stretched)
    fits = []
    for node, weight in NODES:
        c = sig.cross.copy()
        c[0, 0] *= abs(1 + width * node)
        fits.append((weight, leading(Signal(c, sig.left_excess, sig.right_excess), noise)))
    mid = fits[1][1]
    out = []
    va = []
    for side in ("left", "right"):
        c2 = sum(w * getattr(f, side + "_cosine") ** 2 for w, f in fits)
        s2 = sum(w * getattr(f, side + "_sine") ** 2 for w, f in fits)
        sv = sum(w * (getattr(f, side + "_sine") ** 2 - s2) ** 2 for w, f in fits)
        out += [math.sqrt(c2), math.sqrt(s2)]
        va.append(sv * 3 / ((m.r + 2) * m.r) / s2**2 if s2 else 0.0)
    return Fit(*out, mid.value, mid.separation, mid.gap, eps2, *va)


def unfiltered(m: Model, pairs) -> Fit:
    sig = Signal(
        np.diag([m.eta * m.root, 0.0]), np.diag([m.left_signal, 0.0]), np.diag([m.right_signal, 0.0])
    )
    return spread(m, sig, pairs)


def student(m, teacher, scored, theta, scale):
    v = View(m, teacher)
    P, sig, inner = v.kept(v.threshold(theta, scale))
    return spread(m, sig, scored * P, (inner / sig.cross[0, 0]) ** 2 * teacher.eps2)


class View:
    """The teacher's view: standardised scores."""

    def __init__(self, m, t):
        self.y = t.left_cosine**2 * m.left_signal + m.left_noise
        self.y_tilde = t.right_cosine**2 * m.right_signal + m.right_noise
        self.q = 1 / math.sqrt(1 + (m.r - 1) * t.eps2)
        self.lost = (m.r - 1) * t.eps2 * self.q**2 / (1 + self.q)
        self.e = (m.left_noise + m.left_signal * t.left_cosine**2 * self.lost) / self.y
        self.e_tilde = (m.right_noise + m.right_signal * t.right_cosine**2 * self.lost) / self.y_tilde
        sig, sig_tilde = m.left_signal * t.left_cosine**2 * self.q, m.right_signal * t.right_cosine**2 * self.q
        self.ge = max(sig / (self.e * self.y), 1e-8) if self.e else math.inf
        self.gte = max(sig_tilde / (self.e_tilde * self.y_tilde), 1e-8) if self.e_tilde else math.inf
        self.root = math.sqrt(1 + 1 / self.ge) * math.sqrt(1 + 1 / self.gte)
        self.m, self.t = m, t

    def threshold(self, theta, scale):
        # to library units
        if math.isinf(theta):
            return theta
        std = theta * scale * self.m.left_signal * self.m.right_signal
        std /= self.t.value * math.sqrt(self.y * self.y_tilde)
        return std * self.root * self.q

    def kept(self, th):
        m, t = self.m, self.t
        out = []
        logw = []
        for clean, wt in ((True, m.eta), (False, 1 - m.eta)):
            ev = evaluate(th, parameters(m.r, self.ge, self.gte, clean))
            h = float(ev.hazard)
            T1 = th * h / m.r if math.isfinite(th) and th != 0 else 0.0
            h2 = float(ev.lifted_hazard) * self.root
            logw.append((math.log(wt) if wt else -math.inf) + float(ev.log_tail))
            out.append((T1, h2))
        lt = np.logaddexp(*logw)
        w = [math.exp(l - lt) for l in logw]
        P = math.exp(lt)
        inner = 0.0
        cross, left, right = np.zeros((2, 2)), np.zeros((2, 2)), np.zeros((2, 2))
        for clean, wt, (T1, h2) in zip((1, 0), w, out):
            if wt == 0:
                continue
            c, l, rr, inn = self.moments(clean, T1, h2)
            cross += wt * c
            left += wt * l
            right += wt * rr
            inner += wt * inn
        return P, Signal(cross, left, right), inner

    def moments(self, clean, T1, h2):
        m, t = self.m, self.t
        k = m.root if clean else 0.0
        Y, Yt = self.y, self.y_tilde
        chi, chit = t.left_cosine * math.sqrt(self.q / Y), t.right_cosine * math.sqrt(self.q / Yt)
        zeta, zetat = k * chit, k * chi
        rho = k * chi * chit
        det = 1.0 if not clean else self.e + self.e_tilde - self.e * self.e_tilde
        D11 = (T1 - rho * h2) / det if det > 0 else 0.0
        D12 = (h2 - rho * T1) / det if det > 0 else 0.0
        n, nt = m.left_noise / Y, m.right_noise / Yt
        mu = t.left_sine**2 * n + t.left_cosine**2 * self.lost / Y
        mut = t.right_sine**2 * nt + t.right_cosine**2 * self.lost / Yt
        tau = t.left_sine * m.left_noise / math.sqrt(Y)
        taut = t.right_sine * m.right_noise / math.sqrt(Yt)
        L = T1 + rho * h2
        uw = tau * (chi * T1 + mu * zeta * D12)
        vwt = taut * (chit * T1 + mut * zetat * D12)
        left = np.array([[m.left_signal + L - mu * (1 - zeta**2) * D11, uw], [uw, tau**2 * D11]])
        right = np.array(
            [[m.right_signal + L - mut * (1 - zetat**2) * D11, vwt], [vwt, taut**2 * D11]]
        )
        cross = np.array(
            [
                [k * (1 + T1) + chi * chit * h2 - k * mu * mut * D11, taut * (chi * h2 + mu * zeta * D11)],
                [tau * (chit * h2 + mut * zetat * D11), tau * taut * D12],
            ]
        )
        return cross, left, right, chi * chit * h2


def error_law(m: Model, fit: Fit) -> ErrorLaw:
    l = side(m.d, m.r, fit.left_cosine, fit.left_sine, fit.left_variance)
    r = side(m.d_tilde, m.r, fit.right_cosine, fit.right_sine, fit.right_variance)
    return ErrorLaw(l[0], r[0], l[1], r[1])


def side(d, r, c, s, extra):
    p = d - r
    if p == 0:
        return 0.0, 0
    base = c * c + d / p * s * s
    share = s * s / base
    om = ((c * c + r * s * s / p) ** 2 * 2 / (p * r) + 2 * (s * s / p) ** 2) / base**2 + extra
    dof = max(1, round(2 / om))
    return r * share / dof, dof
