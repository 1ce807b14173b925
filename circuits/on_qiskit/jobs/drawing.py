"""What a prepared job runs, drawn as text."""

import re

from circuits.on_qiskit.jobs.preparing import Prepared
from circuits.on_qiskit.programs import unpack

# Qiskit draws boxes and wires in Unicode only.
ASCII = str.maketrans("─═│║┤├╡╞░■●√«»", "-=||||||:**S<>") | dict.fromkeys(
    map(ord, "┌┐└┘┬┴┼╔╗╚╝╠╣╦╩╬╥╨╫╪"), "+"
)


def drawings(prepared: Prepared, width: int = 100) -> list[str]:
    """Return each basis' circuit as it was transpiled, drawn by Qiskit in ASCII.

    Wires on which nothing happens are left out; ``q_2 -> 5`` is wire 2 on physical qubit 5.

    Args:
        prepared: one job.
        width: characters in a line, after which the drawing goes on below.

    >>> from qiskit_aer import AerSimulator
    >>> from circuits import QiskitBackend, build_circuit, gate, z
    >>> from circuits.on_qiskit.jobs import prepare
    >>> circuit = build_circuit([gate("h", 0), gate("cx", 0, 1)])
    >>> (job,) = prepare(QiskitBackend(AerSimulator(), optimization_level=0), circuit, z(0), {})
    >>> print(drawings(job)[0])
            +---+      : +-+
       q_0: | H |--*---:-|M|---
            +---++-+-+ : ++++-+
       q_1: -----| X |-:--+-|M|
                 +---+ :  | +++
    meas: 2/==============+==+=
                          0  1
    """
    packed = [array for name, array in prepared.arrays.items() if name.startswith("program.")]
    return [_drawn(unpack(each), width) for each in packed]


def _drawn(built, width: int) -> str:
    text = str(built.draw("text", idle_wires=False, fold=width))
    text = re.sub("┤([^├┤]*π[^├┤]*)├", _with_pi, text).replace("π", "pi")
    drawn = text.translate(ASCII).encode("ascii", "replace").decode()
    return "\n".join(line.rstrip() for line in drawn.splitlines())


def _with_pi(box: re.Match[str]) -> str:
    """A box whose letters for pi take their room from the blanks around."""
    text = box[1]
    for _ in range(text.count("π")):
        blank = next((at for at in (-1, 0) if text[at] == " "), None)
        text = text.replace("π", "pi", 1)
        text = text if blank is None else (text[:-1] if blank else text[1:])
    return f"┤{text}├"
