import json
from concurrent.futures import ThreadPoolExecutor

import networkx as nx
import pytest

from annealing.hardware import embedding_cache
from annealing.hardware.chips import chip_graph
from annealing.hardware.embedding import find_embedding, problem_graph
from annealing.hardware.embedding_cache import cached_embedding, embedding_digest
from annealing.hardware.packing import cached_slots

RING = [(i, (i + 1) % 6) for i in range(6)]
CHIP = ("zephyr", (2, 4))


def never(*arguments, **options):
    raise AssertionError("searched again")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's cache, an empty folder here; no mirror."""
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / project)
    monkeypatch.delenv("QML_DATA_MIRROR", raising=False)
    return tmp_path / "qml-offload" / "embeddings"


def test_searched_for_once(home, monkeypatch):
    graph = chip_graph(*CHIP)
    first = cached_embedding(RING, graph)
    assert dict(first) == {i: tuple(c) for i, c in find_embedding(RING, graph).items()}
    monkeypatch.setattr(embedding_cache, "find_embedding", never)
    again = cached_embedding(RING[::-1], graph)
    assert dict(again) == dict(first)
    assert list(again.interaction_edges(0, 1)) == list(first.interaction_edges(0, 1))
    assert [path.suffix for path in home.iterdir()] == [".json"]


def test_all_that_decides_is_in_the_digest():
    problem, graph = problem_graph(RING), chip_graph(*CHIP)
    digest = embedding_digest(problem, graph, {"seed": 0})
    smaller = graph.copy()
    smaller.remove_edge(*next(iter(graph.edges)))
    others = [
        embedding_digest(problem_graph(RING, 7), graph, {"seed": 0}),
        embedding_digest(problem_graph(RING[1:]), graph, {"seed": 0}),
        embedding_digest(problem, smaller, {"seed": 0}),
        embedding_digest(problem, graph, {"seed": 1}),
    ]
    assert len({digest, *others}) == 5
    assert digest == embedding_digest(problem, nx.Graph(graph.edges, family="zephyr"), {"seed": 0})


def test_a_mirror_is_looked_at_first(home, tmp_path, monkeypatch):
    mirror = tmp_path / "mirror"
    cached_embedding(RING, chip_graph(*CHIP), folder=mirror / "embeddings")
    monkeypatch.setenv("QML_DATA_MIRROR", str(mirror))
    cached_embedding(RING, chip_graph(*CHIP))
    assert not home.exists()
    cached_embedding(RING[1:], chip_graph(*CHIP))  # not there: searched for, kept at home
    assert len(list(home.iterdir())) == len(list((mirror / "embeddings").iterdir())) == 1


def cut_short(text):
    return text[:20]


def without_chains(text):
    return json.dumps({"chain": json.loads(text)["chains"]})


def a_chain_lost(text):
    return json.dumps({"chains": [json.loads(text)["chains"][0][1:]]})


def another_qubit(text):
    return json.dumps({"chains": [[[0]] * 6]})


@pytest.mark.parametrize("damage", [cut_short, without_chains, a_chain_lost, another_qubit])
def test_a_damaged_file_is_an_error(tmp_path, damage):
    cached_embedding(RING, chip_graph(*CHIP), folder=tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_text(damage(path.read_text()))
    with pytest.raises(ValueError, match=rf"{path} is damaged \(.*\); delete it and embed again"):
        cached_embedding(RING, chip_graph(*CHIP), folder=tmp_path)
    path.unlink()
    assert len(cached_embedding(RING, chip_graph(*CHIP), folder=tmp_path)) == 6


def test_many_at_once_share_a_folder(tmp_path):
    def embed(_):
        return dict(cached_embedding(RING, chip_graph(*CHIP), folder=tmp_path))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(embed, range(16)))
    assert all(chains == found[0] for chains in found)
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_what_is_not_found_is_not_kept(tmp_path):
    with pytest.raises(ValueError, match="must hold the problem"):
        cached_embedding(
            nx.complete_graph(60).edges, chip_graph(*CHIP), timeout=0.2, folder=tmp_path
        )
    assert list(tmp_path.iterdir()) == []


def test_slots_share_no_qubit_and_are_kept(tmp_path, monkeypatch):
    problem, graph = problem_graph(nx.complete_graph(6).edges), chip_graph(*CHIP)
    places = cached_slots(problem, graph, folder=tmp_path)
    used = [qubit for place in places for chain in place.values() for qubit in chain]
    assert len(used) == len(set(used))
    assert len(places) >= 8
    monkeypatch.setattr("annealing.hardware.packing.find_slots", never)
    assert [dict(place) for place in cached_slots(problem, graph, folder=tmp_path)] == [
        dict(place) for place in places
    ]


def test_no_slot_is_an_error(tmp_path):
    problem = problem_graph(nx.complete_graph(60).edges)
    with pytest.raises(ValueError, match="60 variables were found among 160 qubits"):
        cached_slots(problem, chip_graph(*CHIP), timeout=2.0, folder=tmp_path)
