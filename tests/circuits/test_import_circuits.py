import subprocess
import sys

import circuits

VENDORS = ["pennylane", "qiskit", "qiskit_aer", "qiskit_ibm_runtime", "dimod", "sklearn", "qml"]


def test_import_loads_no_vendor_and_nothing_above(root):
    script = f"import circuits, sys; print([n for n in {VENDORS} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_table_of_contents_is_complete_and_true():
    assert len(set(circuits.__all__)) == len(circuits.__all__)
    assert all(hasattr(circuits, name) for name in circuits.__all__)
    public = {name for name, value in vars(circuits).items() if not name.startswith("_")}
    modules = {name for name in public if f"circuits.{name}" in sys.modules}
    assert public - modules == set(circuits.__all__)
