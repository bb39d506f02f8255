// The problems of test/reference/ode.py as right-hand sides on tensors.

import { arange, concat, eye, stack, type Tensor } from "polyadic";

type Side = (t: Tensor, y: Tensor) => Tensor;

const parts = (y: Tensor): Tensor[] => Array.from({ length: y.size }, (_, i) => y.at(i));

export const problems: Readonly<Record<string, Side>> = {
  decay: (_t, y) => y.mul(-0.5),
  oscillator: (_t, y) => stack([y.at(1), y.at(0).mul(-4)]),
  lotkaVolterra: (_t, y) => {
    const [a, b] = parts(y) as [Tensor, Tensor];
    return stack([a.mul(1.5).sub(a.mul(b)), a.mul(b).sub(b.mul(3))]);
  },
  arenstorf: (_t, u) => {
    const mu = 0.012277471;
    const [x, y, v, w] = parts(u) as [Tensor, Tensor, Tensor, Tensor];
    const d1 = x.add(mu).square().add(y.square()).pow(1.5);
    const d2 = x
      .sub(1 - mu)
      .square()
      .add(y.square())
      .pow(1.5);
    const pull = (earth: Tensor, moon: Tensor): Tensor =>
      earth
        .mul(1 - mu)
        .div(d1)
        .add(moon.mul(mu).div(d2));
    return stack([
      v,
      w,
      x.add(w.mul(2)).sub(pull(x.add(mu), x.sub(1 - mu))),
      y.sub(v.mul(2)).sub(pull(y, y)),
    ]);
  },
  pleiades: (_t, u) => {
    const [x, y] = [u.at("0:7"), u.at("7:14")];
    const across = (p: Tensor): Tensor => p.reshape([1, 7]).sub(p.reshape([7, 1]));
    const [dx, dy] = [across(x), across(y)];
    const r = dx.square().add(dy.square()).pow(1.5).add(eye(7));
    const masses = arange(1, 8);
    const pull = (d: Tensor): Tensor => masses.mul(d).div(r).sum({ axis: 1 });
    return concat([u.at("14:"), pull(dx), pull(dy)]);
  },
  vanDerPol: (_t, y) => {
    const [a, b] = parts(y) as [Tensor, Tensor];
    return stack([b, a.square().neg().add(1).mul(b).mul(1000).sub(a)]);
  },
  robertson: (_t, y) => {
    const [a, b, c] = parts(y) as [Tensor, Tensor, Tensor];
    const r1 = b.mul(c).mul(1e4).sub(a.mul(0.04));
    const r3 = b.square().mul(3e7);
    return stack([r1, r1.neg().sub(r3), r3]);
  },
};

/** Orders between neighbours of errors for steps halved each time. */
export const orders = (errors: readonly number[]): number[] =>
  errors.slice(1).map((error, i) => Math.log2(errors[i]! / error));

/** The slope of the line through log2 errors, for steps halved each time. */
export function fittedOrder(errors: readonly number[]): number {
  const n = errors.length;
  const middle = (n - 1) / 2;
  let top = 0;
  let bottom = 0;
  errors.forEach((error, i) => {
    top -= (i - middle) * Math.log2(error);
    bottom += (i - middle) ** 2;
  });
  return top / bottom;
}
