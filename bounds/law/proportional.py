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


def unfiltered(m: Model, pairs) -> Fit:
    sig = Signal(
        np.diag([m.eta * m.root, 0.0]), np.diag([m.left_signal, 0.0]), np.diag([m.right_signal, 0.0])
    )
    return leading(sig, m.noise(pairs))


class View:
    """The teacher's view: standardised scores."""

    def __init__(self, m, t):
        self.y = t.left_cosine**2 * m.left_signal + m.left_noise
        self.y_tilde = t.right_cosine**2 * m.right_signal + m.right_noise
        self.ge = max(m.gamma * t.left_cosine**2, 1e-8)
        self.gte = max(m.gamma_tilde * t.right_cosine**2, 1e-8)
        self.root = math.sqrt(1 + 1 / self.ge) * math.sqrt(1 + 1 / self.gte)
        self.m, self.t = m, t

    def threshold(self, theta, scale):
        # to library units
        if math.isinf(theta):
            return theta
        std = theta * scale * self.m.left_signal * self.m.right_signal
        std /= self.t.value * math.sqrt(self.y * self.y_tilde)
        return std * self.root

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
        cross, left, right = np.zeros((2, 2)), np.zeros((2, 2)), np.zeros((2, 2))
        for clean, wt, (T1, h2) in zip((1, 0), w, out):
            if wt == 0:
                continue
            c, l, rr = self.moments(clean, T1, h2)
            cross += wt * c
            left += wt * l
            right += wt * rr
        return P, Signal(cross, left, right)

    def moments(self, clean, T1, h2):
        m, t = self.m, self.t
        k = m.root if clean else 0.0
        Y, Yt = self.y, self.y_tilde
        chi, chit = t.left_cosine / math.sqrt(Y), t.right_cosine / math.sqrt(Yt)
        zeta, zetat = k * t.right_cosine / math.sqrt(Yt), k * t.left_cosine / math.sqrt(Y)
        rho = k * t.left_cosine * t.right_cosine / math.sqrt(Y * Yt)
        n, nt = m.left_noise / Y, m.right_noise / Yt
        det = 1.0 if not clean else n + nt - n * nt
        D11 = (T1 - rho * h2) / det if det > 0 else 0.0
        D12 = (h2 - rho * T1) / det if det > 0 else 0.0
        mu, mut = t.left_sine**2 * n, t.right_sine**2 * nt
        tau = math.sqrt(mu * m.left_noise)
        taut = math.sqrt(mut * m.right_noise)
        L = T1 + rho * h2
        uw = tau * (chi * T1 + mu * zeta * D12)
        vwt = taut * (chit * T1 + mut * zetat * D12)
        left = np.array([[m.left_signal + L - mu * (1 - zeta**2) * D11, uw], [uw, m.left_noise * mu * D11]])
        right = np.array(
            [[m.right_signal + L - mut * (1 - zetat**2) * D11, vwt], [vwt, m.right_noise * mut * D11]]
        )
        cross = np.array(
            [
                [k * (1 + T1) + chi * chit * h2 - k * mu * mut * D11, taut * (chi * h2 + mu * zeta * D11)],
                [tau * (chit * h2 + mut * zetat * D11), tau * taut * D12],
            ]
        )
        return cross, left, right


def error_law(m: Model, fit: Fit) -> ErrorLaw:
    l = side(m.d, m.r, fit.left_cosine, fit.left_sine)
    r = side(m.d_tilde, m.r, fit.right_cosine, fit.right_sine)
    return ErrorLaw(l[0], r[0], l[1], r[1])


def side(d, r, c, s):
    p = d - r
    if p == 0:
        return 0.0, 0
    base = c * c + d / p * s * s
    share = s * s / base
    om = ((c * c + r * s * s / p) ** 2 * 2 / (p * r) + 2 * (s * s / p) ** 2) / base**2
    dof = max(1, round(2 / om))
    return r * share / dof, dof
