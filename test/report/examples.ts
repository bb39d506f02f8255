// One small decomposition of every kind, with the tensor that it stands for.
import type { Decomposition } from "../../src/decompose/types.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const filled = (...shape: number[]): Tensor =>
  new Tensor(
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i + shape.length)),
    shape,
    "float64",
  );

export const decompositions: Readonly<Record<string, Decomposition>> = {
  cp: { kind: "cp", weights: filled(2), factors: [filled(4, 2), filled(5, 2), filled(3, 2)] },
  matrix: { kind: "cp", weights: filled(2), factors: [filled(4, 2), filled(5, 2)] },
  tucker: { kind: "tucker", core: filled(2, 3, 1), factors: [filled(4, 2), filled(5, 3), filled(3, 1)] },
  tt: { kind: "tt", cores: [filled(1, 4, 2), filled(2, 5, 3), filled(3, 3, 1)] },
  ring: { kind: "ring", cores: [filled(2, 4, 2), filled(2, 5, 3), filled(3, 3, 2)] },
  tree: {
    kind: "tree",
    tree: [[2, 0], 1],
    leaves: [filled(4, 2), filled(5, 3), filled(3, 2)],
    transfers: [filled(4, 3, 1), filled(2, 2, 4)],
  },
  dense: { kind: "dense", data: filled(3, 2) },
  quantized: {
    kind: "arranged",
    layout: {
      shape: [7, 6],
      padded: [8, 6],
      splits: [
        [2, 2, 2],
        [2, 3],
      ],
      order: [0, 3, 1, 4, 2],
    },
    inner: {
      kind: "tt",
      cores: [filled(1, 2, 2), filled(2, 2, 2), filled(2, 2, 3), filled(3, 3, 2), filled(2, 2, 1)],
    },
  },
};
