// Every primitive of the registry: the dtypes that it declares, on full and on empty operands.
import * as P from "polyadic";
import "polyadic/random";
import "polyadic/special";
import { describe, expect, test } from "vitest";
import { bind } from "../../src/ops/bind.ts";

/**
 * How to try each primitive that takes more than operands of one kind: its parameters and operands from a 2 × 2
 * tensor of a dtype.
 */
interface Recipe {
  readonly params?: unknown;
  readonly operands?: (x: P.Tensor) => readonly P.Tensor[];
}
const first = { params: { axis: 0 } };
const along = { params: { axes: [0] } };
const rows = P.tensor([1, 0], { dtype: "int32" });
const pair = { operands: (x: P.Tensor) => [x, x] };
const RECIPES: Record<string, Recipe> = {
  cast: { params: { dtype: "complex128" } },
  reshape: { params: { shape: [4] } },
  transpose: { params: { axes: [1, 0] } },
  broadcastTo: { params: { shape: [3, 2, 2] } },
  slice: { params: { starts: [1, 1], steps: [-1, 1], lengths: [2, 1] } },
  diagonal: { params: { first: 0, second: 1 } },
  concat: { ...first, ...pair },
  pad: {
    params: { before: [1, 0], after: [0, 2], interior: [0, 1] },
    operands: (x) => [x, P.zeros([], x.dtype)],
  },
  where: { operands: (x) => [P.ones([2, 2], "bool"), x, x] },
  contract: { ...pair, params: { contract: [[1], [0]], batch: [[], []] } },
  conv: {
    params: { strides: [1], padding: [[1, 0]], inputDilation: [2], dilation: [1] },
    operands: (x) => [x.reshape([1, 1, 2, 2]), x.reshape([1, 1, 2, 2])],
  },
  maxPool: { params: { window: [2], strides: [1], dilation: [1], padding: [[0, 0]] } },
  maxPoolPlace: { params: { window: [2], strides: [1], dilation: [1], padding: [[0, 0]] } },
  gather: { params: { axes: [0] }, operands: (x) => [x, rows] },
  scatter: { params: { axes: [0], mode: "set" }, operands: (x) => [x, x, rows] },
};
for (const name of ["cumsum", "cumprod", "cummax", "cummin", "argmax", "argmin"]) RECIPES[name] = first;
for (const name of ["sum", "prod", "max", "min"]) RECIPES[name] = along;
const BINARY =
  "add sub mul div floorDivide mod pow maximum minimum atan2 hypot equal notEqual less lessEqual greater";
for (const name of `${BINARY} greaterEqual logicalAnd logicalOr logicalXor complexFrom`.split(" "))
  RECIPES[name] = pair;

const SPECIAL_OF_TWO =
  "polygamma zeta beta betaln binom poch gammainc gammaincc gammaincinv gammainccinv xlogy xlog1py relEntr klDiv expn jv yv iv kv ive " +
  "kve sphericalJn sphericalYn sphericalIn sphericalKn ellipkinc ellipeinc ellipam elliprc hyp0f1 polylog";
for (const name of SPECIAL_OF_TWO.split(" ")) RECIPES[name] = pair;
for (const name of "betainc betaincc betaincinv ellippiinc elliprf elliprd hyp1f1".split(" "))
  RECIPES[name] = { operands: (x) => [x, x, x] };

const shaped = { shape: [2, 2], dtype: "float64" };
const DRAWS: Record<string, unknown> = {
  randomBits: shaped,
  randomUnit: shaped,
  randomUniform: { ...shaped, low: 0, high: 1 },
  randomNormal: shaped,
  randomInteger: { ...shaped, low: 0, high: 9 },
  randomPermutation: { n: 3 },
  randomChoice: { n: 9, count: 2 },
  randomSign: shaped,
  randomHaar: { rows: 2, columns: 2, dtype: "complex128" },
  randomSobol: { n: 2, d: 2, skip: 0, scramble: "shift" },
  randomLatin: { n: 3, d: 2 },
  splitKey: { count: 2 },
};
for (const [name, params] of Object.entries(DRAWS)) RECIPES[name] = { params };
/** One of two operands, keys or parameters, is of the dtype that is tried. */
const sampled = (x: P.Tensor): P.Tensor[] =>
  x.dtype === "uint32" ? [x, P.ones(x.shape)] : [P.ones([...x.shape.slice(0, -1), 2], "uint32"), x];
RECIPES["foldIn"] = { operands: (x) => [x, x.at(":", 0)] };
for (const name of ["randomLogGamma", "randomPoisson"]) RECIPES[name] = { operands: sampled };
RECIPES["randomBinomial"] = { operands: (x) => [...sampled(x), sampled(x)[1]!] };
RECIPES["gammaBell"] =
  RECIPES["gammaShapeDerivative"] =
  RECIPES["truncatedNormalQuantile"] =
    {
      operands: (x) => [x, x, x],
    };
for (const name of ["elliprj", "hyp2f1"]) RECIPES[name] = { operands: (x) => [x, x, x, x] };

describe("the registry of primitives", () => {
  const all = [...P.primitives];
  test("holds each under its name, with the dtypes that it takes", () => {
    expect(all.length).toBeGreaterThan(60);
    for (const [name, primitive] of all) {
      expect(primitive.name).toBe(name);
      expect(primitive.dtypes.length, name).toBeGreaterThan(0);
      expect(new Set(primitive.dtypes).size, name).toBe(primitive.dtypes.length);
    }
    for (const name of Object.keys(RECIPES)) expect(P.primitives.has(name), name).toBe(true);
  });
  test.each(all)("%s computes with every dtype that it declares, also on nothing", (name, primitive) => {
    const { params, operands = (x: P.Tensor) => [x] } = RECIPES[name] ?? {};
    for (const dtype of primitive.dtypes) {
      const inputs = operands(P.ones([2, 2], dtype));
      const results = bind(primitive, inputs, params as never);
      primitive.abstractEval(inputs, params as never).forEach((expected, i) => {
        const result = results[i]!;
        expect([...result.shape], dtype).toEqual([...expected.shape]);
        expect(result.dtype, dtype).toBe(expected.dtype);
        expect(result.data().length, dtype).toBe(result.size * P.dtypeInfo(result.dtype).width);
      });
      if (params !== undefined || name === "where") continue;
      const empty = bind(primitive, operands(P.zeros([0, 2], dtype)), params as never);
      expect([...empty[0]!.shape], dtype).toEqual([0, 2]);
    }
  });
  test("refuses dtypes that a primitive does not declare", () => {
    for (const [name, primitive] of all) {
      const foreign = P.dtypes.find((dtype) => !primitive.dtypes.includes(dtype));
      if (foreign === undefined) continue;
      const { params, operands = (x: P.Tensor) => [x] } = RECIPES[name] ?? {};
      expect(() => bind(primitive, operands(P.ones([2, 2], foreign)), params as never), name).toThrow(
        P.DTypeError,
      );
    }
  });
});
