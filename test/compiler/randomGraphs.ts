// Random functions of a few tensors, made of the operations of the library.

import fc from "fast-check";
import {
  abs,
  atan2,
  concat,
  cos,
  exp,
  flip,
  logicalAnd,
  logicalNot,
  matmul,
  maximum,
  minimum,
  sigmoid,
  sin,
  type Tensor,
  tensor,
  where,
} from "polyadic";
import { cond, grad, scan, vmap, whileLoop } from "polyadic/transform";

/** One operation on earlier values, of which it picks its operands by number. */
type Step = (values: readonly Tensor[], pick: (at: number) => Tensor) => Tensor;

const sameShape = (a: Tensor, b: Tensor): boolean => a.shape.join() === b.shape.join();
const isFloat = (x: Tensor): boolean => x.dtype.startsWith("float");

/** Operations that take any float tensor to one of about the same size of numbers. */
const UNARY: readonly ((x: Tensor) => Tensor)[] = [
  sin,
  cos,
  sigmoid,
  (x) => x.tanh(),
  (x) => exp(x.neg().abs().neg()),
  (x) => abs(x).add(1).log(),
  (x) => x.square().add(1).sqrt(),
  (x) => x.mul(0.5).sub(1),
  (x) => x.neg(),
  (x) => x.div(3),
  (x) => x.sum(),
  (x) => x.max(),
  (x) => (x.ndim > 0 ? x.sum({ axis: 0 }) : x),
  (x) => (x.ndim > 0 ? x.mean({ axis: -1, keepDims: true }).add(x) : x),
  (x) => (x.ndim > 0 ? x.min({ axis: x.ndim - 1 }) : x),
  (x) => (x.ndim > 1 ? x.sum({ axis: 0, keepDims: true }).sub(x) : x),
  (x) => x.transpose(),
  (x) => x.reshape([x.size]),
  (x) => (x.ndim > 0 ? flip(x, 0) : x),
  (x) => (x.ndim > 0 && x.shape[0]! > 1 ? x.at("1:") : x),
  (x) => (x.ndim > 0 && x.shape.at(-1)! > 2 ? x.at("...", "::2") : x),
  (x) => (x.ndim > 0 ? concat([x, x.mul(2)], 0) : x),
  (x) => (x.ndim === 2 ? matmul(x, x.mT()).div(4) : x),
  (x) => (x.ndim > 0 ? x.cumsum(0).div(4) : x),
  (x) => x.expandDims(0),
  (x) => where(x.greater(0), x, x.mul(0.1)),
  (x) => where(logicalAnd(x.less(1), logicalNot(x.lessEqual(-1))), x, 0),
  (x) => x.greater(0.2).astype(x.dtype).add(x.astype("int32").astype(x.dtype)),
  (x) =>
    scan((c: Tensor, s: Tensor) => [c.mul(0.5).add(s.sum()), s.add(c)], x.sum().mul(0.1), x.reshape([x.size]))
      .ys,
  (x) =>
    whileLoop(
      ({ n }) => n.less(3),
      ({ n, y }) => ({ n: n.add(1), y: y.mul(0.5).add(1) }),
      { n: tensor(0, { dtype: "int32" }), y: x },
    ).y,
  (x) =>
    cond(
      x.sum().greater(0),
      (y) => y.mul(2),
      (y) => y.sub(1),
      x,
    ),
  (x) => grad((y: Tensor) => sin(y).mul(y).sum())(x),
  (x) => (x.ndim > 0 ? vmap((y: Tensor) => y.sub(y.max()).tanh())(x) : x),
];

const BINARY: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  (a, b) => a.add(b),
  (a, b) => a.sub(b),
  (a, b) => a.mul(b),
  (a, b) => a.div(b.square().add(1)),
  maximum,
  minimum,
  atan2,
  (a, b) => where(a.less(b), a, b.mul(0.5)),
  (a, b) => where(a.equal(b), 1, a),
];

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(UNARY.length - 1)).map(
    ([at, which]): Step =>
      (_values, pick) =>
        UNARY[which]!(pick(at)),
  ),
  fc.tuple(fc.nat(), fc.nat(), fc.nat(BINARY.length - 1)).map(([at, other, which]): Step => {
    return (values, pick) => {
      const a = pick(at);
      // A partner of the same shape, or a scalar.
      const partners = values.filter((x) => isFloat(x) && (sameShape(x, a) || x.ndim === 0));
      return BINARY[which]!(a, partners[other % partners.length]!);
    };
  }),
);

const SHAPES = [[], [1], [5], [3, 4], [2, 3, 4], [7, 1], [1, 6], [17]];

/** A function of two tensors with all of its intermediate values as results, and arguments for it. */
export const randomFunction = fc
  .record({
    dtype: fc.constantFrom("float64" as const, "float32" as const),
    shapes: fc.tuple(fc.constantFrom(...SHAPES), fc.constantFrom(...SHAPES)),
    seed: fc.integer({ min: 1, max: 1000 }),
    steps: fc.array(step, { minLength: 1, maxLength: 12 }),
    kept: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
  })
  .map(({ dtype, shapes, seed, steps, kept }) => {
    const args = shapes.map((shape, k) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const data = Float64Array.from(
        { length: size },
        (_, i) => Math.sin(seed * 12.9898 + 78.233 * (i + 31 * k)) * 2,
      );
      return tensor(data, { shape }).astype(dtype);
    }) as [Tensor, Tensor];
    const f = (a: Tensor, b: Tensor): Tensor[] => {
      const values = [a, b];
      for (const apply of steps) {
        const candidates = values.filter((x) => x.size > 0 && x.size < 400);
        values.push(apply(candidates, (at) => candidates[at % candidates.length]!));
      }
      return [values.at(-1)!, ...kept.map((at) => values[at % values.length]!)];
    };
    return { f, args };
  });
