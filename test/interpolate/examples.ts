// Example operands of the primitives of interpolate for the walk through the registry.
import { type Example, values } from "../transform/operands.ts";

export const INTERPOLATION: Readonly<Record<string, readonly Example[]>> = {
  locate: [{ params: { breaks: Float64Array.of(-1.01, 0.13, 0.77) }, operands: [values([2, 3])] }],
};
