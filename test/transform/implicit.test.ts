// Derivatives of what is found by solving: linear systems, roots and fixed points.

import { cos, exp, type Tensor, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { linearSolve, solve } from "polyadic/linalg";
import { fixedPoint, implicitRoot } from "polyadic/optim";
import { grad, hessian, jacfwd, jacrev, jet, jvp, vmap, whileLoop } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "./near.ts";

const a = tensor([
  [4, 1, 0],
  [-1, 3, 1],
  [0.5, 0, 5],
]);
const b = tensor([1, 2, 3]);

/** Jacobi iteration for diagonally dominant systems. */
const jacobi = (matvec: (x: Tensor) => Tensor, right: Tensor): Tensor => {
  const diagonal = tensor([4, 3, 5]);
  return whileLoop(
    ({ change }) => change.greater(1e-15),
    ({ x }) => {
      const step = right.sub(matvec(x)).div(diagonal);
      return { x: x.add(step), change: step.abs().max() };
    },
    { x: right.div(diagonal), change: tensor(1) },
  ).x;
};

describe("linearSolve", () => {
  const iterative = (m: Tensor, r: Tensor): Tensor =>
    linearSolve((x: Tensor) => m.matmul(x), r, { solve: jacobi });
  const direct = (m: Tensor, r: Tensor): Tensor => linearSolve((x: Tensor) => m.matmul(x), r);

  test.each([
    ["direct", direct],
    ["iterative", iterative],
  ])("%s: values and derivatives are those of the dense solve", (_name, f) => {
    near(f(a, b), solve(a, b));
    near(jacrev((r: Tensor) => f(a, r))(b), jacfwd((r: Tensor) => solve(a, r))(b));
    near(jacrev((m: Tensor) => f(m, b))(a), jacrev((m: Tensor) => solve(m, b))(a));
    near(jacfwd((m: Tensor) => f(m, b))(a), jacrev((m: Tensor) => solve(m, b))(a));
    const energy = (g: typeof f) => (r: Tensor) => g(a, r).square().sum();
    near(hessian(energy(f))(b), hessian(energy(solve))(b));
    const many = tensor([
      [1, 2, 3],
      [0, -1, 4],
    ]);
    near(vmap((r: Tensor) => f(a, r))(many), vmap((r: Tensor) => solve(a, r))(many));
    near(vmap(grad((r: Tensor) => energy(f)(r)))(many), vmap(grad((r: Tensor) => energy(solve)(r)))(many));
    near(grad((r: Tensor) => vmap(energy(f))(r).sum())(many), vmap(grad(energy(solve)))(many));
    near(
      jet((r: Tensor) => f(a.mul(r.at(0)), r), b, [b, null]).series[1]!,
      jet((r: Tensor) => solve(a.mul(r.at(0)), r), b, [b, null]).series[1]!,
    );
  });

  test("trees, and the transposed solver", () => {
    let transposed = 0;
    type Pair = { u: Tensor; v: Tensor };
    const f = (w: Tensor): Tensor => {
      const x = linearSolve(
        ({ u, v }: Pair) => ({ u: u.mul(2).add(v.sum()), v: v.mul(w) }),
        { u: tensor([1, 2]), v: tensor([3]) },
        {
          transposeSolve: (matvec, right) => {
            transposed++;
            return linearSolve(matvec, right);
          },
        },
      );
      return x.u.sum().add(x.v.sum());
    };
    // v = 3/w, u = (1 - 3/w)/2 + (2 - 3/w)/2: the sum is 3/2 whatever w.
    near(f(tensor(4)), tensor(1.5));
    near(grad(f)(tensor(4)), tensor(0));
    expect(transposed).toBeGreaterThan(0);
  });
});

describe("implicitRoot", () => {
  /** The cube root, found by plain JavaScript that reads numbers. */
  const cubeRoot = implicitRoot(
    (x: Tensor, c: Tensor) => x.pow(3).sub(c),
    (c: Tensor) => tensor(Math.cbrt(c.item())),
  );

  test("differentiates a solver that cannot be traced, to any order", () => {
    const at = tensor(5);
    near(cubeRoot(at), tensor(Math.cbrt(5)));
    near(grad(cubeRoot)(at), tensor(5 ** (-2 / 3) / 3));
    near(jvp(cubeRoot, [at], [tensor(2)]).tangent, tensor((2 * 5 ** (-2 / 3)) / 3));
    near(grad(grad(cubeRoot))(at), tensor((-2 / 9) * 5 ** (-5 / 3)));
    near(hessian(cubeRoot)(at), tensor((-2 / 9) * 5 ** (-5 / 3)));
    near(jet(cubeRoot, at, [tensor(1), null, null]).series[2]!, tensor((10 / 27) * 5 ** (-8 / 3)));
  });

  test("systems with several arguments, under vmap and jit when the solver can be traced", () => {
    // x + y = s, x·y = p with x > y
    const roots = implicitRoot(
      (r: { x: Tensor; y: Tensor }, s: Tensor, p: Tensor) => ({
        x: r.x.add(r.y).sub(s),
        y: r.x.mul(r.y).sub(p),
      }),
      (s: Tensor, p: Tensor) => {
        const root = s.square().sub(p.mul(4)).sqrt();
        return { x: s.add(root).div(2), y: s.sub(root).div(2) };
      },
    );
    const larger = (s: Tensor, p: Tensor): Tensor => roots(s, p).x;
    const closed = (s: Tensor, p: Tensor): Tensor => s.add(s.square().sub(p.mul(4)).sqrt()).div(2);
    const s = tensor([5, 7]);
    const p = tensor([6, 10]);
    for (const argnums of [0, 1]) {
      near(vmap(grad(larger, { argnums }))(s, p), vmap(grad(closed, { argnums }))(s, p));
      near(
        jit(grad(larger, { argnums }))(tensor(5), tensor(6)),
        grad(closed, { argnums })(tensor(5), tensor(6)),
      );
    }
  });
});

describe("fixedPoint", () => {
  // Kepler's equation E = M + e sin E as E = f(E): here the Dottie-like x = cos(c·x).
  const root = (c: Tensor): Tensor => fixedPoint((x: Tensor, k: Tensor) => cos(x.mul(k)), tensor(0.5), [c]).x;

  test("value, first and second derivative against the implicit formula", () => {
    const at = tensor(0.8);
    const x = root(at);
    near(x, cos(x.mul(0.8)), 1e-9);
    const s = Math.sin(0.8 * x.item());
    near(grad(root)(at), tensor((-x.item() * s) / (1 + 0.8 * s)), 1e-8);
    const h = 1e-4;
    const second = grad(root)(tensor(0.8 + h))
      .sub(grad(root)(tensor(0.8 - h)))
      .div(2 * h);
    near(grad(grad(root))(at), second, 1e-6);
  });

  test("vmap, jit and the report", () => {
    const cs = tensor([0.2, 0.8]);
    near(vmap(root)(cs), tensor([root(tensor(0.2)).item(), root(tensor(0.8)).item()]), 1e-9);
    near(
      vmap(grad(root))(cs),
      tensor([grad(root)(tensor(0.2)).item(), grad(root)(tensor(0.8)).item()]),
      1e-8,
    );
    near(jit(grad(root))(tensor(0.8)), grad(root)(tensor(0.8)), 1e-9);
    const diverging = fixedPoint((x: Tensor) => exp(x), tensor(1), []);
    expect(diverging.converged.item()).toBe(0);
    const slow = fixedPoint((x: Tensor) => x.mul(0.999), tensor(1), [], { maxIterations: 3 });
    expect([slow.converged.item(), slow.iterations.item()]).toEqual([0, 3]);
  });
});
