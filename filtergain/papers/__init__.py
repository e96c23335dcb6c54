"""Other papers' theorems, encoded whole: `filtergain verify --paper NAME`.

Each module here has what a module of one's own has (CLAIMS, QUANTITIES), and its note lies beside it.
They are found by the entry-point group `filtergain.papers`, which any installed package may add to.
"""
