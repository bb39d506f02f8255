// Spherical harmonic transforms: Fourier transforms along the rings, and for each order a matrix product with Legendre
// functions along the meridian (N. Schaeffer, "Efficient spherical harmonic transforms aimed at pseudospectral numerical
// simulations", Geochem. Geophys. Geosyst. 14, 2013).

import { bindOne } from "../../ops/bind.ts";
import { complexFrom, imag, real } from "../../ops/complex.ts";
import { matmul } from "../../ops/contract.ts";
import { concat, pad } from "../../ops/join.ts";
import { flip, moveAxis, narrowAxis } from "../../ops/movement.ts";
import { type DType, realDType } from "../../tensor/dtype.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor, type TensorLike } from "../../tensor/tensor.ts";
import { checkLength, complexOperand, realOperand } from "../arguments.ts";
import { irfftP, rfftP, transformAxes } from "../primitives.ts";
import { checkKind, degreeFor, ringsFor, ringsOf, type SphericalGridKind } from "./grid.ts";
import { legendreTable } from "./legendre.ts";

export interface SphericalAnalysisOptions {
  /** `gauss-legendre` unless told. */
  readonly grid?: SphericalGridKind;
  /** The largest degree that is wanted: what the grid resolves unless told. */
  readonly lmax?: number;
}

export interface SphericalSynthesisOptions {
  /** `gauss-legendre` unless told. */
  readonly grid?: SphericalGridKind;
  /** Rings: as many as the degree needs unless told. */
  readonly nlat?: number;
  /** Points on a ring: 2 lmax + 1 unless told. */
  readonly nlon?: number;
}

const tables = new Map<string, Tensor>();
/** Numbers kept in all tables together. */
const MOST_NUMBERS = 1 << 24;

function tableOf(kind: SphericalGridKind, nlat: number, lmax: number, dtype: DType): Tensor {
  const key = `${kind} ${nlat} ${lmax} ${dtype}`;
  const known = tables.get(key);
  if (known) return known;
  const table = legendreTable(lmax, ringsOf(kind, nlat)).astype(dtype);
  let kept = table.size;
  for (const { size } of tables.values()) kept += size;
  if (kept > MOST_NUMBERS) tables.clear();
  if (table.size <= MOST_NUMBERS) tables.set(key, table);
  return table;
}

/** Degree and sizes of an analysis, checked. */
function sizes(
  what: string,
  field: Tensor,
  { grid = "gauss-legendre", lmax: wanted }: SphericalAnalysisOptions,
): { grid: SphericalGridKind; lmax: number; nlat: number; nlon: number } {
  checkKind(what, grid);
  if (field.ndim < 2)
    throw new ShapeError(
      `${what}: a field […, nlat, nlon] was expected, got shape ${formatShape(field.shape)}`,
    );
  const [nlat, nlon] = field.shape.slice(-2) as [number, number];
  const most = degreeFor(grid, nlat);
  if (most < 0)
    throw new ShapeError(
      `${what}: no ${grid} grid has ${nlat} rings, as in shape ${formatShape(field.shape)}`,
    );
  const lmax = wanted ?? Math.min(most, Math.floor((nlon - 1) / 2));
  checkLength(`${what}: lmax`, lmax, 0);
  if (lmax > most || 2 * lmax + 1 > nlon)
    throw new ShapeError(
      `${what}: degree ${lmax} needs ${ringsFor(grid, lmax)} rings of ${2 * lmax + 1} points, got shape ${formatShape(field.shape)}`,
    );
  return { grid, lmax, nlat, nlon };
}

function synthesisSizes(
  what: string,
  lmax: number,
  { grid = "gauss-legendre", nlat = ringsFor(grid, lmax), nlon = 2 * lmax + 1 }: SphericalSynthesisOptions,
): { grid: SphericalGridKind; nlat: number; nlon: number } {
  checkKind(what, grid);
  checkLength(`${what}: nlat`, nlat);
  if (degreeFor(grid, nlat) < 0) throw new ShapeError(`${what}: no ${grid} grid has ${nlat} rings`);
  checkLength(`${what}: nlon`, nlon, 2 * lmax + 1);
  return { grid, nlat, nlon };
}

/**
 * For each order m >= 0 the product of its Legendre functions with columns: `matrix` `[m, a, b]` times real numbers
 * `[parts, …, b, m]` gives `[parts, …, a, m]`.
 */
function perOrder(matrix: Tensor, parts: Tensor): Tensor {
  const [count, a, b] = matrix.shape as readonly [number, number, number];
  const others = parts.shape.slice(0, -2);
  // [m, b, columns]
  const columns = moveAxis(moveAxis(parts, -1, 0), -1, 1).reshape([count, b, -1]);
  const product = matmul(matrix, columns).reshape([count, a, ...others]);
  return moveAxis(moveAxis(product, 0, -1), 0, -2);
}

/** The same for complex numbers `[…, b, m]`. */
function perOrderComplex(matrix: Tensor, z: Tensor): Tensor {
  const parts = concat([real(z).expandDims(0), imag(z).expandDims(0)]);
  const y = perOrder(matrix, parts);
  return complexFrom(y.at(0), y.at(1));
}

/** What the rings count in ∫ dΩ, with the circumference, in a shape that multiplies `[…, nlat, m]`. */
function ringWeights(grid: SphericalGridKind, nlat: number, dtype: DType): Tensor {
  const weights = ringsOf(grid, nlat).weights.map((w) => 2 * Math.PI * w);
  return new Tensor(weights, [nlat, 1], "float64").astype(dtype);
}

/** (-1)^m for m = from, from + 1 … */
const signs = (from: number, count: number, dtype: DType): Tensor =>
  new Tensor(
    Float64Array.from({ length: count }, (_, i) => ((from + i) % 2 ? -1 : 1)),
    [count],
    "float64",
  ).astype(dtype);

/**
 * The spherical harmonic coefficients of a complex field: a[…, l, m] = ∫ f conj(Yₗᵐ) dΩ for 0 <= l <= lmax, order m at
 * place lmax + m of the last axis (zero for |m| > l). `field` `[…, nlat, nlon]` holds samples on a grid of
 * `sphericalGrid`; the result is `[…, lmax + 1, 2 lmax + 1]`. Harmonics are orthonormal, with the phase of Condon and
 * Shortley. Exact for fields of degree lmax. O(lmax³) and as much memory for Legendre functions, of which the latest are
 * remembered; degrees to about 1900 are safe from underflow. Throws ShapeError when the grid cannot resolve lmax.
 */
export function sht(field: TensorLike, options: SphericalAnalysisOptions = {}): Tensor {
  const f = complexOperand("sht", field);
  const { grid, lmax, nlat, nlon } = sizes("sht", f, options);
  const dtype = realDType(f.dtype);
  const z = transformAxes(f, [f.ndim - 1], -1, 1 / nlon).mul(ringWeights(grid, nlat, dtype));
  const matrix = tableOf(grid, nlat, lmax, dtype);
  const positive = perOrderComplex(matrix, narrowAxis(z, z.ndim - 1, 0, lmax + 1));
  if (lmax === 0) return positive;
  // Order -m stands at nlon - m; its Legendre functions are those of m times (-1)^m.
  const mirrored = flip(narrowAxis(z, z.ndim - 1, nlon - lmax, nlon), -1);
  const negative = perOrderComplex(narrowAxis(matrix, 0, 1, lmax + 1), mirrored).mul(signs(1, lmax, dtype));
  return concat([flip(negative, -1), positive], -1);
}

/**
 * The complex field with given coefficients (see `sht`): f = Σ a[…, l, m] Yₗᵐ on the grid, `[…, nlat, nlon]`. O(lmax³).
 * Throws ShapeError for coefficients that are not `[…, lmax + 1, 2 lmax + 1]` or a grid that is too coarse along rings.
 */
export function isht(coefficients: TensorLike, options: SphericalSynthesisOptions = {}): Tensor {
  const a = complexOperand("isht", coefficients);
  const lmax = (a.shape.at(-2) ?? 0) - 1;
  if (a.ndim < 2 || lmax < 0 || a.shape.at(-1) !== 2 * lmax + 1)
    throw new ShapeError(
      `isht: coefficients […, lmax + 1, 2 lmax + 1] were expected, got shape ${formatShape(a.shape)}`,
    );
  const { grid, nlat, nlon } = synthesisSizes("isht", lmax, options);
  const dtype = realDType(a.dtype);
  const matrix = tableOf(grid, nlat, lmax, dtype).mT();
  const positive = perOrderComplex(matrix, narrowAxis(a, a.ndim - 1, lmax, 2 * lmax + 1));
  const parts = [fill(positive, nlon - 2 * lmax - 1)];
  if (lmax > 0) {
    const mirrored = flip(narrowAxis(a, a.ndim - 1, 0, lmax), -1).mul(signs(1, lmax, dtype));
    parts.push(flip(perOrderComplex(narrowAxis(matrix, 0, 1, lmax + 1), mirrored), -1));
  }
  const z = concat(parts, -1);
  return transformAxes(z, [z.ndim - 1], 1, 1);
}

/** Zeros at the end of the last axis. */
const fill = (x: Tensor, count: number): Tensor =>
  pad(
    x,
    x.shape.map((_, i) => [0, i === x.ndim - 1 ? count : 0] as [number, number]),
  );

/**
 * The coefficients of a real field for 0 <= m <= l <= lmax: complex `[…, lmax + 1, lmax + 1]`. Those of -m are the
 * conjugates times (-1)^m. Half the work of `sht`, of which everything else holds; throws DTypeError for complex fields.
 */
export function rsht(field: TensorLike, options: SphericalAnalysisOptions = {}): Tensor {
  const f = realOperand("rsht", field);
  const { grid, lmax, nlat, nlon } = sizes("rsht", f, options);
  const z = bindOne(rfftP, [f], { scale: 1 / nlon });
  const weighted = narrowAxis(z, z.ndim - 1, 0, lmax + 1).mul(ringWeights(grid, nlat, f.dtype));
  return perOrderComplex(tableOf(grid, nlat, lmax, f.dtype), weighted);
}

/**
 * The real field with given coefficients of orders m >= 0 (see `rsht`) on the grid: `[…, nlat, nlon]`. Imaginary parts of
 * order 0 are not looked at. O(lmax³). Throws as `isht` does.
 */
export function irsht(coefficients: TensorLike, options: SphericalSynthesisOptions = {}): Tensor {
  const a = complexOperand("irsht", coefficients);
  const lmax = (a.shape.at(-2) ?? 0) - 1;
  if (a.ndim < 2 || lmax < 0 || a.shape.at(-1) !== lmax + 1)
    throw new ShapeError(
      `irsht: coefficients […, lmax + 1, lmax + 1] were expected, got shape ${formatShape(a.shape)}`,
    );
  const { grid, nlat, nlon } = synthesisSizes("irsht", lmax, options);
  const matrix = tableOf(grid, nlat, lmax, realDType(a.dtype)).mT();
  const z = fill(perOrderComplex(matrix, a), Math.floor(nlon / 2) - lmax);
  return bindOne(irfftP, [z], { n: nlon, scale: 1 });
}
