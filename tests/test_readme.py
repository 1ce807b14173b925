"""The Python of the README and of the pages runs as it stands."""

import doctest
import re


def test_the_twenty_lines_run_and_print_scores(root, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (root / "README.md").read_text(), re.S)
    assert len(blocks) == 1
    assert len(blocks[0].strip().splitlines()) <= 28
    exec(blocks[0], {})
    printed = capsys.readouterr().out
    assert printed.count("Interval(value=0.7") == 3


def test_the_session_prints_what_it_shows(root):
    blocks = re.findall(r"```\n(>>> .*?)```", (root / "README.md").read_text(), re.S)
    assert len(blocks) == 1
    session = doctest.DocTestParser().get_doctest(blocks[0], {}, "README", None, None)
    assert doctest.DocTestRunner().run(session).failed == 0


def test_the_page_on_simulating_prints_what_it_shows(root):
    blocks = re.findall(r"```\n(>>> .*?)```", (root / "docs/simulating.md").read_text(), re.S)
    assert len(blocks) == 5
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "page", None, None)
    assert doctest.DocTestRunner().run(session).failed == 0


def test_the_table_has_the_rows_of_the_demo(root):
    from experiments.specs import load_spec

    text = (root / "README.md").read_text()
    for row in load_spec("demo").rows:
        assert f"\n{row.label}  " in text, f"the README's table has no row {row.label!r}"
