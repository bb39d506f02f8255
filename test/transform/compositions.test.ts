// Transforms inside of transforms, against closed forms.

import { cos, exp, log, sin, type Tensor, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { solve } from "polyadic/linalg";
import {
  checkpoint,
  cond,
  customJvp,
  customVjp,
  grad,
  hessian,
  hvp,
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
import { near } from "./near.ts";

const xs = tensor([0.3, -0.7, 1.2, 2.5]);

/** x ↦ xⁿ by repeated multiplication in a loop whose length depends on nothing traced. */
const powerByScan = (x: Tensor, n: number): Tensor =>
  scan((carry: Tensor) => [carry.mul(x), null], tensor(1), null, { length: n }).carry;

/** √a by Heron's rule until it no longer changes: a loop whose length depends on a. */
const heron = (a: Tensor): Tensor =>
  whileLoop(
    ({ x, before }) => x.sub(before).abs().greater(1e-14),
    ({ x }) => ({ x: x.add(a.div(x)).mul(0.5), before: x }),
    { x: a.add(1), before: a.mul(0) },
  ).x;

/** Reverse mode of a loop inside jit or checkpoint needs a bound. */
const boundedHeron = (a: Tensor): Tensor =>
  whileLoop(
    ({ x, before }) => x.sub(before).abs().greater(1e-14),
    ({ x }) => ({ x: x.add(a.div(x)).mul(0.5), before: x }),
    { x: a.add(1), before: a.mul(0) },
    { maxIterations: 40 },
  ).x;

/** x² below 1, 2x - 1 above. */
const piecewise = (x: Tensor): Tensor =>
  cond(
    x.less(1),
    (y) => y.square(),
    (y) => y.mul(2).sub(1),
    x,
  );

describe("compositions of transforms", () => {
  test("grad(vmap(grad(f))): the third derivative summed", () => {
    const second = (x: Tensor): Tensor => grad((y: Tensor) => sin(y))(x);
    const total = (x: Tensor): Tensor => vmap(second)(x).square().sum();
    // d/dx cos²x = -2 sin x cos x
    near(grad(total)(xs), sin(xs).mul(cos(xs)).mul(-2));
  });

  test("grad five times", () => {
    let f = (x: Tensor): Tensor => sin(x.mul(2));
    for (let i = 0; i < 5; i++) f = grad(f);
    near(f(tensor(0.4)), cos(tensor(0.8)).mul(32));
  });

  test("vmap(vmap(grad(f)))", () => {
    const grid = tensor([
      [0.1, 0.2],
      [0.3, 0.4],
    ]);
    near(vmap(vmap(grad((x: Tensor) => exp(x))))(grid), exp(grid));
  });

  test("jet of grad equals grad of jet", () => {
    const f = (x: Tensor): Tensor => sin(x).mul(exp(x));
    const at = tensor(0.7);
    const inner = jet(grad(f), at, [tensor(1), null, null]).series;
    const outer = [0, 1, 2].map((k) =>
      grad((x: Tensor) => jet(f, x, [tensor(1), null, null]).series[k]!)(at),
    );
    inner.forEach((value, k) => {
      near(value, outer[k]!);
    });
    // f'' = 2 eˣ cos x
    near(inner[0]!, exp(at).mul(cos(at)).mul(2));
  });

  test("jet of vmap and vmap of jet", () => {
    const f = (x: Tensor): Tensor => log(x.square().add(1));
    const ones = xs.mul(0).add(1);
    const whole = jet(vmap(f), xs, [ones, null, null]).series;
    const each = vmap((x: Tensor) => jet(f, x, [tensor(1), null, null]).series)(xs);
    whole.forEach((value, k) => {
      near(value, each[k]!);
    });
    near(whole[0]!, xs.mul(2).div(xs.square().add(1)));
  });

  test("jet of jet: mixed derivatives", () => {
    const f = (v: Tensor): Tensor => v.at(0).pow(2).mul(v.at(1).pow(3));
    const along = (x: Tensor): Tensor => jet(f, x, [tensor([1, 0]), null]).series[1]!;
    // ∂³/∂x²∂y of x²y³ = 6y²
    near(jet(along, tensor([3, 2]), [tensor([0, 1])]).series[0]!, tensor(24));
  });

  test("jvp of vjp, vjp of jvp and vjp of vjp give one Hessian", () => {
    const f = (x: Tensor): Tensor => x.prod().mul(exp(x.sum()));
    const at = tensor([0.5, -0.3, 0.8]);
    const v = tensor([1, 2, -1]);
    const full = hessian(f)(at).matmul(v);
    near(hvp(f, at, v).product, full);
    near(jvp(grad(f), [at], [v]).tangent, full);
    near(grad((x: Tensor) => jvp(f, [x], [v]).tangent)(at), full);
    near(vjp(grad(f), at).pullback(v)[0]!, full);
    near(linearize(grad(f), at).pushforward(v), full);
    near(jacrev(grad(f))(at), jacfwd(jacfwd(f))(at));
  });

  test("vmap of scan, grad of vmap of scan, jacrev of scan", () => {
    const f = (x: Tensor): Tensor => powerByScan(x, 5);
    near(vmap(f)(xs), xs.pow(5));
    near(grad((x: Tensor) => vmap(f)(x).sum())(xs), xs.pow(4).mul(5));
    near(vmap(grad(f))(xs), xs.pow(4).mul(5));
    near(vmap(grad(grad(f)))(xs), xs.pow(3).mul(20));
    near(jacrev(vmap(f))(xs), jacfwd(vmap(f))(xs));
    near(jet(f, tensor(2), [tensor(1), null, null]).series[2]!, tensor(60 * 4));
  });

  test("scan over slices: gradients for carry, slices and what the body closes over", () => {
    const run = (x0: Tensor, slices: Tensor, w: Tensor): Tensor =>
      scan((c: Tensor, s: Tensor) => [c.mul(w).add(s), c.mul(s)], x0, slices).ys.sum();
    const slices = tensor([1, 2, 3]);
    // ys = x₀s₀, (wx₀+s₀)s₁, (w²x₀+ws₀+s₁)s₂
    const [dx0, ds, dw] = grad(run, { argnums: [0, 1, 2] })(tensor(0.5), slices, tensor(0.25));
    near(dx0, tensor(1 + 0.25 * 2 + 0.0625 * 3));
    near(ds, tensor([0.5 + 2 + 0.75, 0.125 + 1 + 3, 0.0625 * 0.5 + 0.25 + 2]));
    near(dw, tensor(0.5 * 2 + (2 * 0.25 * 0.5 + 1) * 3));
  });

  test("reversed scan: suffix sums and their gradient", () => {
    const suffix = (x: Tensor): Tensor =>
      scan(
        (c: Tensor, s: Tensor) => {
          const next = c.add(s);
          return [next, next];
        },
        tensor(0),
        x,
        { reverse: true },
      ).ys;
    near(suffix(tensor([1, 2, 3])), tensor([6, 5, 3]));
    near(grad((x: Tensor) => suffix(x).at(1))(tensor([1, 2, 3])), tensor([0, 1, 1]));
  });

  test("scan inside of scan, differentiated twice", () => {
    const f = (x: Tensor): Tensor =>
      scan((c: Tensor) => [c.add(powerByScan(x, 3)), null], tensor(0), null, { length: 4 }).carry;
    near(hessian(f)(tensor(1.5)), tensor(4 * 6 * 1.5));
  });

  test("grad, hessian, jet and vmap of a function with whileLoop inside", () => {
    const at = tensor(3);
    near(heron(at), at.sqrt());
    near(grad(heron)(at), tensor(0.5 / Math.sqrt(3)));
    near(hessian(heron)(at), tensor(-0.25 * 3 ** -1.5));
    near(jacfwd(heron)(at), tensor(0.5 / Math.sqrt(3)));
    near(jet(heron, at, [tensor(1), null]).series[1]!, tensor(-0.25 * 3 ** -1.5));
    const many = tensor([0.25, 3, 1e4]);
    near(vmap(heron)(many), many.sqrt());
    near(vmap(grad(heron))(many), many.sqrt().pow(-1).mul(0.5));
    near(grad((x: Tensor) => vmap(heron)(x).sum())(many), many.sqrt().pow(-1).mul(0.5));
    near(vmap(hessian(heron))(many), many.pow(-1.5).mul(-0.25));
  });

  test("whileLoop that does not run: the derivative is that of the start", () => {
    const f = (x: Tensor): Tensor =>
      whileLoop(
        (c) => c.less(0),
        (c) => c.mul(2),
        x.square(),
      );
    near(grad(f)(tensor(3)), tensor(6));
    near(vmap(grad(f))(tensor([3, 4])), tensor([6, 8]));
  });

  test("cond under grad, vmap, hessian, jet and both ways round", () => {
    near(grad(piecewise)(tensor(0.5)), tensor(1));
    near(grad(piecewise)(tensor(3)), tensor(2));
    near(vmap(piecewise)(xs), tensor([0.09, 0.49, 1.4, 4]));
    near(vmap(grad(piecewise))(xs), tensor([0.6, -1.4, 2, 2]));
    near(grad((x: Tensor) => vmap(piecewise)(x).sum())(xs), tensor([0.6, -1.4, 2, 2]));
    near(vmap(hessian(piecewise))(xs), tensor([2, 2, 0, 0]));
    near(jet(piecewise, tensor(0.5), [tensor(1), null]).series[1]!, tensor(2));
  });

  test("cond of branches that keep different things for reverse mode", () => {
    const f = (x: Tensor, y: Tensor): Tensor =>
      cond(
        x.less(y),
        (a, b) => sin(a).mul(exp(b)),
        (a, b) => a.mul(b).mul(b),
        x,
        y,
      );
    const [dx, dy] = grad(f, { argnums: [0, 1] })(tensor(1), tensor(2));
    near(dx, tensor(Math.cos(1) * Math.exp(2)));
    near(dy, tensor(Math.sin(1) * Math.exp(2)));
    const [ex, ey] = vmap(grad(f, { argnums: [0, 1] }))(tensor([1, 3]), tensor([2, 2]));
    near(ex, tensor([Math.cos(1) * Math.exp(2), 4]));
    near(ey, tensor([Math.sin(1) * Math.exp(2), 12]));
  });

  test("switchCase clamps its index and differentiates", () => {
    const branches = [(x: Tensor) => x, (x: Tensor) => x.square(), (x: Tensor) => x.pow(3)];
    const f = (i: Tensor, x: Tensor): Tensor => switchCase(i, branches, x);
    const index = tensor([-5, 0, 1, 2, 9], { dtype: "int32" });
    near(vmap(f, { inAxes: [0, null] })(index, tensor(2)), tensor([2, 2, 4, 8, 8]));
    const slope = grad(f, { argnums: 1 });
    near(vmap(slope, { inAxes: [0, null] })(index, tensor(2)), tensor([1, 1, 4, 12, 12]));
  });

  test("checkpoint inside of scan under grad, hessian and vmap", () => {
    const f = (w: Tensor): Tensor =>
      scan(
        checkpoint((c: Tensor, s: Tensor) => [sin(c.mul(w)).add(s), c] as [Tensor, Tensor]),
        tensor(0.1),
        xs,
      ).ys.sum();
    const plain = (w: Tensor): Tensor =>
      scan((c: Tensor, s: Tensor) => [sin(c.mul(w)).add(s), c], tensor(0.1), xs).ys.sum();
    const at = tensor(0.9);
    near(grad(f)(at), grad(plain)(at));
    near(hessian(f)(at), hessian(plain)(at));
    near(vmap(grad(f))(tensor([0.9, 0.2])), vmap(grad(plain))(tensor([0.9, 0.2])));
  });

  test("checkpoint around loops and branches under grad, hessian, vmap and jit", () => {
    const body = (w: Tensor): Tensor => {
      const { carry, ys } = scan(
        (c: Tensor, s: Tensor) => [sin(c.mul(w)).add(s), piecewise(c.mul(s))],
        tensor(0.1),
        xs,
      );
      return ys.sum().add(carry).mul(powerByScan(w, 3));
    };
    const f = checkpoint(body);
    const nested = checkpoint((w: Tensor) => checkpoint(body)(w.mul(w)));
    const at = tensor(0.9);
    near(grad(f)(at), grad(body)(at));
    near(hessian(f)(at), hessian(body)(at));
    near(jit(grad(f))(at), grad(body)(at));
    near(vmap(grad(f))(tensor([0.9, 0.2])), vmap(grad(body))(tensor([0.9, 0.2])));
    near(grad(nested)(at), grad((w: Tensor) => body(w.mul(w)))(at));
    near(linearize(f, at).pushforward(tensor(2)), grad(body)(at).mul(2));
  });

  test("checkpoint around a loop of unknown length: forward mode, and reverse mode with a bound", () => {
    const at = tensor(2.25);
    near(jvp(checkpoint(heron), [at], [tensor(1)]).tangent, tensor(1 / 3));
    near(grad(checkpoint(boundedHeron))(at), tensor(1 / 3));
  });

  test("jit inside and outside of everything", () => {
    const f = jit((x: Tensor) => sin(x).mul(x));
    const at = tensor(0.6);
    const first = Math.cos(0.6) * 0.6 + Math.sin(0.6);
    const second = 2 * Math.cos(0.6) - 0.6 * Math.sin(0.6);
    near(grad(f)(at), tensor(first));
    near(jit(grad(f))(at), tensor(first));
    near(grad(jit(grad(f)))(at), tensor(second));
    near(vmap(jit(grad(f)))(xs), jit(vmap(grad(f)))(xs));
    near(jet(f, at, [tensor(1), null]).series[1]!, tensor(second));
    near(jit(hessian(jit(f)))(at), tensor(second));
    near(grad((w: Tensor) => jit((x: Tensor) => x.mul(w))(at))(tensor(3)), at);
    near(jit((x: Tensor) => vmap(grad(boundedHeron))(x))(xs.abs()), xs.abs().sqrt().pow(-1).mul(0.5));
  });

  test("customJvp: every other transform follows from the rule", () => {
    // The derivative of log(1 + eˣ), stable for large x, with a marked factor to see that the rule is used.
    const softplus = customJvp(
      (x: Tensor) => log(exp(x).add(1)),
      ([x], [t]) => t.mul(exp(x.neg()).add(1).pow(-1)).mul(10),
    );
    const slope = (x: Tensor): Tensor => exp(x.neg()).add(1).pow(-1).mul(10);
    const at = tensor(0.3);
    near(grad(softplus)(at), slope(at));
    near(jvp(softplus, [at], [tensor(2)]).tangent, slope(at).mul(2));
    near(vmap(grad(softplus))(xs), slope(xs));
    near(grad((x: Tensor) => vmap(softplus)(x).sum())(xs), slope(xs));
    near(grad(grad(softplus))(at), grad(slope)(at));
    near(jit(grad(softplus))(at), slope(at));
    near(jet(softplus, at, [tensor(1), null, null]).series[2]!, grad(grad(slope))(at));
    near(
      grad((x: Tensor) => scan((c: Tensor) => [softplus(c), null], x, null, { length: 2 }).carry)(at),
      slope(log(exp(at).add(1))).mul(slope(at)),
    );
  });

  test("customVjp: reverse mode, vmap, second order in reverse", () => {
    const clipped = customVjp((x: Tensor) => x.square(), {
      forward: (x) => [x.square(), x],
      backward: (x, c) => [c.mul(x).mul(2).minimum(1)],
    });
    near(vmap(grad(clipped))(xs), xs.mul(2).minimum(1));
    near(grad((x: Tensor) => vmap(clipped)(x).sum())(xs), xs.mul(2).minimum(1));
    near(grad(grad(clipped))(tensor(0.2)), tensor(2));
    near(jit(grad(clipped))(tensor(3)), tensor(1));
    near(
      grad((x: Tensor) => scan((c: Tensor) => [clipped(c), null], x, null, { length: 2 }).carry)(tensor(0.6)),
      tensor(0.72 * 0.6 * 2),
    );
  });

  test("vmap over matrices: solve, and its gradient inside", () => {
    const a = tensor([
      [
        [2, 1],
        [1, 3],
      ],
      [
        [4, 0],
        [1, 5],
      ],
    ]);
    const b = tensor([1, 2]);
    const f = (m: Tensor): Tensor => solve(m, b).sum();
    const inner = vmap(grad(f))(a);
    const one = (m: Tensor): Tensor => {
      // d sum(A⁻¹b) = -(A⁻ᵀ1)(A⁻¹b)ᵀ
      const left = solve(m.mT(), tensor([1, 1])).reshape([2, 1]);
      return left.matmul(solve(m, b).reshape([1, 2])).neg();
    };
    near(inner, vmap(one)(a));
  });

  test("stopGradient, valueAndGrad with aux, trace of a gradient", () => {
    const f = (x: Tensor): Tensor => x.mul(stopGradient(x));
    near(grad(f)(tensor(3)), tensor(3));
    const {
      value,
      grad: g,
      aux,
    } = valueAndGrad((x: Tensor) => [x.sum(), { twice: x.mul(2) }] as const, {
      hasAux: true,
    })(xs);
    near(value, xs.sum());
    near(g, xs.mul(0).add(1));
    near(aux.twice, xs.mul(2));
    const text = String(trace(grad((x: Tensor) => x.sin().sum()))(xs));
    expect(text).toContain("cos a");
    expect(text.split("\n").length).toBeLessThan(6);
  });
});
