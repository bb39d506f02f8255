// Example operands of the primitives of random for the walk through the registry.
import { type Nested, tensor } from "polyadic";
import { type Example, fixed, type Operand, values } from "../transform/operands.ts";

/** A key: two words of 32 bits, which no derivative follows. */
const keys: Operand = {
  count: 0,
  moves: false,
  draw: (_dtype, _numbers, random) =>
    tensor([Math.floor(random() * 2 ** 32), Math.floor(random() * 2 ** 32)], { dtype: "uint32" }),
};
const counter: Operand = { ...keys, draw: () => tensor(7, { dtype: "uint32" }) };
/** float64, whichever dtype the walk is at. */
const parameters = (elements: Nested): Operand => ({ ...fixed(elements), draw: () => tensor(elements) });
const fromKey = (...params: readonly unknown[]): Example[] =>
  params.map((each) => ({ params: each, operands: [keys] }));
const drawn = (...operands: readonly Operand[]): Example[] => [
  { params: undefined, operands: [keys, ...operands] },
];

export const DRAWS: Readonly<Record<string, readonly Example[]>> = {
  randomBits: fromKey({ shape: [5] }),
  randomUnit: fromKey({ shape: [2, 3] }),
  randomUniform: fromKey({ shape: [5], dtype: "float32", low: 0, high: 2 }),
  randomNormal: fromKey({ shape: [5], dtype: "float64" }, { shape: [2], dtype: "complex128" }),
  randomInteger: fromKey({ shape: [5], low: -2, high: 9 }),
  randomPermutation: fromKey({ n: 5 }),
  randomChoice: fromKey({ n: 50, count: 3 }),
  randomSign: fromKey({ shape: [40], dtype: "float64" }),
  randomHaar: fromKey(
    { rows: 3, columns: 2, dtype: "float64" },
    { rows: 2, columns: 2, dtype: "complex128" },
  ),
  randomSobol: fromKey({ n: 4, d: 2, skip: 1, scramble: "owen" }),
  randomLatin: fromKey({ n: 4, d: 2 }),
  splitKey: fromKey({ count: 3 }),
  foldIn: drawn(counter),
  // The implicit derivative is not that of the steps of the sampler: it has tests of its own.
  randomLogGamma: drawn(parameters([0.4, 1, 3])),
  randomPoisson: drawn(parameters([3, 40])),
  randomBinomial: drawn(parameters([3, 400]), parameters([0.5, 0.4])),
  gammaBell: [
    { params: undefined, operands: [fixed([1, 2, 3]), values([3], 0.8, 2), values([3])], slack: 16 },
  ],
  gammaShapeDerivative: [
    { params: undefined, operands: [fixed([1, 1, 2]), values([3], 0.8, 2), values([3], -1, 0.5)], slack: 64 },
  ],
  truncatedNormalQuantile: [
    {
      params: undefined,
      operands: [fixed([0.3, 0.6]), values([2], -2, -1), values([2], 0.5, 2)],
      slack: 8,
    },
  ],
};
