// Example operands for every primitive: points at which the rules of each are checked. A new primitive gets its entry
// here, or to the examples beside the tests of its folder; the registry test fails until it has one.
import type { DType } from "polyadic";
import type { ConvParams } from "../../src/ops/convolution/window.ts";
import {
  constant,
  type Example,
  fixed,
  fixedPositions,
  given,
  isComplex,
  mask,
  type Operand,
  positions,
  signed,
  values,
} from "./operands.ts";

const unary = (...ranges: readonly (readonly [number, number])[]): Example[] =>
  ranges.map(([low, high]) => ({ params: undefined, operands: [values([2, 4], low, high)] }));

const linearUnary = (): Example[] => [{ params: undefined, operands: [values([2, 4])], linear: [[0]] }];

const pair = (a: Operand, b: Operand, linear?: Example["linear"]): Example => ({
  params: undefined,
  operands: [a, b],
  ...(linear && { linear }),
});

const comparison: readonly Example[] = [pair(values([2, 3]), values([2, 3]))];
const alternatives = [[0], [1]];
const together = [[0], [1], [0, 1]];
/** The quotient stays away from integers. */
const quotient: readonly Example[] = [
  pair(values([6], 2.3, 2.7), values([6], 0.95, 1.05)),
  pair(values([6], -2.7, -2.3), values([6], 0.95, 1.05)),
];

const moving = (shape: readonly number[], ...params: readonly unknown[]): Example[] =>
  params.map((each) => ({ params: each, operands: [values(shape)], linear: [[0]] }));

const unaryWith = (shape: readonly number[], ...params: readonly unknown[]): Example[] =>
  params.map((each) => ({ params: each, operands: [values(shape)] }));

const REDUCED = [{ axes: [0] }, { axes: [1] }, { axes: [0, 2] }, { axes: [0, 1, 2] }, { axes: [] }];
const ALONG = [{ axis: 0 }, { axis: 1 }, { axis: 2 }];
const VIEWED = [3, 2, 4];

const contraction = (
  a: readonly number[],
  b: readonly number[],
  contract: readonly (readonly number[])[],
  batch: readonly (readonly number[])[] = [[], []],
): Example => ({ params: { contract, batch }, operands: [values(a), values(b)], linear: alternatives });

const padding = (
  before: readonly number[],
  after: readonly number[],
  interior: readonly number[],
  shape: readonly number[] = [2, 3],
): Example => ({
  params: { before, after, interior },
  operands: [values(shape), values([])],
  linear: together,
});

const scattering = (mode: string, linear?: Example["linear"]): Example[] => {
  const suits = (dtype: DType): boolean =>
    !(mode === "add" && dtype === "bool") && !(isComplex(dtype) && (mode === "max" || mode === "min"));
  const example = (axes: readonly number[], ...operands: readonly Operand[]): Example => ({
    params: { axes, mode },
    operands,
    suits,
    ...(linear && { linear }),
  });
  return [
    example([0], values([4, 2]), values([3, 2]), fixedPositions([2, 0, -1])),
    example([0], values([3]), values([6]), fixedPositions([2, 0, -1, 2, 2, 0])),
    example([1], values([2, 3]), values([2, 2, 2]), positions([2, 2], 3)),
    example([0, 2], values([2, 2, 3]), values([3, 2]), positions([3], 2), positions([3], 3)),
    example([0], values([3]), values([0]), positions([0], 3)),
  ];
};

/** Operands `[G, N, C, ...S]` and `[G, O, C, ...K]`. */
const convolution = (
  x: readonly number[],
  w: readonly number[],
  params: Partial<ConvParams> & { readonly padding?: readonly (readonly number[])[] } = {},
): Example => {
  const ones = x.slice(3).map(() => 1);
  const none = { strides: ones, padding: ones.map(() => [0, 0]), inputDilation: ones, dilation: ones };
  return { params: { ...none, ...params }, operands: [values(x), values(w)], linear: alternatives };
};

const POOLED: readonly Example[] = [
  ...unaryWith([2, 3, 5], { window: [2], strides: [2], dilation: [1], padding: [[0, 1]] }),
  ...unaryWith([2, 4, 5], {
    window: [2, 3],
    strides: [1, 2],
    dilation: [2, 1],
    padding: [
      [1, 1],
      [0, 2],
    ],
  }),
  ...unaryWith([2, 3, 2, 4], {
    window: [2, 2, 3],
    strides: [1, 1, 1],
    dilation: [1, 1, 1],
    padding: [
      [0, 0],
      [1, 0],
      [0, 0],
    ],
  }),
];

const castTo = (dtype: DType, suits: (from: DType) => boolean, exact: DType = "float64"): Example => ({
  params: { dtype },
  operands: [values([2, 3], 0.2, 0.8)],
  linear: [[0]],
  suits,
  exactParams: { dtype: exact },
});
/** Without a derivative. */
const castToWhole = (dtype: DType): Example => ({
  params: { dtype },
  operands: [values([2, 3], 1.2, 1.8)],
  suits: (from) => !isComplex(from) || dtype === "bool",
});
const real = (dtype: DType): boolean => !isComplex(dtype);

/** Examples of the primitives of ops and transform by name. */
export const OPERATIONS: Readonly<Record<string, readonly Example[]>> = {
  // Moves of elements.
  cast: [
    castTo("float64", real),
    castTo("float32", real),
    castTo("bfloat16", real),
    castTo("float8_e4m3", real),
    castTo("complex128", () => true, "complex128"),
    castTo("complex64", () => true, "complex128"),
    castToWhole("int32"),
    castToWhole("uint8"),
    castToWhole("bool"),
  ],
  reshape: [...moving([3, 4], { shape: [2, 6] }, { shape: [12] }), ...moving([1], { shape: [] })],
  transpose: moving(VIEWED, { axes: [2, 0, 1] }, { axes: [1, 0, 2] }),
  broadcastTo: [
    ...moving([2, 1], { shape: [2, 3] }, { shape: [4, 2, 3] }, { shape: [1, 2, 1] }),
    ...moving([], { shape: [2, 2] }),
  ],
  slice: [
    ...moving(
      [5, 6],
      { starts: [1, 0], steps: [1, 1], lengths: [3, 6] },
      { starts: [0, 1], steps: [2, 3], lengths: [3, 2] },
      { starts: [4, 5], steps: [-1, -2], lengths: [5, 3] },
      { starts: [4, 2], steps: [-3, 1], lengths: [2, 1] },
      { starts: [4, 0], steps: [-1, 1], lengths: [0, 6] },
    ),
  ],
  diagonal: [
    ...moving([3, 3], { first: 0, second: 1 }),
    ...moving([2, 4, 3], { first: 0, second: 2 }, { first: 2, second: 1 }, { first: 1, second: 0 }),
    ...moving([0, 2], { first: 0, second: 1 }),
  ],
  concat: [
    { params: { axis: 0 }, operands: [values([2, 3]), values([1, 3])], linear: together },
    {
      params: { axis: 1 },
      operands: [values([2, 1]), values([2, 0]), values([2, 3])],
      linear: [[0], [2], [0, 1, 2]],
    },
  ],
  pad: [
    padding([1, 0], [0, 2], [0, 0]),
    padding([0, 1], [1, 0], [2, 1]),
    padding([0, 0], [0, 0], [0, 3]),
    padding([2], [1], [1], [0]),
    padding([], [], [], []),
  ],
  where: [
    {
      params: undefined,
      operands: [mask([2, 4]), values([2, 4]), values([2, 4])],
      linear: [[1], [2], [1, 2]],
    },
  ],
  gather: [
    { params: { axes: [0] }, operands: [values([4, 2]), positions([3], 4)], linear: [[0]] },
    { params: { axes: [1] }, operands: [values([2, 3, 2]), positions([2, 2], 3)], linear: [[0]] },
    {
      params: { axes: [0, 1] },
      operands: [values([3, 2]), positions([4], 3), positions([4], 2)],
      linear: [[0]],
    },
    { params: { axes: [0] }, operands: [values([3]), positions([], 3)], linear: [[0]] },
    { params: { axes: [1] }, operands: [values([2, 3]), positions([0], 3)], linear: [[0]] },
  ],
  scatter: [
    ...scattering("set", together),
    ...scattering("add", together),
    ...scattering("multiply", [[0]]),
    ...scattering("max"),
    ...scattering("min"),
    // Zeros that meet at one position.
    {
      params: { axes: [0], mode: "multiply" },
      operands: [given([0, 2, 3]), given([0, 2, 0, 0, 1.5]), fixedPositions([1, 2, 1, 0, 0])],
    },
  ],
  // Arithmetic.
  add: [pair(values([2, 3]), values([2, 3]), together)],
  sub: [pair(values([2, 3]), values([2, 3]), together)],
  mul: [
    pair(values([2, 3]), values([2, 3]), alternatives),
    pair(given([0, 1, 0]), given([0, 0, 2]), alternatives),
  ],
  div: [pair(values([2, 3]), signed([2, 3], 0.5, 2), [[0]])],
  floorDivide: quotient,
  mod: quotient,
  pow: [
    pair(values([2, 3], 0.4, 2), values([2, 3])),
    ...[0, 1, 2, 3, 7, -2].map((power) => pair(signed([6]), constant(power, [6]))),
    pair(values([6], 0.4, 2), constant(0.5, [6])),
    ...[0, 1, 3, 5].map((power) => pair(given([0, 1, -0.5]), constant(power, [3]))),
    pair(given([0, 0, 0, 0, 0, -1]), fixed([0, 1, 2, 3, 6, 2])),
  ],
  maximum: [pair(values([2, 3]), values([2, 3]))],
  minimum: [pair(values([2, 3]), values([2, 3]))],
  atan2: [pair(signed([8]), signed([8]))],
  hypot: [pair(signed([8]), signed([8]))],
  neg: linearUnary(),
  abs: unary([0.2, 2], [-2, -0.2]),
  sign: unary([0.2, 2], [-2, -0.2]),
  square: [...unary([-2, 2]), { params: undefined, operands: [given([0, 1])] }],
  sqrt: unary([0.4, 3]),
  reciprocal: [{ params: undefined, operands: [signed([8], 0.5, 2)] }],
  floor: unary([0.6, 0.9], [-1.9, -1.6]),
  ceil: unary([0.6, 0.9], [-1.9, -1.6]),
  round: unary([0.6, 0.9], [-1.9, -1.6]),
  trunc: unary([0.6, 0.9], [-1.9, -1.6]),
  // Comparison.
  equal: comparison,
  notEqual: comparison,
  less: comparison,
  lessEqual: comparison,
  greater: comparison,
  greaterEqual: comparison,
  logicalAnd: comparison,
  logicalOr: comparison,
  logicalXor: comparison,
  logicalNot: unary([-2, 2]),
  isnan: unary([-2, 2]),
  isfinite: unary([-2, 2]),
  // Followed by no derivative, on purpose.
  apart: moving([2, 3], { id: 0 }),
  stopGradient: [{ params: undefined, operands: [{ ...values([2, 3]), moves: false }] }],
  // Complex numbers.
  real: linearUnary(),
  imag: linearUnary(),
  conj: linearUnary(),
  complexFrom: [pair(values([2, 3]), values([2, 3]), together)],
  // Transcendental functions.
  exp: unary([-2, 2]),
  exp2: unary([-2, 2]),
  expm1: unary([-2, 2]),
  log: unary([0.4, 3]),
  log2: unary([0.4, 3]),
  log10: unary([0.4, 3]),
  log1p: unary([-0.6, 2]),
  sin: unary([-2, 2]),
  cos: unary([-2, 2]),
  tan: unary([-1.1, 1.1]),
  asin: unary([-0.7, 0.7]),
  acos: unary([-0.7, 0.7]),
  atan: unary([-2, 2]),
  sinh: unary([-2, 2]),
  cosh: unary([-2, 2]),
  tanh: unary([-2, 2]),
  asinh: unary([-2, 2]),
  acosh: unary([1.5, 3]),
  atanh: unary([-0.6, 0.6]),
  erf: unary([-2, 2]),
  erfc: unary([-2, 2]),
  cbrt: unary([0.4, 2], [-2, -0.4]),
  sigmoid: unary([-3, 3]),
  // Sums, products, extrema, order.
  contract: [
    contraction([2, 3], [3, 4], [[1], [0]]),
    contraction([3, 2], [4, 3], [[0], [1]]),
    contraction(
      [2, 3, 2],
      [2, 2, 3],
      [
        [2, 1],
        [0, 2],
      ],
    ),
    contraction([2, 3, 2], [3, 4, 2], [[0], [2]], [[1], [0]]),
    contraction(
      [2, 3],
      [3, 2],
      [[], []],
      [
        [0, 1],
        [1, 0],
      ],
    ),
    contraction([2], [3], [[], []]),
    contraction([3], [3], [[0], [0]]),
    contraction([2, 0], [0, 3], [[1], [0]]),
  ],
  conv: [
    convolution([1, 2, 2, 5], [1, 3, 2, 3]),
    convolution([2, 2, 1, 6], [2, 2, 1, 2], { strides: [2], padding: [[1, 2]] }),
    convolution([1, 1, 2, 4], [1, 1, 2, 3], { padding: [[-1, 3]], inputDilation: [2], dilation: [2] }),
    convolution([1, 1, 1, 4], [1, 4, 1, 2], { strides: [3], inputDilation: [2] }),
    convolution([1, 2, 2, 4, 5], [1, 3, 2, 2, 3], {
      strides: [2, 1],
      padding: [
        [1, 0],
        [2, -1],
      ],
      dilation: [1, 2],
    }),
    convolution([1, 1, 1, 3, 2, 2], [1, 2, 1, 2, 2, 1], {
      strides: [1, 2, 1],
      padding: [
        [0, 1],
        [1, 1],
        [0, 0],
      ],
    }),
    convolution([1, 2, 1, 2], [1, 1, 1, 3]),
  ],
  maxPool: POOLED,
  maxPoolPlace: POOLED,
  sum: [...moving([2, 3, 2], ...REDUCED), ...moving([0, 2], { axes: [0] })],
  prod: [
    ...unaryWith([2, 3, 2], ...REDUCED),
    ...unaryWith([0, 2], { axes: [0] }, { axes: [1] }),
    {
      params: { axes: [1] },
      operands: [
        given([
          [0, 2, 3, 4, 5],
          [0, 2, 0, 4, 5],
          [0, 0, 0, 1, 2],
        ]),
      ],
    },
  ],
  max: unaryWith([2, 3, 2], ...REDUCED),
  min: unaryWith([2, 3, 2], ...REDUCED),
  argmax: unaryWith([2, 3, 2], ...ALONG),
  argmin: unaryWith([2, 3, 2], ...ALONG),
  cumsum: moving(VIEWED, ...ALONG),
  cumprod: [
    ...unaryWith(VIEWED, ...ALONG),
    ...[1, 2, 5, 7].flatMap((length) => unaryWith([length], { axis: 0 })),
    {
      params: { axis: 1 },
      operands: [
        given([
          [2, 0, 3, 4, 5],
          [2, 0, 1, 0, 5],
          [0, 0, 0, 1, 2],
        ]),
      ],
    },
  ],
  cummax: unaryWith(VIEWED, ...ALONG),
  cummin: unaryWith(VIEWED, ...ALONG),
  sort: unaryWith([3, 5], undefined),
  argsort: unaryWith([3, 5], undefined),
};
