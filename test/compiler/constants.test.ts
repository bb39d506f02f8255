// Tensors that a compiled function captures: views of all kinds, and what they take of the arena.

import { explain, jit } from "polyadic/compiler";
import { key, normal } from "polyadic/random";
import type { Tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";

const a = normal(key(1), [60, 40]);
const x = normal(key(2), [40]);

describe("captured tensors", () => {
  const cases: Record<string, (x: Tensor) => Tensor> = {
    "a matrix and its transpose": (v) => a.mT().matmul(a.matmul(v)),
    "a part of a matrix, turned": (v) => a.at("3:50:2", "::-1").mT().matmul(a.at("3:50:2").matmul(v)),
    "a column, stretched": (v) => a.at(":40", "2:3").broadcastTo([40, 40]).mul(v).sum({ axis: 0 }),
    "three axes in another order": (v) =>
      a
        .reshape([3, 20, 40])
        .transpose([2, 0, 1])
        .mul(v.reshape([40, 1, 1]))
        .sum({ axis: [1, 2] }),
    "two views of one row": (v) =>
      a
        .at(0)
        .mul(v)
        .add(a.at("0:1").sum({ axis: 0 }).mul(v)),
  };
  for (const [what, f] of Object.entries(cases))
    it(what, () => {
      const compiled = jit(f);
      for (let call = 0; call < 2; call++)
        expect(compiled(x).sub(f(x)).abs().max().item()).toBeLessThan(1e-12);
    });

  it("lie in the arena once, whichever way they are turned", () => {
    const one = explain((v: Tensor) => a.matmul(v))(x).arenaBytes;
    const both = explain(cases["a matrix and its transpose"]!)(x).arenaBytes;
    expect(both - one).toBeLessThan(0.1 * 8 * a.size);
  });
});
