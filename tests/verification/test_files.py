"""Places of outputs: one rule for files and for folders, told before any work."""

import pytest

from verification import files
from verification.errors import InvalidArgument


def test_a_missing_parent_is_refused_for_files_and_folders(tmp_path):
    """A folder is made alone, a file is put into one that is there; neither makes folders above it."""
    assert files.writable_folder("--out", tmp_path / "new") == (tmp_path / "new").resolve()
    assert files.writable_file("--figure", tmp_path / "p.png") == (tmp_path / "p.png").resolve()
    with pytest.raises(InvalidArgument, match="--out must name a folder in one that exists"):
        files.writable_folder("--out", tmp_path / "no" / "new")
    with pytest.raises(InvalidArgument, match="--figure must name a file in a folder that exists"):
        files.writable_file("--figure", tmp_path / "no" / "p.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "eq-5", "--report"),
        ("certify", "eq-5", "--out"),
        ("reproduce", "table-1", "--out"),
    ],
)
def test_every_command_has_the_rule(command, tmp_path, arguments):
    """One line, status 2, and no folder is made."""
    status, out, err = command(*arguments, tmp_path / "no" / "new")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "must name a folder in one that exists" in err
    assert list(tmp_path.iterdir()) == []
