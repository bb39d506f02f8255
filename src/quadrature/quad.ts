// Adaptive integration over an interval, which may be infinite.

import { Tracer } from "../ops/tracer.ts";
import { DomainError } from "../tensor/errors.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import {
  adapt,
  checkCount,
  checkTolerances,
  type Measured,
  type QuadratureResult,
  type Tolerances,
} from "./adapt.ts";
import {
  components,
  type Integrand,
  type Kind,
  known,
  limit,
  pack,
  packError,
  read,
  weighted,
} from "./integrand.ts";
import { G7K15, G10K21, type Pair } from "./kronrod.ts";

export interface QuadOptions extends Tolerances {
  /** Most intervals. 500 unless told. */
  readonly limit?: number;
  /** Where the integrand has kinks, jumps or peaks, between finite limits: the interval is split there first. */
  readonly points?: readonly number[];
  /** Nodes of Gauss's and of Kronrod's rule. "G10K21" unless told. */
  readonly rule?: "G7K15" | "G10K21";
  /** The integrand is singular at a finite limit: the variable is changed so that nodes crowd there. */
  readonly singular?: boolean;
}

type Interval = readonly [number, number];

/** A change of variables from t in `range` to x, with dx/dt. */
interface Change {
  readonly range: Interval;
  readonly apply: (t: Tensor) => { readonly x: Tensor; readonly slope: Tensor };
}

/** The change of variables for limits a < b, of which numbers are known. */
function change(a: Tensor, b: Tensor, low: number, high: number): Change {
  const isLeft = Number.isFinite(low);
  const isRight = Number.isFinite(high);
  if (isLeft && isRight)
    return {
      range: [0, 1],
      apply: (t) => ({ x: a.add(b.sub(a).mul(t)), slope: b.sub(a).broadcastTo(t.shape) }),
    };
  if (!isLeft && !isRight)
    return {
      range: [-1, 1],
      apply: (t) => {
        const rest = t.square().neg().add(1);
        return { x: t.div(rest), slope: t.square().add(1).div(rest.square()) };
      },
    };
  return {
    range: [0, 1],
    apply: (t) => {
      const rest = t.neg().add(1);
      const far = t.div(rest);
      return { x: isLeft ? a.add(far) : b.sub(far), slope: rest.square().pow(-1) };
    },
  };
}

/** t = s³(10 - 15 s + 6 s²), flat at both ends. */
const flatten = ({ range, apply }: Change): Change => ({
  range,
  apply: (s) => {
    const rest = s.neg().add(1);
    const { x, slope } = apply(s.pow(3).mul(s.mul(s.mul(6).sub(15)).add(10)));
    return { x, slope: slope.mul(s.mul(rest).square()).mul(30) };
  },
});

/** QUADPACK's estimate from the difference of the two rules, which is pessimistic, and from the size of rounding. */
function estimate(difference: number, deviation: number, size: number): number {
  let error = Math.abs(difference);
  if (deviation !== 0 && error !== 0) error = deviation * Math.min(1, ((200 * error) / deviation) ** 1.5);
  if (size > 1e-292) error = Math.max(50 * 2 ** -52 * size, error);
  return error;
}

/**
 * The integral of f from a to b by adaptive Gauss-Kronrod rules. f takes points `[m]` and returns values `[m, …]`, real or complex:
 * whole batches of intervals are one call. Either limit may be infinite.
 *
 * The value is differentiable with respect to a, b and whatever f closes over: the rule that was found is applied to the traced
 * integrand, so that the derivative of the integral is the integral of the derivative over the same nodes, whose error is not
 * estimated. It reads values on the way, which jit and vmap do not have: take `fixedQuad` there.
 *
 * Not converging is reported. Throws DomainError for limits that are NaN, points outside of them and options out of range, ShapeError when
 * f does not return a value for every point.
 *
 * Source: Piessens, de Doncker-Kapenga, Überhuber, Kahaner, QUADPACK (1983).
 */
export function quad(
  f: Integrand,
  a: TensorLike,
  b: TensorLike,
  options: QuadOptions = {},
): QuadratureResult {
  const name = "quad";
  const { limit: most = 500, points = [], rule = "G10K21", singular = false } = options;
  const tolerances = checkTolerances(name, options);
  checkCount(name, "limit", most);
  if (rule !== "G7K15" && rule !== "G10K21")
    throw new DomainError(`${name}: rule "G7K15" or "G10K21" was expected, got ${String(rule)}`);
  const [from, to] = [limit(name, "a", a), limit(name, "b", b)];
  const [low, high] = [known(name, "a", from), known(name, "b", to)];
  if (low > high) {
    const { value, ...rest } = quad(f, to, from, options);
    return { ...rest, value: value.neg() };
  }
  if (low === high && !Number.isFinite(low))
    throw new DomainError(`${name}: b: a limit other than a = ${low} was expected`);
  const straight = change(from, to, low, high);
  const changed = singular ? flatten(straight) : straight;
  const inner = [...points]
    .sort((p, q) => p - q)
    .map((point) => {
      if (!(Number.isFinite(low) && Number.isFinite(high) && point > low && point < high) || singular)
        throw new DomainError(
          `${name}: points: numbers between finite limits, and no singular limits, were expected, got ${point}`,
        );
      return (point - low) / (high - low);
    });
  const ends = [changed.range[0], ...inner, changed.range[1]];
  const start = ends.slice(1).map((end, i): Interval => [ends[i]!, end]);
  const pair = rule === "G7K15" ? G7K15 : G10K21;
  const nodesOf = (intervals: readonly Interval[]): Tensor => {
    const n = pair.nodes.length;
    const data = new Float64Array(intervals.length * n);
    intervals.forEach(([left, right], k) => {
      for (let i = 0; i < n; i++)
        data[k * n + i] = (left + right) / 2 + ((right - left) / 2) * pair.nodes[i]!;
    });
    return new Tensor(data, [data.length], "float64");
  };
  const at = (t: Tensor): Tensor => {
    const { x, slope } = changed.apply(t);
    return weighted(name, f, x, slope);
  };
  let kind: Kind | null = null;
  let evaluations = 0;
  const measure = (intervals: readonly Interval[]): Measured<Interval>[] => {
    const t = nodesOf(intervals);
    evaluations += t.size;
    const found = read(at(t));
    kind = found.kind;
    return intervals.map((interval, k) => measured(interval, k, found.data, components(found.kind), pair));
  };
  const split = ({ region: [left, right] }: Measured<Interval>): readonly Interval[] | null => {
    const middle = (left + right) / 2;
    const isTiny = right - left < 2 ** -46 * Math.max(Math.abs(left), Math.abs(right), 2 ** -900);
    return isTiny
      ? null
      : [
          [left, middle],
          [middle, right],
        ];
  };
  const { regions, value, error, converged } = adapt(start, measure, split, tolerances, most);
  const found = kind as Kind | null;
  if (!found) throw new DomainError(`${name}: nothing was evaluated`);
  const result = { error: packError(error, found), evaluations, converged };
  const isTraced = found.isTraced || from instanceof Tracer || to instanceof Tracer;
  if (!isTraced) return { value: pack(value, found), ...result };
  const intervals = regions.map(({ region }) => region);
  const weights = Float64Array.from(
    intervals.flatMap(([left, right]) => [...pair.kronrod].map((w) => (w * (right - left)) / 2)),
  );
  const sum = at(nodesOf(intervals));
  const factor = new Tensor(weights, [weights.length, ...found.trailing.map(() => 1)], "float64");
  return { value: sum.mul(factor).sum({ axis: 0 }), ...result };
}

/** Both rules on interval number k, whose values are weighted with dx/dt already. */
function measured(
  interval: Interval,
  k: number,
  data: Float64Array,
  count: number,
  { nodes, kronrod, gauss }: Pair,
): Measured<Interval> {
  const half = (interval[1] - interval[0]) / 2;
  const n = nodes.length;
  const value = new Float64Array(count);
  const error = new Float64Array(count);
  for (let c = 0; c < count; c++) {
    let fine = 0;
    let coarse = 0;
    let size = 0;
    for (let i = 0; i < n; i++) {
      const y = data[(k * n + i) * count + c]!;
      fine += kronrod[i]! * y;
      coarse += gauss[i]! * y;
      size += kronrod[i]! * Math.abs(y);
    }
    let deviation = 0;
    for (let i = 0; i < n; i++)
      deviation += kronrod[i]! * Math.abs(data[(k * n + i) * count + c]! - fine / 2);
    value[c] = fine * half;
    error[c] = estimate((fine - coarse) * half, deviation * half, size * half);
  }
  return { region: interval, value, error };
}
