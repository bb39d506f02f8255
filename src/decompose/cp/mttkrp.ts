// The matricised tensor times Khatri-Rao product, the work of CP, arranged so that one sweep over all modes costs two
// large matrix products: the modes are split in a left and a right half (Phan, Tichavský, Cichocki: "Fast alternating
// LS algorithms", 2013).

import { matmul } from "../../ops/contract.ts";
import { mT, reshape } from "../../ops/movement.ts";
import { ones } from "../../tensor/create.ts";
import { allocate, isComplex } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, normalizeAxis, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { khatriRao } from "../base/unfold.ts";
import { splitPoint } from "./rules.ts";

/** The tensor contracted with the factors of one half of its modes. */
interface Partial {
  /** The factors of the half that is contracted, by identity. */
  readonly fixed: readonly Tensor[];
  /** `[Π of the free half, r]` */
  readonly data: Tensor;
}

/** Partials kept for each half: those of this sweep, of the sweep before and of a trial step between them. */
const KEPT = 3;

/**
 * MTTKRPs of one dense tensor. The half that stays fixed while the other half's factors change is contracted once and
 * kept, as long as the same factor tensors come back: call `mttkrp` for the modes in order and it does the least
 * work.
 */
export class DenseMttkrp {
  readonly #x: Tensor;
  readonly #half: number;
  /** Newest first. */
  readonly #left: Partial[] = [];
  readonly #right: Partial[] = [];

  constructor(x: Tensor) {
    this.#x = x;
    // Of two equally good splits the later one: products with short rows walk through memory in smaller steps.
    this.#half = x.ndim > 1 ? x.ndim - splitPoint([...x.shape].reverse()) : 1;
  }

  /** unfold(x, mode) · khatriRao(all factors but that of `mode`): `[n_mode, r]`. */
  mttkrp(factors: readonly Tensor[], mode: number): Tensor {
    const x = this.#x;
    if (x.ndim === 1) return reshape(x, [x.size, 1]).mul(ones([1, factors[0]!.shape[1]!], x.dtype));
    const half = this.#half;
    const inLeft = mode < half;
    const first = inLeft ? 0 : half;
    const group = inLeft ? factors.slice(0, half) : factors.slice(half);
    let rest = this.#partial(inLeft, inLeft ? factors.slice(half) : factors.slice(0, half));
    let shape = group.map((u) => u.shape[0]!);
    // Contract the modes of the half that are not asked for, last ones first so that indices stay valid.
    for (let k = group.length - 1; k >= 0; k--) {
      if (first + k === mode) continue;
      rest = contractColumns(rest, shape, k, group[k]!);
      shape = shape.filter((_, j) => j !== k);
    }
    return rest;
  }

  /**
   * The mode whose MTTKRP is the cheapest way to judge factors that come out of a whole sweep; with `combine` it is
   * free when one half is a single mode.
   */
  get probeMode(): number {
    return this.#half === 1 ? this.#x.ndim - 1 : 0;
  }

  /**
   * Announces that trial = now + step · (now − before), factor by factor. A partial that contracts a single factor is
   * linear in it, so that of the trial is combined from the two known ones instead of being computed from the tensor.
   */
  combine(trial: readonly Tensor[], now: readonly Tensor[], before: readonly Tensor[], step: number): void {
    const half = this.#half;
    const order = this.#x.ndim;
    if (order < 2 || (half > 1 && half < order - 1)) return;
    // A right half of one mode serves the left modes, and the other way about.
    const inLeft = half > 1;
    const kept = inLeft ? this.#left : this.#right;
    const alone = inLeft ? order - 1 : 0;
    const old = find(kept, [before[alone]!]);
    if (!old) return;
    // Needed by the next sweep anyway when the trial is turned down.
    const current = this.#partial(inLeft, [now[alone]!]);
    const data = current.mul(1 + step).sub(old.data.mul(step));
    kept.unshift({ fixed: [trial[alone]!], data });
    kept.length = Math.min(kept.length, KEPT);
  }

  #partial(inLeft: boolean, fixed: readonly Tensor[]): Tensor {
    const kept = inLeft ? this.#left : this.#right;
    const known = find(kept, fixed);
    if (known) return known.data;
    const rows = sizeOf(this.#x.shape.slice(0, this.#half));
    const matrix = reshape(this.#x, [rows, this.#x.size / rows]);
    const data = matmul(inLeft ? matrix : mT(matrix), khatriRao(fixed));
    kept.unshift({ fixed, data });
    kept.length = Math.min(kept.length, KEPT);
    return data;
  }
}

const find = (kept: readonly Partial[], fixed: readonly Tensor[]): Partial | undefined =>
  kept.find((partial) => partial.fixed.every((u, k) => u === fixed[k]));

/** Σ_i t[left, i, right, c] · u[i, c] for `t` of shape `[Π shape, r]`, removing mode k of `shape`. */
function contractColumns(t: Tensor, shape: readonly number[], mode: number, u: Tensor): Tensor {
  const r = u.shape[1]!;
  const n = shape[mode]!;
  const left = sizeOf(shape.slice(0, mode));
  const right = sizeOf(shape.slice(mode + 1));
  const out = allocate(t.dtype, left * right * r);
  const from = t.data();
  const column = u.data();
  if (isComplex(t.dtype)) {
    for (let l = 0; l < left; l++)
      for (let i = 0; i < n; i++) {
        const at = 2 * i * r;
        for (let q = 0; q < right; q++) {
          const source = 2 * ((l * n + i) * right + q) * r;
          const target = 2 * (l * right + q) * r;
          for (let c = 0; c < 2 * r; c += 2) {
            const re = from[source + c]!;
            const im = from[source + c + 1]!;
            const ure = column[at + c]!;
            const uim = column[at + c + 1]!;
            out[target + c] = out[target + c]! + re * ure - im * uim;
            out[target + c + 1] = out[target + c + 1]! + re * uim + im * ure;
          }
        }
      }
  } else {
    for (let l = 0; l < left; l++)
      for (let i = 0; i < n; i++) {
        const at = i * r;
        for (let q = 0; q < right; q++) {
          const source = ((l * n + i) * right + q) * r;
          const target = (l * right + q) * r;
          for (let c = 0; c < r; c++)
            out[target + c] = out[target + c]! + from[source + c]! * column[at + c]!;
        }
      }
  }
  return new Tensor(out, [left * right, r], t.dtype);
}

/**
 * unfold(x, mode) · khatriRao(the other factors), `[n_mode, r]`, without forming either; factors are taken as they
 * are, not conjugated. One large product with the modes of the other half, then small contractions: O(size · r).
 *
 * @throws ShapeError unless there is one factor `[n_k, r]` for every mode of `x`, DomainError for a rank of 0.
 */
export function mttkrp(x: Tensor, factors: readonly Tensor[], mode: number): Tensor {
  const k = normalizeAxis(mode, x.ndim, "mttkrp: mode");
  if (factors.length !== x.ndim)
    throw new ShapeError(`mttkrp: ${x.ndim} factors were expected, got ${factors.length}`);
  const r = factors[0]!.shape[1];
  if (r === 0) throw new DomainError("mttkrp: factors with at least one column were expected");
  factors.forEach((u, j) => {
    if (u.ndim !== 2 || u.shape[0] !== x.shape[j] || u.shape[1] !== r)
      throw new ShapeError(
        `mttkrp: factor ${j} must have shape [${x.shape[j]}, ${r}], got ${formatShape(u.shape)}`,
      );
  });
  return new DenseMttkrp(x).mttkrp(factors, k);
}
