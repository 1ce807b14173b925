"""Connected components: what is not coupled is sampled apart."""

from dataclasses import dataclass

import numpy as np

from annealing.qubo import Qubo, as_coo
from annealing.samplers.protocol import Sampler, Samples, check_request, collect
from annealing.wrappers.parts import joint_info, part_seeds, restricted


@dataclass(frozen=True)
class ConnectedComponents:
    """Samples each connected component of the problem by itself, and all lone variables together.

    Small problems are solved better than large ones: with `k` components each solved with
    probability p, a read of the whole is right with p**k only. Reads are put together by rank,
    the best of one component with the best of the others, so that the first is the best of all.
    Each component's reads are the sampler's; across components they are *not* independent, and
    moments of the whole energy say nothing.

    `info` adds "components", their sizes. "wrapped" holds the `info` of each call.

    Args:
        sampler: who draws.

    >>> from annealing.qubo import qubo_from_terms
    >>> from annealing.samplers.exhaustive import Exhaustive
    >>> qubo = qubo_from_terms({(0, 2): 2.0, (0,): -1.0, (1, 3): -1.0, (4,): 1.0})
    >>> samples = ConnectedComponents(Exhaustive()).sample(qubo, reads=1, seed=0)
    >>> samples.bits.tolist(), samples.info["components"]
    ([[1, 1, 0, 1, 0]], [2, 2, 1])
    """

    sampler: Sampler

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class."""
        qubo = check_request(qubo, reads, seed)
        groups = components(qubo)
        bits, infos = np.zeros((reads, qubo.n_variables), dtype=np.uint8), []
        for group, part_seed in zip(groups, part_seeds(seed, len(groups)), strict=True):
            problem = restricted(qubo, group, np.zeros(qubo.n_variables))
            part = self.sampler.sample(problem, reads=reads, seed=part_seed)
            drawn = np.repeat(np.arange(len(part.bits)), part.occurrences)
            # A sampler may give fewer reads than asked for: each then stands for several.
            bits[:, group] = part.bits[drawn[np.arange(reads) * len(drawn) // reads]]
            infos.append(part.info)
        info = joint_info("ConnectedComponents", {}, reads, reads, seed, infos)
        info["components"] = [len(group) for group in groups]
        return collect(qubo, bits, info)


def components(qubo: Qubo) -> list[np.ndarray]:
    """The variables of each connected component, then those without couplings as one group.

    >>> from annealing.qubo import qubo_from_terms
    >>> [group.tolist() for group in components(qubo_from_terms({(0, 3): 1.0}, n=4))]
    [[0, 3], [1, 2]]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = qubo.n_variables
    rows, cols, values = as_coo(qubo).quadratic
    graph = coo_array((values != 0, (rows, cols)), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    coupled = np.bincount(np.concatenate([rows, cols])[np.tile(values != 0, 2)], minlength=n) > 0
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels[coupled])]
    lone = np.flatnonzero(~coupled)
    return [*groups, lone] if len(lone) else groups
