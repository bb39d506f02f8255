// Layers without parameters.

import { repeat } from "../../ops/join.ts";
import type { Layer, Pass } from "../../optim/model.ts";
import { checkCount, checkRank } from "../../tensor/check.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Parameters of a layer that has none. */
export type Empty = Record<string, never>;

/** A function as a layer without parameters. */
export const lambda = <X = Tensor, Y = Tensor>(f: (x: X, pass?: Pass) => Y): Layer<Empty, X, Y> => ({
  init: () => ({}),
  apply: (_params, x, pass) => f(x, pass),
});

/** Joins the axes from `start` on (1 unless told, so that examples stay apart). */
export const flatten = (start = 1): Layer<Empty> => {
  checkCount("flatten: start", start, 0);
  return lambda((x) => {
    checkRank("flatten: x", x, start, Number.POSITIVE_INFINITY);
    return x.reshape([...x.shape.slice(0, start), sizeOf(x.shape.slice(start))]);
  });
};

/** Every element of `[N, C, ...spatial]` `factor` times along each spatial axis: nearest-neighbour upsampling. */
export const upsample = (factor: number): Layer<Empty> => {
  checkCount("upsample: factor", factor);
  return lambda((x) => {
    checkRank("upsample: x", x, 3, Number.POSITIVE_INFINITY);
    let y = x;
    for (let axis = 2; axis < x.ndim; axis++) y = repeat(y, factor, axis);
    return y;
  });
};
