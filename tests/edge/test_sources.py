"""A scenario's tables are read once, and what limits, costs and rules need of them is there before anything is fitted."""

import pandas as pd
import pytest

from optimizer.edge.model_store import ModelStore
from optimizer.edge.scenario_file import read_scenario
from optimizer.edge.sources import COARSE, read_sources
from optimizer.errors import DataError

TEXT = """\
name: small
units: {{table: units.csv, id: id}}
history: {{table: history.csv, outcome: enrolled, treatment: award, features: [income]}}
model: {{kind: s_learner, estimator: sklearn.linear_model.LinearRegression}}
amounts: {{tiers: [100, {largest}]}}
"""


@pytest.fixture
def read(tmp_path):
    units = {"id": [1, 2, 3], "income": [4, 5, 6], "gender": ["F", "M", "F"], "law": [1, 0, 0]}
    units |= {"promised": [100, None, 0], "need": [None, 250, 500], "handling": [1, 2, 3], "blank": [None] * 3}
    history = {"income": [4, 5, 6, 7], "award": [0, 0, 100, 250], "enrolled": [0, 1, 0, 1], "points": [1, 0, 2, 0.5]}
    pd.DataFrame(units).to_csv(tmp_path / "units.csv", index=False)
    pd.DataFrame(history).to_csv(tmp_path / "history.csv", index=False)

    def of(*overrides, largest=2_500):
        file = tmp_path / "small.yaml"
        file.write_text(TEXT.format(largest=largest), encoding="utf-8")
        return read_sources(read_scenario(file, overrides), ModelStore())

    return of


def test_empty_cells_of_promises_and_caps_are_no_fault(read):
    units, _ = read("rules={fixed: promised, cap: need, floor: blank}", "costs={column: handling}")
    assert units.frame["promised"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    "override",
    [
        "limits.0={measure: cost, at_most: 5, where: {gendre: F}}",
        "limits.0={parity: recipients, by: gendre, within: 5%}",
        "limits.0={parity: recipients, by: law, within: 5%, where: {gendre: F}}",
        "rules.never={gendre: F}",
        "rules.never=[{law: 1}, {gendre: F}]",
        "rules.only=[{where: {gendre: F}, amounts: [100]}]",
        "rules.fixed=gendre",
        "rules.cap=gendre",
        "rules.floor=gendre",
        "costs.column=gendre",
    ],
)
def test_a_column_that_is_not_there_is_told_with_the_table_and_the_nearest(read, override):
    with pytest.raises(DataError, match=r'units\.csv: column "gendre" is not in the table.*did you mean "gender"\?'):
        read(override)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("rules.fixed=handling", "rules.fixed: 1 in row 1 of the units is not among the amounts on offer"),
        ("rules.cap=gender", "rules.cap: column 'gender' must hold whole currency units, got str"),
        ("rules.only=[{where: {gender: {at_least: 3}}, amounts: [100]}]", "rules.only: where: column 'gender' must hold numbers"),
        ("costs.column=need", "costs.column: column 'need' must hold whole currency units .* in row 1"),
    ],
)
def test_a_column_that_holds_something_else_is_told_before_anything_is_fitted(read, override, says):
    with pytest.raises(DataError, match=says):
        read(override)


@pytest.mark.parametrize("paid", ["always", "if_outcome"])
def test_an_award_is_paid_if_the_outcome_happens_only_where_it_happens_or_not(read, paid):
    overrides = ["history.outcome=points", f"costs.paid={paid}"]
    if paid == "always":
        assert read(*overrides)[1].outcome.tolist() == [1, 0, 2, 0.5]
        return
    with pytest.raises(
        DataError, match=r'history: outcome "points" must be 0 or 1 for costs.paid: if_outcome, got 0\.5, 2; write 1'
    ):
        read(*overrides)


@pytest.mark.parametrize(("largest", "noted"), [(COARSE - 1, True), (COARSE, False)])
def test_where_awards_are_a_few_currency_units_rounding_is_noted(read, largest, noted):
    units, _ = read("costs.paid=if_outcome", largest=largest)
    assert any("rounded up to whole currency units" in note for note in units.notes) == noted
    assert not any("rounded up" in note for note in read("costs.per_award=1", largest=largest)[0].notes)
