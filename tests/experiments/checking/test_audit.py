"""The audit: every rule finds its planted fault, and nothing in what is clean."""

import numpy as np
import pytest

from experiments.checking import audit, audit_text
from experiments.checking.auditing.leakage import shared_rows
from experiments.checking.auditing.score_table import decode, read_scores
from experiments.checking.auditing.sizes import is_share

HEAD = "model,dataset,seed,train_acc,test_acc"
N_TEST, N_TRAIN = 60, 240


def honest_rows(seed=0):
    """Three models on four data sets with five seeds: binomial shares of 60 and 240 rows."""
    draw = np.random.default_rng(seed)
    rows = []
    for model, rate in (("alpha", 0.9), ("beta", 0.8), ("gamma", 0.7)):
        for n in (2, 4, 8, 16):
            for number in range(5):
                train = draw.binomial(N_TRAIN, rate) / N_TRAIN
                rows.append([model, f"set_{n}d", number, train, draw.binomial(N_TEST, rate) / 60])
    return rows


def text_of(rows, head=HEAD, separator=","):
    lines = [head.replace(",", separator)]
    return "\n".join([*lines, *(separator.join(map(str, row)) for row in rows)]) + "\n"


@pytest.fixture
def found(tmp_path):
    """Audit some rows: [(rule, severity, lines)] of one rule."""

    def check(rows, rule, head=HEAD, **options):
        file = tmp_path / "scores.csv"
        file.write_text(text_of(rows, head))
        options = {"n_test": N_TEST, "n_train": N_TRAIN} | options
        findings = audit(file, **options).findings
        return [(f.severity, f.lines, f.sentence) for f in findings if f.rule == rule]

    return check


@pytest.mark.parametrize("seed", range(20))
def test_honest_scores_have_no_error_and_no_warning(tmp_path, seed):
    file = tmp_path / "scores.csv"
    file.write_text(text_of(honest_rows(seed)))
    result = audit(file, n_test=N_TEST, n_train=N_TRAIN)
    assert (result.counts["error"], result.counts["warning"], result.exit_code) == (0, 0, 0)
    assert audit_text(result).endswith("nothing was found against these results.\n")


def test_share_that_no_test_set_gives(found):
    rows = honest_rows()
    rows[7][4] = 238 / 240
    ((severity, lines, sentence),) = found(rows, "share")
    assert (severity, lines) == ("error", (9,))
    assert "all are shares of the 240 training rows" in sentence


def test_size_is_read_off_the_scores_of_most_models(found):
    rows = honest_rows()
    clean = found(rows, "share", n_test=0, n_train=0)
    rows[7][4] = 238 / 240
    ((_, lines, _),) = found(rows, "share", n_test=0, n_train=0)
    assert (clean, lines) == ([], (9,))


def test_size_stays_unknown_where_scores_do_not_tell(found):
    ((severity, _, sentence),) = found(honest_rows()[:5], "size", n_test=0)
    assert severity == "note"
    assert "5 rows is not known" in sentence


def test_size_is_not_read_off_means(found):
    rows = [[*row, 5] for row in honest_rows()]
    ((_, _, sentence),) = found(rows, "size", f"{HEAD},n_runs", n_test=0)
    assert "60 rows is not known" in sentence
    assert found(rows, "share", f"{HEAD},n_runs") == []  # a share of 60 is a share of 300


@pytest.mark.parametrize("digits", [3, 4, 6])
def test_rounding_is_no_fault(found, digits):
    rows = [[*row[:3], round(row[3], digits), round(row[4], digits)] for row in honest_rows()]
    assert found(rows, "share") == []


def test_share_agrees_with_every_whole_count():
    for size in (7, 60, 1902):
        shares = np.arange(size + 1) / size
        assert is_share(shares, size, np.full(size + 1, 6e-8)).all()
        assert not is_share(shares[:-1] + 0.5 / size, size, np.full(size, 6e-8)).any()


def test_train_scores_as_test_scores(found):
    rows = honest_rows()
    for row in rows[20:25]:
        row[4] = row[3]
    ((severity, lines, sentence),) = found(rows, "train-as-test")
    assert (severity, lines) == ("error", tuple(range(22, 27)))
    assert sentence.startswith("beta: test equals train in every seed of 1 data set (set_2d)")


def test_one_equal_score_of_a_deterministic_model_may_be_chance(found):
    rows = honest_rows()
    for row in rows[20:25]:
        row[3:] = [0.85, 0.85]
    ((severity, lines, _),) = found(rows, "train-as-test")
    assert (severity, lines) == ("warning", tuple(range(22, 27)))


def test_perfect_scores_are_no_train_as_test(found):
    rows = honest_rows()
    for row in rows[:20]:
        row[3:] = [1.0, 1.0]
    assert found(rows, "train-as-test") == []


def test_perfect_cell_beside_a_proven_one_is_judged_by_its_neighbour(found):
    rows = honest_rows()  # sets 2, 4, 8, 16 of alpha: honest at 0.9, perfect, proven, perfect
    for row in rows[5:20]:
        row[3:] = [1.0, 1.0]
    for row in rows[10:15]:
        row[3:] = [238 / 240, 238 / 240]
    ((_, lines, sentence),) = found(rows, "train-as-test")
    assert lines == tuple(range(7, 22))
    assert "no chance in 1, and a perfect score beside them is unlikely in 2" in sentence
    for row in rows[:5]:
        row[4] = 1.0  # now the neighbour is perfect, by itself
    ((_, lines, _),) = found(rows, "train-as-test")
    assert lines == tuple(range(12, 17))


def test_unstable_and_repeated_seeds(found):
    rows = honest_rows()
    rows[0][4], rows[1][4] = 0.2, 1.0
    (unstable,) = found(rows, "spread")
    assert (unstable[0], unstable[1]) == ("warning", tuple(range(2, 7)))
    rows = honest_rows()
    for row in rows[:5]:
        row[3:] = [0.9, 0.85]
    (repeated,) = found(rows, "spread")
    assert (repeated[0], repeated[1]) == ("note", tuple(range(2, 7)))


def test_deterministic_model_is_a_note(found):
    rows = honest_rows()
    for row in rows[:20]:
        row[3:] = [0.9, 0.85]
    ((severity, _, sentence),) = found(rows, "spread")
    assert severity == "note"
    assert "deterministic" in sentence


def test_seeds_that_agree_too_well_for_an_error_of_the_score(found):
    rows = honest_rows()
    for at, row in enumerate(rows[:20]):
        row[4] = (51 + at % 2) / 60
    ((severity, _, sentence),) = found(rows, "spread")
    assert severity == "note"
    assert "share the test rows" in sentence


def test_duplicate_and_contradicting_rows(found):
    rows = honest_rows()
    ((severity, lines, _),) = found([*rows, rows[3]], "duplicate")
    assert (severity, lines) == ("warning", (62,))
    other = [*rows[3][:4], 0.5]
    assert found([*rows, other], "duplicate")[0][:2] == ("error", (62,))
    told_apart = [[*row, "a"] for row in rows] + [[*other, "b"]]
    assert found(told_apart, "duplicate", f"{HEAD},depth")[0][:2] == ("warning", (62,))


def test_cells_under_another_name(found):
    rows = honest_rows()
    renamed = [[r[0], r[1].replace("set", "old"), *r[2:]] for r in rows]
    ((severity, lines, sentence),) = found(rows + renamed, "copy")
    assert (severity, len(lines)) == ("warning", 60)
    assert sentence == "old_#d repeats set_#d in every seed (12 cells)."
    another = [["delta", *row[1:]] for row in rows[:20]]
    assert found(rows + another, "copy")[0][0] == "note"


def test_unequal_coverage_and_missing_seeds(found):
    rows = honest_rows()
    ((severity, _, sentence),) = found(rows[:-5], "coverage")
    assert severity == "warning"
    assert "gamma 3" in sentence
    ((severity, lines, sentence),) = found(rows[:-1], "seeds")
    assert (severity, lines) == ("warning", (57, 58, 59, 60))
    assert "gamma, set_16d" in sentence


@pytest.mark.parametrize("blank", ["", "nan", "-", "crashed"])
def test_missing_scores(found, blank):
    rows = honest_rows()
    rows[4][4] = blank
    ((severity, lines, _),) = found(rows, "missing")
    assert (severity, lines) == ("warning", (6,))
    assert len(found(rows, "file")) == (blank == "crashed")


def test_means_over_fewer_runs(found):
    rows = [[*row, 5] for row in honest_rows()]
    rows[2][5] = 4
    ((severity, lines, _),) = found(rows, "missing", f"{HEAD},n_runs")
    assert (severity, lines) == ("warning", (4,))


@pytest.mark.parametrize("value", [-0.1, 1.2, "inf"])
def test_scores_outside_the_unit_interval(found, value):
    rows = honest_rows()
    rows[5][4] = value
    ((severity, lines, _),) = found(rows, "range")
    assert (severity, lines) == ("error", (7,))


def test_selection_on_test_data(found):
    rows = honest_rows()
    said = [[*row, "test" if row[0] == "beta" else "validation"] for row in rows]
    ((severity, lines, _),) = found(said, "selection", f"{HEAD},selected_on")
    assert (severity, lines) == ("error", tuple(range(22, 42)))
    same = [[*row, row[4] if row[0] == "beta" else row[3]] for row in rows]
    assert found(same, "selection", f"{HEAD},val_acc")[0][1] == tuple(range(22, 42))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators(tmp_path, encoding, separator):
    file = tmp_path / "scores.csv"
    rows = [["Müller", *row[1:]] if row[0] == "alpha" else row for row in honest_rows()]
    file.write_bytes(text_of(rows, separator=separator).encode(encoding))
    table = read_scores(file)
    assert table.model[0] == "Müller"
    np.testing.assert_array_equal(table.test.values, [row[4] for row in rows])
    assert decode(b"") == ""


def test_percentages_and_decimal_commas(tmp_path):
    file = tmp_path / "scores.csv"
    file.write_text("Classifier;Test accuracy\nSVC;91,5%\nSVC;88,25%\n")
    table = read_scores(file)
    np.testing.assert_allclose(table.test.values, [0.915, 0.8825])
    np.testing.assert_allclose(table.test.tolerance, 5e-5)
    assert table.remarks == ("Column of test: read as percentages.",)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "must hold a header and at least one row"),
        (HEAD, "must hold a header and at least one row"),
        ("who,what\na,b", "has no column for model and test, only who, what"),
        ("model,when\na,b", "has no column for test, only model, when; name it"),
    ],
)
def test_files_that_are_no_table_of_scores(tmp_path, content, sentence):
    file = tmp_path / "scores.csv"
    file.write_text(content)
    with pytest.raises(ValueError, match=sentence):
        audit(file)


def test_columns_with_unusual_names(tmp_path):
    file = tmp_path / "scores.csv"
    file.write_text("who,hits\na,0.5\n")
    assert audit(file, columns={"model": "who", "test": "hits"}).rows == 1
    with pytest.raises(ValueError, match="the role must be one of model"):
        audit(file, columns={"model": "nobody"})


def test_paths_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no records\.jsonl"):
        audit(tmp_path)
    with pytest.raises(FileNotFoundError, match="No file"):
        audit(tmp_path / "absent.csv")
    with pytest.raises(ValueError, match="`n_test` must be >= 0"):
        audit(tmp_path, n_test=-1)


def test_ragged_lines_are_told(tmp_path):
    file = tmp_path / "scores.csv"
    file.write_text(text_of(honest_rows()) + "alpha,set_2d\n")
    sentences = [f.sentence for f in audit(file, n_test=60).findings if f.rule == "file"]
    assert sentences == ["Line 62 has 2 fields where the header has 5."]


def test_leakage_in_the_files_of_a_data_set(tmp_path):
    draw = np.random.default_rng(0)
    file = tmp_path / "scores.csv"
    file.write_text(text_of(honest_rows()))
    for n in (2, 4, 8, 16):
        parts = {"train": draw.normal(size=(240, n + 1)), "test": draw.normal(size=(60, n + 1))}
        if n == 4:
            parts["test"][7, :-1] = parts["train"][3, :-1]  # the label may differ
        for part, values in parts.items():
            np.savetxt(tmp_path / f"set_{n}d_{part}.csv", values, delimiter=",")
    result = audit(file, data=tmp_path)
    leaks = [(f.severity, f.sentence) for f in result.findings if f.rule == "leakage"]
    assert leaks[0] == ("error", "set_4d: 1 of 60 test rows are training rows too.")
    assert len(leaks) == 2  # the second says how many were compared
    assert "size" not in {f.rule for f in result.findings}  # the files tell the sizes


def test_shared_rows_are_those_of_a_set():
    rows = np.random.default_rng(1).integers(0, 3, size=(300, 4)).astype(float)
    known = {tuple(row) for row in rows[:60]}
    expected = [at for at, row in enumerate(rows[60:]) if tuple(row) in known]
    assert shared_rows(rows[:60], rows[60:]).tolist() == expected


# Folders of ours
