"""Writes digits.npz beside itself from an installed scikit-learn: python verification/studies/data/digits.py

The 1797 pictures of the test part of "Optical Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak,
1998, UCI Machine Learning Repository, CC BY 4.0), as scikit-learn holds them: 8 x 8 pixels from 0 to 16.
Reduced to bytes, nothing else is changed.  digits-LICENSE.txt beside it says so to whoever gets the file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np


def main() -> None:
    """Read, reduce, write."""
    from sklearn.datasets import load_digits

    pictures = load_digits().images.astype(np.uint8)
    np.savez_compressed(Path(__file__).with_suffix(".npz"), pictures=pictures)


if __name__ == "__main__":
    main()
