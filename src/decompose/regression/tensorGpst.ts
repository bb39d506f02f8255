// Regression of a number on small images of several channels: a Gaussian process on a down-sampling of the image that is learned
// with it, sparse and smooth. Source: Sun, Manchester, Jin, Liu, Chen, "Tensor Gaussian process with contraction for
// multi-channel imaging analysis" (2023).

import { take } from "../../ops/gather.ts";
import { proxTotalVariation1d, softThreshold } from "../../optim/proximal.ts";
import { normal, permutation } from "../../random/distributions.ts";
import { foldIn, type Key, split } from "../../random/key.ts";
import { checkCount, checkPositive } from "../../tensor/check.ts";
import { eye, fromTypedArray } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkColumn, checkFiniteRows, realNumbers } from "../base/observations.ts";
import {
  type Block,
  COMPILED,
  features,
  type Images,
  laidOut,
  type Params,
  predictor,
  VIEWS,
  type View,
} from "./contractedProcess.ts";
import { heldOutFit } from "./heldOut.ts";

export interface TensorGpData {
  /** `[N, H, W, C]` */
  readonly x: Tensor;
  /** `[N]` */
  readonly y: Tensor;
}

export interface TensorGpOptions extends IterationOptions {
  /** Rows of the factors of the kernel along height, width and channels. */
  readonly ranks: readonly [number, number, number];
  /** First step of every block; halved while the objective would rise. 1e-2 unless told. */
  readonly learningRate?: number;
  /** 500 unless told. */
  readonly maxIterations?: number;
  /** Relative change of the objective in an iteration at which to stop, 1e-4 unless told. */
  readonly tol?: number;
  /** Random starts, of which the best is kept; 3 unless told. */
  readonly restarts?: number;
  /**
   * Share of the images by which the start, the iteration and the noise are chosen, and which the kernel is not fitted to; 1/3 unless
   * told. 0 chooses all three by the objective, as published. Where the share is below four images, none are held out.
   */
  readonly heldOut?: number;
}

export interface TensorGpstOptions extends TensorGpOptions {
  /** Height and width of the image after the contraction. */
  readonly latent: readonly [number, number];
  /** Weight of ‖∇B‖₁‖A‖₁ + ‖∇A‖₁‖B‖₁ beside the negative log likelihood of all images. */
  readonly lambda: number;
}

export interface TensorGp {
  /** Means and variances `[M]` of y without noise, for images `[M, H, W, C]`. */
  predict(x: Tensor): { readonly mean: Tensor; readonly variance: Tensor };
  /** `[h, H]` and `[w, W]`: what is summed into each latent row and column. */
  readonly A: Tensor;
  readonly B: Tensor;
  /** `[r_1, h]`, `[r_2, w]`, `[r_3, C]`: K_j = U_jᵀ U_j. */
  readonly U: readonly [Tensor, Tensor, Tensor];
  /** Standard deviation of what an observation adds to the process, in units of y: bands are mean ± c √(variance + noise²). */
  readonly noise: number;
  /** The objective after each iteration of the kept start. */
  readonly history: readonly number[];
  readonly iterations: number;
  /** Whether the start stopped by itself before `maxIterations`. */
  readonly converged: boolean;
}

const FIRST_NOISE = 0.5;
const HALVINGS = 12;
/** Iterations without a better loss on held-out images after which a start ends. */
const PATIENCE = 30;
const FEWEST_HELD = 4;

/**
 * y = f(X ×₁ A ×₂ B) + noise with a Gaussian process f whose kernel is a product over modes. Minimises the negative log marginal
 * likelihood plus λ(‖∇B‖₁‖A‖₁ + ‖∇A‖₁‖B‖₁) block by block: proximal gradient steps for A and B (exact fused lasso), gradient steps
 * for the kernel's factors and the noise, each step halved until the objective does not rise. y is standardised inside.
 * O(N (h H W + w h W) C + N R² + R³) a step, R = r_1 r_2 r_3.
 *
 * @throws ShapeError for images that are not `[N, H, W, C]` or y that is not `[N]`; DomainError for fewer than three images,
 * pixels that are not finite, a latent image larger than the image, options out of range; AbortedError.
 */
export function tensorGpst(key: Key, data: TensorGpData, options: TensorGpstOptions): TensorGp {
  const { latent, lambda } = options;
  if (!(lambda >= 0 && Number.isFinite(lambda)))
    throw new DomainError(`tensorGpst: lambda: a number of at least 0 was expected, got ${lambda}`);
  const { shape } = data.x;
  if (!(Array.isArray(latent) && latent.length === 2))
    throw new ShapeError(`tensorGpst: latent: height and width were expected, got ${String(latent)}`);
  latent.forEach((size, k) => {
    checkCount("tensorGpst: latent", size);
    if (data.x.ndim === 4 && size > shape[k + 1]!)
      throw new DomainError(
        `tensorGpst: latent: at most ${shape[k + 1]} was expected along axis ${k + 1} of the images, got ${size}`,
      );
  });
  return fitProcess("tensorGpst", key, data, options, { latent, lambda });
}

/** The same without contraction: A and B are identities. Throws what `tensorGpst` throws. */
export function tensorGp(key: Key, data: TensorGpData, options: TensorGpOptions): TensorGp {
  return fitProcess("tensorGp", key, data, options, null);
}

interface Contraction {
  readonly latent: readonly [number, number];
  readonly lambda: number;
}

function fitProcess(
  what: string,
  key: Key,
  data: TensorGpData,
  options: TensorGpOptions,
  contraction: Contraction | null,
): TensorGp {
  const { learningRate = 1e-2, maxIterations = 500, tol = 1e-4, restarts = 3, heldOut = 1 / 3 } = options;
  checkCount(`${what}: maxIterations`, maxIterations);
  checkCount(`${what}: restarts`, restarts);
  checkPositive(`${what}: learningRate`, learningRate);
  if (!(tol >= 0)) throw new DomainError(`${what}: tol: a number of at least 0 was expected, got ${tol}`);
  if (!(heldOut >= 0 && heldOut < 1))
    throw new DomainError(`${what}: heldOut: a share from 0 to below 1 was expected, got ${heldOut}`);
  if (!(Array.isArray(options.ranks) && options.ranks.length === 3))
    throw new ShapeError(`${what}: ranks: three were expected, got ${String(options.ranks)}`);
  for (const rank of options.ranks) checkCount(`${what}: ranks`, rank);
  const { x: images, y, mean, scale } = checkData(data, what);
  const [startKey, orderKey] = split(key) as [Key, Key];
  const { seen, unseen } = divided(orderKey, images, y, heldOut);
  const blocks: readonly Block[] = contraction
    ? ["A", "B", "U1", "U2", "U3", "logNoise"]
    : ["U1", "U2", "U3", "logNoise"];
  const lambda = contraction?.lambda ?? 0;
  let kept: Descent | null = null;
  for (let start = 0; start < restarts; start++) {
    checkAborted(options.signal, what);
    const first = startParams(foldIn(startKey, start), images.shape, options.ranks, contraction);
    const run = descend(first, seen, unseen, {
      blocks,
      lambda,
      learningRate,
      maxIterations,
      tol,
      watch: (iterations) => {
        checkAborted(options.signal, what);
        options.onProgress?.({
          fraction: (start + iterations / maxIterations) / restarts,
          stage: `start ${start + 1}`,
        });
      },
    });
    if (!kept || run.best < kept.best) kept = run;
  }
  const { history, converged } = kept!;
  const params = unseen ? withUncertainNoise(kept!.params, unseen.y.size) : kept!.params;
  const predict = predictor(laidOut(images), y, params);
  return {
    predict: (more) => {
      const [, h, w, c] = images.shape;
      if (more.ndim !== 4 || more.shape[1] !== h || more.shape[2] !== w || more.shape[3] !== c)
        throw new ShapeError(
          `${what}: predict: x: shape [M, ${h}, ${w}, ${c}] was expected, got ${formatShape(more.shape)}`,
        );
      const data = realNumbers(more, `${what}: predict: x`);
      checkFiniteRows(data, data.length / more.shape[0]!, `${what}: predict: x`);
      const found = predict(laidOut(more.astype("float64")));
      return { mean: found.mean.mul(scale).add(mean), variance: found.variance.mul(scale ** 2) };
    },
    A: params.A,
    B: params.B,
    U: [params.U1, params.U2, params.U3],
    noise: scale * Math.exp(params.logNoise.item() / 2),
    history,
    iterations: history.length,
    converged,
  };
}

interface Sample {
  readonly x: Images;
  readonly y: Tensor;
}

interface Descent {
  readonly params: Params;
  /** The objective, or the loss on held-out images: what the best parameters were chosen by. */
  readonly best: number;
  readonly history: readonly number[];
  readonly converged: boolean;
}

interface DescentOptions {
  readonly blocks: readonly Block[];
  readonly lambda: number;
  readonly learningRate: number;
  readonly maxIterations: number;
  readonly tol: number;
  /** Called after each iteration; throws to abort. */
  readonly watch: (iterations: number) => void;
}

/** One start: steps block by block on `seen`, from which the best iteration is kept, by `unseen` if there is such. */
function descend(first: Params, seen: Sample, unseen: Sample | null, options: DescentOptions): Descent {
  const { blocks, lambda, learningRate, maxIterations, tol } = options;
  const penalty = (p: Params): number => (lambda === 0 ? 0 : lambda * roughness(p));
  let params = first;
  let now = Number.POSITIVE_INFINITY;
  let best = { params, value: now, iteration: 0 };
  const history: number[] = [];
  let converged = false;
  while (history.length < maxIterations && !converged) {
    let view: View | null = null;
    let reduced = seen.x.byRow;
    for (const block of blocks) {
      if (VIEWS[block] !== view) {
        view = VIEWS[block];
        reduced = view.reduce(seen.x, params);
      }
      const { value: smooth, grad } = COMPILED[block].slope(reduced, seen.y, params);
      const before = smooth.item() + penalty(params);
      let rate = learningRate;
      now = before;
      for (let halving = 0; halving < HALVINGS; halving++, rate /= 2) {
        const next = moved(params, block, grad, rate, lambda);
        // With A or B gone nothing of the images is left, every gradient vanishes, and no later step could come back.
        if ((block === "A" || block === "B") && l1(next[block]) === 0) continue;
        const then = COMPILED[block].value(reduced, seen.y, next).item() + penalty(next);
        if (!(then <= before)) continue;
        params = next;
        now = then;
        break;
      }
      if (block === "B") params = rescaled(params);
    }
    history.push(now);
    const [value, candidate] = unseen ? judged(params, seen, unseen) : [now, params];
    if (value < best.value) best = { params: candidate, value, iteration: history.length };
    const earlier = history.at(-2);
    converged =
      (earlier !== undefined && Math.abs(earlier - now) <= tol * Math.abs(now)) ||
      (unseen !== null && history.length - best.iteration >= PATIENCE);
    options.watch(history.length);
  }
  return { params: best.params, best: best.value, history, converged };
}

/** The loss on images that had no part in the steps, and the parameters with the noise that suits them. */
function judged(params: Params, seen: Sample, unseen: Sample): [number, Params] {
  const { loss, logNoise } = heldOutFit(
    { g: features(seen.x, params), y: seen.y },
    { g: features(unseen.x, params), y: unseen.y },
  );
  return [loss, { ...params, logNoise: scalar(logNoise) }];
}

/** Images that are fitted and images that are held out, at random; null for the latter where they would be too few. */
function divided(
  key: Key,
  images: Tensor,
  y: Tensor,
  share: number,
): { seen: Sample; unseen: Sample | null } {
  const n = y.size;
  const held = Math.floor(n * share);
  const sample = (rows: Tensor): Sample => ({ x: laidOut(take(images, rows)), y: take(y, rows) });
  if (held < FEWEST_HELD) return { seen: { x: laidOut(images), y }, unseen: null };
  const order = permutation(key, n);
  return { seen: sample(order.at(`${held}:`)), unseen: sample(order.at(`:${held}`)) };
}

const l1 = (x: Tensor): number => {
  let sum = 0;
  for (const value of x.data() as Float64Array) sum += Math.abs(value);
  return sum;
};

/** Σ |differences along each row|. */
function variation(x: Tensor): number {
  const [rows, columns] = x.shape as [number, number];
  const data = x.data() as Float64Array;
  let sum = 0;
  for (let i = 0; i < rows; i++)
    for (let j = 1; j < columns; j++) sum += Math.abs(data[i * columns + j]! - data[i * columns + j - 1]!);
  return sum;
}

const roughness = ({ A, B }: Params): number => variation(B) * l1(A) + variation(A) * l1(B);

function moved(params: Params, block: Block, grad: Tensor, rate: number, lambda: number): Params {
  const stepped = params[block].sub(grad.mul(rate));
  if ((block !== "A" && block !== "B") || lambda === 0) return { ...params, [block]: stepped };
  // Total variation first, then the threshold: in this order they are the map of their sum.
  const other = block === "A" ? params.B : params.A;
  const smooth = proxTotalVariation1d(stepped.contiguous(), lambda * rate * l1(other));
  return { ...params, [block]: softThreshold(smooth, lambda * rate * variation(other)) };
}

const scalar = (value: number): Tensor => fromTypedArray(Float64Array.of(value), [], "float64");

/** The variance of Student's t with as many degrees of freedom as there were residuals to know the noise from. */
const withUncertainNoise = (params: Params, residuals: number): Params => ({
  ...params,
  logNoise: params.logNoise.add(Math.log(residuals / (residuals - 2))),
});

const frobenius = (x: Tensor): number => Math.sqrt(x.square().sum().item());

/** ‖A‖ = 1, and B takes the scale: neither likelihood nor penalty change. */
function rescaled(params: Params): Params {
  const size = frobenius(params.A);
  return size > 0 ? { ...params, A: params.A.div(size), B: params.B.mul(size) } : params;
}

function startParams(
  key: Key,
  [, height, width, channels]: readonly number[],
  ranks: readonly [number, number, number],
  contraction: Contraction | null,
): Params {
  const keys = split(key, 5) as [Key, Key, Key, Key, Key];
  const [h, w] = contraction?.latent ?? [height!, width!];
  const unit = (x: Tensor): Tensor => x.div(frobenius(x));
  return {
    A: contraction ? unit(normal(keys[0], [h, height!])) : eye(height!),
    B: contraction ? normal(keys[1], [w, width!]) : eye(width!),
    U1: unit(normal(keys[2], [ranks[0], h])),
    U2: unit(normal(keys[3], [ranks[1], w])),
    U3: normal(keys[4], [ranks[2], channels!]),
    logNoise: scalar(2 * Math.log(FIRST_NOISE)),
  };
}

function checkData(
  { x, y }: TensorGpData,
  what: string,
): { x: Tensor; y: Tensor; mean: number; scale: number } {
  const images = realNumbers(x, `${what}: x`);
  if (x.ndim !== 4)
    throw new ShapeError(`${what}: x: shape [N, H, W, C] was expected, got ${formatShape(x.shape)}`);
  const n = x.shape[0]!;
  if (n < 3) throw new DomainError(`${what}: at least 3 images were expected, got ${n}`);
  if (x.size === 0) throw new ShapeError(`${what}: x: the images of shape ${formatShape(x.shape)} are empty`);
  checkFiniteRows(images, x.size / n, `${what}: x`);
  checkColumn(y, n, `${what}: y`);
  const values = realNumbers(y, `${what}: y`);
  checkFiniteRows(values, 1, `${what}: y`);
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  const scale = spread > 1e-12 * Math.abs(mean) ? spread : 1;
  const standard = values.map((value) => (value - mean) / scale);
  return {
    x: fromTypedArray(images, x.shape, "float64"),
    y: fromTypedArray(standard, [n], "float64"),
    mean,
    scale,
  };
}
