// Random points at which to evaluate a function, so that its least-squares approximation in a basis is nearly the best one.
// Sources: Cohen and Migliorati, "Optimal weighted least-squares methods" (2017) for independent points; Hough, Krishnapur, Peres
// and Virág, "Determinantal processes and independence" (2006) for the chain rule; Nouy and Michel, "Weighted least-squares
// approximation with determinantal point processes and generalized volume sampling" (2024).

import { take } from "../../ops/gather.ts";
import { concat } from "../../ops/join.ts";
import { permutation, randint } from "../../random/distributions.ts";
import { foldIn, type Key, split } from "../../random/key.ts";
import { ConvergenceError, DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type OrthonormalBasis, streamOf } from "./basis.ts";

/**
 * `christoffel`: independent points. `dpp`: m points that repel each other. `volume`: a dpp and independent points, n >= m in all.
 * `repeated-dpp`, `repeated-volume`: several independent ones of those.
 */
export type DesignKind = "christoffel" | "dpp" | "volume" | "repeated-dpp" | "repeated-volume";

const KINDS: readonly DesignKind[] = ["christoffel", "dpp", "volume", "repeated-dpp", "repeated-volume"];

export interface DesignOptions {
  /** `volume` unless told. */
  readonly kind?: DesignKind;
  /** How many independent samples the repeated kinds join: n / m for `repeated-dpp` unless told, 2 for `repeated-volume`. */
  readonly repeats?: number;
}

export interface Design {
  /** n points. */
  readonly x: Tensor;
  /** m / Σⱼ φⱼ(x)², `[n]`. */
  readonly weights: Tensor;
}

/**
 * n random points and their weights for `weightedLstsq` in a basis of m functions.
 *
 * All kinds have points of density k(x)/m, k(x) = Σ φⱼ(x)², and weights m/k(x). Independent ones need n ~ m log m for a stable fit.
 * A fit to a `volume` sample is unbiased: its mean is the best approximation. A determinantal sample is nearly stable with n = m,
 * and 2 to 4 of them joined come close to the best error.
 *
 * O(n m) evaluations of the basis for independent points; a determinantal sample takes about m ln m trials of O(m²) at most.
 *
 * @throws DomainError for a kind, n or repeats that do not fit, or a basis that gives values that are not finite;
 * ConvergenceError, with the rate of acceptance, when rejection finds no point.
 */
export function sampleDesign(
  key: Key,
  basis: OrthonormalBasis,
  n: number,
  options: DesignOptions = {},
): Design {
  const { kind = "volume" } = options;
  const m = basis.dimension;
  const repeats = checkDesign("sampleDesign", m, n, options);
  const one = (sampleKey: Key, count: number): Tensor => {
    if (kind === "christoffel") return christoffel(sampleKey, basis, count);
    const [dppKey, moreKey, orderKey] = split(sampleKey, 3) as [Key, Key, Key];
    const points = determinantal(dppKey, basis);
    if (kind === "dpp" || kind === "repeated-dpp") return points;
    const all = count > m ? concat([points, christoffel(moreKey, basis, count - m)]) : points;
    return take(all, permutation(orderKey, count));
  };
  const x =
    repeats === 1
      ? one(key, n)
      : concat(Array.from({ length: repeats }, (_, i) => one(foldIn(key, i), n / repeats)));
  return { x, weights: weightsOf(basis, x) };
}

/** How many samples are joined; throws DomainError for what does not fit. */
function checkDesign(name: string, m: number, n: number, options: DesignOptions): number {
  const { kind = "volume", repeats } = options;
  if (!KINDS.includes(kind))
    throw new DomainError(`${name}: kind must be one of ${KINDS.join(", ")}, got ${String(kind)}`);
  if (!(Number.isInteger(n) && n >= 1)) throw new DomainError(`${name}: n must be an integer >= 1, got ${n}`);
  if (repeats !== undefined && !(Number.isInteger(repeats) && repeats >= 1))
    throw new DomainError(`${name}: repeats must be an integer >= 1, got ${repeats}`);
  if (kind !== "christoffel" && n < m)
    throw new DomainError(`${name}: n must be at least the dimension ${m} for ${kind}, got ${n}`);
  if (kind === "dpp" && n !== m) throw new DomainError(`${name}: a dpp has n = ${m} points, got n = ${n}`);
  if (kind === "repeated-dpp" && (n % m !== 0 || n !== m * (repeats ?? n / m)))
    throw new DomainError(
      `${name}: n must be repeats times ${m} for repeated-dpp, got n = ${n}${repeats === undefined ? "" : ` and repeats = ${repeats}`}`,
    );
  if (kind !== "repeated-volume") return kind === "repeated-dpp" ? n / m : 1;
  const count = repeats ?? 2;
  if (n % count !== 0 || n / count < m)
    throw new DomainError(
      `${name}: n must be repeats times at least ${m} points for repeated-volume, got n = ${n} and repeats = ${count}`,
    );
  return count;
}

/** The basis at points, checked: `[n, m]`, finite. */
export function valuesAt(name: string, basis: OrthonormalBasis, x: Tensor): Tensor {
  const values = basis.evaluate(x);
  const [n, m] = [x.shape[0]!, basis.dimension];
  if (values.ndim !== 2 || values.shape[0] !== n || values.shape[1] !== m)
    throw new ShapeError(
      `${name}: the basis must give [${n}, ${m}] for ${n} points, got shape ${formatShape(values.shape)}`,
    );
  const bad = values.data().find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new DomainError(`${name}: the basis gives ${bad}`);
  return values;
}

function weightsOf(basis: OrthonormalBasis, x: Tensor): Tensor {
  const squares = valuesAt("sampleDesign", basis, x).square().sum({ axis: 1 });
  return squares.pow(-1).mul(basis.dimension);
}

/** n independent points of density k/m: a function by chance, then a point from its square. */
function christoffel(key: Key, basis: OrthonormalBasis, n: number): Tensor {
  const [whichKey, pointKey] = split(key) as [Key, Key];
  const which = randint(whichKey, [n], 0, basis.dimension).data();
  const order = Int32Array.from(which.keys()).sort((a, b) => which[a]! - which[b]! || a - b);
  const groups: Tensor[] = [];
  for (let start = 0; start < n; ) {
    const j = which[order[start]]!;
    let end = start;
    while (end < n && which[order[end]] === j) end++;
    groups.push(fromSquare(foldIn(pointKey, j), basis, j, end - start));
    start = end;
  }
  const place = new Int32Array(n);
  order.forEach((position, i) => {
    place[position] = i;
  });
  return take(concat(groups), new Tensor(place, [n], "int32"));
}

/** Trials in a row without success after which rejection gives up, for each expected one. */
const PATIENCE = 200;

function fromSquare(key: Key, basis: OrthonormalBasis, j: number, n: number): Tensor {
  if (basis.sampleSquare) return basis.sampleSquare(key, j, n);
  const bound = basis.squareBound;
  if (!(bound !== undefined && bound > 0 && Number.isFinite(bound)))
    throw new DomainError("sampleDesign: the basis needs sampleSquare, or squareBound for rejection");
  const found: Tensor[] = [];
  let accepted = 0;
  let tried = 0;
  for (let batch = 0; accepted < n; batch++) {
    const [proposalKey, coinKey] = split(foldIn(key, batch)) as [Key, Key];
    const size = Math.ceil((n - accepted) * bound) + 8;
    const proposals = basis.sampleMeasure(proposalKey, size);
    const values = valuesAt("sampleDesign", basis, proposals).at(":", j).data();
    const stream = streamOf(coinKey);
    const kept: number[] = [];
    for (let i = 0; i < size && accepted < n; i++) {
      const square = values[i]! ** 2;
      if (square > bound * (1 + 1e-12))
        throw new DomainError(`sampleDesign: squareBound must be at least ${square}, got ${bound}`);
      tried++;
      if (stream.uniform() * bound < square) {
        kept.push(i);
        accepted++;
      }
    }
    if (kept.length > 0)
      found.push(take(proposals, new Tensor(Int32Array.from(kept), [kept.length], "int32")));
    if (tried > PATIENCE * bound * (accepted + 1)) throw refused(accepted, tried);
  }
  return concat(found);
}

const refused = (accepted: number, tried: number): ConvergenceError =>
  new ConvergenceError(
    `sampleDesign: rejection accepted ${accepted} of ${tried} points (rate ${(accepted / tried).toExponential(1)}); is the basis orthonormal under its measure?`,
  );

/**
 * m points of the projection determinantal process, one after the other: the next has density ‖r(x)‖²/(m − k) with r(x) the part of
 * φ(x) outside the span of φ at the k points before.
 */
function determinantal(key: Key, basis: OrthonormalBasis): Tensor {
  const m = basis.dimension;
  const [proposalKey, coinKey] = split(key) as [Key, Key];
  const stream = streamOf(coinKey);
  const directions = new Float64Array(m * m);
  const rest = new Float64Array(m);
  const size = 4 * m + 8;
  const found: Tensor[] = [];
  let accepted = 0;
  let tried = 0;
  let inRow = 0;
  for (let batch = 0; accepted < m; batch++) {
    const proposals = christoffel(foldIn(proposalKey, batch), basis, size);
    const values = valuesAt("sampleDesign", basis, proposals).data();
    const kept: number[] = [];
    for (let i = 0; i < size && accepted < m; i++) {
      let all = 0;
      for (let c = 0; c < m; c++) {
        rest[c] = values[i * m + c]!;
        all += rest[c] * rest[c];
      }
      removeSpan(directions, accepted, rest);
      tried++;
      inRow++;
      if (stream.uniform() * all >= squareOf(rest)) continue;
      removeSpan(directions, accepted, rest);
      const length = Math.sqrt(squareOf(rest));
      for (let c = 0; c < m; c++) directions[accepted * m + c] = rest[c] / length;
      kept.push(i);
      accepted++;
      inRow = 0;
    }
    if (kept.length > 0)
      found.push(take(proposals, new Tensor(Int32Array.from(kept), [kept.length], "int32")));
    // The rarest points are one in m.
    if (inRow > PATIENCE * m) throw refused(accepted, tried);
  }
  return concat(found);
}

/** Takes the components along the first k rows out of x. */
function removeSpan(rows: Float64Array, k: number, x: Float64Array): void {
  const m = x.length;
  for (let row = 0; row < k; row++) {
    const at = row * m;
    let dot = 0;
    for (let c = 0; c < m; c++) dot += rows[at + c] * x[c];
    for (let c = 0; c < m; c++) x[c] -= dot * rows[at + c];
  }
}

function squareOf(x: Float64Array): number {
  let sum = 0;
  for (let c = 0; c < x.length; c++) sum += x[c] * x[c];
  return sum;
}
