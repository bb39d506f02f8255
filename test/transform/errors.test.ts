// What people do wrong with transforms, and what they are told.

import {
  DomainError,
  DTypeError,
  floor,
  ShapeError,
  type Tensor,
  TracerError,
  TreeError,
  tensor,
} from "polyadic";
import { jit } from "polyadic/compiler";
import { linearSolve } from "polyadic/linalg";
import { fixedPoint } from "polyadic/optim";
import {
  cond,
  customJvp,
  customVjp,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jet,
  jvp,
  linearize,
  scan,
  stopGradient,
  switchCase,
  trace,
  valueAndGrad,
  vjp,
  vmap,
  whileLoop,
} from "polyadic/transform";
import { describe, expect, test } from "vitest";

const x3 = tensor([1, 2, 3]);
const one = tensor(1);
const ints = tensor([1, 2, 3], { dtype: "int32" });
const same = (x: Tensor): Tensor => x;

const TRANSFORMS: readonly [string, (f: (x: Tensor) => Tensor) => unknown][] = [
  ["grad", (f) => grad(f)(one)],
  ["jvp", (f) => jvp(f, [one], [one])],
  ["vjp", (f) => vjp(f, one)],
  ["linearize", (f) => linearize(f, one)],
  ["jet", (f) => jet(f, one, [one])],
  ["vmap", (f) => vmap(f)(x3)],
  ["jacfwd", (f) => jacfwd(f)(one)],
  ["jacrev", (f) => jacrev(f)(one)],
  ["hessian", (f) => hessian(f)(one)],
  ["trace", (f) => trace(f)(one)],
  ["jit", (f) => jit(f)(one)],
  ["scan", (f) => scan((c: Tensor) => [f(c), null], one, null, { length: 2 })],
  ["while", (f) => whileLoop((c) => c.less(0), f, one)],
  ["cond", (f) => cond(true, f, f, one)],
];

describe("reading traced values", () => {
  test.each(TRANSFORMS)("%s: item() in an if says what to write instead", (_name, run) => {
    const f = (x: Tensor): Tensor => (x.item() > 0 ? x : x.neg());
    expect(() => run(f)).toThrow(TracerError);
    expect(() => run(f)).toThrow(/where\(condition, a, b\) or cond\(…\)/);
  });

  test.each([
    ["comparison", (x: Tensor) => ((x as unknown as number) > 0 ? x : x.neg())],
    ["arithmetic", (x: Tensor) => x.mul((x as unknown as number) * 2)],
    ["toArray", (x: Tensor) => x.mul((x.toArray() as number[]).length)],
    ["toTypedArray", (x: Tensor) => x.mul(x.toTypedArray().length)],
    ["data", (x: Tensor) => x.mul(x.data().length)],
    ["storage", (x: Tensor) => x.mul(x.storage.length)],
    ["element", (x: Tensor) => x.mul(x.element() as number)],
  ])("%s of a traced value", (_name, f) => {
    expect(() => grad(f as (x: Tensor) => Tensor)(one)).toThrow(TracerError);
  });

  test("printing a traced value works and says what it is", () => {
    let text = "";
    grad((x: Tensor) => {
      text = `${x}`;
      return x.sum();
    })(x3);
    expect(text).toBe("Traced(float64 [3] in grad)");
  });

  test("stopGradient gives grad a readable value; comparisons have no derivative and are readable too", () => {
    const f = (x: Tensor): Tensor => (stopGradient(x).item() > 0 && x.greater(0).item() ? x.mul(2) : x);
    expect(grad(f)(one).item()).toBe(2);
    expect(() => vmap(f)(x3)).toThrow(TracerError);
  });
});

describe("leaks", () => {
  test.each(TRANSFORMS)("%s: a tracer kept in a variable", (_name, run) => {
    let kept: Tensor | undefined;
    run((x) => {
      kept = x;
      return x.mul(2);
    });
    expect(() => kept!.add(1)).toThrow(TracerError);
    expect(() => kept!.add(1)).toThrow(/had ended.*Return it from the function/);
    expect(() => kept!.item()).toThrow(/had ended/);
  });

  test("transforms end also when the function throws", () => {
    let kept: Tensor | undefined;
    expect(() =>
      grad((x: Tensor): Tensor => {
        kept = x;
        throw new RangeError("mine");
      })(one),
    ).toThrow(RangeError);
    expect(() => kept!.add(1)).toThrow(TracerError);
    expect(grad((x: Tensor) => x.square())(one).item()).toBe(2);
  });
});

describe("grad", () => {
  test("needs a scalar", () => {
    expect(() => grad(same)(x3)).toThrow(ShapeError);
    expect(() => grad(same)(x3)).toThrow(/shape \[3\] where a scalar was expected; reduce it with sum\(\)/);
    expect(() => grad(((x: Tensor) => [x.sum(), x.sum()]) as never)(x3)).toThrow(
      /one scalar tensor, not a tree/,
    );
    expect(() => grad(((x: Tensor) => x.sum()) as never, { hasAux: true } as never)(x3)).toThrow(
      /must return \[value, aux\]/,
    );
  });

  test("needs fractional arguments and results", () => {
    expect(() => grad((x: Tensor) => x.sum())(ints)).toThrow(DTypeError);
    expect(() => grad((x: Tensor) => x.sum())(ints)).toThrow(/argument 0 is int32.*astype\("float64"\)/);
    expect(() => grad((p: { w: Tensor }) => p.w.sum())({ w: ints })).toThrow(/argument 0\.w is int32/);
    expect(() => grad((x: Tensor) => x.greater(0).any())(x3)).toThrow(/returned bool/);
    expect(() => grad((x: Tensor) => x.astype("complex128").sum())(x3)).toThrow(/real\(\) or abs\(\)/);
    for (const run of [jacfwd(same), jacrev(same), hessian(same)])
      expect(() => run(ints)).toThrow(DTypeError);
    expect(() => jet(same, ints, [ints])).toThrow(DTypeError);
    expect(() => vjp(same, ints)).toThrow(DTypeError);
    expect(() => linearize(same, ints)).toThrow(DTypeError);
  });

  test("argnums must name arguments", () => {
    expect(() => grad((x: Tensor) => x.sum(), { argnums: 1 })(x3)).toThrow(DomainError);
    expect(() => grad((x: Tensor) => x.sum(), { argnums: -1 })(x3)).toThrow(/names no argument/);
    expect(() => valueAndGrad((x: Tensor) => x.sum(), { argnums: [0, 2] })(x3)).toThrow(DomainError);
  });

  test("refuses promises and what is no function", () => {
    expect(() => grad((async (x: Tensor) => x) as never)(one)).toThrow(/promise/);
    expect(() => grad((x: Tensor) => x.sum())([1, 2] as never)).toThrow(/holds no tensor.*tensor\(…\)/);
    expect(() => grad(3 as never)(one)).toThrow(/a function was expected, got number/);
  });

  test("a result that does not depend on the argument has gradient zero", () => {
    expect(grad((_x: Tensor) => one)(x3).toArray()).toEqual([0, 0, 0]);
    expect(grad((x: Tensor) => floor(x).sum())(x3).toArray()).toEqual([0, 0, 0]);
  });
});

describe("tangents and cotangents", () => {
  test("must match in structure, shape and dtype", () => {
    const f = (p: { a: Tensor; b: Tensor }): Tensor => p.a.add(p.b);
    const p = { a: x3, b: x3 };
    expect(() => jvp(f, [p], [{ a: x3 } as typeof p])).toThrow(TreeError);
    expect(() => jvp(f, [p], [{ a: x3 } as typeof p])).toThrow(/\[0\]\.b/);
    expect(() => jvp(f, [p], [{ a: x3, b: one }])).toThrow(ShapeError);
    expect(() => jvp(f, [p], [{ a: x3, b: x3.astype("float32") }])).toThrow(DTypeError);
    expect(() => vjp(same, x3).pullback(one)).toThrow(ShapeError);
    expect(() => jet(same, x3, [one])).toThrow(ShapeError);
    expect(() => jet(same, x3, [])).toThrow(DomainError);
    expect(() => linearize(same, x3).pushforward(one)).toThrow(ShapeError);
  });

  test("tangents of integer arguments are ignored", () => {
    const f = (x: Tensor, n: Tensor): Tensor => x.mul(n.astype("float64"));
    const { tangent } = jvp(f, [x3, ints], [x3, ints]);
    expect(tangent.toArray()).toEqual([1, 4, 9]);
  });
});

describe("vmap", () => {
  test("lengths must agree, and someone must have a batch axis", () => {
    const add = (a: Tensor, b: Tensor): Tensor => a.add(b);
    expect(() => vmap(add)(x3, tensor([1, 2]))).toThrow(ShapeError);
    expect(() => vmap(add)(x3, tensor([1, 2]))).toThrow(/argument 0 has 3 examples.*argument 1.*has 2/);
    expect(() => vmap(add, { inAxes: null })(x3, x3)).toThrow(/no argument has a batch axis/);
    expect(() => vmap(add)(x3, one)).toThrow(/argument 1 is a scalar.*null in inAxes/);
    expect(() => vmap(add, { inAxes: [0] })(x3, x3)).toThrow(TreeError);
    expect(() => vmap(add, { inAxes: [0, { a: 0 }] })(x3, x3)).toThrow(TreeError);
    expect(() => vmap(add, { inAxes: 1 })(x3, x3)).toThrow(ShapeError);
    expect(() => vmap(add, { inAxes: 0.5 })(x3, x3)).toThrow(DomainError);
    expect(() => vmap(same, { outAxes: null })(x3)).toThrow(DomainError);
  });
});

describe("control flow", () => {
  test("a carry must keep its kind", () => {
    const step = (f: (c: Tensor) => unknown) => () =>
      scan((c: Tensor) => [f(c) as Tensor, null], one, null, { length: 2 });
    expect(step((c) => c.reshape([1]))).toThrow(ShapeError);
    expect(step((c) => c.astype("float32"))).toThrow(DTypeError);
    expect(step((c) => [c, c])).toThrow(TreeError);
    expect(() => scan(((c: Tensor) => c) as never, one, null, { length: 2 })).toThrow(
      /must return \[carry, y\]/,
    );
    expect(() =>
      whileLoop(
        (c) => c.less(2),
        (c) => c.reshape([1]),
        one,
      ),
    ).toThrow(ShapeError);
    expect(() => whileLoop((c) => c, same, one)).toThrow(/must be one bool, got float64/);
    expect(() => whileLoop((c) => c.less(2), same, x3)).toThrow(/reduce it with any\(\) or all\(\)/);
    expect(() => whileLoop((c) => c.less(2), same, one, { maxIterations: -1 })).toThrow(DomainError);
  });

  test("scan needs to know how often", () => {
    const step = (c: Tensor, x: Tensor): [Tensor, Tensor] => [c, x];
    expect(() => scan(step as never, one, null)).toThrow(/`length`/);
    expect(() => scan(step, one, one)).toThrow(/no axis to go along/);
    expect(() => scan(step, one, x3, { length: 2 })).toThrow(ShapeError);
    expect(() => scan(step as never, one, { a: x3, b: tensor([1]) } as never)).toThrow(/xs\.b/);
    expect(() => scan(step as never, one, null, { length: 1.5 })).toThrow(DomainError);
  });

  test("an empty scan returns the start and empty results", () => {
    const { carry, ys } = scan((c: Tensor, x: Tensor) => [c.add(x), c], one, tensor([], { shape: [0] }));
    expect(carry.item()).toBe(1);
    expect(ys.shape).toEqual([0]);
  });

  test("branches must agree", () => {
    expect(() => cond(true, same, (x: Tensor) => x.reshape([1]), one)).toThrow(ShapeError);
    expect(() => cond(true, same, (x: Tensor) => x.astype("float32"), one)).toThrow(DTypeError);
    expect(() => cond(true, same, ((x: Tensor) => [x]) as never, one)).toThrow(TreeError);
    expect(() => cond(one, same, same, one)).toThrow(/must be bool, got float64/);
    expect(() => cond(x3.less(2), same, same, one)).toThrow(/must be one bool, got shape \[3\]/);
    expect(() => switchCase(0, [], one)).toThrow(DomainError);
    expect(() => switchCase(one, [same], one)).toThrow(DTypeError);
  });

  test("reverse mode through an unbounded loop inside jit", () => {
    const loop = (x: Tensor): Tensor =>
      whileLoop(
        (c) => c.less(100),
        (c) => c.mul(2),
        x,
      );
    expect(() => jit(grad(loop))(one)).toThrow(/maxIterations/);
    expect(jit(jacfwd(loop))(one).item()).toBe(128);
  });
});

describe("rules of one's own", () => {
  test("must return what matches", () => {
    const bad = customJvp(same, () => one);
    expect(() => grad((x: Tensor) => bad(x).sum())(x3)).toThrow(ShapeError);
    const back = customVjp(same, { forward: (x) => [x, null], backward: () => [one] });
    expect(() => grad((x: Tensor) => back(x).sum())(x3)).toThrow(ShapeError);
    const none = customVjp(same, { forward: ((x: Tensor) => x) as never, backward: () => [one] });
    expect(() => grad((x: Tensor) => none(x).sum())(x3)).toThrow(TreeError);
  });

  test("customVjp has no forward mode", () => {
    const f = customVjp(same, { forward: (x) => [x, null], backward: (_r, c) => [c] });
    expect(() => jvp(f, [one], [one])).toThrow(/customJvp/);
    expect(() => jet(f, one, [one])).toThrow(TracerError);
    expect(() => linearize(f, one).pushforward(one)).toThrow(TracerError);
  });

  test("must not close over what is being differentiated", () => {
    const f = (x: Tensor): Tensor =>
      customJvp(
        (y: Tensor) => y.mul(x),
        (_p, [t]) => t,
      )(x);
    expect(() => grad(f)(one)).toThrow(/pass it as an argument/);
  });

  test("linearSolve and fixedPoint check their arguments", () => {
    expect(() => linearSolve((x: Tensor) => x.sum(), x3)).toThrow(ShapeError);
    expect(() => linearSolve(((x: Tensor) => [x]) as never, x3)).toThrow(TreeError);
    expect(() => linearSolve((x: Tensor) => x.mul(0), x3)).toThrow(DomainError);
    expect(() => fixedPoint(same, one, [], { rtol: -1 })).toThrow(DomainError);
    expect(() => fixedPoint(same, one, [], { maxIterations: 0 })).toThrow(DomainError);
  });
});
