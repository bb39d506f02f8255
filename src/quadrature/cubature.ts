// Adaptive integration over a box of several dimensions.

import { DomainError, ShapeError } from "../tensor/errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  adapt,
  checkCount,
  checkTolerances,
  type Measured,
  type QuadratureResult,
  type Tolerances,
} from "./adapt.ts";
import { components, fill, type Integrand, type Kind, pack, packError, read, weighted } from "./integrand.ts";

export interface CubatureOptions extends Tolerances {
  /** Most boxes. 10 000 unless told. */
  readonly limit?: number;
}

interface Box {
  readonly center: Float64Array;
  readonly half: Float64Array;
  /** The axis along which the integrand bends most, once it is measured. */
  axis: number;
}

/** Genz and Malik's rule of degree 7 on [-1, 1]^d, with one of degree 5 on the same nodes. */
interface Rule {
  /** `[m, d]`: the center, then ±λ₂ and ±λ₃ along every axis, pairs and corners. */
  readonly nodes: Float64Array;
  /** Of a box of volume 1. */
  readonly high: Float64Array;
  readonly low: Float64Array;
}

const L2 = Math.sqrt(9 / 70);
const L4 = Math.sqrt(9 / 10);
const L5 = Math.sqrt(9 / 19);

function genzMalik(d: number): Rule {
  const nodes: number[][] = [];
  const high: number[] = [];
  const low: number[] = [];
  const put = (node: number[], a: number, b: number): void => {
    nodes.push(node);
    high.push(a);
    low.push(b);
  };
  const unit = (...entries: readonly (readonly [number, number])[]): number[] => {
    const node = new Array<number>(d).fill(0);
    for (const [axis, value] of entries) node[axis] = value;
    return node;
  };
  put(unit(), (12824 - 9120 * d + 400 * d * d) / 19683, (729 - 950 * d + 50 * d * d) / 729);
  for (let i = 0; i < d; i++) for (const s of [-1, 1]) put(unit([i, s * L2]), 980 / 6561, 245 / 486);
  for (let i = 0; i < d; i++)
    for (const s of [-1, 1]) put(unit([i, s * L4]), (1820 - 400 * d) / 19683, (265 - 100 * d) / 1458);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < i; j++)
      for (const s of [-1, 1])
        for (const t of [-1, 1]) put(unit([i, s * L4], [j, t * L4]), 200 / 19683, 25 / 729);
  for (let mask = 0; mask < 2 ** d; mask++)
    put(
      Array.from({ length: d }, (_, i) => ((mask >>> i) & 1 ? L5 : -L5)),
      6859 / 19683 / 2 ** d,
      0,
    );
  return {
    nodes: Float64Array.from(nodes.flat()),
    high: Float64Array.from(high),
    low: Float64Array.from(low),
  };
}

/**
 * The integral of f over the box `[[a₁, b₁], …, [a_d, b_d]]` of 2 to 15 dimensions, by splitting boxes along the axis of the largest fourth
 * difference. f takes points `[m, d]` and returns values `[m, …]`, real or complex: whole batches of boxes are one call, of 2^d + 2 d² + 2 d + 1
 * points each. Derivatives with respect to what f closes over as for `quad`; the limits are numbers.
 *
 * Not converging is reported. Throws ShapeError for another number of dimensions; DomainError for limits that are not finite and options
 * out of range.
 *
 * Source: Genz and Malik, An adaptive algorithm for numerical integration over an N-dimensional rectangular region (1980).
 */
export function cubature(
  f: Integrand,
  box: readonly (readonly [number, number])[],
  options: CubatureOptions = {},
): QuadratureResult {
  const name = "cubature";
  const d = box.length;
  const { limit: most = 10_000 } = options;
  const tolerances = checkTolerances(name, options);
  checkCount(name, "limit", most);
  if (!(d >= 2 && d <= 15)) throw new ShapeError(`${name}: box: 2 to 15 sides were expected, got ${d}`);
  box.forEach(([a, b], k) => {
    if (!(Number.isFinite(a) && Number.isFinite(b)))
      throw new DomainError(`${name}: box: finite limits were expected, got [${a}, ${b}] for side ${k}`);
  });
  const rule = genzMalik(d);
  const m = rule.high.length;
  const pointsOf = (boxes: readonly Box[]): Tensor => {
    const data = new Float64Array(boxes.length * m * d);
    boxes.forEach(({ center, half }, k) => {
      for (let i = 0; i < m; i++)
        for (let j = 0; j < d; j++)
          data[(k * m + i) * d + j] = center[j]! + half[j]! * rule.nodes[i * d + j]!;
    });
    return new Tensor(data, [boxes.length * m, d], "float64");
  };
  let kind: Kind | null = null;
  let evaluations = 0;
  const measure = (boxes: readonly Box[]): Measured<Box>[] => {
    const points = pointsOf(boxes);
    evaluations += boxes.length * m;
    const { data, kind: found } = read(weighted(name, f, points, fill(1, boxes.length * m)));
    kind = found;
    return boxes.map((region, k) => measured(region, data, k * m, components(found), rule, d));
  };
  const split = ({ region: { center, half, axis } }: Measured<Box>): readonly Box[] | null => {
    const width = half[axis]! / 2;
    if (Math.abs(width) < 2 ** -48 * Math.abs(center[axis]!)) return null;
    return [-1, 1].map((side) => ({
      center: center.map((x, j) => (j === axis ? x + side * width : x)),
      half: half.map((x, j) => (j === axis ? width : x)),
      axis: 0,
    }));
  };
  const start: Box = {
    center: Float64Array.from(box, ([a, b]) => (a + b) / 2),
    half: Float64Array.from(box, ([a, b]) => (b - a) / 2),
    axis: 0,
  };
  const { regions, value, error, converged } = adapt([start], measure, split, tolerances, most);
  const found = kind as Kind | null;
  if (!found) throw new DomainError(`${name}: nothing was evaluated`);
  const result = { error: packError(error, found), evaluations, converged };
  if (!found.isTraced) return { value: pack(value, found), ...result };
  const boxes = regions.map(({ region }) => region);
  const weights = Float64Array.from(boxes.flatMap((each) => [...rule.high].map((w) => w * volume(each))));
  const all = new Tensor(weights, [weights.length], "float64");
  return { value: weighted(name, f, pointsOf(boxes), all).sum({ axis: 0 }), ...result };
}

const volume = ({ half }: Box): number => half.reduce((product, h) => product * 2 * h, 1);

function measured(
  region: Box,
  data: Float64Array,
  start: number,
  count: number,
  { high, low }: Rule,
  d: number,
): Measured<Box> {
  const size = volume(region);
  const value = new Float64Array(count);
  const error = new Float64Array(count);
  const bends = new Float64Array(d);
  const ratio = (L2 / L4) ** 2;
  for (let c = 0; c < count; c++) {
    const at = (i: number): number => data[(start + i) * count + c]!;
    let fine = 0;
    let coarse = 0;
    let absolute = 0;
    for (let i = 0; i < high.length; i++) {
      fine += high[i]! * at(i);
      coarse += low[i]! * at(i);
      absolute += Math.abs(high[i]! * at(i));
    }
    value[c] = fine * size;
    error[c] = Math.max(Math.abs((fine - coarse) * size), 2 ** -50 * absolute * Math.abs(size));
    for (let j = 0; j < d; j++) {
      const near = at(1 + 2 * j) + at(2 + 2 * j) - 2 * at(0);
      const far = at(1 + 2 * d + 2 * j) + at(2 + 2 * d + 2 * j) - 2 * at(0);
      bends[j]! += Math.abs(near - ratio * far);
    }
  }
  // Where it bends nowhere, or as much everywhere, the longest side.
  let axis = 0;
  for (let j = 1; j < d; j++) {
    const isWider = Math.abs(region.half[j]!) > Math.abs(region.half[axis]!);
    if (bends[j]! > bends[axis]! * (1 + 1e-9) || (bends[j]! >= bends[axis]! * (1 - 1e-9) && isWider))
      axis = j;
  }
  region.axis = axis;
  return { region, value, error };
}
