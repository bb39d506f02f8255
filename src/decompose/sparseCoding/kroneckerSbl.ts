// Sparse Bayesian learning for supports that are products of supports. Source: He and Joseph, "Bayesian algorithms for
// Kronecker-structured sparse vector recovery with application to IRS-MIMO channel estimation" (2024), and the published code for
// constants.

import { checkCount, checkPositive } from "../../tensor/check.ts";
import { fromTypedArray, zeros } from "../../tensor/create.ts";
import { complexDType, type DType, isComplex, promote } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkFinite } from "../base/input.ts";
import { multiModeProduct } from "../base/unfold.ts";
import { outer, type Posterior, posterior, squaredModulus } from "./posterior.ts";
import { fitByAlternation, fitBySvd } from "./rankOne.ts";

export interface SparseBayesianOptions extends IterationOptions {
  /** Mean |noise|² of an entry of y, or "estimate", which learns it along. */
  readonly noiseVariance: number | "estimate";
  /** Most iterations, 150 unless told. */
  readonly iterations?: number;
  /** Hyperparameters below this share of the largest (of their dictionary) are taken as 0; 1e-3 unless told. */
  readonly prune?: number;
  /** Stop when the hyperparameters change by at most this share of their norm; 1e-4 unless told. */
  readonly rtol?: number;
}

export interface KroneckerSblOptions extends SparseBayesianOptions {
  /** How g₁ ⊗ g₂ … is fitted: "svd" (default, fast) or "am", alternating means, which never raises the cost. */
  readonly update?: "svd" | "am";
  /** As there; for "am" 1e-2 unless told. */
  readonly prune?: number;
  /** One a dictionary: so many neighbouring columns share a hyperparameter. 1 each unless told. */
  readonly blockSizes?: readonly number[];
}

export interface KroneckerSbl {
  /** `[n_1 n_2 …]`, in C order. */
  readonly mean: Tensor;
  /** Of each entry of x, real. */
  readonly variance: Tensor;
  /** Prior variances g_i `[n_i]`; that of x is their Kronecker product. */
  readonly hyperparameters: readonly Tensor[];
  readonly noiseVariance: number;
  readonly iterations: number;
  readonly converged: boolean;
  /** ln det Φ + yᴴ Φ⁻¹ y before each iteration and after the last, Φ the covariance of y: minus twice the log likelihood. */
  readonly cost: readonly number[];
  readonly notes: readonly string[];
}

/** Noise below this share of mean |y|² is rounding. */
const LEAST_NOISE = 1e-10;
/** Where the noise is to be learned, the share of mean |y|² to start from. */
const FIRST_NOISE = 0.1;

/**
 * Finds x with a support that is a product of supports from y = (A_1 ⊗ A_2 ⊗ …) x + noise, real or complex, with its
 * uncertainty: expectation-maximisation over the prior N(0, diag(g_1 ⊗ g_2 ⊗ …)) for A_i `[m_i, n_i]`, y `[Π m_i]`. One dictionary
 * makes it plain sparse Bayesian learning. O(Σ (m_i³ + n_i m_i²) + products along the modes) an iteration, where the full matrix
 * would take O(Π m_i² n_i).
 *
 * @throws ShapeError for no dictionaries, dictionaries that are no matrices, y of another length, and blocks that do not divide
 * the columns; DTypeError for anything but float32, float64 and complex numbers; DomainError for values that are not finite,
 * columns of zeros, a noise variance that is not positive and options out of range; AbortedError.
 */
export function kroneckerSbl(
  dictionaries: readonly Tensor[],
  y: Tensor,
  options: KroneckerSblOptions,
): KroneckerSbl {
  return learn("kroneckerSbl", dictionaries, y, options);
}

/**
 * Sparse Bayesian learning: x from y = A x + noise for A `[m, n]`, one prior variance an entry. O(m³ + n m²) an iteration.
 *
 * @throws as `kroneckerSbl` does.
 */
export function sparseBayesianLearning(a: Tensor, y: Tensor, options: SparseBayesianOptions): KroneckerSbl {
  return learn("sparseBayesianLearning", [a], y, options);
}

/** The columns of a dictionary that are still in, in blocks of one hyperparameter. */
interface Mode {
  readonly dictionary: Tensor;
  readonly blockSize: number;
  readonly columns: number;
  /** Blocks kept. */
  kept: number[];
  /** Hyperparameters of the blocks kept. */
  g: Float64Array;
  /** The columns kept. */
  active: Tensor;
}

function learn(
  name: string,
  dictionaries: readonly Tensor[],
  y: Tensor,
  options: KroneckerSblOptions,
): KroneckerSbl {
  const { update = "svd", iterations: most = 150, rtol = 1e-4 } = options;
  const { prune = update === "am" ? 1e-2 : 1e-3 } = options;
  checkOptions(name, options, prune, rtol);
  const { dtype, modes, values } = checkInput(name, dictionaries, y, options.blockSizes);
  const power = squaredModulus(values).mean().item();
  const least = LEAST_NOISE * power || Number.MIN_VALUE;
  const notes: string[] = [];
  const isLearned = options.noiseVariance === "estimate";
  let noise = isLearned ? Math.max(FIRST_NOISE * power, least) : (options.noiseVariance as number);
  if (noise < least) {
    notes.push(`The noise variance ${noise} is below rounding: ${least} was taken.`);
    noise = least;
  }
  const cost: number[] = [];
  let converged = false;
  let iterations = 0;
  let state = infer(modes, values, noise);
  cost.push(state.cost);
  while (iterations < most && !converged) {
    checkAborted(options.signal, name);
    const lambda = second(state);
    const lengths = modes.map(({ g }) => g.length);
    const blocks = blockMeans(lambda, modes);
    const before = modes.map(fullLength);
    if (isLearned) noise = Math.max(least, learnedNoise(modes, values, state, noise));
    const fitted =
      update === "am"
        ? fitByAlternation(
            blocks,
            lengths,
            modes.map(({ g }) => g),
          )
        : fitBySvd(blocks, lengths);
    modes.forEach((mode, k) => {
      mode.g = fitted[k]!;
      drop(mode, prune);
    });
    iterations++;
    converged = productChange(before, modes.map(fullLength)) <= rtol;
    state = infer(modes, values, noise);
    cost.push(state.cost);
    options.onProgress?.({ fraction: converged ? 1 : iterations / most, stage: `iteration ${iterations}` });
  }
  return {
    mean: spread(state.mean, modes).astype(dtype),
    variance: spread(fromTypedArray(state.variance, state.mean.shape, "float64"), modes),
    hyperparameters: modes.map((mode) => {
      const g = fullLength(mode);
      return fromTypedArray(g, [g.length], "float64");
    }),
    noiseVariance: noise,
    iterations,
    converged,
    cost,
    notes,
  };
}

const infer = (modes: readonly Mode[], y: Tensor, noise: number): Posterior =>
  posterior(
    modes.map(({ active }) => active),
    modes.map(repeated),
    y,
    noise,
  );

/** E |x|² of each entry. */
function second({ mean, variance }: Posterior): Float64Array {
  const squares = squaredModulus(mean).data();
  return variance.map((value, i) => value + squares[i]!);
}

/** A step of expectation-maximisation for the noise. */
function learnedNoise(
  modes: readonly Mode[],
  y: Tensor,
  { mean, variance }: Posterior,
  noise: number,
): number {
  const fitted = multiModeProduct(
    mean,
    modes.map(({ active }) => active),
  );
  const rest = squaredModulus(y.sub(fitted)).sum().item();
  const prior = outer(modes.map(repeated));
  let determined = 0;
  for (let i = 0; i < prior.length; i++) if (prior[i]! > 0) determined += 1 - variance[i]! / prior[i]!;
  return (rest + noise * determined) / y.size;
}

/** The hyperparameter of each column kept. */
function repeated({ g, blockSize }: Mode): Float64Array {
  if (blockSize === 1) return g;
  return Float64Array.from({ length: g.length * blockSize }, (_, i) => g[Math.floor(i / blockSize)]!);
}

/** The hyperparameter of each column, 0 where it was dropped. */
function fullLength({ g, kept, blockSize, columns }: Mode): Float64Array {
  const out = new Float64Array(columns);
  kept.forEach((block, i) => {
    out.fill(g[i]!, block * blockSize, (block + 1) * blockSize);
  });
  return out;
}

/** Means over the entries of one hyperparameter. */
function blockMeans(lambda: Float64Array, modes: readonly Mode[]): Float64Array {
  if (modes.every(({ blockSize }) => blockSize === 1)) return lambda;
  const shape = modes.flatMap(({ g, blockSize }) => [g.length, blockSize]);
  const axis = modes.map((_, k) => 2 * k + 1);
  return Float64Array.from(fromTypedArray(lambda, shape, "float64").mean({ axis }).data());
}

/** Drops blocks whose hyperparameter is below a share of the largest. */
function drop(mode: Mode, prune: number): void {
  const limit = prune * mode.g.reduce((top, value) => Math.max(top, value), 0);
  const stays = Array.from(mode.g.keys()).filter((i) => mode.g[i]! >= limit);
  if (stays.length === mode.g.length) return;
  mode.kept = stays.map((i) => mode.kept[i]!);
  mode.g = Float64Array.from(stays, (i) => mode.g[i]!);
  mode.active = columnsOf(mode.dictionary, places(mode));
}

/** Positions of the columns kept. */
const places = ({ kept, blockSize }: Pick<Mode, "kept" | "blockSize">): number[] =>
  kept.flatMap((block) => Array.from({ length: blockSize }, (_, i) => block * blockSize + i));

const columnsOf = (a: Tensor, columns: readonly number[]): Tensor =>
  a.at(":", fromTypedArray(Int32Array.from(columns), [columns.length], "int32"));

/** ‖a₁ ⊗ a₂ … − b₁ ⊗ b₂ …‖ / ‖b₁ ⊗ b₂ …‖, from scalar products of the factors. */
function productChange(b: readonly Float64Array[], a: readonly Float64Array[]): number {
  let [aa, ab, bb] = [1, 1, 1];
  a.forEach((u, k) => {
    const v = b[k]!;
    let [uu, uv, vv] = [0, 0, 0];
    for (let i = 0; i < u.length; i++) {
      uu += u[i]! * u[i]!;
      uv += u[i]! * v[i]!;
      vv += v[i]! * v[i]!;
    }
    aa *= uu;
    ab *= uv;
    bb *= vv;
  });
  return bb > 0 ? Math.sqrt(Math.max(0, aa - 2 * ab + bb) / bb) : 0;
}

/** Entries of the columns kept at their places in `[Π n_i]`, zeros elsewhere. */
function spread(x: Tensor, modes: readonly Mode[]): Tensor {
  const width = isComplex(x.dtype) ? 2 : 1;
  const total = modes.reduce((size, { columns }) => size * columns, 1);
  const out = zeros([total], x.dtype);
  const target = out.data();
  const source = x.contiguous().data();
  let targets: number[] = [0];
  for (const mode of modes) {
    const own = places(mode);
    targets = targets.flatMap((base) => own.map((place) => base * mode.columns + place));
  }
  targets.forEach((to, from) => {
    for (let part = 0; part < width; part++) target[width * to + part] = source[width * from + part]!;
  });
  return out;
}

/** Throws DTypeError unless a tensor is float32, float64 or complex. */
export function checkField(x: Tensor, what: string): void {
  if (!(x instanceof Tensor))
    throw new DTypeError(`${what}: a tensor was expected; make tensors of arrays with tensor()`);
  if (!isComplex(x.dtype) && x.dtype !== "float64" && x.dtype !== "float32")
    throw new DTypeError(`${what}: float32, float64 or complex numbers were expected, got ${x.dtype}`);
}

/** The matrix `[m, n]` in double precision. Throws for anything else, for values that are not finite and columns of zeros. */
export function checkDictionary(x: Tensor, what: string): Tensor {
  checkField(x, what);
  if (x.ndim !== 2 || x.size === 0)
    throw new ShapeError(`${what}: a matrix [m, n] was expected, got shape ${formatShape(x.shape)}`);
  checkFinite(x, what);
  const wide = x.astype(isComplex(x.dtype) ? "complex128" : "float64").contiguous();
  const empty = squaredModulus(wide).sum({ axis: 0 }).data().indexOf(0);
  if (empty >= 0) throw new DomainError(`${what}: column ${empty} holds nothing but zeros`);
  return wide;
}

/** y `[m]` in double precision. Throws for anything else and for values that are not finite. */
export function checkObserved(y: Tensor, m: number, what: string): Tensor {
  checkField(y, what);
  if (y.ndim !== 1 || y.shape[0] !== m)
    throw new ShapeError(
      `${what}: shape [${m}], the product of the rows, was expected, got ${formatShape(y.shape)}`,
    );
  checkFinite(y, what);
  return y.astype(isComplex(y.dtype) ? "complex128" : "float64").contiguous();
}

function checkInput(
  name: string,
  dictionaries: readonly Tensor[],
  y: Tensor,
  blockSizes: readonly number[] | undefined,
): { dtype: DType; modes: Mode[]; values: Tensor } {
  if (!(Array.isArray(dictionaries) && dictionaries.length > 0))
    throw new ShapeError(`${name}: dictionaries: at least one matrix was expected, got none`);
  const wide = dictionaries.map((a, i) => checkDictionary(a, `${name}: dictionary ${i}`));
  const rows = wide.map(({ shape }) => shape[0]!);
  const values = checkObserved(
    y,
    rows.reduce((product, m) => product * m, 1),
    `${name}: y`,
  );
  if (blockSizes && blockSizes.length !== wide.length)
    throw new ShapeError(`${name}: blockSizes: ${wide.length} were expected, got ${blockSizes.length}`);
  const isAnyComplex = isComplex(y.dtype) || wide.some((a) => isComplex(a.dtype));
  const field: DType = isAnyComplex ? "complex128" : "float64";
  const modes = wide.map((given, i): Mode => {
    const dictionary = given.astype(field);
    const columns = dictionary.shape[1]!;
    const blockSize = checkCount(`${name}: blockSizes`, blockSizes?.[i] ?? 1);
    if (columns % blockSize !== 0)
      throw new ShapeError(
        `${name}: blockSizes: a divisor of the ${columns} columns of dictionary ${i} was expected, got ${blockSize}`,
      );
    const blocks = columns / blockSize;
    return {
      dictionary,
      blockSize,
      columns,
      kept: Array.from({ length: blocks }, (_, k) => k),
      g: new Float64Array(blocks).fill(1),
      active: dictionary,
    };
  });
  // Ones, with all but the last of norm 1.
  const last = modes.at(-1)!;
  for (const mode of modes.slice(0, -1)) {
    const norm = Math.sqrt(mode.g.length);
    mode.g.fill(1 / norm);
    for (let i = 0; i < last.g.length; i++) last.g[i]! *= norm;
  }
  const given = dictionaries.map(({ dtype }) => dtype).reduce(promote, y.dtype);
  return {
    dtype: isAnyComplex ? complexDType(given) : given,
    modes,
    values: values.astype(field).reshape(rows),
  };
}

function checkOptions(name: string, options: KroneckerSblOptions, prune: number, rtol: number): void {
  const { noiseVariance, update = "svd", iterations = 150 } = options;
  if (noiseVariance !== "estimate") checkPositive(`${name}: noiseVariance`, noiseVariance);
  if (update !== "svd" && update !== "am")
    throw new DomainError(`${name}: update: "svd" or "am" was expected, got ${String(update)}`);
  checkCount(`${name}: iterations`, iterations, 0);
  if (!(prune >= 0 && prune < 1))
    throw new DomainError(`${name}: prune: a number from 0 to below 1 was expected, got ${prune}`);
  if (!(rtol >= 0)) throw new DomainError(`${name}: rtol: a number of at least 0 was expected, got ${rtol}`);
}
