// Regression of a number on small images of several channels: a Gaussian process on a down-sampling of the image that is learned
// with it, sparse and smooth. Source: Sun, Manchester, Jin, Liu, Chen, "Tensor Gaussian process with contraction for
// multi-channel imaging analysis" (2023).

import { jit } from "../../compiler/jit.ts";
import { kron } from "../../linalg/constructors/structured.ts";
import { cholesky } from "../../linalg/systems/cholesky.ts";
import { solveTriangular } from "../../linalg/systems/solveTriangular.ts";
import { matmul } from "../../ops/contract.ts";
import { diagonal, mT, transpose } from "../../ops/movement.ts";
import { proxTotalVariation1d, softThreshold } from "../../optim/proximal.ts";
import { normal } from "../../random/distributions.ts";
import { foldIn, type Key, split } from "../../random/key.ts";
import { checkCount, checkPositive } from "../../tensor/check.ts";
import { eye, fromTypedArray } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { valueAndGrad } from "../../transform/gradient.ts";
import { checkColumn, checkFiniteRows, realNumbers } from "../base/observations.ts";

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
  /** Standard deviation of the noise, in units of y. */
  readonly noise: number;
  /** The objective after each iteration of the kept start. */
  readonly history: readonly number[];
  readonly iterations: number;
  readonly converged: boolean;
}

interface Params {
  readonly A: Tensor;
  readonly B: Tensor;
  readonly U1: Tensor;
  readonly U2: Tensor;
  readonly U3: Tensor;
  /** log σ² */
  readonly logNoise: Tensor;
}

type Block = keyof Params;

const FIRST_NOISE = 0.5;
const HALVINGS = 12;

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
  const { learningRate = 1e-2, maxIterations = 500, tol = 1e-4, restarts = 3 } = options;
  checkCount(`${what}: maxIterations`, maxIterations);
  checkCount(`${what}: restarts`, restarts);
  checkPositive(`${what}: learningRate`, learningRate);
  if (!(tol >= 0)) throw new DomainError(`${what}: tol: a number of at least 0 was expected, got ${tol}`);
  if (!(Array.isArray(options.ranks) && options.ranks.length === 3))
    throw new ShapeError(`${what}: ranks: three were expected, got ${String(options.ranks)}`);
  for (const rank of options.ranks) checkCount(`${what}: ranks`, rank);
  const { x: images, y, mean, scale } = checkData(data, what);
  const x = laidOut(images);
  const lambda = contraction?.lambda ?? 0;
  const blocks: readonly Block[] = contraction
    ? ["A", "B", "U1", "U2", "U3", "logNoise"]
    : ["U1", "U2", "U3", "logNoise"];
  const penalty = (p: Params): number => (lambda === 0 ? 0 : lambda * roughness(p));
  let kept: { params: Params; best: number; history: number[]; converged: boolean } | null = null;
  for (let start = 0; start < restarts; start++) {
    let params = startParams(foldIn(key, start), images.shape, options.ranks, contraction);
    let now = Number.POSITIVE_INFINITY;
    let best = { params, value: now };
    const history: number[] = [];
    let converged = false;
    while (history.length < maxIterations && !converged) {
      checkAborted(options.signal, what);
      let view: View | null = null;
      let reduced = x.byRow;
      for (const block of blocks) {
        if (VIEWS[block] !== view) {
          view = VIEWS[block];
          reduced = view.reduce(x, params);
        }
        const { value: smooth, grad } = COMPILED[block].slope(reduced, y, params);
        const before = smooth.item() + penalty(params);
        let rate = learningRate;
        now = before;
        for (let halving = 0; halving < HALVINGS; halving++, rate /= 2) {
          const next = moved(params, block, grad, rate, lambda);
          // With A or B gone nothing of the images is left, every gradient vanishes, and no later step could come back.
          if ((block === "A" || block === "B") && l1(next[block]) === 0) continue;
          const then = COMPILED[block].value(reduced, y, next).item() + penalty(next);
          if (!(then <= before)) continue;
          params = next;
          now = then;
          break;
        }
        if (block === "B") params = rescaled(params);
      }
      history.push(now);
      if (now < best.value) best = { params, value: now };
      const earlier = history.at(-2);
      converged = earlier !== undefined && Math.abs(earlier - now) <= tol * Math.abs(now);
      options.onProgress?.({
        fraction: (start + history.length / maxIterations) / restarts,
        stage: `start ${start + 1}`,
      });
    }
    if (!kept || best.value < kept.best) kept = { params: best.params, best: best.value, history, converged };
  }
  const { params, history, converged } = kept!;
  const predict = predictor(x, y, params);
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

/** The images with the axis to be contracted last in front, `[N, H, C W]` and `[N, W, C H]`: tall products, no gathers. */
interface Images {
  readonly byRow: Tensor;
  readonly byColumn: Tensor;
}

function laidOut(x: Tensor): Images {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  return {
    byRow: transpose(x, [0, 1, 3, 2]).reshape([n, h, c * w]),
    byColumn: transpose(x, [0, 2, 3, 1]).reshape([n, w, c * h]),
  };
}

/**
 * The entries of (U3 ⊗ U2 ⊗ U1) vec(X ×₁ A ×₂ B), `[N, R]`, in two steps, the first of which does not depend on some blocks
 * and is done once for their steps. Each view has an order of its own for the R features; the kernel does not see it.
 */
interface View {
  reduce(x: Images, params: Params): Tensor;
  features(reduced: Tensor, params: Params): Tensor;
}

/** Contracts the last axis of `[N, a, b]` with the rows of a matrix, and brings the other axis to the end. */
const contracted = (x: Tensor, rows: Tensor): Tensor => mT(matmul(x, mT(rows))).contiguous();

const flat = (x: Tensor): Tensor => x.reshape([x.shape[0]!, -1]);

const HEIGHT: View = {
  reduce: ({ byRow }, { U2, B, U3 }) => contracted(byRow, kron(U3, matmul(U2, B))),
  features: (reduced, { U1, A }) => flat(matmul(reduced, mT(matmul(U1, A)))),
};

const WIDTH: View = {
  reduce: ({ byColumn }, { U1, A, U3 }) => contracted(byColumn, kron(U3, matmul(U1, A))),
  features: (reduced, { U2, B }) => flat(matmul(reduced, mT(matmul(U2, B)))),
};

const LATENT: View = {
  // [N, C w, h]
  reduce: ({ byRow }, { A, B, U3 }) =>
    matmul(contracted(byRow, kron(eye(U3.shape[1]!), B)), mT(A)).contiguous(),
  features: (z, { U1, U2, U3 }) => flat(matmul(mT(matmul(z, mT(U1))), mT(kron(U3, U2)))),
};

const VIEWS: Readonly<Record<Block, View>> = {
  A: HEIGHT,
  B: WIDTH,
  U1: LATENT,
  U2: LATENT,
  U3: LATENT,
  logNoise: LATENT,
};

/** ½(log det K + yᵀ K⁻¹ y) for K = G Gᵀ + σ² I, through the smaller of the two Gram matrices. */
function likelihood(g: Tensor, y: Tensor, logNoise: Tensor): Tensor {
  const [n, r] = g.shape as [number, number];
  const noise = logNoise.exp();
  if (n <= r) {
    const l = cholesky(matmul(g, mT(g)).add(eye(n).mul(noise)));
    const z = solveTriangular(l, y, { lower: true });
    return diagonal(l).log().sum().add(z.square().sum().mul(0.5));
  }
  const l = cholesky(matmul(mT(g), g).add(eye(r).mul(noise)));
  const z = solveTriangular(l, matmul(mT(g), y), { lower: true });
  const fitted = y.square().sum().sub(z.square().sum()).div(noise);
  return diagonal(l)
    .log()
    .sum()
    .add(logNoise.mul((n - r) / 2))
    .add(fitted.mul(0.5));
}

/** The likelihood as a function of one block, and its slope; compiled once for each shape of data. */
interface Compiled {
  value(reduced: Tensor, y: Tensor, params: Params): Tensor;
  slope(reduced: Tensor, y: Tensor, params: Params): { readonly value: Tensor; readonly grad: Tensor };
}

function compiled(block: Block): Compiled {
  const value = (reduced: Tensor, y: Tensor, p: Params): Tensor =>
    likelihood(VIEWS[block].features(reduced, p), y, p.logNoise);
  return {
    value: jit(value),
    slope: jit((reduced: Tensor, y: Tensor, p: Params) =>
      valueAndGrad((own: Tensor) => value(reduced, y, { ...p, [block]: own }))(p[block]),
    ),
  };
}

const COMPILED: Readonly<Record<Block, Compiled>> = {
  A: compiled("A"),
  B: compiled("B"),
  U1: compiled("U1"),
  U2: compiled("U2"),
  U3: compiled("U3"),
  logNoise: compiled("logNoise"),
};

/** `[N, R]`, in the order of the first view. */
const features = (x: Images, params: Params): Tensor => HEIGHT.features(HEIGHT.reduce(x, params), params);

function predictor(
  x: Images,
  y: Tensor,
  params: Params,
): (images: Images) => { mean: Tensor; variance: Tensor } {
  // The weights of the R features have the posterior N(M⁻¹ Gᵀ y, σ² M⁻¹), M = Gᵀ G + σ² I.
  const g = features(x, params);
  const noise = params.logNoise.exp();
  const l = cholesky(matmul(mT(g), g).add(eye(g.shape[1]!).mul(noise)));
  const z = solveTriangular(l, matmul(mT(g), y), { lower: true });
  return (images) => {
    const v = solveTriangular(l, mT(features(images, params)).contiguous(), { lower: true });
    return { mean: matmul(mT(v), z), variance: v.square().sum({ axis: 0 }).mul(noise) };
  };
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
    logNoise: fromTypedArray(Float64Array.of(2 * Math.log(FIRST_NOISE)), [], "float64"),
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
