import * as P from "polyadic";
import { describe, expect, test } from "vitest";
import { expectReference, make, makeComplex, makeInt } from "./reference.ts";

const { tensor } = P;
const x = make([4, 5, 6]);
const m = make([3, 4], 2);
const n = makeInt([4, 5], 3);
const z = makeComplex([3, 4], 4);
const ints = (values: P.Nested): P.Tensor => tensor(values, { dtype: "int32" });

/** One test per name in test/reference/ops.json. */
const cases: Record<string, () => P.Tensor> = {
  "index integer": () => x.at(1),
  "index mixed": () => x.at(-1, "1:4", "::2"),
  "index negative step": () => x.at("::-1", "3:0:-2", "-2::-3"),
  "index new axis": () => x.at(":", null, 2, "...", null),
  "index ellipsis": () => x.at("...", 0),
  "index array": () => x.at([0, 2, -1]),
  "index arrays adjacent": () => x.at(":", [0, 1, 2], [5, 4, 3]),
  "index arrays apart": () => x.at([0, 1], ":", [2, 3]),
  "index array and integer": () => x.at(1, ":", [0, 2]),
  "index arrays broadcast": () => x.at(ints([[0], [3]]), ints([[1, 2, 4]])),
  "index array after slice": () =>
    x.at(
      { start: 1, stop: 3 },
      ints([
        [0, 1],
        [2, 3],
      ]),
    ),
  "index mask full": () => x.at(x.greater(5)),
  "index mask leading": () => x.at(tensor([true, false, true, true])),
  "index mask middle": () => x.at(":", tensor([true, false, false, true, true]), 1),
  "index mask two axes": () => x.at(make([4, 5], 9).greater(0)),
  "index empty": () => x.at("2:2"),
  "set slice": () => x.set(["1:3", "::2"], 7),
  "set arrays": () => x.set([":", [0, 3], 1], make([4, 2], 5)),
  "set mask": () => x.set([x.less(0)], 0),
  take: () =>
    P.take(
      x,
      ints([
        [1, 0],
        [4, -1],
      ]),
      1,
    ),
  takeAlongAxis: () => P.takeAlongAxis(m, ints([[3], [0], [1]]), 1),
  "floorDivide int": () => P.floorDivide(n, 3),
  "mod int": () => P.mod(n, -4),
  "mod float": () => P.mod(m, -1.75),
  "divide int": () => n.div(4),
  "power int": () => n.pow(3),
  round: () => P.round(make([40], 1)),
  "int overflow": () => makeInt([6], 1).mul(2 ** 30),
  "complex divide": () => z.div(makeComplex([4], 6)),
  "complex power": () => z.pow(P.complex(0.5, 2)),
  "complex exp": () => P.exp(z.div(3)),
  "complex log": () => P.log(z.div(3)),
  "complex sqrt": () => P.sqrt(z.div(3)),
  "complex sin": () => P.sin(z.div(3)),
  "complex cos": () => P.cos(z.div(3)),
  "complex tan": () => P.tan(z.div(3)),
  "complex sinh": () => P.sinh(z.div(3)),
  "complex cosh": () => P.cosh(z.div(3)),
  "complex tanh": () => P.tanh(z.div(3)),
  "complex arcsin": () => P.asin(z.div(3)),
  "complex arccos": () => P.acos(z.div(3)),
  "complex arctan": () => P.atan(z.div(3)),
  "complex arcsinh": () => P.asinh(z.div(3)),
  "complex arccosh": () => P.acosh(z.div(3)),
  "complex arctanh": () => P.atanh(z.div(3)),
  "sum axis 1": () => x.sum({ axis: 1 }),
  "sum axes 0 2": () => x.sum({ axis: [0, 2] }),
  "sum keepdims": () => x.sum({ axis: [1, -1], keepDims: true }),
  prod: () => m.prod({ axis: 0 }),
  "complex sum": () => z.sum({ axis: 0 }),
  "complex prod": () => z.prod({ axis: 1 }),
  mean: () => x.mean({ axis: -1 }),
  variance: () => x.variance({ axis: [0, 1], ddof: 1 }),
  "complex variance": () => z.variance({ axis: 0 }),
  max: () => x.max({ axis: 0 }),
  "min int": () => n.min({ axis: 1 }),
  argmax: () => x.argmax({ axis: 1 }),
  "argmin flat": () => x.argmin(),
  cumsum: () => x.cumsum(1),
  "cumprod complex": () => P.cumprod(z, 1),
  cummax: () => P.cummax(x, 2),
  sort: () => P.sort(x, { axis: 1 }),
  argsort: () => P.argsort(n, { axis: 1 }),
  "argsort descending": () => P.argsort(n, { axis: 0, descending: true }),
  logSumExp: () => P.logSumExp(m, { axis: 1 }),
  concat: () => P.concat([x, x.at(":", ":2")], 1),
  stack: () => P.stack([m, m.mul(2)], 1),
  "pad constant": () =>
    P.pad(
      m,
      [
        [1, 2],
        [0, 3],
      ],
      { value: 5 },
    ),
  "pad edge": () =>
    P.pad(
      m,
      [
        [1, 2],
        [0, 3],
      ],
      { mode: "edge" },
    ),
  "pad reflect": () =>
    P.pad(
      m,
      [
        [2, 1],
        [3, 6],
      ],
      { mode: "reflect" },
    ),
  "pad wrap": () =>
    P.pad(
      m,
      [
        [1, 2],
        [2, 3],
      ],
      { mode: "wrap" },
    ),
  roll: () => P.roll(x, -2, 1),
  repeat: () => P.repeat(m, 3, 1),
  tril: () => P.tril(x, -1),
  "diag from vector": () => P.diag(m.at(0), -1),
  "diag of matrix": () => P.diag(m, 1),
  "matmul batch": () => make([5, 3, 4], 7).matmul(make([5, 4, 2], 8)),
  "matmul broadcast": () =>
    make([5, 3, 4], 7)
      .at(":", null)
      .matmul(make([2, 4, 3], 1)),
  "matmul vector": () => make([5, 3, 4], 7).matmul(make([4], 1)),
  "matmul complex": () => z.matmul(z.conj().mT()),
  "matmul int": () => n.matmul(n.mT()),
  tensordot: () =>
    P.tensordot(x, make([6, 5, 2], 3), [
      [1, 2],
      [1, 0],
    ]),
  "einsum trace": () => P.einsum("iji->j", make([4, 3, 4], 1)),
  "einsum implicit": () => P.einsum("ba,cb", make([3, 4], 1), make([2, 3], 2)),
  "einsum ellipsis": () => P.einsum("...ij,...jk->...ki", make([5, 3, 4], 7), make([5, 4, 2], 8)),
  "einsum three": () => P.einsum("abc,cd,bde->ae", make([2, 3, 4], 1), make([4, 5], 2), make([3, 5, 2], 3)),
  "einsum hadamard": () => P.einsum("ij,ij,j->i", m, m, m.at(1)),
  "einsum outer": () => P.einsum("i,j,k->kji", m.at(0), m.at(1), m.at(2)),
  "einsum sum": () => P.einsum("ijk->", x),
  "einsum broadcast": () => P.einsum("ij,ij->ij", make([1, 4], 1), make([3, 4], 2)),
};

describe("as NumPy computes it", () => {
  for (const [name, compute] of Object.entries(cases)) test(name, () => expectReference(name, compute()));
});

test("operations give the same on transposed, sliced and broadcast operands", () => {
  const view = x.transpose([2, 0, 1]).at("1:", "::-1");
  const copy = tensor(view.toArray());
  expect(view.isContiguous).toBe(false);
  for (const f of [P.exp, P.sum, P.ravel, (t: P.Tensor) => P.cumsum(t, 0), (t: P.Tensor) => t.add(t.at(0))])
    expect(f(view).toArray()).toEqual(f(copy).toArray());
});
