"""Files of the layout of the public IHDP files, with invented infants and Hill's response surface B."""

import numpy as np
import pandas as pd
import pytest

N, TREATED, TRAINED = 747, 139, 672


def replication(seed):
    """Covariates (747, 25), treatment, factual and counterfactual outcome, and both expectations."""
    rng = np.random.default_rng(seed)
    x = np.hstack([rng.normal(size=(N, 6)), rng.integers(0, 2, (N, 19))])
    t = np.zeros(N)
    t[rng.choice(N, TREATED, replace=False)] = 1
    beta = rng.choice([0.0, 0.1, 0.2, 0.3, 0.4], size=25, p=[0.6, 0.1, 0.1, 0.1, 0.1])
    mu0, mu1 = np.exp((x + 0.5) @ beta / 4), (x + 0.5) @ beta
    mu1 += 4.0 - (mu1 - mu0)[t == 1].mean()
    drawn = np.stack([mu0, mu1]) + rng.normal(size=(2, N))
    treated = t == 1
    return {
        "x": x,
        "t": t,
        "yf": np.where(treated, drawn[1], drawn[0]),
        "ycf": np.where(treated, drawn[0], drawn[1]),
        "mu0": mu0,
        "mu1": mu1,
    }


@pytest.fixture(scope="session")
def ihdp(tmp_path_factory):
    """A folder with a pair of npz files of three replications, and the same as csv files, the second with a header."""
    folder = tmp_path_factory.mktemp("ihdp")
    drawn = [replication(seed) for seed in range(3)]
    stacked = {key: np.stack([one[key] for one in drawn], axis=-1) for key in drawn[0]}
    np.savez(folder / "ihdp_npci_1-3.train.npz", **{key: array[:TRAINED] for key, array in stacked.items()})
    np.savez(folder / "ihdp_npci_1-3.test.npz", **{key: array[TRAINED:] for key, array in stacked.items()})
    (folder / "csv").mkdir()
    for number, one in enumerate(drawn, 1):
        columns = {"treatment": one["t"].astype(int), "y_factual": one["yf"], "y_cfactual": one["ycf"]}
        columns |= {"mu0": one["mu0"], "mu1": one["mu1"]} | {f"x{j + 1}": one["x"][:, j] for j in range(25)}
        pd.DataFrame(columns).to_csv(folder / "csv" / f"ihdp_npci_{number}.csv", index=False, header=number == 2)
    return folder
