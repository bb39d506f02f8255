// Example operands of the primitives of interpolate for the walk through the registry.
import { addTo, banded } from "../../src/interpolate/base/banded.ts";
import { type Example, values } from "../transform/operands.ts";

/** Small entries on the diagonal, so that rows change places. */
const matrix = banded(5, 2, 1);
for (let i = 0; i < 5; i++)
  for (let j = Math.max(0, i - 2); j <= Math.min(4, i + 1); j++)
    addTo(matrix, i, j, i === j ? 0.1 : 1 + 0.3 * Math.sin(3 * i + j));

export const INTERPOLATION: Readonly<Record<string, readonly Example[]>> = {
  locate: [{ params: { breaks: Float64Array.of(-1.01, 0.13, 0.77) }, operands: [values([2, 3])] }],
  bandedSolve: [
    { params: { matrix }, operands: [values([5])], linear: [[0]], slack: 8 },
    { params: { matrix }, operands: [values([5, 2, 2])], linear: [[0]], slack: 8 },
  ],
};
