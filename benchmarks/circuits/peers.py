"""Our simulator beside its peers: inference, training, gradients, states and noise in one run.

Claim measured: how many times faster than the best peer each work is, compile and run apart, with
peak memory and the error against a NumPy reference. Every program is a process of its own, in its
own environment, on one pinned core, with one thread and the same malloc settings; the programs of
one work and size run directly one after another, ours first and last. Run it with
`python benchmarks/circuits/peers.py`; it writes `peers.md`, `peers.svg` and `peers.png` into
`benchmarks/results`, and keeps each row in `peers.jsonl`, so that a broken run goes on where it
stopped. The environments are made from `requirements-peers-*.txt` on the first run.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "peers"))  # the parts also run as scripts, in every environment

from environments import ONE_THREAD, pinned, python_of  # noqa: E402
from figure import draw  # noqa: E402
from report import OURS, make_report  # noqa: E402
from workload import Task, works  # noqa: E402

CACHE = Path.home() / ".cache" / "qml-offload" / "peers"
FIRST, LAST, MIDDLE = "first", "last", "middle"


class Program(NamedTuple):
    """A script in `peers/`, its environment (None: this one), and what it cannot do."""

    script: str
    environment: str | None
    options: tuple[str, ...] = ()
    gradients: bool = True
    loops: bool = False  # over samples in Python: hopeless for batches, so run on request alone
    compiles: bool = True
    noise: bool = False


OUR_PROGRAM = Program("ours.py", None)
PEERS = {
    "tensorcircuit": Program("on_tensorcircuit.py", "jax"),
    "tensorcircuit-scan": Program("on_tensorcircuit.py", "jax", ("scan",)),
    "qujax": Program("on_qujax.py", "jax"),
    "horqrux": Program("on_horqrux.py", "jax071"),
    "pennylane": Program("on_pennylane.py", "jax071", noise=True),
    "catalyst": Program("on_catalyst.py", "jax071"),
    "qulacs": Program("on_qulacs.py", "native", compiles=False),
    "lightning": Program("on_lightning.py", "native", loops=True, compiles=False),
    "qsim": Program("on_qsim.py", "native", gradients=False, loops=True, compiles=False),
    "aer": Program("on_aer.py", "native", gradients=False, loops=True, compiles=False, noise=True),
}


def main() -> None:
    """Measure what is missing, then write table and plot from all rows."""
    options = read_options()
    options.output.mkdir(parents=True, exist_ok=True)
    store = options.output / "peers.jsonl"
    if options.fresh:
        forget(options, store)
    install(options)
    try:
        measure_limits(options, store)
        end = time.monotonic() + 60 * options.minutes
        for task in chosen_tasks(options):
            if time.monotonic() > end:
                print(f"{options.minutes:.0f} minutes are over: run again to go on")
                break
            measure_group(task, options, store)
    except KeyboardInterrupt:
        print("stopped: run again to go on")
    finally:
        rows = latest(read_rows(store))
        (options.output / "peers.md").write_text(make_report(rows))
        draw(rows, options.output)
        print(f"wrote {options.output / 'peers.md'}")


def read_options() -> argparse.Namespace:
    names = list(works(quick=False, large=False))
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", help=f"some of {','.join(PEERS)}, or all; default: all but "
                        "those that loop over samples in Python")  # fmt: skip
    parser.add_argument("--works", default=",".join(names), help=f"some of {','.join(names)}")
    parser.add_argument("--environments", type=Path, default=CACHE, help="folder of environments")
    parser.add_argument("--output", type=Path, default=HERE.parent / "results")
    parser.add_argument("--budget", type=float, default=2.0, help="seconds of repeats a row")
    parser.add_argument("--limit", type=float, default=40.0, help="seconds until a row is given up")
    parser.add_argument("--minutes", type=float, default=14.0, help="start no new size after this")
    parser.add_argument("--large", action="store_true", help="all sizes: 24 qubits as well")
    parser.add_argument("--quick", action="store_true", help="small sizes; into the cache folder")
    parser.add_argument("--fresh", action="store_true", help="forget the chosen rows")
    options = parser.parse_args()
    unknown = set(options.works.split(",")) - set(names)
    unknown |= set((options.peers or "all").split(",")) - {"all", *PEERS}
    if unknown:
        parser.error(f"no such work or peer: {', '.join(sorted(unknown))}")
    if options.quick:
        options.output, options.budget = options.environments / "quick", 0.2
    return options


def install(options) -> None:
    """Make the environments before anything is timed; one that fails is named in its rows."""
    for environment in dict.fromkeys(PEERS[name].environment for name in chosen_peers(options)):
        try:
            python_of(environment, options.environments)
        except RuntimeError as error:
            print(f"{environment}: {error}")


def chosen_peers(options) -> list[str]:
    return list(PEERS) if options.peers in (None, "all") else options.peers.split(",")


def chosen_tasks(options) -> list[Task]:
    tables = works(options.quick, options.large)
    tasks = [task for name in options.works.split(",") for task in tables[name]]
    return list(dict.fromkeys(tasks))


def measure_group(task: Task, options, store: Path) -> None:
    """All programs of one task that have no row yet, between two runs of ours."""
    rows = {(row["peer"], row["place"]): row for row in latest(read_rows(store))
            if row.get("task") == task._asdict()}  # fmt: skip
    todo = [
        name
        for name in chosen_peers(options)
        if (task.work != "noise" or PEERS[name].noise)
        and not settled(rows.get((name, MIDDLE)), options)
    ]
    ours = [rows.get((OURS, place), {}).get("source") for place in (FIRST, LAST)]
    if not todo and ours == [source_digest()] * 2:
        return
    print(f"{task.work}, {task.encoding}, n={task.n}, {task.layers} layers", flush=True)
    keep_reference(task, options)
    measure(OURS, FIRST, task, options, store)
    for name in todo:
        measure(name, MIDDLE, task, options, store)
    measure(OURS, LAST, task, options, store)


def settled(row: dict | None, options) -> bool:
    """Whether a row need not be measured again with these options."""
    if row is None or row.get("reason", "").startswith("not installed"):
        return False
    if row.get("reason", "").startswith("it loops"):
        return options.peers is None
    return row.get("limit", options.limit) >= options.limit


def measure(name: str, place: str, task: Task, options, store: Path) -> None:
    """Run one program, and keep its row."""
    row = {"peer": name, "place": place, "task": task._asdict(), "date": now()}
    if name == OURS:
        row["source"] = source_digest()
    reason = left_out(name, task, options, store)
    row |= {"reason": reason} if reason else run_program(name, task, options)
    append(store, row)
    text = f"{1000 * row['best']:.4g} ms, compile {row['compile']:.1f} s, error {row['error']}" \
        if "best" in row else row["reason"]  # fmt: skip
    print(f"  {name:20s} {text}", flush=True)


def left_out(name: str, task: Task, options, store: Path) -> str | None:
    """Why a program is not run on a task, None where it is."""
    if name == OURS:
        return None
    program = PEERS[name]
    if task.work in ("training", "vqe") and not program.gradients:
        return "it has no gradients (parameter-shift only)"
    if task.layers > 4 and not program.compiles:
        return "it does not compile"
    if program.loops and task.samples > 1 and options.peers is None:
        return "it loops over samples in Python; `--peers all` runs it"
    for row in latest(read_rows(store)):
        same = row.get("peer") == name and Task(**row["task"])._replace(n=0, layers=0) == (
            task._replace(n=0, layers=0)
        )
        smaller = same and (row["task"]["n"], row["task"]["layers"]) < (task.n, task.layers)
        if smaller and row.get("reason", "").startswith("no result within"):
            found = f"{row['reason']} at n={row['task']['n']}, {row['task']['layers']} layers"
            return found if row["limit"] >= options.limit else None
    return None


def run_program(name: str, task: Task, options) -> dict:
    """The row that a program printed, or the reason why there is none."""
    program = OUR_PROGRAM if name == OURS else PEERS[name]
    order = {"task": task._asdict(), "budget": options.budget}
    order["references"] = str(options.environments / "references")
    try:
        python = python_of(program.environment, options.environments)
    except RuntimeError as error:
        return {"reason": str(error)}
    script = [str(HERE / "peers" / program.script), json.dumps(order), *program.options]
    return run_json([str(python), *script], options.limit)


def run_json(command: list[str], limit: float) -> dict:
    """The last line of output of a pinned process, killed with its children when late."""
    process = subprocess.Popen(
        pinned(command),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | ONE_THREAD,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=limit)
        return json.loads(output.strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        return {"reason": f"no result within {limit:.0f} s", "limit": limit}
    except (IndexError, ValueError):
        last = (errors.strip().splitlines() or ["no message"])[-1][:120]
        return {"reason": f"ended with code {process.returncode}: {last}"}
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def keep_reference(task: Task, options) -> None:
    """Compute the reference before anything is timed."""
    script = [str(HERE / "peers" / "reference.py"), json.dumps(task._asdict())]
    folder = str(options.environments / "references")
    subprocess.run([sys.executable, *script, folder], check=True)


def measure_limits(options, store: Path) -> None:
    if not any("limits" in row for row in read_rows(store)):
        limits = run_json([sys.executable, str(HERE / "peers" / "floors.py")], 120)
        append(store, {"limits": limits, "date": now()})


def read_rows(store: Path) -> list[dict]:
    return [json.loads(line) for line in store.open()] if store.exists() else []


def latest(rows: list[dict]) -> list[dict]:
    """The last row of each program, place and task."""
    key = lambda row: (row.get("peer"), row.get("place"), str(row.get("task")))  # noqa: E731
    return list({key(row): row for row in rows}.values())


def forget(options, store: Path) -> None:
    """Drop the rows of the chosen works and peers, and the machine's limits."""
    tasks, names = [task._asdict() for task in chosen_tasks(options)], chosen_peers(options)
    rows = [row for row in read_rows(store) if "task" in row
            and (row["task"] not in tasks or row["peer"] not in (OURS, *names))]  # fmt: skip
    store.unlink(missing_ok=True)
    for row in rows:
        append(store, row)


def append(store: Path, row: dict) -> None:
    with store.open("a") as file:
        file.write(json.dumps(row) + "\n")


def source_digest() -> str:
    """Tells whether our rows are of the simulator as it stands."""
    files = sorted((HERE.parents[1] / "circuits").rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M")


if __name__ == "__main__":
    start = time.monotonic()
    main()
    print(f"{(time.monotonic() - start) / 60:.1f} minutes")
