import numpy as np
import pytest

from annealing import binary, fixed_point, spin, twos_complement


@pytest.mark.parametrize(
    ("p", "bits", "low", "high"), [(1, 1, 0, 1), (2, 3, -2.0, 5.0), (1, 5, 1, 2)]
)
def test_fixed_point_covers_the_range_evenly_and_once(all_bits, p, bits, low, high):
    encoding = fixed_point(p, bits, low, high)
    assert (encoding.n_parameters, encoding.n_variables) == (p, p * bits)
    levels = np.linspace(low, high, 2**bits)
    decoded = encoding.decode(all_bits(p * bits))
    expected = np.stack(np.meshgrid(*[levels] * p, indexing="ij"), axis=-1).reshape(-1, p)
    np.testing.assert_allclose(decoded, expected, rtol=1e-14, atol=1e-14)


def test_fixed_point_takes_a_box_per_parameter():
    encoding = fixed_point(2, 1, [0.0, 10.0], [1.0, 20.0])
    np.testing.assert_array_equal(encoding.decode([[0, 1], [1, 0]]), [[0, 20], [1, 10]])


@pytest.mark.parametrize("bits", [2, 3, 5])
def test_twos_complement_counts_as_machines_do(all_bits, bits):
    signed = [i if i < 2 ** (bits - 1) else i - 2**bits for i in range(2**bits)]
    expected = 3.0 * np.array(signed) / 2 ** (bits - 1)
    decoded = twos_complement(1, bits, scale=3.0).decode(all_bits(bits))[:, 0]
    np.testing.assert_array_equal(decoded, expected)
    assert decoded.min() == -3.0
    assert 0.0 in decoded


def test_one_bit_encodings(all_bits):
    bits = all_bits(3)
    np.testing.assert_array_equal(binary(3).decode(bits), bits)
    np.testing.assert_array_equal(spin(3).decode(bits), 2.0 * bits - 1)


def test_decode_keeps_leading_axes():
    assert twos_complement(2, 3).decode(np.zeros((4, 5, 6))).shape == (4, 5, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: binary(0), "`p` must be a positive int, but is p=0"),
        (lambda: fixed_point(1, 0, 0, 1), "`bits` must be an int from 1 on"),
        (lambda: twos_complement(1, 1), "`bits` must be an int from 2 on"),
        (lambda: fixed_point(1, 2, 1.0, 1.0), "`high` must exceed"),
        (lambda: fixed_point(1, 2, 0.0, np.inf), "`high` must be finite"),
        (lambda: twos_complement(1, 2, 0.0), "`scale` must be positive"),
        (lambda: binary(2).decode([0, 1, 0]), r"shape \(\.\.\., 2\)"),
    ],
)
def test_bad_encodings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
