"""Every notebook runs from its text twin."""

import jupytext
import nbclient
import pytest


@pytest.mark.parametrize("name", ["quickstart"])
def test_notebook_runs(root, tmp_path, name):
    notebook = jupytext.read(root / "notebooks" / f"{name}.py")
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert not any(out.output_type == "error" for out in outputs)
    assert sum("image/png" in out.get("data", {}) for out in outputs) == 4
