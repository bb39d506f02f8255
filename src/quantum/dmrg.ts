// Ground states among matrix product states: the density matrix renormalization group, two sites at a time.
// Source: White, "Density matrix formulation for quantum renormalization groups" (1992), in the form of Schollwöck, "The
// density-matrix renormalization group in the age of matrix product states" (2011).

import { ttAdd } from "../decompose/train/arithmetic.ts";
import { ttOrthogonalize, ttRound, ttSvd } from "../decompose/train/tt.ts";
import type { TT } from "../decompose/types.ts";
import { eigsh } from "../linalg/krylov/eigsh.ts";
import { LinearOperator } from "../linalg/operator/operator.ts";
import { svd } from "../linalg/spectral/svd.ts";
import { einsum } from "../ops/einsum.ts";
import { normal } from "../random/distributions.ts";
import { foldIn, type Key } from "../random/key.ts";
import { checkCount } from "../tensor/check.ts";
import { eye, ones } from "../tensor/create.ts";
import { DomainError } from "../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../tensor/progress.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { LocalHamiltonian, LocalTerm } from "./hamiltonian.ts";

export interface DmrgOptions extends IterationOptions {
  /** Largest bond of the state. */
  readonly bond: number;
  /** Sweeps to the right and back, 20 unless told. */
  readonly maxIterations?: number;
  /** Stop when a sweep lowers the energy by less than this share of it, 1e-8 unless told. */
  readonly tol?: number;
}

export interface DmrgResult {
  /** `[d, χ_{j-1}, χ_j]` for each site, right-canonical: what `withCores` of an `antn` takes. */
  readonly cores: readonly Tensor[];
  /** ⟨ψ, H ψ⟩ of the last pair, before its truncation. */
  readonly energy: number;
  /** Energies after each sweep. */
  readonly history: readonly number[];
  readonly iterations: number;
  readonly converged: boolean;
}

/** Relative error of the Hamiltonian as a matrix product operator. */
const OPERATOR_TOLERANCE = 1e-13;
/** Terms that are added before their sum is rounded. */
const ROUND_EVERY = 8;

/**
 * The matrix product state of a bond with a small energy, from a random one: two neighbours at a time become the lowest state of
 * the Hamiltonian between what lies left and right of them (Lanczos), and are split by a truncated SVD. The Hamiltonian is a matrix
 * product operator of rank D, by rounding the sum of its terms. O(sites · χ³ d² D + sites · χ² d³ D²) for each product, some tens of
 * them a sweep for each pair. A local minimum may hold it: try several keys.
 *
 * Throws DomainError for options out of range; AbortedError.
 */
export function dmrg(key: Key, hamiltonian: LocalHamiltonian, options: DmrgOptions): DmrgResult {
  const name = "dmrg";
  const { maxIterations = 20, tol = 1e-8 } = options;
  const bond = checkCount(`${name}: bond`, options.bond);
  checkCount(`${name}: maxIterations`, maxIterations);
  const { sites: n, localDim: d } = hamiltonian;
  const operator = productOperator(hamiltonian);
  const bonds = Array.from({ length: n + 1 }, (_, j) => Math.min(bond, d ** j, d ** (n - j)));
  const random: TT = {
    kind: "tt",
    cores: Array.from({ length: n }, (_, j) => normal(foldIn(key, j), [bonds[j]!, d, bonds[j + 1]!])),
  };
  // Cores [χ, d, χ'], all right-orthogonal but the first.
  const cores = [...ttOrthogonalize(random, 0).cores];
  const left: Tensor[] = [ones([1, 1, 1])];
  const right: Tensor[] = new Array<Tensor>(n + 1);
  right[n] = ones([1, 1, 1]);
  for (let j = n - 1; j > 1; j--) right[j] = fromRight(right[j + 1]!, cores[j]!, operator[j]!);
  const history: number[] = [];
  let converged = false;
  let energy = 0;
  const improve = (j: number, keepLeft: boolean): void => {
    checkAborted(options.signal, name);
    const pair = einsum("asb,btc->astc", cores[j]!, cores[j + 1]!);
    const [a, , , c] = pair.shape as [number, number, number, number];
    const effective = new PairOperator(left[j]!, operator[j]!, operator[j + 1]!, right[j + 2]!, pair.shape);
    const lowest = eigsh(effective, { k: 1, which: "smallest", v0: pair.ravel(), tol: 1e-9 });
    energy = lowest.values.item(0);
    const { u, s, v } = svd(lowest.vectors.reshape([a * d, d * c]));
    const rank = Math.min(bond, s.size);
    const size = s.at(`:${rank}`);
    const weights = size.div(size.square().sum().sqrt());
    const [first, second] = [u.at(":", `:${rank}`), v.at(":", `:${rank}`).transpose()];
    cores[j] = (keepLeft ? first : first.mul(weights)).reshape([a, d, rank]);
    cores[j + 1] = (keepLeft ? second.mul(weights.expandDims(1)) : second.contiguous()).reshape([rank, d, c]);
    if (keepLeft) left[j + 1] = fromLeft(left[j]!, cores[j]!, operator[j]!);
    else right[j + 1] = fromRight(right[j + 2]!, cores[j + 1]!, operator[j + 1]!);
  };
  while (history.length < maxIterations && !converged) {
    for (let j = 0; j < n - 2; j++) improve(j, true);
    for (let j = n - 2; j >= 0; j--) improve(j, false);
    const before = history.at(-1);
    history.push(energy);
    converged = before !== undefined && before - energy <= tol * Math.abs(energy);
    options.onProgress?.({ fraction: history.length / maxIterations, stage: `energy ${energy.toFixed(8)}` });
  }
  return {
    cores: cores.map((core) => core.transpose([1, 0, 2]).contiguous()),
    energy,
    history,
    iterations: history.length,
    converged,
  };
}

/** Environments `[χ, D, χ]`: bra, operator, ket. */
const fromLeft = (env: Tensor, core: Tensor, operator: Tensor): Tensor => {
  const ket = einsum("awb,bsc->awsc", env, core);
  const acted = einsum("awsc,wtsx->atxc", ket, operator);
  return einsum("atxc,atd->dxc", acted, core);
};

const fromRight = (env: Tensor, core: Tensor, operator: Tensor): Tensor => {
  const ket = einsum("bsc,dxc->bsdx", core, env);
  const acted = einsum("bsdx,wtsx->btdw", ket, operator);
  return einsum("btdw,atd->awb", acted, core);
};

/** The Hamiltonian on two neighbours between their environments. */
class PairOperator extends LinearOperator {
  readonly kind: string = "pair";
  readonly #left: Tensor;
  readonly #first: Tensor;
  readonly #second: Tensor;
  readonly #right: Tensor;
  readonly #pair: readonly number[];

  constructor(left: Tensor, first: Tensor, second: Tensor, right: Tensor, pair: readonly number[]) {
    const size = pair.reduce((product, n) => product * n, 1);
    super([size, size], "float64", { hermitian: true });
    this.#left = left;
    this.#first = first;
    this.#second = second;
    this.#right = right;
    this.#pair = pair;
  }

  protected product(x: Tensor): Tensor {
    const columns = x.shape[1]!;
    const state = x.reshape([...this.#pair, columns]);
    const one = einsum("awb,bstck->awstck", this.#left, state);
    const two = einsum("awstck,wpsv->apvtck", one, this.#first);
    const three = einsum("apvtck,vqtx->apqxck", two, this.#second);
    return einsum("apqxck,dxc->apqdk", three, this.#right).reshape([this.shape[0], columns]);
  }

  transpose(): PairOperator {
    return this;
  }
  conj(): PairOperator {
    return this;
  }
  cost(): number {
    return this.shape[0] * (this.#left.size + this.#first.size + this.#second.size + this.#right.size);
  }
}

/** A sum of terms as cores `[D, d, d, D']`: rank left, out, in, rank right. */
function productOperator({ sites: n, localDim: d, terms }: LocalHamiltonian): Tensor[] {
  let sum: TT | null = null;
  terms.forEach((term, i) => {
    const train = termTrain(term, n, d);
    sum = sum ? ttAdd(sum, train) : train;
    if (i % ROUND_EVERY === ROUND_EVERY - 1 || i === terms.length - 1)
      sum = ttRound(sum, { rtol: OPERATOR_TOLERANCE });
  });
  if (!sum) throw new DomainError("dmrg: hamiltonian: at least one term was expected");
  return (sum as TT).cores.map((core) => core.reshape([core.shape[0]!, d, d, core.shape[2]!]));
}

/** One term as a train over all sites with modes of d²: row and column of a site's matrix. */
function termTrain({ sites, matrix }: LocalTerm, n: number, d: number): TT {
  const k = sites.length;
  const order = sites.map((_, i) => i).sort((i, j) => sites[i]! - sites[j]!);
  const paired = matrix
    .astype("float64")
    .reshape(new Array<number>(2 * k).fill(d))
    .transpose(order.flatMap((i) => [i, k + i]))
    .reshape(new Array<number>(k).fill(d * d));
  const own = ttSvd(paired, { rtol: OPERATOR_TOLERANCE }).cores;
  const places = order.map((i) => sites[i]!);
  let rank = 1;
  const cores = Array.from({ length: n }, (_, j) => {
    const at = places.indexOf(j);
    if (at < 0) return einsum("ab,s->asb", eye(rank), eye(d).ravel());
    rank = own[at]!.shape[2]!;
    return own[at]!;
  });
  return { kind: "tt", cores };
}
