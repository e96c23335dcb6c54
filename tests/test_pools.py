import subprocess
import sys

SCRIPT = """
from bounds import claims
from verification import Setting, simulate, verify

drawn = simulate(Setting(1000, 4, 4, 2, 0.5, 1.0, 1.0), replicates=20, jobs=2)
print(len(drawn.errors))
print(verify([claims["proposition-1-explicit"]], jobs=2)[0].verdict)
"""


def test_a_script_without_a_main_guard_can_use_workers(tmp_path):
    """Workers do not run the caller's file again: each line of it is executed once."""
    script = tmp_path / "plain.py"
    script.write_text("print('started')\n" + SCRIPT)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["started", "20", "SUPPORTED"]
    assert done.stderr == ""
