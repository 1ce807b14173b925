"""What several files read from a finished run."""

import pytest

from experiments.records import read_arrays


@pytest.fixture
def stored(finished):
    """Reads the stored arrays of a row of a table, one seed after the other."""

    def read(table, row):
        records = [record for record in table.records if record.row == row]
        return [read_arrays(finished[1], record.digest) for record in records]

    return read
