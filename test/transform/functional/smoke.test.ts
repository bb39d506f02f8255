import { exp, sin, type Tensor, tensor } from "polyadic";
import {
  compose,
  type Fn,
  fn,
  grad,
  inner,
  integrate,
  jvp,
  nabla,
  quadrature,
  trace,
  vmap,
} from "polyadic/transform";
import { expect, test } from "vitest";
import { bind } from "../../../src/ops/bind.ts";

void bind;
const scalar = { in: [[]], out: [] } as const;
test("smoke", () => {
  const y = fn(scalar, (x) => sin(x.mul(2)).add(x.pow(3)));
  const f = fn(scalar, (x) => exp(x));
  const F = (y: Fn): Tensor => integrate(nabla(y).square().div(2).add(y.square().div(2)).sub(f.mul(y)));
  console.log(String(trace(F)(y)));
  const g = grad(F)(y);
  for (const x of [0.1, 0.5, 0.9]) {
    const ypp = -4 * Math.sin(2 * x) + 6 * x;
    const want = -ypp + Math.sin(2 * x) + x ** 3 - Math.exp(x);
    console.log(g.call(x).item(), want);
  }
  console.log(String(g), String(y), String(F(y)));
  expect(() => F(y).item()).toThrow(/grid/);
  const rho = fn(scalar, (x) => exp(x.square().neg()));
  const W = (r: Fn): Tensor => integrate(nabla(r).square().div(r.mul(8)));
  console.log(grad(W)(rho).call(0.7).item(), 0.5 - 0.49 / 2);
  // non-local
  const grid = quadrature("legendre", 32, [0, 1]);
  const k = fn({ in: [[], []], out: [] }, (y, x) => exp(x.sub(y).square().neg()));
  const N = (f: Fn): Tensor => {
    const Kf = integrate(
      fn({ in: [[], []], out: [] }, (y, x) => k.call(y, x).mul(f.call(x))),
      { args: 1, grid },
    );
    return integrate(Kf.square(), { grid });
  };
  console.log(String(trace(N)(y)));
  console.log(N(y).item(), grad(N)(y).call(0.3).item());
  const gc = grad((c: Tensor) =>
    integrate(
      fn(scalar, (x) => x.mul(c).square()),
      { grid },
    ),
  )(tensor(1.5));
  console.log(gc.item(), (2 * 1.5) / 3);
  console.log(jvp((f: Fn) => N(f), [y], [y]).tangent.item());
  console.log(
    grad((f: Fn) => inner(grad(N)(f), f, { grid }))(y)
      .call(0.3)
      .item(),
  );
  console.log(vmap((x: Tensor) => g.call(x))(tensor([0.1, 0.5])).toArray());
});
