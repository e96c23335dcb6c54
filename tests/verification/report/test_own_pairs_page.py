"""The page of `fit`."""

import re

import numpy as np

from verification.fitting.fit import fit
from verification.report.own_pairs import page
from verification.setting import Setting
from verification.studies import pairs


def test_the_page_has_the_answer_the_picture_and_nothing_from_outside():
    """Decision first, every sentence, every alternative and check; names are escaped, nothing is fetched."""
    setting = Setting(6000, 12, 10, 2, 0.3, 10.0, 10.0)
    found = fit(*pairs.maker()(setting, np.random.default_rng(0)))
    text = page(found, "x<y.npy")
    assert "<h1>x&lt;y.npy</h1>" in text
    plain = re.sub(r"<[^>]*>", "", text).replace("&#x27;", "'").replace("&lt;", "<").replace("&gt;", ">")
    for said in (
        *found.sentences(),
        *(check.message for check in found.checks),
        *(other.estimator for other in found.alternatives),
    ):
        assert said in plain
    assert text.index(found.sentences()[-1]) < text.index("<img")
    assert "data:image/png;base64," in text
    assert not re.search(r'(src|href)="(?!data:)', text)


def test_the_command_writes_the_page_whole(tmp_path, command):
    """--report makes its folder and leaves one file."""
    x, y = pairs.maker()(Setting(4000, 12, 10, 2, 0.4, 10.0, 10.0), np.random.default_rng(0))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    status, _, err = command("fit", tmp_path / "x.npy", tmp_path / "y.npy", "--report", tmp_path / "a")
    assert (status, "wrote" in err) == (0, True)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["fit.html"]
    assert "x.npy and y.npy" in (tmp_path / "a" / "fit.html").read_text(encoding="utf-8")
