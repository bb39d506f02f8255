// Functions that are orthonormal under a probability measure, and how to draw points from it and from their squares.

import { take } from "../../ops/gather.ts";
import { stack } from "../../ops/join.ts";
import { normal, uniform } from "../../random/distributions.ts";
import { Stream } from "../../random/elements.ts";
import type { Key } from "../../random/key.ts";
import { checkKey } from "../../random/keyed.ts";
import { vander } from "../../special/polynomials/polynomials.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** φ₁ … φ_m with ∫ φᵢ φⱼ dμ = δᵢⱼ. Points are numbers `[n]`, or rows `[n, q]`. */
export interface OrthonormalBasis {
  /** m */
  readonly dimension: number;
  /** The functions at n points: `[n, m]`. */
  readonly evaluate: (x: Tensor) => Tensor;
  /** n independent points from μ. */
  readonly sampleMeasure: (key: Key, n: number) => Tensor;
  /** n independent points from the density φⱼ² with respect to μ, j from 0. */
  readonly sampleSquare?: (key: Key, j: number, n: number) => Tensor;
  /** Where there is no `sampleSquare`: what no φⱼ² exceeds, for rejection from μ. */
  readonly squareBound?: number;
}

export function checkDimension(name: string, m: number): void {
  if (!(Number.isInteger(m) && m >= 1)) throw new DomainError(`${name}: m must be an integer >= 1, got ${m}`);
}

/** A random stream of its own for numbers that take as many draws as they need. */
export function streamOf(key: Key): Stream {
  const words = checkKey(key).data();
  const stream = new Stream(words[0]!, words[1]!);
  stream.seek(0);
  return stream;
}

const vectorOf = (data: Float64Array): Tensor => new Tensor(data, [data.length], "float64");

function onLine(name: string, x: Tensor): Tensor {
  if (x.ndim !== 1)
    throw new ShapeError(`${name}: points [n] were expected, got shape ${formatShape(x.shape)}`);
  return x;
}

/** Legendre's polynomial of degree j at x. */
function legendre(j: number, x: number): number {
  let [before, value] = [0, 1];
  for (let k = 0; k < j; k++) [before, value] = [value, ((2 * k + 1) * x * value - k * before) / (k + 1)];
  return value;
}

/** From (2j + 1) Pⱼ² dx/2 by rejection from the arcsine law: √(1 − x²) (2j + 1)/2 Pⱼ² <= 2/π (DLMF 18.14.7). */
function legendreSquare(stream: Stream, j: number): number {
  for (;;) {
    const x = Math.cos(Math.PI * stream.uniform());
    const ratio = (Math.PI / 4) * Math.sqrt(1 - x * x) * (2 * j + 1) * legendre(j, x) ** 2;
    if (stream.uniform() < ratio) return x;
  }
}

/** The first m exponents of q variables, by total degree. */
function exponents(m: number, q: number): number[][] {
  const list: number[][] = [];
  const fill = (prefix: readonly number[], left: number): void => {
    if (list.length === m) return;
    if (prefix.length === q - 1) {
      list.push([...prefix, left]);
      return;
    }
    for (let power = left; power >= 0; power--) fill([...prefix, power], left - power);
  };
  for (let degree = 0; list.length < m; degree++) fill([], degree);
  return list;
}

/**
 * Legendre's polynomials, orthonormal under the uniform probability on [-1, 1]^dims: degrees 0 … m − 1 on the line with points
 * `[n]`; with more variables the first m products by total degree (28 of degree 6 or less in two) and points `[n, dims]`.
 */
export function legendreBasis(m: number, dims = 1): OrthonormalBasis {
  checkDimension("legendreBasis", m);
  if (!(Number.isInteger(dims) && dims >= 1))
    throw new DomainError(`legendreBasis: dims must be an integer >= 1, got ${dims}`);
  const powers = exponents(m, dims);
  const top = Math.max(...powers.flat());
  const scales = vectorOf(Float64Array.from({ length: top + 1 }, (_, j) => Math.sqrt(2 * j + 1)));
  const along = (x: Tensor): Tensor => vander("legendre", top, x).mul(scales);
  const evaluate = (x: Tensor): Tensor => {
    if (dims === 1) return along(onLine("legendreBasis", x));
    if (x.ndim !== 2 || x.shape[1] !== dims)
      throw new ShapeError(
        `legendreBasis: points [n, ${dims}] were expected, got shape ${formatShape(x.shape)}`,
      );
    const values = along(x);
    let result: Tensor | null = null;
    for (let axis = 0; axis < dims; axis++) {
      const degrees = Int32Array.from(powers, (power) => power[axis]!);
      const part = take(values.at(":", axis), new Tensor(degrees, [m], "int32"), 1);
      result = result === null ? part : result.mul(part);
    }
    return result!;
  };
  return {
    dimension: m,
    evaluate,
    sampleMeasure: (key, n) => uniform(key, dims === 1 ? [n] : [n, dims], { low: -1, high: 1 }),
    sampleSquare: (key, j, n) => {
      const stream = streamOf(key);
      const power = powers[j]!;
      const data = Float64Array.from({ length: n * dims }, (_, i) =>
        legendreSquare(stream, power[i % dims]!),
      );
      return new Tensor(data, dims === 1 ? [n] : [n, dims], "float64");
    },
  };
}

/** Hermite's function hⱼ(t), ∫ hⱼ² = 1. */
function hermiteFunction(j: number, t: number): number {
  let [before, value] = [0, Math.PI ** -0.25 * Math.exp((-t * t) / 2)];
  for (let k = 0; k < j; k++)
    [before, value] = [value, Math.sqrt(2 / (k + 1)) * t * value - Math.sqrt(k / (k + 1)) * before];
  return value;
}

/**
 * From hⱼ² by rejection: hⱼ² <= π^(-1/2) everywhere (Indritz 1961), and beyond a = √(2j + 2), where h'' >= h, it falls at least as
 * e^(-2(|t| − a)).
 */
function hermiteSquare(stream: Stream, j: number): number {
  const a = Math.sqrt(2 * j + 2);
  for (;;) {
    const place = (2 * a + 1) * stream.uniform();
    let t = place - a;
    let height = 1;
    if (place > 2 * a) {
      height = stream.uniform();
      t = (stream.uniform() < 0.5 ? -1 : 1) * (a - Math.log(height) / 2);
    }
    if (stream.uniform() * height < Math.sqrt(Math.PI) * hermiteFunction(j, t) ** 2) return t;
  }
}

/** Hermite's polynomials of degrees 0 … m − 1, orthonormal under the standard normal law; points `[n]`. */
export function hermiteBasis(m: number): OrthonormalBasis {
  checkDimension("hermiteBasis", m);
  return {
    dimension: m,
    evaluate: (points) => {
      const x = onLine("hermiteBasis", points);
      const values = [x.mul(0).add(1)];
      for (let k = 0; k + 1 < m; k++) {
        const next = x.mul(values[k]!);
        const rest = k === 0 ? next : next.sub(values[k - 1]!.mul(Math.sqrt(k)));
        values.push(rest.mul(1 / Math.sqrt(k + 1)));
      }
      return stack(values, -1);
    },
    sampleMeasure: (key, n) => normal(key, [n]),
    sampleSquare: (key, j, n) => {
      const stream = streamOf(key);
      return vectorOf(Float64Array.from({ length: n }, () => Math.SQRT2 * hermiteSquare(stream, j)));
    },
  };
}

/** 1, √2 cos 2πx, √2 sin 2πx, √2 cos 4πx … (m of them), orthonormal under the uniform law on [0, 1); points `[n]`. */
export function fourierBasis(m: number): OrthonormalBasis {
  checkDimension("fourierBasis", m);
  return {
    dimension: m,
    evaluate: (points) => {
      const x = onLine("fourierBasis", points);
      const values = Array.from({ length: m }, (_, j) => {
        if (j === 0) return x.mul(0).add(1);
        const angle = x.mul(2 * Math.PI * Math.ceil(j / 2));
        return (j % 2 === 1 ? angle.cos() : angle.sin()).mul(Math.SQRT2);
      });
      return stack(values, -1);
    },
    sampleMeasure: (key, n) => uniform(key, [n]),
    squareBound: 2,
  };
}
