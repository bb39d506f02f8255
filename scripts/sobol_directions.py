"""Direction numbers of Joe and Kuo for src/random/sobolDirections.ts, from the copy of new-joe-kuo-6 that SciPy ships.

S. Joe, F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30 (2008).
Run: python3 scripts/sobol_directions.py
"""

from pathlib import Path

import numpy as np
import scipy.stats

DIMENSIONS = 256

table = np.load(Path(scipy.stats.__file__).parent / "_sobol_direction_numbers.npz")
rows = []
for polynomial, start in zip(table["poly"][1:DIMENSIONS], table["vinit"][1:DIMENSIONS]):
    degree = int(polynomial).bit_length() - 1
    rows.append(".".join(str(int(x)) for x in [polynomial, *start[:degree]]))
lines = []
line = ""
for row in rows:
    if len(line) + len(row) > 112:
        lines.append(line)
        line = ""
    line += row + " "
lines.append(line.rstrip())
text = " +\n".join(f'  "{line}"' for line in lines)
Path("src/random/sobolDirections.ts").write_text(
    f"""// Made by scripts/sobol_directions.py. Direction numbers of Joe and Kuo, "Constructing Sobol sequences with better two-dimensional
// projections" (2008): new-joe-kuo-6, its first {DIMENSIONS} dimensions.

export const SOBOL_DIMENSIONS = {DIMENSIONS};

/** For each dimension after the first: the primitive polynomial as bits, then m1, m2 … */
export const SOBOL_DIRECTIONS: string =
{text};
"""
)
