// What a problem for optimizers is.

import type { Key } from "../../random/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Batch, ModelLoss } from "../curvature/modelLoss.ts";

/** A model, its loss and its data. */
export interface Problem<P> {
  readonly name: string;
  /** Parameters to begin with. */
  init(key: Key): P;
  /** A `modelLoss`, so that every optimizer takes it. */
  readonly loss: ModelLoss<P, Batch>;
  readonly train: Batch;
  readonly test: Batch;
}

/** A function of a vector with what is known of its minimum. */
export interface TestFunction {
  readonly name: string;
  /** Of a vector `[n]`, a scalar; of exactly `dimension` numbers where that is given. */
  readonly f: (x: Tensor) => Tensor;
  /** Where runs usually start. */
  readonly start: readonly number[];
  /** One of the points where the minimum is. */
  readonly minimizer: readonly number[];
  readonly minimum: number;
}
