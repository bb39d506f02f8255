// A test problem for Kronecker-structured recovery: the channel from a mobile station to a base station over an intelligent
// reflecting surface. The set-up is that of He and Joseph (2024), with grids of an even number of angles.

import { Kronecker } from "../../linalg/operator/kronecker.ts";
import { normal, rademacher, randint } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { checkCount } from "../../tensor/check.ts";
import { fromTypedArray, zeros } from "../../tensor/create.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { squaredModulus } from "./posterior.ts";

export interface IrsChannelOptions {
  /** Antennas of the base station, 16 unless told. */
  readonly bs?: number;
  /** Antennas of the mobile station, 6 unless told. */
  readonly ms?: number;
  /** Elements of the surface, 256 unless told. */
  readonly irs?: number;
  /** Neighbouring angles at which paths arrive, at the surface and at the base station; 3 unless told. */
  readonly paths?: number;
  /** Signal to noise ratio in dB. */
  readonly snr: number;
  /** Angles of each grid, even; 18 unless told. */
  readonly angles?: number;
  /** Pilot signals, 3 unless told. */
  readonly pilots?: number;
  /** Patterns that the surface is set to, 6 unless told. */
  readonly patterns?: number;
}

export interface IrsChannel {
  /** Of the surface `[patterns, angles]`, the mobile station `[pilots, angles]` and the base station `[bs, angles]`. */
  readonly dictionaries: readonly Tensor[];
  /** `[patterns · pilots · bs]`: what the base station receives. */
  readonly y: Tensor;
  /** `[angles³]`: y without noise is (A_1 ⊗ A_2 ⊗ A_3) x. */
  readonly x: Tensor;
  readonly noiseVariance: number;
  /** From the surface to the base station `[bs, irs]`. */
  readonly toBase: Tensor;
  /** From the mobile station to the surface `[irs, ms]`. */
  readonly toSurface: Tensor;
  /** Settings of the surface, the columns of `[irs, patterns]`. */
  readonly settings: Tensor;
  /** Signals sent, the columns of `[ms, pilots]`. */
  readonly sent: Tensor;
}

/**
 * Draws a channel: one direction leaves the mobile station, `paths` neighbouring ones arrive at the surface, one leaves it and
 * `paths` arrive at the base station, with normal gains. Directions are cosines on a grid of [−1, 1), so that the surface sees the
 * difference of its two on the same grid, and x is a Kronecker product of three sparse vectors.
 *
 * @throws DomainError for counts below 1, an odd number of angles, more paths than angles and an snr that is not finite.
 */
export function irsChannel(key: Key, options: IrsChannelOptions): IrsChannel {
  const { bs = 16, ms = 6, irs = 256, paths = 3, snr, angles = 18, pilots = 3, patterns = 6 } = options;
  for (const [name, value] of Object.entries({ bs, ms, irs, paths, angles, pilots, patterns }))
    checkCount(`irsChannel: ${name}`, value);
  if (angles % 2 !== 0 || paths > angles)
    throw new DomainError(
      `irsChannel: angles: an even number of at least paths = ${paths} was expected, got ${angles}`,
    );
  if (!Number.isFinite(snr))
    throw new DomainError(`irsChannel: snr: a number of dB was expected, got ${snr}`);
  const [whereKey, arrivalKey, baseKey, settingKey, pilotKey, noiseKey] = Array.from({ length: 6 }, (_, i) =>
    foldIn(key, i),
  ) as [Key, Key, Key, Key, Key, Key];
  const [fromMobile, fromSurface, atSurface, atBase] = Array.from(
    randint(whereKey, [4], 0, angles).data(),
  ) as [number, number, number, number];
  const arrivals = normal(arrivalKey, [paths], { dtype: "complex128" });
  const receptions = normal(baseKey, [paths], { dtype: "complex128" });
  const scattered = (gains: Tensor, first: number): Tensor => {
    const x = zeros([angles], "complex128");
    const [to, from] = [x.data(), gains.data()];
    for (let p = 0; p < paths; p++) {
      const at = (first + p) % angles;
      to[2 * at] = from[2 * p]!;
      to[2 * at + 1] = from[2 * p + 1]!;
    }
    return x;
  };
  const [baseGrid, surfaceGrid, mobileGrid] = [bs, irs, ms].map((n) => steering(n, angles)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const receiving = scattered(receptions, atBase);
  const size = (n: number, count: number): number => Math.sqrt((n * irs) / count);
  const baseGain = size(bs, paths);
  const surfaceGain = size(ms, paths);
  const leaving = surfaceGrid.at(":", fromSurface).conj();
  const toBase = baseGrid.matmul(receiving).expandDims(1).mul(leaving).mul(baseGain);
  const arriving = surfaceGrid.matmul(scattered(arrivals, atSurface)).expandDims(1);
  const toSurface = arriving.mul(mobileGrid.at(":", fromMobile).conj()).mul(surfaceGain);
  const settings = rademacher(settingKey, [irs, patterns]).astype("float64").div(Math.sqrt(irs));
  const sent = quarterPhases(pilotKey, ms, pilots);
  // conj(a(u)) ∘ a(v) = a(v − u) / √irs on the grid, where −1 stands at position 0: the middle is added.
  const shifted = (atSurface - fromSurface + angles / 2 + angles) % angles;
  const departure = zeros([angles], "complex128");
  departure.data()[2 * fromMobile] = 1;
  const parts = [
    scattered(arrivals, shifted).mul(surfaceGain / Math.sqrt(irs)),
    departure,
    receiving.mul(baseGain),
  ];
  const x = parts.reduce((a, b) => a.expandDims(1).mul(b).ravel());
  const dictionaries = [settings.mT().matmul(surfaceGrid), sent.mT().matmul(mobileGrid.conj()), baseGrid];
  const clean = new Kronecker(dictionaries).apply(x);
  const noiseVariance = squaredModulus(clean).mean().item() / 10 ** (snr / 10);
  const noise = normal(noiseKey, [clean.size], { dtype: "complex128" });
  return {
    dictionaries,
    y: clean.add(noise.mul(Math.sqrt(noiseVariance))),
    x,
    noiseVariance,
    toBase,
    toSurface,
    settings,
    sent,
  };
}

/** Columns exp(iπ c k) / √n, k < n, for cosines c on a grid of [−1, 1). */
function steering(n: number, angles: number): Tensor {
  const data = new Float64Array(2 * n * angles);
  for (let k = 0, at = 0; k < n; k++)
    for (let j = 0; j < angles; j++, at += 2) {
      const phase = Math.PI * ((2 * j) / angles - 1) * k;
      data[at] = Math.cos(phase) / Math.sqrt(n);
      data[at + 1] = Math.sin(phase) / Math.sqrt(n);
    }
  return fromTypedArray(data, [n, angles], "complex128");
}

/** (±1 ± i) / √(2 rows) */
function quarterPhases(key: Key, rows: number, columns: number): Tensor {
  const signs = rademacher(key, [rows, columns, 2]).astype("float64").data() as Float64Array;
  const size = 1 / Math.sqrt(2 * rows);
  return fromTypedArray(
    signs.map((sign) => sign * size),
    [rows, columns],
    "complex128",
  );
}
