"""Pictures of which the distribution is known, for generative models."""

import numpy as np


def bars_and_stripes(n: int) -> np.ndarray:
    """The 2**(n + 1) - 2 pictures of n by n bits made of full columns or of full rows, each once.

    Taken as equally likely, they have the entropy log(2**(n + 1) - 2), so that no model gives them
    a mean log-likelihood above minus that.

    Args:
        n: side of the pictures, from 2 to 12.

    Returns:
        (2**(n + 1) - 2, n * n) of 0 and 1, rows of a picture one after the other.

    Raises:
        ValueError: another `n`.

    Drawing the direction first would make the empty and the full picture twice as likely as others.

    Source: D. J. C. MacKay, Information Theory, Inference, and Learning Algorithms (Cambridge,
    2003), ch. 43.

    >>> bars_and_stripes(2).tolist()
    [[0, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 1], [1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]]
    """
    if not isinstance(n, int | np.integer) or not 2 <= n <= 12:
        raise ValueError(f"Argument `n` must be an int from 2 to 12, but is {n!r}.")
    lines = np.arange(2**n)[:, None] >> np.arange(n) & 1
    stripes = np.repeat(lines, n, axis=1)
    bars = np.tile(lines, (1, n))
    return np.unique(np.concatenate([stripes, bars]), axis=0).astype(np.uint8)
