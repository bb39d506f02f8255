// The double exponential rules: a change of variables after which the trapezoidal rule converges exponentially, whatever happens at the
// limits. Takahasi and Mori, "Double exponential formulas for numerical integration" (1974).

import { Tracer } from "../ops/tracer.ts";
import { DomainError } from "../tensor/errors.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { checkCount, checkTolerances, type QuadratureResult, type Tolerances } from "./adapt.ts";
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

export interface TanhSinhOptions extends Tolerances {
  /** How often the step may be halved. 8 unless told. */
  readonly maxLevel?: number;
}

/** Nodes by the distance from a limit in units of the change of variables, and dx/ds; which limit it is. */
interface Node {
  /** In (0, 1/2] of the interval from the nearer limit, or the point itself where there is none. */
  readonly place: number;
  readonly slope: number;
  readonly isRight: boolean;
}

const HALF_PI = Math.PI / 2;

/** x = (1 + tanh(π/2 sinh s))/2 of a finite interval. */
function finiteNode(s: number): Node {
  const u = Math.PI * Math.sinh(Math.abs(s));
  const decay = Math.exp(-u);
  const place = decay / (1 + decay);
  return { place, slope: (Math.PI * Math.cosh(s) * decay) / (1 + decay) ** 2, isRight: s > 0 };
}

/** Distance exp(π/2 sinh s) from the finite limit. */
function halfNode(s: number): Node {
  const place = Math.exp(HALF_PI * Math.sinh(s));
  return { place, slope: place * HALF_PI * Math.cosh(s), isRight: false };
}

/** x = sinh(π/2 sinh s) on the line. */
function lineNode(s: number): Node {
  const u = HALF_PI * Math.sinh(s);
  return { place: Math.sinh(u), slope: Math.cosh(u) * HALF_PI * Math.cosh(s), isRight: false };
}

const FARTHEST = 6.1;

/**
 * The integral of f from a to b, which may be infinite, by a double exponential rule whose step is halved until two sums agree. It does
 * well where f is smooth inside but singular at the limits, where it is never evaluated: a singularity at 0 is seen to the smallest
 * numbers, one at another limit to the spacing of numbers there. Arguments, derivatives, results and errors are those of `quad`.
 */
export function tanhSinh(
  f: Integrand,
  a: TensorLike,
  b: TensorLike,
  options: TanhSinhOptions = {},
): QuadratureResult {
  const name = "tanhSinh";
  const { maxLevel = 8 } = options;
  const { atol, rtol } = checkTolerances(name, options);
  checkCount(name, "maxLevel", maxLevel);
  const [from, to] = [limit(name, "a", a), limit(name, "b", b)];
  const [low, high] = [known(name, "a", from), known(name, "b", to)];
  if (low > high) {
    const { value, ...rest } = tanhSinh(f, to, from, options);
    return { ...rest, value: value.neg() };
  }
  if (low === high && !Number.isFinite(low))
    throw new DomainError(`${name}: b: a limit other than a = ${low} was expected`);
  const isLeft = Number.isFinite(low);
  const isRight = Number.isFinite(high);
  const nodeAt = isLeft && isRight ? finiteNode : isLeft || isRight ? halfNode : lineNode;
  /** False where rounding puts the node on a limit, or the weight is nothing. */
  const counts = ({ place, slope, isRight: nearRight }: Node): boolean => {
    if (!(slope > 1e-300 && slope < 1e300 && Number.isFinite(place))) return false;
    if (!isLeft && !isRight) return true;
    if (isLeft && isRight) {
      const x = nearRight ? high - (high - low) * place : low + (high - low) * place;
      return low === high || (x > low && x < high);
    }
    return isLeft ? low + place > low : high - place < high;
  };
  const at = (nodes: readonly Node[]): Tensor => {
    const vector = (pick: (node: Node) => number): Tensor =>
      new Tensor(Float64Array.from(nodes, pick), [nodes.length], "float64");
    const place = vector((node) => node.place);
    const slope = vector((node) => node.slope);
    if (isLeft && isRight) {
      const width = to.sub(from);
      const fromLeft = from.add(width.mul(place));
      const fromRight = to.sub(width.mul(place));
      const isNearRight = vector((node) => (node.isRight ? 1 : 0)).equal(1);
      return weighted(name, f, isNearRight.where(fromRight, fromLeft), width.mul(slope));
    }
    const x = isLeft ? from.add(place) : isRight ? to.sub(place) : place;
    return weighted(name, f, x, slope);
  };
  let kind: Kind | null = null;
  let evaluations = 0;
  const used: Node[] = [];
  const sumOf = (nodes: readonly Node[]): Float64Array => {
    used.push(...nodes);
    evaluations += nodes.length;
    const { data, kind: found } = read(at(nodes));
    kind = found;
    const count = components(found);
    const sum = new Float64Array(count);
    for (let i = 0; i < nodes.length; i++) for (let c = 0; c < count; c++) sum[c]! += data[i * count + c]!;
    return sum;
  };
  let step = 0.5;
  const grid = (first: number, stride: number): Node[] => {
    const nodes: Node[] = [];
    for (let s = first; s <= FARTHEST; s += stride) {
      nodes.push(nodeAt(s));
      if (s > 0) nodes.push(nodeAt(-s));
    }
    return nodes.filter(counts);
  };
  let sum = sumOf(grid(0, step));
  let value = sum.map((x) => x * step);
  let error = value.map(() => Number.POSITIVE_INFINITY);
  let converged = false;
  for (let level = 1; level <= maxLevel && !converged; level++) {
    const more = sumOf(grid(step / 2, step));
    step /= 2;
    sum = sum.map((x, c) => x + more[c]!);
    const before = value;
    value = sum.map((x) => x * step);
    error = value.map((x, c) => Math.abs(x - before[c]!));
    converged = error.every((e, c) => e <= Math.max(atol, rtol * Math.abs(value[c]!)));
  }
  const found = kind as Kind | null;
  if (!found) throw new DomainError(`${name}: nothing was evaluated`);
  const result = { error: packError(error, found), evaluations, converged };
  const isTraced = found.isTraced || from instanceof Tracer || to instanceof Tracer;
  return { value: isTraced ? at(used).sum({ axis: 0 }).mul(step) : pack(value, found), ...result };
}
