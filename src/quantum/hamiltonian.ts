// Hamiltonians that are sums of terms on a few sites each: products without a matrix, sparse matrices, and the rows that
// local energies need.

import { LinearOperator } from "../linalg/operator/operator.ts";
import { Sparse } from "../linalg/operator/sparse.ts";
import { contract } from "../ops/contract.ts";
import { reshape } from "../ops/movement.ts";
import { coo } from "../sparse/base/constructors.ts";
import type { SparseMatrix } from "../sparse/base/sparseMatrix.ts";
import { fromTypedArray, tensor } from "../tensor/create.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Lattice } from "./lattice.ts";

/** A Hermitian matrix on some sites, whose first index is that of the first of them. */
export interface LocalTerm {
  readonly sites: readonly number[];
  /** `[d^k, d^k]` for k sites, real. */
  readonly matrix: Tensor;
}

/** Configurations that a Hamiltonian connects with given ones. */
export interface Connections {
  /** Row by row: the configurations x' with H[x, x'] ≠ 0, `count` of them with `sites` entries each. */
  readonly configurations: Uint8Array;
  readonly values: Float64Array;
  /** Those of row i are at starts[i] … starts[i + 1] - 1. */
  readonly starts: Int32Array;
}

interface Prepared {
  readonly sites: readonly number[];
  readonly matrix: Tensor;
  /** For each local state the others that it is connected with. */
  readonly rows: readonly (readonly { readonly to: readonly number[]; readonly value: number }[])[];
}

/** States of more sites than this have no numbers that are exact as int32. */
const MOST_STATES = 2 ** 24;

/**
 * A sum of local terms as an operator on states `[d^sites]`, the first site being the slowest index. `apply` goes term by term
 * and never forms a matrix: O(terms · d^(sites + k)).
 */
export class LocalHamiltonian extends LinearOperator {
  readonly kind: string = "local";
  readonly sites: number;
  readonly localDim: number;
  readonly terms: readonly LocalTerm[];
  readonly #prepared: readonly Prepared[];

  /**
   * Throws DomainError for sites outside of the lattice, repeated in one term, or a matrix that is not Hermitian; ShapeError for
   * matrices of another size.
   */
  constructor(sites: number, terms: readonly LocalTerm[], localDim = 2) {
    const name = "LocalHamiltonian";
    if (!(Number.isInteger(sites) && sites >= 2))
      throw new DomainError(`${name}: sites: an integer of at least 2 was expected, got ${sites}`);
    if (!(Number.isInteger(localDim) && localDim >= 2))
      throw new DomainError(`${name}: localDim: an integer of at least 2 was expected, got ${localDim}`);
    const prepared = terms.map((term, i) => prepare(`${name}: terms[${i}]`, term, sites, localDim));
    const size = localDim ** sites;
    super([size, size], "float64", { hermitian: true });
    this.sites = sites;
    this.localDim = localDim;
    this.terms = terms;
    this.#prepared = prepared;
  }

  protected product(x: Tensor): Tensor {
    this.#checkSize();
    const d = this.localDim;
    const columns = x.shape[1]!;
    const state = reshape(x, [...new Array<number>(this.sites).fill(d), columns]);
    const parts = this.#prepared.map(({ sites, matrix }) => {
      const k = sites.length;
      const square = reshape(matrix, new Array<number>(2 * k).fill(d));
      const acted = contract(square, state, { axes: [sites.map((_, i) => k + i), [...sites]] });
      // New axes stand in front in the order of the term; each goes to its place, the first site first.
      const order = sites.map((site, i) => ({ site, i })).sort((a, b) => a.site - b.site);
      const rest = Array.from({ length: this.sites + 1 }, (_, s) => s).filter((s) => !sites.includes(s));
      const place = new Array<number>(this.sites + 1);
      for (const { site, i } of order) place[site] = i;
      rest.forEach((s, i) => {
        place[s] = k + i;
      });
      return acted.transpose(place);
    });
    const zero = state.mul(0);
    return reshape(
      parts.reduce((sum, part) => sum.add(part), zero),
      [x.shape[0]!, columns],
    );
  }

  override transpose(): LocalHamiltonian {
    return this;
  }
  override conj(): LocalHamiltonian {
    return this;
  }
  override cost(): number {
    return this.#prepared.reduce((sum, { sites }) => sum + this.shape[0] * this.localDim ** sites.length, 0);
  }

  /** Everything that rows of the Hamiltonian hold, for configurations `[count, sites]`. O(count · terms · d^k). */
  connected(configurations: Uint8Array): Connections {
    const n = this.sites;
    const count = configurations.length / n;
    const found: number[] = [];
    const values: number[] = [];
    const starts = new Int32Array(count + 1);
    for (let i = 0; i < count; i++) {
      const x = configurations.subarray(i * n, (i + 1) * n);
      // The diagonal comes first, as one entry.
      const diagonal = values.length;
      for (let s = 0; s < n; s++) found.push(x[s]!);
      values.push(0);
      for (const { sites, rows } of this.#prepared) {
        let local = 0;
        for (const site of sites) local = local * this.localDim + x[site]!;
        for (const { to, value } of rows[local]!) {
          if (sites.every((site, j) => to[j] === x[site])) {
            values[diagonal]! += value;
            continue;
          }
          const base = found.length;
          for (let s = 0; s < n; s++) found.push(x[s]!);
          sites.forEach((site, j) => {
            found[base + site] = to[j]!;
          });
          values.push(value);
        }
      }
      starts[i + 1] = values.length;
    }
    return { configurations: Uint8Array.from(found), values: Float64Array.from(values), starts };
  }

  /** The matrix `[d^sites, d^sites]` with the entries that are not zero. Throws DomainError for more than 2^24 states. */
  toSparse(): SparseMatrix {
    this.#checkSize();
    const [size] = this.shape;
    const all = allConfigurations(this.sites, this.localDim);
    const { configurations, values, starts } = this.connected(all);
    const rows = new Int32Array(values.length);
    const columns = new Int32Array(values.length);
    for (let i = 0; i < size; i++)
      for (let e = starts[i]!; e < starts[i + 1]!; e++) {
        rows[e] = i;
        let column = 0;
        for (let s = 0; s < this.sites; s++)
          column = column * this.localDim + configurations[e * this.sites + s]!;
        columns[e] = column;
      }
    return coo(rows, columns, fromTypedArray(values, [values.length], "float64"), [size, size]).toCsr();
  }

  /** The sparse matrix as an operator: faster products than `apply` for many of them. */
  asSparse(): Sparse {
    return new Sparse(this.toSparse(), { hermitian: true });
  }

  #checkSize(): void {
    if (this.shape[0] > MOST_STATES)
      throw new DomainError(
        `LocalHamiltonian: states of at most ${MOST_STATES} entries were expected, got ${this.localDim}^${this.sites}`,
      );
  }
}

function prepare(what: string, { sites, matrix }: LocalTerm, count: number, d: number): Prepared {
  if (sites.length === 0 || new Set(sites).size !== sites.length)
    throw new DomainError(`${what}: sites: distinct sites were expected, got [${sites.join(", ")}]`);
  for (const site of sites)
    if (!(Number.isInteger(site) && site >= 0 && site < count))
      throw new DomainError(`${what}: sites: integers from 0 to ${count - 1} were expected, got ${site}`);
  const size = d ** sites.length;
  if (!sameShape(matrix.shape, [size, size]))
    throw new ShapeError(
      `${what}: matrix: shape [${size}, ${size}] was expected for ${sites.length} sites, got ${formatShape(matrix.shape)}`,
    );
  const entries = matrix.astype("float64").data();
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      const value = entries[i * size + j]!;
      if (!Number.isFinite(value)) throw new DomainError(`${what}: matrix: entry [${i}, ${j}] is not finite`);
      largest = Math.max(largest, Math.abs(value));
      worst = Math.max(worst, Math.abs(value - entries[j * size + i]!));
    }
  if (worst > 1e-12 * largest)
    throw new DomainError(
      `${what}: matrix: a Hermitian matrix was expected, got one that differs from its adjoint by ${worst}`,
    );
  const digits = (state: number): number[] =>
    sites.map((_, j) => Math.floor(state / d ** (sites.length - 1 - j)) % d);
  const rows = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_, j) => ({ to: digits(j), value: entries[i * size + j]! })).filter(
      ({ value }) => value !== 0,
    ),
  );
  return { sites, matrix: matrix.astype("float64"), rows };
}

/** All configurations in the order of state vectors, `[d^sites, sites]` row by row. */
export function allConfigurations(sites: number, localDim = 2): Uint8Array {
  const size = localDim ** sites;
  const out = new Uint8Array(size * sites);
  for (let i = 0; i < size; i++)
    for (let s = sites - 1, rest = i; s >= 0; s--) {
      out[i * sites + s] = rest % localDim;
      rest = Math.floor(rest / localDim);
    }
  return out;
}

/** S·S of two spins ½: ¼ where they agree, an exchange of ½ where they do not. */
const EXCHANGE = [
  [0.25, 0, 0, 0],
  [0, -0.25, 0.5, 0],
  [0, 0.5, -0.25, 0],
  [0, 0, 0, 0.25],
];

/** The same with one of the spins turned. */
const TURNED = EXCHANGE.map((row, i) => row.map((value, j) => (i === j ? value : -value)));

/**
 * The Heisenberg model of spins ½ with two couplings: J₁ Σ S_i·S_j over nearest plus J₂ Σ S_i·S_j over next-nearest neighbours.
 * J₁ is 1 and J₂ 0 unless told. Spins at the sites in `turned` are turned by π about the z axis, which changes signs of states and no
 * energy: with every second site turned, as on a chessboard, the ground state without J₂ has one sign (Marshall's rule), and with a
 * small J₂ nearly. Throws DomainError for couplings that are not finite.
 */
export function heisenbergJ1J2(
  on: Lattice,
  options: { readonly j1?: number; readonly j2?: number; readonly turned?: readonly number[] } = {},
): LocalHamiltonian {
  const { j1 = 1, j2 = 0, turned = [] } = options;
  for (const [what, value] of Object.entries({ j1, j2 }))
    if (!Number.isFinite(value))
      throw new DomainError(`heisenbergJ1J2: ${what}: a finite number was expected, got ${value}`);
  for (const site of turned)
    if (!(Number.isInteger(site) && site >= 0 && site < on.sites))
      throw new DomainError(
        `heisenbergJ1J2: turned: sites from 0 to ${on.sites - 1} were expected, got ${site}`,
      );
  const isTurned = new Set(turned);
  const [exchange, other] = [tensor(EXCHANGE), tensor(TURNED)];
  const terms = (pairs: Lattice["nearest"], j: number): LocalTerm[] =>
    j === 0
      ? []
      : pairs.map((sites) => ({
          sites,
          matrix: (isTurned.has(sites[0]) === isTurned.has(sites[1]) ? exchange : other).mul(j),
        }));
  return new LocalHamiltonian(on.sites, [...terms(on.nearest, j1), ...terms(on.nextNearest, j2)]);
}
