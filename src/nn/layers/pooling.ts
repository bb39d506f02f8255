// Pooling as layers: windows, or all of a channel.

import {
  type AvgPoolOptions,
  avgPool as average,
  maxPool as largest,
  type MaxPoolOptions,
} from "../../ops/convolution/pooling.ts";
import type { Layer } from "../../optim/model.ts";
import { checkRank } from "../../tensor/check.ts";
import { type Empty, lambda } from "./lambda.ts";

/** The largest element of each window of `[N, C, ...spatial]`; options and errors as for `maxPool` of `polyadic/ops`. */
export const maxPool = (options: MaxPoolOptions): Layer<Empty> => lambda((x) => largest(x, options));

/** The mean of each window of `[N, C, ...spatial]`; options and errors as for `avgPool` of `polyadic/ops`. */
export const avgPool = (options: AvgPoolOptions): Layer<Empty> => lambda((x) => average(x, options));

const spatialAxes = (ndim: number): number[] => Array.from({ length: ndim - 2 }, (_, i) => i + 2);

/** The mean of each channel: `[N, C, ...spatial]` to `[N, C]`. Throws ShapeError without spatial axes. */
export const globalAvgPool = (): Layer<Empty> =>
  lambda((x) => {
    checkRank("globalAvgPool: x", x, 3, Number.POSITIVE_INFINITY);
    return x.mean({ axis: spatialAxes(x.ndim) });
  });

/** The largest element of each channel: `[N, C, ...spatial]` to `[N, C]`. Throws ShapeError without spatial axes. */
export const globalMaxPool = (): Layer<Empty> =>
  lambda((x) => {
    checkRank("globalMaxPool: x", x, 3, Number.POSITIVE_INFINITY);
    return x.max({ axis: spatialAxes(x.ndim) });
  });
