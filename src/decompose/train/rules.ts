import { conj } from "../../ops/complex.ts";
import { contract, matmul } from "../../ops/contract.ts";
import { take } from "../../ops/gather.ts";
import { ravel, reshape } from "../../ops/movement.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import type { FormatRules } from "../base/rules.ts";
import { blockDiagonal, checkSameShape, pairwiseProduct, scalarOf } from "../base/scalars.ts";
import { modePositions } from "../tucker/rules.ts";
import type { TT } from "../types.ts";
import { ttOrthogonalize, ttRound } from "./tt.ts";

const make = (cores: readonly Tensor[]): TT => ({ kind: "tt", cores });
const shapeOf = (d: TT): number[] => d.cores.map((core) => core.shape[1]!);

export const ttRules: FormatRules<TT> = {
  tensors: (d) => Object.fromEntries(d.cores.map((core, k) => [`cores.${k}`, core])),
  shape: shapeOf,
  ranks: (d) => d.cores.slice(1).map((core) => core.shape[0]!),
  full(d) {
    let product = reshape(d.cores[0]!, [d.cores[0]!.shape[1]!, -1]);
    for (const core of d.cores.slice(1)) {
      const [r, n, next] = core.shape as [number, number, number];
      product = reshape(matmul(product, reshape(core, [r, n * next])), [-1, next]);
    }
    return reshape(product, shapeOf(d));
  },
  restrict: (d, positions) =>
    make(d.cores.map((core, k) => (positions[k] ? take(core, positions[k]!, 1) : core))),
  entries(d, index, count) {
    const order = d.cores.length;
    let row: Tensor | null = null;
    d.cores.forEach((core, k) => {
      // [count, r, r'] slices of the core, one per entry.
      const slices = take(core, modePositions(index, count, order, k), 1).transpose([1, 0, 2]);
      row = row ? matmul(row, slices) : slices;
    });
    return ravel(row!);
  },
  norm: (d) => frobenius(ttOrthogonalize(d, 0).cores[0]!),
  inner(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "inner");
    // The product of all transfer matrices, carried as a small matrix [rank of a, rank of b].
    let carried: Tensor | null = null;
    a.cores.forEach((core, k) => {
      const other = b.cores[k]!;
      const right = carried ? contract(carried, other, { axes: [[1], [0]] }) : other;
      carried = contract(conj(core), right, {
        axes: [
          [0, 1],
          [0, 1],
        ],
      });
    });
    return scalarOf(carried!);
  },
  add(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "add");
    const last = a.cores.length - 1;
    if (last === 0) return make([a.cores[0]!.add(b.cores[0]!)]);
    return make(
      a.cores.map((core, k) => blockDiagonal(core, b.cores[k]!, k === 0 ? [2] : k === last ? [0] : [0, 2])),
    );
  },
  scale: (d, factor) => make(d.cores.map((core, k) => (k === 0 ? core.mul(factor) : core))),
  hadamard(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "hadamard");
    return make(a.cores.map((core, k) => pairwiseProduct(core, b.cores[k]!, [0, 2])));
  },
  round: ttRound,
};
