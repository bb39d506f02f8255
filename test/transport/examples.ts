// Example operands for the primitives of transport. Weights must have sum 1, so only the costs move; derivatives by the
// weights are held against differences in transport.test.ts.
import { LastSolution } from "../../src/transport/entropicCost.ts";
import { type Example, fixed, values } from "../transform/operands.ts";

const problems: readonly Example[] = [1, 2].map((eta) => ({
  params: { options: { eta, tolerance: 1e-15, warmup: 60, newton: 1 }, last: new LastSolution() },
  operands: [fixed([0.5, 0.25, 0.25]), fixed([0.75, 0.25]), values([3, 2], 0, 1)],
}));

export const TRANSPORT: Readonly<Record<string, readonly Example[]>> = {
  entropicCost: problems,
  entropicPotentials: problems,
};
