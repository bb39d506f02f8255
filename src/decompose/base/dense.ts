import { conj } from "../../ops/complex.ts";
import { take } from "../../ops/gather.ts";
import { at } from "../../ops/indexing.ts";
import { ravel } from "../../ops/movement.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { modePositions } from "../tucker/rules.ts";
import type { Dense } from "../types.ts";
import { frobenius } from "./frobenius.ts";
import type { FormatRules } from "./rules.ts";
import { scalarOf } from "./scalars.ts";

const make = (data: Tensor): Dense => ({ kind: "dense", data });

export const denseRules: FormatRules<Dense> = {
  tensors: (d) => ({ data: d.data }),
  shape: (d) => d.data.shape,
  ranks: () => [],
  full: (d) => d.data,
  restrict: (d, positions) =>
    make(positions.reduce<Tensor>((x, indices, axis) => (indices ? take(x, indices, axis) : x), d.data)),
  entries: (d, index, count) =>
    ravel(at(d.data, ...d.data.shape.map((_, k) => modePositions(index, count, d.data.ndim, k)))),
  norm: (d) => frobenius(d.data),
  inner: (a, b) => scalarOf(conj(a.data).mul(b.data).sum()),
  add: (a, b) => make(a.data.add(b.data)),
  scale: (d, factor) => make(d.data.mul(factor)),
  hadamard: (a, b) => make(a.data.mul(b.data)),
  round: (d) => d,
};
