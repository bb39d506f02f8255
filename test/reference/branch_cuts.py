"""Values of complex functions at branch points, with their signs of zero, computed by NumPy. Writes branch_cuts.json beside this file."""

import json
import pathlib

import numpy as np

PARTS = [-2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0]
NAMES = ["sqrt", "log", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh"]
NAMES += ["arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh"]


def text(value):
    """Text keeps infinities, NaN and the sign of zero, which JSON numbers do not."""
    return repr(float(value))


points = np.array([complex(re, im) for re in PARTS for im in PARTS])
with np.errstate(all="ignore"):
    out = {
        "points": [[text(z.real), text(z.imag)] for z in points],
        "values": {
            name: [[text(w.real), text(w.imag)] for w in getattr(np, name)(points)]
            for name in NAMES
        },
    }
path = pathlib.Path(__file__).with_name("branch_cuts.json")
path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
