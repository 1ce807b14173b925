import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from circuits.gates.constants import Constant, constant_from_dict, constant_to_dict

ARRAYS = st.sampled_from([np.int64, np.float64, np.complex128]).flatmap(
    lambda dtype: hnp.arrays(
        dtype,
        hnp.array_shapes(min_dims=0, max_dims=3, max_side=3),
        elements={"allow_nan": False, "allow_infinity": False} if dtype != np.int64 else None,
    )
)


@given(ARRAYS)
def test_constants_survive_json_and_compare_by_value(array):
    constant = Constant(array)
    again = constant_from_dict(json.loads(json.dumps(constant_to_dict(constant))))
    assert again == constant == Constant(array.copy())
    assert hash(again) == hash(constant)
    np.testing.assert_array_equal(again.array, array)


def test_constants_cannot_be_written_to_and_are_copies():
    array = np.zeros(2)
    constant = Constant(array)
    array[0] = 1
    assert constant.array[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        constant.array[0] = 1


def test_type_shape_and_content_tell_constants_apart():
    one = Constant([[1.0, 0.0]])
    others = [Constant([[1, 0]]), Constant([1.0, 0.0]), Constant([[1.0, 1.0]]), [[1.0, 0.0]]]
    assert all(one != other for other in others)
    assert Constant([0.0]) == Constant([-0.0])


@pytest.mark.parametrize("array", [[np.nan], [np.inf], ["a"], [None]])
def test_what_is_not_a_finite_number_is_refused(array):
    with pytest.raises(ValueError, match="must hold finite numbers only"):
        Constant(array)
