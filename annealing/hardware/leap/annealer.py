"""D-Wave's annealers: a sampler whose every paid read stands in a ledger.

The ledger makes hardware repeatable: the same request, seed included, is sent once, and afterwards
answered from the disk, without network. A new `seed` is a new draw, and is paid for. A call that
was interrupted, at whatever point, is taken up by the same call.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from annealing.hardware.leap.jobs import finish
from annealing.hardware.leap.problem import OURS, listed, logical_arrays, prepared_job
from annealing.hardware.leap.session import WAITS, is_network_fault, leap_client, session
from annealing.hardware.ledger import (
    ENDED_BADLY,
    STATES,
    Entry,
    digest_of,
    locked,
    read_state,
    state_of,
    write_state,
)
from annealing.hardware.patience import patiently, time_limit
from annealing.on_dimod import bits_of, jsonable, to_bqm
from annealing.qubo import Qubo
from annealing.samplers.protocol import Samples, check_request, collect


@dataclass(frozen=True)
class LeapAnnealer:
    """A quantum annealer of D-Wave's, through its Leap service; every use of it costs money.

    `info` adds "job" (digest, id, solver, whether the answer came "from_ledger" or its job was
    "found_by_label" after an interruption), the vendor's "timing" in microseconds,
    "estimated_qpu_seconds", and the fields on embedding that `MockAnnealer` gives.

    Args:
        ledger: folder of the ledger of jobs; one for all jobs is best.
        solver: name of the machine; by default the one that D-Wave's configuration names, or the
            least loaded.
        chain_strength: coupling within a chain, a number or the name of a rule, by default
            "uniform_torque_compensation"; see the function `chain_strength`. No function: it has
            no name that a ledger could rely on.
        embedding: {variable: its qubits}; by default `find_embedding` on the machine's working
            graph.
        max_qpu_seconds: refuse what the machine's own estimate says would take more.
        deadline: seconds after which a call stops waiting; the job goes on, and so does the same
            call later.
        parameters: others of the machine's parameters, in its own units (times in microseconds):
            {"annealing_time": 20.0}.
        client: opens the connection; by default the configured one.
        waits: seconds before each new try after a fault of the network.

    >>> annealer = LeapAnnealer(ledger="jobs", max_qpu_seconds=0.5)
    >>> annealer.max_qpu_seconds
    0.5
    """

    ledger: str | Path
    solver: str | None = None
    chain_strength: float | str | None = None
    embedding: Mapping | None = None
    max_qpu_seconds: float | None = None
    deadline: float | None = None
    parameters: Mapping = field(default_factory=dict)
    client: Callable[[], Any] = leap_client
    waits: tuple[float, ...] = WAITS

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`, or return those drawn before; see the class.

        Raises:
            ValueError: the request is malformed or too dear, there are no credentials, or a file
                of the ledger is damaged; nothing was sent.
            TimeoutError: no answer before the deadline; call again.
            ConnectionError: D-Wave cannot be reached; call again.
            PermissionError: it refuses the token.
            RuntimeError: the job failed or was cancelled; `set_aside` allows another.
        """
        qubo = check_request(qubo, reads, seed)
        self._check(qubo)
        until = time_limit(self.deadline)
        request = self._request(reads, seed)
        digest = digest_of(request, logical_arrays(qubo))
        with locked(self.ledger, digest, until):
            from_ledger = state_of(self.ledger, digest) == "answered"
            if not from_ledger:
                self._obtain(qubo, request, digest, until)
        return self._samples(qubo, digest, from_ledger)

    def _check(self, qubo: Qubo) -> None:
        if qubo.n_variables == 0:
            raise ValueError("Argument `qubo` must have a variable: no machine takes none.")
        if callable(self.chain_strength):
            raise ValueError(
                "Argument `chain_strength` must be a number or a name, not a function."
            )
        for name in ("max_qpu_seconds", "deadline"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"Argument `{name}` must be positive, but is {value}.")
        for name in OURS:
            if name in self.parameters:
                raise ValueError(f"Argument `parameters` must not hold {name!r}: it is set here.")
        if self.embedding is not None and set(self.embedding) != set(range(qubo.n_variables)):
            raise ValueError(
                f"Argument `embedding` must have the keys 0 to {qubo.n_variables - 1}."
            )

    def _request(self, reads: int, seed: int) -> dict:
        """What was asked for, JSON-able; with the problem, the job's identity."""
        chains = self.embedding and listed(self.embedding)
        return jsonable(
            {
                "reads": int(reads),
                "seed": int(seed),
                "solver": self.solver,
                "chain_strength": self.chain_strength,
                "embedding": chains,
                "parameters": dict(self.parameters),
            }
        )

    def _obtain(self, qubo: Qubo, request: dict, digest: str, until: float) -> None:
        """Prepare and send the job as far as that is still to be done, and wait for its end."""
        state = state_of(self.ledger, digest)
        if state not in ENDED_BADLY:
            with session(self.client) as client:
                if state is None:
                    find = partial(client.get_solver, name=self.solver)
                    solver = patiently(find, until, self.waits, is_network_fault)
                    facts, arrays = prepared_job(solver, qubo, request, self.embedding)
                    self._check_ceiling(facts["estimated_qpu_seconds"])
                    write_state(self.ledger, digest, "prepared", facts, arrays)
                if state == "prepared":
                    facts = read_state(self.ledger, digest, "prepared").facts
                    self._check_ceiling(facts["estimated_qpu_seconds"])
                state = finish(client, self.ledger, digest, until, self.waits)
        if state in ENDED_BADLY:
            reason = read_state(self.ledger, digest, state).facts["reason"]
            raise RuntimeError(
                f"Job {digest} {state}: {reason}. It is not sent again unless it is put aside: "
                f"`set_aside({str(self.ledger)!r}, {digest[:12]!r})`."
            )

    def _check_ceiling(self, seconds: float | None) -> None:
        if self.max_qpu_seconds is not None and (seconds is None or seconds > self.max_qpu_seconds):
            takes = "an unknown time" if seconds is None else f"{seconds:.3g} s"
            raise ValueError(
                f"The machine's estimate is {takes}, and `max_qpu_seconds` is "
                f"{self.max_qpu_seconds}: nothing was sent. Ask for fewer reads, or raise it."
            )

    def _samples(self, qubo: Qubo, digest: str, from_ledger: bool) -> Samples:
        """The answer in the ledger, chains joined by majority vote."""
        import dimod
        from dwave.embedding import unembed_sampleset

        prepared, submitted, answered = (
            read_state(self.ledger, digest, state) for state in STATES[:3]
        )
        raw = dimod.SampleSet.from_samples(
            (answered.arrays["spins"], answered.arrays["qubits"].tolist()),
            vartype="SPIN",
            energy=answered.arrays["energies"],
            num_occurrences=answered.arrays["occurrences"],
        )
        chains = dict(enumerate(prepared.facts["chains"]))
        logical = to_bqm(qubo, "SPIN")
        joined = unembed_sampleset(raw, chains, logical, chain_break_fraction=True)
        bits, occurrences = bits_of(joined, qubo.n_variables)
        broken = np.average(joined.record.chain_break_fraction, weights=occurrences)
        job = {"digest": digest, "from_ledger": from_ledger, **submitted.facts}
        info = _info(prepared, answered, job, float(broken))
        return collect(qubo, bits, jsonable(info), occurrences)


def _info(prepared: Entry, answered: Entry, job: dict, broken: float) -> dict:
    facts, timing = prepared.facts, answered.facts["timing"]
    chains, request = facts["chains"], facts["request"]
    effective = {
        "reads": int(answered.arrays["occurrences"].sum()),
        "seed": None,
        "chain_strength": facts["chain_strength"],
        "solver": facts["solver"],
        "annealing_time": timing.get("qpu_anneal_time_per_sample"),
    }
    waited = datetime.fromisoformat(answered.time) - datetime.fromisoformat(prepared.time)
    return {
        "sampler": "LeapAnnealer",
        "requested": {k: v for k, v in request.items() if k != "embedding"},
        "effective": {**request["parameters"], **effective},
        "seconds": {"embed": facts["embed_seconds"], "sample": waited.total_seconds()},
        "simulated": False,
        "job": {**job, "solver": facts["solver"], "graph_id": facts["graph_id"]},
        "timing": timing,
        "estimated_qpu_seconds": facts["estimated_qpu_seconds"],
        "logical_variables": len(chains),
        "physical_variables": sum(map(len, chains)),
        "max_chain_length": max(map(len, chains)),
        "chain_strength": facts["chain_strength"],
        "chain_break_fraction": broken,
    }
