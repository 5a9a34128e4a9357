"""Which units join: the rules case by case, and what must hold of every partition."""

import itertools
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.ids import entity_handle, record_handle
from graph.projection import Projection
from graph.tables import Tables

FULL = "江苏恒瑞医药股份有限公司"
OTHER = "上海恒瑞医药有限公司"


def unit(namespace, key, label="Company", walls=(), **props):
    handle = entity_handle(namespace, label, key, walls)
    base = {
        "id": handle,
        "source": namespace,
        "key": key,
        "record": record_handle(namespace, label, key, walls),
    }
    return label, base | ({"compartments": list(walls)} if walls else {}) | props


def edge(kind, start, end, walls=(), **props):
    record = record_handle(start[1]["source"], kind, start[1]["id"] + end[1]["id"], walls)
    base = {"record": record, "source": start[1]["source"]} | ({"compartments": list(walls)} if walls else {})
    return kind, start[0], start[1]["id"], end[0], end[1]["id"], base | props


def view(nodes, edges=()):
    return Projection.of(Tables.from_rows(nodes, edges)).view()


def clusters(nodes, edges=()):
    """The partition, as sets of the places in `nodes`."""
    shown = view(nodes, edges)
    by_row = {}
    for place, (_, props) in enumerate(nodes):
        by_row.setdefault(shown.resolve(props["id"]), set()).add(place)
    return sorted(map(sorted, by_row.values()))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"uscc": "U1", "name": FULL}, {"uscc": "U1", "name": OTHER}),
        ({"lei": "L1"}, {"lei": "L1", "name": FULL}),
        ({"code": "600276.SH", "name": FULL}, {"code": "600276.SH"}),
        ({"code": "600276.SH", "name": FULL}, {"code": "600276.SH", "name": OTHER, "former_names": [FULL]}),
        ({"registry_id": "R1"}, {"registry_id": "R1", "uscc": "U1"}),
        ({"name": FULL}, {"name": "江蘇恒瑞醫藥股份有限公司"}),
        ({"name": FULL, "uscc": "U1"}, {"name": FULL}),
        ({"name": FULL}, {"name": OTHER, "former_names": [FULL]}),
        ({"name": FULL, "short_name": "恒瑞医药"}, {"short_name": "恒瑞医药"}),
        ({"short_name": "恒瑞医药"}, {"short_name": "恒瑞医药"}),
        ({"name": FULL, "short_name": "*ST东南", "code": "600276.SH"}, {"short_name": "东南"}),
    ],
)
def test_two_sources_join(first, second):
    assert clusters([unit("a", "1", **first), unit("b", "1", **second)]) == [[0, 1]]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"code": "600276.SH", "name": FULL}, {"code": "600276.SH", "name": OTHER}),
        ({"code": "600276.SH", "uscc": "U1"}, {"code": "600276.SH", "uscc": "U2"}),
        ({"name": FULL, "uscc": "U1"}, {"name": FULL, "uscc": "U2"}),
        ({"name": FULL, "code": "600276.SH"}, {"name": FULL, "code": "900901.SH"}),
        ({"name": FULL, "aliases": ["恒瑞"]}, {"name": OTHER, "aliases": ["恒瑞"]}),
        ({"name": FULL, "former_names": [OTHER]}, {"name": "甲有限公司", "former_names": [OTHER]}),
        ({"name": FULL}, {"name": "江苏恒瑞医药有限公司"}),
        ({"lei": "L1", "uscc": "U1"}, {"lei": "L1", "uscc": "U2"}),
    ],
)
def test_two_sources_stay_apart(first, second):
    assert clusters([unit("a", "1", **first), unit("b", "1", **second)]) == [[0], [1]]


def test_what_stays_apart_by_contradiction_is_a_finding_of_both():
    nodes = [unit("a", "1", code="600276.SH", name=FULL), unit("b", "1", code="600276.SH", name=OTHER)]
    shown = view(nodes)
    rows = [shown.resolve(props["id"]) for _, props in nodes]
    for row, other in (rows, rows[::-1]):
        (found,) = (f for f in shown.findings(row) if f.code == "same_identifier")
        assert found.field == "code"
        assert found.candidates == (shown.id(other),)


def test_a_short_name_that_two_answer_to_joins_neither_and_says_so():
    nodes = [
        unit("a", "1", name=FULL, short_name="恒瑞"),
        unit("a", "2", name=OTHER, short_name="恒瑞"),
        unit("b", "恒瑞", short_name="恒瑞"),
    ]
    shown = view(nodes)
    assert clusters(nodes) == [[0], [1], [2]]
    row = shown.resolve(nodes[2][1]["id"])
    (found,) = (f for f in shown.findings(row) if f.code == "possibly_same")
    assert set(found.candidates) == {nodes[0][1]["id"], nodes[1][1]["id"]}


def test_two_keys_of_one_namespace_do_not_join_by_a_short_name():
    nodes = [unit("a", "1", name=FULL, short_name="恒瑞"), unit("a", "2", short_name="恒瑞")]
    assert clusters(nodes) == [[0], [1]]


def test_what_a_source_mentions_by_its_name_joins_what_it_lists_under_a_key():
    nodes = [unit("a", "1", name=FULL, short_name="恒瑞"), unit("a", "恒瑞", short_name="恒瑞")]
    assert clusters(nodes) == [[0, 1]]
    assert clusters([nodes[0], unit("a", "恒瑞", walls=("x",), short_name="恒瑞")]) == [[0, 1]]
    assert clusters([*nodes, unit("a", "2", name=OTHER, short_name="恒瑞")]) == [[0], [1], [2]]


def test_a_cluster_with_two_credit_codes_falls_back_to_strong_joins():
    nodes = [
        unit("a", "1", uscc="U1", name=FULL),
        unit("b", "1", name=FULL, code="600276.SH"),
        unit("c", "1", uscc="U2", code="600276.SH"),
    ]
    assert clusters(nodes) == [[0], [1, 2]]


def test_namesakes_at_one_company_join_across_sources_and_nowhere_else():
    company, other = unit("a", "c", name=FULL), unit("b", "c", name=FULL)
    people = [unit(ns, key, "Person", name="孙飘扬") for ns, key in (("a", "p"), ("b", "q"), ("c", "r"))]
    elsewhere = unit("c", "d", name=OTHER)
    edges = [edge("OFFICER_OF", people[0], company), edge("HOLDS", people[1], other)]
    edges.append(edge("CONTROLS", people[2], elsewhere))
    assert clusters([company, other, *people, elsewhere], edges) == [[0, 1], [2, 3], [4], [5]]


def test_a_name_that_one_source_gives_to_two_people_at_a_company_joins_nothing_there():
    company = unit("a", "c", name=FULL)
    people = [unit(ns, key, "Person", name="王伟") for ns, key in (("a", "p"), ("a", "q"), ("b", "r"))]
    edges = [edge("OFFICER_OF", person, company) for person in people]
    assert clusters([company, *people], edges) == [[0], [1], [2], [3]]


def test_classes_join_by_name_within_a_namespace_and_by_name_and_code_across():
    within = [unit("a", key, "Industry", name="医药") for key in "12"]
    across = [
        unit(ns, "1", "Industry", name="医药", code=code)
        for ns, code in (("a", "S1"), ("b", "S1"), ("c", "S2"))
    ]
    assert clusters(within) == [[0, 1]]
    assert clusters(across) == [[0, 1], [2]]
    assert clusters([unit("a", "1", "Concept", name="医药"), unit("b", "1", "Concept", name="医药")]) == [
        [0],
        [1],
    ]


def test_securities_join_by_code_and_products_by_nothing():
    assert clusters([unit(ns, "1", "Security", code="600276.SH") for ns in "ab"]) == [[0, 1]]
    assert clusters([unit(ns, "1", "Product", name="理财") for ns in "ab"]) == [[0], [1]]


@pytest.mark.parametrize(
    "walled",
    [
        unit("a", "1", walls=("x",)),
        unit("b", "9", walls=("x",), name=FULL),
        unit("b", "9", walls=("x",), uscc="U1"),
        unit("b", "9", walls=("x",), short_name="恒瑞医药"),
        unit("b", "9", walls=("x", "y"), name=OTHER, former_names=[FULL]),
    ],
)
def test_what_is_walled_attaches_to_what_everyone_sees(walled):
    public = unit("a", "1", name=FULL, short_name="恒瑞医药", uscc="U1")
    assert clusters([public, walled]) == [[0, 1]]
    assert view([public, walled]).id(0) == public[1]["id"]


@pytest.mark.parametrize(
    "walled",
    [
        unit("b", "9", walls=("x",), name=FULL, uscc="U2"),
        unit("b", "9", walls=("x",), code="600276.SH", name=OTHER),
        unit("a", "9", walls=("x",), short_name="恒瑞医药"),
    ],
)
def test_what_is_walled_does_not_attach_where_it_contradicts(walled):
    public = unit("a", "1", name=FULL, short_name="恒瑞医药", uscc="U1", code="600276.SH")
    assert clusters([public, walled]) == [[0], [1]]


def test_a_walled_person_attaches_by_name_and_company():
    company, person = unit("a", "c", name=FULL), unit("a", "p", "Person", name="孙飘扬")
    inside, there = unit("b", "q", "Person", ("x",), name="孙飘扬"), unit("b", "c", walls=("x",), name=FULL)
    edges = [edge("OFFICER_OF", person, company), edge("OFFICER_OF", inside, there, ("x",))]
    assert clusters([company, person, inside, there], edges) == [[0, 3], [1, 2]]


def test_a_wall_joins_nothing_outside_it():
    """A walled record that names both of two public companies leaves them two."""
    nodes = [
        unit("a", "1", name=FULL, uscc="U1"),
        unit("b", "1", name=OTHER),
        unit("c", "1", walls=("x",), name=OTHER, former_names=[FULL]),
    ]
    assert [0] in clusters(nodes)[:1] or [0, 2] in clusters(nodes)
    assert not any({0, 1} <= set(found) for found in clusters(nodes))


def test_walled_units_of_one_set_join_each_other_and_of_two_sets_do_not():
    nodes = [unit("a", "1", walls=("x",), name=FULL), unit("b", "1", walls=("x",), name=FULL)]
    assert clusters(nodes) == [[0, 1]]
    assert clusters([nodes[0], unit("b", "1", walls=("y",), name=FULL)]) == [[0], [1]]


# --- what must always hold ---


def maybe(values):
    return st.none() | st.sampled_from(values)


@st.composite
def companies(draw):
    props = {
        "name": draw(maybe((FULL, OTHER, "甲有限公司"))),
        "short_name": draw(maybe(("恒瑞", "甲"))),
        "uscc": draw(maybe(("U1", "U2"))),
        "lei": draw(maybe(("L1",))),
        "code": draw(maybe(("600276.SH", "600277.SH"))),
        "former_names": draw(st.none() | st.just([FULL]) | st.just([OTHER])),
    }
    stated = {name: value for name, value in props.items() if value is not None}
    walls = draw(st.sampled_from([(), (), ("x",), ("y",), ("x", "y")]))
    return unit(draw(st.sampled_from("abc")), draw(st.sampled_from("12345")), walls=walls, **stated)


several = st.lists(companies(), min_size=1, max_size=10, unique_by=lambda n: n[1]["id"])
slow = settings(
    max_examples=int(os.environ.get("GUANXI_TEST_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@given(several)
@slow
def test_no_public_cluster_has_two_credit_codes(nodes):
    for found in clusters(nodes):
        public = [nodes[place][1] for place in found if "compartments" not in nodes[place][1]]
        assert len({props["uscc"] for props in public if "uscc" in props}) <= 1


@given(several)
@slow
def test_one_credit_code_is_one_public_entity(nodes):
    root = {place: found[0] for found in clusters(nodes) for place in found}
    for one, two in itertools.combinations(range(len(nodes)), 2):
        first, second = nodes[one][1], nodes[two][1]
        open_ = "compartments" not in first and "compartments" not in second
        if open_ and "uscc" in first and first["uscc"] == second.get("uscc"):
            assert root[one] == root[two]


@given(several, st.randoms(use_true_random=False))
@slow
def test_order_does_not_matter(nodes, order):
    shuffled = order.sample(nodes, len(nodes))
    place = {props["id"]: at for at, (_, props) in enumerate(nodes)}
    back = sorted(sorted(place[shuffled[at][1]["id"]] for at in found) for found in clusters(shuffled))
    assert back == clusters(nodes)


@given(several, st.frozensets(st.sampled_from("xy")))
@slow
def test_the_partition_that_a_viewer_sees_is_that_of_the_visible_units(nodes, clearance):
    seen = [at for at, (_, props) in enumerate(nodes) if clearance.issuperset(props.get("compartments", ()))]
    visible = [nodes[at] for at in seen]
    restricted = [[at for at in found if at in seen] for found in clusters(nodes)]
    fresh = [[seen[at] for at in found] for found in clusters(visible)] if visible else []
    assert sorted(found for found in restricted if found) == sorted(fresh)


@given(several)
@slow
def test_every_join_of_two_public_units_has_a_chain_of_shared_claims(nodes):
    """A slow reference: no public cluster holds together without shared identifiers or names."""

    def claims(props):
        names = {props.get("name"), *props.get("former_names", ())} - {None}
        keys = {(kind, props[kind]) for kind in ("uscc", "lei", "code", "short_name") if kind in props}
        return keys | {("name", name) for name in names}

    public = [at for at, (_, props) in enumerate(nodes) if "compartments" not in props]
    reachable = {at: {at} for at in public}
    for _ in public:
        for one, two in itertools.permutations(public, 2):
            if claims(nodes[one][1]) & claims(nodes[two][1]):
                reachable[one] |= reachable[two]
    for found in clusters(nodes):
        inside = [at for at in found if at in reachable]
        assert all(set(inside) <= reachable[at] for at in inside)
