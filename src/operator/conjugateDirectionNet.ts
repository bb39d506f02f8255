// A convolutional network from residuals on a grid to search directions: residual blocks on grids that get coarser and
// finer again, without biases.

import { varianceScaling } from "../nn/init/initializers.ts";
import { relu } from "../nn/layers/activations.ts";
import { initAll, type Layers } from "../nn/layers/compose.ts";
import { type ConvParams, conv } from "../nn/layers/conv.ts";
import { upsample } from "../nn/layers/lambda.ts";
import { avgPool } from "../ops/convolution/pooling.ts";
import type { Layer } from "../optim/model.ts";
import { split } from "../random/key.ts";
import { checkCount, checkRank } from "../tensor/check.ts";
import type { DType } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

export interface DirectionNetOptions {
  /** Axes of the grid. */
  readonly dims: 2 | 3;
  /** 16 unless told. */
  readonly channels?: number;
  /** How often the grid is halved; 1 unless told. */
  readonly levels?: number;
  /** Residual blocks on each grid on the way down, and as many on the way up; 2 unless told. */
  readonly blocks?: number;
  /** Residual blocks on the coarsest grid; 4 unless told. */
  readonly bottomBlocks?: number;
  /** float32 unless told. */
  readonly dtype?: DType;
}

/** The weights of all convolutions. */
export interface DirectionNetParams {
  readonly first: ConvParams;
  /** Blocks of each level, finest first. */
  readonly down: readonly (readonly ConvParams[])[];
  readonly bottom: readonly ConvParams[];
  readonly up: readonly (readonly ConvParams[])[];
  readonly last: ConvParams;
}

/**
 * A network from `[batch, 1, ...grid]` to `[batch, 1, ...grid]` that proposes search directions for residuals. Blocks are
 * h + relu(conv(h)) with kernels of 3 points each way; grids are halved by means and doubled by repetition, with what was
 * there before added. There are no biases, so that f(c x) = c f(x) for c > 0. Weights do not depend on the grid: a network
 * trained on one works on others, whose lengths must be divisible by 2^levels. O(points · channels²).
 *
 * Source: after the networks of Kaneda and others (see `dcdm`), which have 16 channels, one level, about three blocks above and four below.
 *
 * @throws DomainError for options out of range; ShapeError for inputs that do not fit.
 */
export function conjugateDirectionNet(options: DirectionNetOptions): Layer<DirectionNetParams> {
  const name = "conjugateDirectionNet";
  const { dims, channels = 16, levels = 1, blocks = 2, bottomBlocks = 4, dtype = "float32" } = options;
  if (dims !== 2 && dims !== 3) throw new DomainError(`${name}: dims must be 2 or 3, got ${String(dims)}`);
  checkCount(`${name}: channels`, channels);
  checkCount(`${name}: levels`, levels, 0);
  checkCount(`${name}: blocks`, blocks, 0);
  checkCount(`${name}: bottomBlocks`, bottomBlocks, 0);
  // A third of LeCun's variance: blocks begin near the identity, and training depends less on the draw.
  const init = varianceScaling({ scale: 1 / 3, fan: "fanIn", distribution: "uniform" });
  const shared = { axes: dims, padding: "same", bias: false, init, dtype } as const;
  const first = conv({ ...shared, in: 1, out: channels, kernel: 3 });
  const inner = conv({ ...shared, in: channels, out: channels, kernel: 3 });
  const last = conv({ ...shared, in: channels, out: 1, kernel: 1 });
  const halves = Array.from({ length: dims }, () => 2);
  const double = upsample(2);
  const stack = (count: number): Layers<readonly ConvParams[]> => Array.from({ length: count }, () => inner);
  const through = (params: readonly ConvParams[], x: Tensor): Tensor =>
    params.reduce((h, block) => h.add(relu(inner.apply(block, h))), x);
  return {
    init: (key) => {
      const [a, b, c, d, e] = split(key, 5);
      const side = (from: Tensor): (readonly ConvParams[])[] =>
        split(from, levels).map((k) => initAll<readonly ConvParams[]>(stack(blocks), k));
      return {
        first: first.init(a!),
        down: side(b!),
        bottom: initAll<readonly ConvParams[]>(stack(bottomBlocks), c!),
        up: side(d!),
        last: last.init(e!),
      };
    },
    apply: (params, x) => {
      checkRank(`${name}: x`, x, dims + 2);
      if (x.shape.slice(2).some((length) => length % 2 ** levels !== 0))
        throw new ShapeError(
          `${name}: x: lengths of the grid divisible by 2^levels = ${2 ** levels} were expected, got shape ${formatShape(x.shape)}`,
        );
      let h = first.apply(params.first, x);
      const held: Tensor[] = [];
      for (const level of params.down) {
        h = through(level, h);
        held.push(h);
        h = avgPool(h, { window: halves });
      }
      h = through(params.bottom, h);
      for (let at = levels - 1; at >= 0; at--)
        h = through(params.up[at]!, double.apply({}, h).add(held[at]!));
      return last.apply(params.last, h);
    },
  };
}
