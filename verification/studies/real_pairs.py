"""Matched pairs that are no model's draws: the counterpart of Figure 3b in the theorem's own metric.

A set is a population of matched rows.  A run draws n of them with replacement and pairs a share 1 - eta anew,
so the truth is known: the rank-r SVD of the population's cross-covariance.  Everything is in the
project or its dependencies: no network.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from verification.engines import estimate
from verification.engines.estimate import Array
from verification.errors import MissingExtra

Whole = NDArray[np.int64]

DATA = Path(__file__).parent / "data"

COLUMNS = 64
"""Principal directions that are kept of a modality with more columns."""

PIXELS = 16
"""Side of a character's picture."""


@dataclass(frozen=True)
class RealPairs:
    """Matched rows x (m, d), y (m, d~), centred, of overall variance 1 a column; r and n of the experiment.

    `truth` is the rank-r SVD of their cross-covariance.
    """

    name: str
    x: Array
    y: Array
    r: int
    n: int

    @property
    def truth(self) -> estimate.Trained:
        """What every estimator aims at."""
        return estimate.fit(self.x.T @ self.y / len(self.x), self.r)

    def draw(self, eta: float, n: int, rng: np.random.Generator) -> tuple[Array, Array, NDArray[np.bool_]]:
        """n pairs of which each is clean with probability eta: x (n, d), y (n, d~), clean (n,)."""
        left, right, clean = self.draw_rows(eta, n, rng)
        return self.x[left], self.y[right], clean

    def draw_rows(
        self, eta: float, n: int, rng: np.random.Generator
    ) -> tuple[Whole, Whole, NDArray[np.bool_]]:
        """The same as rows of the population: left (n,), right (n,), clean (n,)."""
        left = rng.integers(0, len(self.x), n)
        clean = rng.random(n) < eta
        right = np.where(clean, left, rng.integers(0, len(self.x), n))
        return left, right, clean


def sets() -> tuple[RealPairs, ...]:
    """Every set that is there: digits' halves, plain and whitened, two pairs of fonts, pictures and names.

    Raises MissingExtra without Matplotlib, which brings the fonts.
    """
    return tuple(make() for make in SETS.values())


@lru_cache(maxsize=1)
def digits() -> RealPairs:
    """Left and right half of 1797 handwritten digits (data/digits.py says whose)."""
    left, right = _halves()
    return _pairs("digits, left and right half", left, right, 4, 20_000)


@lru_cache(maxsize=1)
def white_digits() -> RealPairs:
    """The same halves, each whitened on its directions that vary."""
    left, right = (_whitened(half, 24) for half in _halves())
    return _pairs("digits, whitened", left, right, 8, 40_000)


@lru_cache(maxsize=1)
def sans_and_serif() -> RealPairs:
    """The characters that DejaVu Sans and DejaVu Serif share."""
    return _fonts("two fonts, sans and serif", "DejaVuSans.ttf", "DejaVuSerif.ttf")


@lru_cache(maxsize=1)
def upright_and_italic() -> RealPairs:
    """The characters that DejaVu Sans Mono and STIX share."""
    return _fonts("two fonts, mono and STIX", "DejaVuSansMono.ttf", "STIXGeneral.ttf")


def _word_counts(words: dict[int, list[str]]) -> tuple[list[int], Array]:
    """Codes whose words are not all rare, and their words' inverse document frequencies (codes, words)."""
    counted = Counter(word for found in words.values() for word in set(found))
    column = {word: i for i, word in enumerate(sorted(w for w, count in counted.items() if count >= 10))}
    known = {code: [word for word in found if word in column] for code, found in words.items()}
    codes = sorted(code for code, found in known.items() if found)
    table = np.zeros((len(codes), len(column)))
    for line, code in zip(table, codes, strict=True):
        for word in known[code]:
            line[column[word]] = np.log(len(codes) / counted[word])
    return codes, table


@lru_cache(maxsize=1)
def pictures_and_names() -> RealPairs:
    """Characters' pictures (DejaVu Sans) and their names as counts of words: pictures and captions."""
    pictures = _pictures("DejaVuSans.ttf")
    named = {code: name for code in pictures if (name := unicodedata.name(chr(code), ""))}
    words = {code: [w for w in name.split() if len(w) > 1] for code, name in named.items()}
    codes, table = _word_counts(words)
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    seen = np.array([pictures[code] for code in codes])
    return _pairs("characters, picture and name", _principal(seen), _principal(table / lengths), 4, 20_000)


SETS: dict[str, Callable[[], RealPairs]] = {
    "digits": digits,
    "white-digits": white_digits,
    "sans-serif": sans_and_serif,
    "mono-stix": upright_and_italic,
    "names": pictures_and_names,
}


def _halves() -> tuple[Array, Array]:
    with np.load(DATA / "digits.npz", allow_pickle=False) as held:
        pictures = held["pictures"].astype(float)
    halves = []
    for part in (pictures[:, :, :4], pictures[:, :, 4:]):
        columns = part.reshape(len(part), -1)
        halves.append(columns[:, columns.std(axis=0) > 0.05])
    return halves[0], halves[1]


def _fonts(name: str, first: str, second: str) -> RealPairs:
    one, other = _pictures(first), _pictures(second)
    codes = sorted(code for code in one if code in other)
    left, right = (np.array([pictures[code] for code in codes]) for pictures in (one, other))
    return _pairs(name, _principal(left), _principal(right), 8, 20_000)


@lru_cache(maxsize=4)
def _pictures(font: str) -> dict[int, Array]:
    """Grey pictures (PIXELS squared,) of a font's letters and signs that leave ink."""
    try:
        import matplotlib
        from matplotlib.ft2font import FT2Font
    except ImportError:
        raise MissingExtra("Matplotlib", "figures") from None
    face = FT2Font(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / font))
    face.set_size(PIXELS * 0.75, 72)
    pictures: dict[int, Array] = {}
    for code in sorted(face.get_charmap()):
        if unicodedata.category(chr(code))[0] not in "LNPS":
            continue
        face.clear()
        face.set_text(chr(code), 0.0)
        face.draw_glyphs_to_bitmap(antialiased=True)
        ink = np.asarray(face.get_image(), dtype=float)
        if ink.size and ink.max() > 0:
            pictures[code] = _framed(ink).ravel()
    return pictures


def _framed(ink: Array) -> Array:
    """The picture in the middle of a square, cut where it is larger, of grey values 0 to 1."""
    frame = np.zeros((PIXELS, PIXELS))
    rows, columns = (min(size, PIXELS) for size in ink.shape)
    top, left = (PIXELS - rows) // 2, (PIXELS - columns) // 2
    frame[top : top + rows, left : left + columns] = ink[:rows, :columns] / 255
    return frame


def _principal(rows: Array) -> Array:
    """The rows' coordinates along their COLUMNS leading principal directions."""
    centred = rows - rows.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(centred @ directions[:COLUMNS].T)


def _whitened(rows: Array, columns: int) -> Array:
    """Uncorrelated coordinates of variance 1 along the `columns` leading principal directions."""
    centred = rows - rows.mean(axis=0)
    left, _, _ = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(left[:, :columns] * np.sqrt(len(rows)))


def _pairs(name: str, x: Array, y: Array, r: int, n: int) -> RealPairs:
    scaled = []
    for rows in (x, y):
        centred = rows - rows.mean(axis=0)
        scaled.append(centred / np.sqrt(np.mean(centred**2)))
    return RealPairs(name, scaled[0], scaled[1], r, n)
