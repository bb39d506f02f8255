// Grids on the sphere on which fields of a bounded degree are known by their samples.

import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { quadrature } from "../../transform/functional/grid.ts";
import { checkLength } from "../arguments.ts";

/**
 * Rings of constant colatitude θ:
 *
 * - `gauss-legendre`: lmax + 1 rings at the zeros of a Legendre polynomial in cos θ: the fewest.
 * - `driscoll-healy`: 2(lmax + 1) rings θ = πj / n, with the north pole and without the south pole.
 * - `clenshaw-curtis`: 2 lmax + 1 rings θ = πj / (n - 1), with both poles.
 */
export type SphericalGridKind = "gauss-legendre" | "driscoll-healy" | "clenshaw-curtis";

export interface SphericalGrid {
  /** The largest degree that the grid resolves. */
  readonly lmax: number;
  /** θ in radians, from the north pole on: float64 `[nlat]`. */
  readonly colatitudes: Tensor;
  /** φ in radians, from 0 on: float64 `[nlon]`. */
  readonly longitudes: Tensor;
  /** Weights of the rings in ∫ f d(cos θ), of sum 2: float64 `[nlat]`. */
  readonly weights: Tensor;
}

/** Rings of a kind of grid: cos θ, sin θ, θ and weights. */
export interface Rings {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
  readonly colatitudes: Float64Array;
  readonly weights: Float64Array;
}

export const KINDS: readonly SphericalGridKind[] = ["gauss-legendre", "driscoll-healy", "clenshaw-curtis"];

/** How many rings a degree needs. */
export const ringsFor = (kind: SphericalGridKind, lmax: number): number =>
  kind === "gauss-legendre" ? lmax + 1 : kind === "driscoll-healy" ? 2 * (lmax + 1) : 2 * lmax + 1;

/** The largest degree for a number of rings, or -1 when there is none. */
export function degreeFor(kind: SphericalGridKind, rings: number): number {
  if (kind === "gauss-legendre") return rings - 1;
  if (kind === "driscoll-healy") return rings % 2 ? -1 : rings / 2 - 1;
  return rings % 2 ? (rings - 1) / 2 : -1;
}

export function checkKind(what: string, kind: SphericalGridKind): void {
  if (!KINDS.includes(kind))
    throw new DomainError(
      `${what}: grid must be ${KINDS.map((k) => `"${k}"`).join(", ")}, got ${String(kind)}`,
    );
}

const made = new Map<string, Rings>();

/** The rings of a kind, remembered (O(n²) to find). */
export function ringsOf(kind: SphericalGridKind, n: number): Rings {
  const key = `${kind} ${n}`;
  const known = made.get(key);
  if (known) return known;
  if (made.size >= 16) made.clear();
  const rings = kind === "gauss-legendre" ? gaussLegendre(n) : equiangular(kind, n);
  made.set(key, rings);
  return rings;
}

function gaussLegendre(n: number): Rings {
  const { nodes, weights } = quadrature("legendre", n, [-1, 1]);
  // From north to south: the cosine falls.
  const cosines = Float64Array.from(nodes.data()).reverse();
  return {
    cosines,
    sines: cosines.map((x) => Math.sqrt((1 - x) * (1 + x))),
    colatitudes: cosines.map(Math.acos),
    weights: Float64Array.from(weights.data()).reverse(),
  };
}

/**
 * Weights are the integrals of the trigonometric polynomials that interpolate: 4/n sin θ Σ sin((2k+1)θ) / (2k+1) (J.
 * Driscoll and D. Healy, Adv. Appl. Math. 15, 1994), or those of Clenshaw and Curtis (1960).
 */
function equiangular(kind: SphericalGridKind, n: number): Rings {
  const isOpen = kind === "driscoll-healy";
  const steps = isOpen ? n : Math.max(1, n - 1);
  const colatitudes = Float64Array.from({ length: n }, (_, j) => (Math.PI * j) / steps);
  const weights = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    const theta = colatitudes[j]!;
    let sum = 0;
    if (isOpen) {
      for (let k = 0; k < n / 2; k++) sum += Math.sin((2 * k + 1) * theta) / (2 * k + 1);
      weights[j] = (4 / n) * Math.sin(theta) * sum;
    } else if (n === 1) weights[j] = 2;
    else {
      // ∫ cos(2kθ) sin θ dθ = 2 / (1 - 4k²); the first and the last term count half.
      for (let k = 0; k <= steps / 2; k++)
        sum += ((k === 0 || 2 * k === steps ? 1 : 2) * Math.cos(2 * k * theta)) / (1 - 4 * k * k);
      weights[j] = ((j === 0 || j === steps ? 1 : 2) * sum) / steps;
    }
  }
  return {
    cosines: colatitudes.map((theta, j) => (2 * j === steps ? 0 : Math.cos(theta))),
    sines: colatitudes.map((theta, j) => (j === 0 || j === steps ? 0 : Math.sin(theta))),
    colatitudes,
    weights,
  };
}

const tensorOf = (data: Float64Array): Tensor => new Tensor(data.slice(), [data.length], "float64");

export interface SphericalGridOptions {
  /** Points on a ring: 2 lmax + 1 unless told, and no fewer. */
  readonly nlon?: number;
}

/**
 * The grid of a kind that resolves spherical harmonics up to degree `lmax`: `sht` of samples there is exact. Throws
 * DomainError for an unknown kind and ShapeError for a bad lmax or nlon. O(lmax²).
 */
export function sphericalGrid(
  kind: SphericalGridKind,
  lmax: number,
  { nlon = 2 * lmax + 1 }: SphericalGridOptions = {},
): SphericalGrid {
  checkKind("sphericalGrid", kind);
  checkLength("sphericalGrid: lmax", lmax, 0);
  checkLength("sphericalGrid: nlon", nlon, 2 * lmax + 1);
  const { colatitudes, weights } = ringsOf(kind, ringsFor(kind, lmax));
  return {
    lmax,
    colatitudes: tensorOf(colatitudes),
    weights: tensorOf(weights),
    longitudes: tensorOf(Float64Array.from({ length: nlon }, (_, k) => (2 * Math.PI * k) / nlon)),
  };
}
