// The matricised tensor times Khatri-Rao product, the work of CP, arranged so that one sweep over all modes costs two large matrix
// products: the modes are split in a left and a right half (Phan, Tichavský, Cichocki: "Fast alternating LS algorithms", 2013).

import { matmul } from "../ops/contract.ts";
import { mT, reshape } from "../ops/movement.ts";
import { allocate, isComplex } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { splitPoint } from "./formats/cp.ts";
import { khatriRao } from "./unfold.ts";

/**
 * MTTKRPs of one dense tensor. The half that stays fixed while the other half's factors change is contracted once and kept:
 * call `mttkrp` for the modes in order and it does the least work.
 */
export class DenseMttkrp {
  readonly #x: Tensor;
  readonly #half: number;
  #left: Partial | null = null;
  #right: Partial | null = null;

  constructor(x: Tensor) {
    this.#x = x;
    this.#half = x.ndim > 1 ? splitPoint(x.shape) : 1;
  }

  /** unfold(x, mode) · khatriRao(all factors but that of `mode`): `[n_mode, r]`. */
  mttkrp(factors: readonly Tensor[], mode: number): Tensor {
    const x = this.#x;
    const r = factors[0]!.shape[1]!;
    if (x.ndim === 1)
      return reshape(x, [x.size, 1]).mul(new Tensor(ones(r), [1, r], "float64").astype(x.dtype));
    const half = this.#half;
    const rows = sizeOf(x.shape.slice(0, half));
    const inLeft = mode < half;
    const fixed = inLeft ? factors.slice(half) : factors.slice(0, half);
    let partial = inLeft ? this.#left : this.#right;
    if (!partial || fixed.some((u, k) => u !== partial!.fixed[k])) {
      const matrix = reshape(x, [rows, x.size / rows]);
      partial = { fixed, data: matmul(inLeft ? matrix : mT(matrix), khatriRao(fixed)) };
      if (inLeft) this.#left = partial;
      else this.#right = partial;
    }
    const first = inLeft ? 0 : half;
    const group = inLeft ? factors.slice(0, half) : factors.slice(half);
    let rest = partial.data;
    let shape = group.map((u) => u.shape[0]!);
    // Contract the modes of the half that are not asked for, last ones first so that indices stay valid.
    for (let k = group.length - 1; k >= 0; k--) {
      if (first + k === mode) continue;
      rest = contractColumns(rest, shape, k, group[k]!);
      shape = shape.filter((_, j) => j !== k);
    }
    return rest;
  }
}

interface Partial {
  readonly fixed: readonly Tensor[];
  /** `[Π of the free half, r]` */
  readonly data: Tensor;
}

const ones = (count: number): Float64Array => new Float64Array(count).fill(1);

/** Σ_i t[left, i, right, c] · u[i, c] for `t` of shape `[Π shape, r]`, removing mode k of `shape`. */
function contractColumns(t: Tensor, shape: readonly number[], mode: number, u: Tensor): Tensor {
  const r = u.shape[1]!;
  const n = shape[mode]!;
  const left = sizeOf(shape.slice(0, mode));
  const right = sizeOf(shape.slice(mode + 1));
  const out = allocate(t.dtype, left * right * r);
  const from = t.data();
  const column = u.data();
  const width = isComplex(t.dtype) ? 2 : 1;
  const run = r * width;
  for (let l = 0; l < left; l++)
    for (let i = 0; i < n; i++)
      for (let q = 0; q < right; q++) {
        const source = ((l * n + i) * right + q) * run;
        const target = (l * right + q) * run;
        const at = i * run;
        if (width === 1)
          for (let c = 0; c < run; c++) out[target + c]! += from[source + c]! * column[at + c]!;
        else
          for (let c = 0; c < run; c += 2) {
            const re = from[source + c]!;
            const im = from[source + c + 1]!;
            out[target + c]! += re * column[at + c]! - im * column[at + c + 1]!;
            out[target + c + 1]! += re * column[at + c + 1]! + im * column[at + c]!;
          }
      }
  return new Tensor(out, [left * right, r], t.dtype);
}

/** unfold(x, mode) · khatriRao(the other factors), `[n_mode, r]`, without forming either. O(size · r). */
export const mttkrp = (x: Tensor, factors: readonly Tensor[], mode: number): Tensor =>
  new DenseMttkrp(x).mttkrp(factors, mode);
