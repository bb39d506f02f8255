// Functions of distances with parameters, closed under derivatives by these: what they know of f(a + b) decides how
// sums over a tree are done.

import { concat } from "../../ops/join.ts";
import { zeros } from "../../tensor/create.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor, type TensorLike } from "../../tensor/tensor.ts";

/** f(a + b) = Σᵣ leftᵣ(a) rightᵣ(b). */
export interface Separable {
  readonly rank: number;
  left(a: number, out: Float64Array, at: number): void;
  right(b: number, out: Float64Array, at: number): void;
}

/** A function whose parameters have values. */
export interface Evaluator {
  readonly value: (distance: number) => number;
  readonly separable?: Separable;
  /** f(a + b) has few singular values to speak of. */
  readonly smooth?: boolean;
}

/** A function of distances as it depends on its parameters. */
export interface DistanceFamily {
  /** `range` bounds the distances of interest. */
  readonly at: (parameters: Float64Array, range: number) => Evaluator;
  /** The derivative by a parameter. */
  readonly derivative: (k: number) => DistanceFamily;
}

/** A function of distances; all gradients follow its parameters `[p]`. */
export interface DistanceFunction {
  readonly kind: string;
  readonly parameters: Tensor;
  readonly family: DistanceFamily;
}

/** A scalar or vector of parameters. */
export type Coefficients = TensorLike | readonly number[];

/** Scalars and vectors one after another, in one dtype. Throws ShapeError and DTypeError. */
function parametersOf(caller: string, parts: Readonly<Record<string, Coefficients>>): Tensor {
  const flat = Object.entries(parts).map(([name, part]) => {
    const x =
      part instanceof Tensor
        ? part
        : Array.isArray(part)
          ? new Tensor(Float64Array.from(part as number[]), [part.length], "float64")
          : new Tensor(Float64Array.of(Number(part)), [], "float64");
    if (x.ndim > 1)
      throw new ShapeError(
        `${caller}: ${name} must be a number or a vector, got shape ${formatShape(x.shape)}`,
      );
    if (x.dtype !== "float32" && x.dtype !== "float64")
      throw new DTypeError(`${caller}: ${name} must be float32 or float64, got ${x.dtype}`);
    return x.reshape([x.size]);
  });
  return flat.length === 1 ? flat[0] : concat(flat, 0);
}

const ZERO: DistanceFamily = {
  at: () => ({ value: () => 0, separable: { rank: 0, left: () => {}, right: () => {} } }),
  derivative: () => ZERO,
};

/** ± exp(−r d) cos(ω d + turn π/2) d^shift Σₖ cₖ dᵏ, or of that sum one power alone. */
interface QuasiPolynomial {
  /** Places of r, ω and the first coefficient among the parameters; −1 for none. */
  readonly rate: number;
  readonly frequency: number;
  readonly first: number;
  readonly count: number;
  readonly shift: number;
  readonly turn: number;
  readonly sign: number;
  /** The power that is left when the sum was differentiated by its coefficient. */
  readonly only: number;
}

/** Coefficients about another point: Σ cₖ dᵏ = Σ qₖ (d − m)ᵏ. O(g²). */
function shifted(coefficients: Float64Array, m: number): Float64Array {
  const q = coefficients.slice();
  for (let i = 0; i < q.length; i++) for (let k = q.length - 2; k >= i; k--) q[k] += m * q[k + 1];
  return q;
}

const binomials = (n: number): Float64Array[] =>
  Array.from({ length: n }, (_, k) => {
    const row = new Float64Array(k + 1).fill(1);
    for (let j = 1; j < k; j++) row[j] = (row[j - 1] * (k - j + 1)) / j;
    return row;
  });

function quasiPolynomial(of: QuasiPolynomial): DistanceFamily {
  const { rate, frequency, first, count, shift, turn, sign, only } = of;
  return {
    at: (parameters, range) => {
      const r = rate < 0 ? 0 : parameters[rate];
      const w = frequency < 0 ? 0 : parameters[frequency];
      const phase = (turn * Math.PI) / 2;
      const coefficients = new Float64Array(shift + (only >= 0 ? only + 1 : count));
      if (only >= 0) coefficients[shift + only] = sign;
      else for (let k = 0; k < count; k++) coefficients[shift + k] = sign * parameters[first + k];
      const degree = coefficients.length - 1;
      // About the middle of the range powers cancel least; halves of it go to either side.
      const middle = degree > 0 ? range / 2 : 0;
      const q = shifted(coefficients, middle);
      const choose = binomials(degree + 1);
      const waves = frequency < 0 ? 1 : 2;
      const rank = waves * (degree + 1);
      const polynomial = (d: number): number => {
        let sum = 0;
        for (let k = degree; k >= 0; k--) sum = sum * (d - middle) + q[k];
        return sum;
      };
      const separable: Separable = {
        rank,
        left: (a, out, at) => {
          let power = r === 0 ? 1 : Math.exp(-r * a);
          const [c, s] = waves === 2 ? [Math.cos(w * a + phase), -Math.sin(w * a + phase)] : [1, 0];
          for (let j = 0; j <= degree; j++, power *= a - middle / 2) {
            out[at + j] = power * c;
            if (waves === 2) out[at + degree + 1 + j] = power * s;
          }
        },
        right: (b, out, at) => {
          const decay = r === 0 ? 1 : Math.exp(-r * b);
          const [c, s] = waves === 2 ? [Math.cos(w * b), Math.sin(w * b)] : [1, 0];
          for (let j = 0; j <= degree; j++) {
            let sum = 0;
            for (let k = degree; k >= j; k--) sum = sum * (b - middle / 2) + q[k] * choose[k][j];
            out[at + j] = decay * sum * c;
            if (waves === 2) out[at + degree + 1 + j] = decay * sum * s;
          }
        },
      };
      return {
        value: (d) =>
          (r === 0 ? 1 : Math.exp(-r * d)) * (waves === 2 ? Math.cos(w * d + phase) : 1) * polynomial(d),
        separable,
      };
    },
    derivative: (k) => {
      if (k === rate) return quasiPolynomial({ ...of, shift: shift + 1, sign: -sign });
      if (k === frequency) return quasiPolynomial({ ...of, shift: shift + 1, turn: (turn + 1) % 4 });
      return only >= 0 ? ZERO : quasiPolynomial({ ...of, only: k - first });
    },
  };
}

const PLAIN: QuasiPolynomial = {
  rate: -1,
  frequency: -1,
  first: 0,
  count: 1,
  shift: 0,
  turn: 0,
  sign: 1,
  only: -1,
};

/** scale · exp(−rate · d); `scale` is 1 unless told. Rank 1. */
export function exponential(options: {
  readonly rate: TensorLike;
  readonly scale?: TensorLike;
}): DistanceFunction {
  const { rate, scale = 1 } = options;
  return {
    kind: "exponential",
    parameters: parametersOf("exponential", { rate, scale }),
    family: quasiPolynomial({ ...PLAIN, rate: 0, first: 1 }),
  };
}

/** Σₖ coefficients[k] · dᵏ. Rank: degree + 1. Throws ShapeError for no coefficients. */
export function polynomial(coefficients: Coefficients): DistanceFunction {
  const parameters = parametersOf("polynomial", { coefficients });
  checkCount("polynomial", "coefficients", parameters.size);
  return { kind: "polynomial", parameters, family: quasiPolynomial({ ...PLAIN, count: parameters.size }) };
}

/** exp(−rate · d) Σₖ coefficients[k] · dᵏ. Rank: degree + 1. Throws ShapeError for no coefficients. */
export function expPolynomial(options: {
  readonly rate: TensorLike;
  readonly coefficients: Coefficients;
}): DistanceFunction {
  const { rate, coefficients } = options;
  const parameters = parametersOf("expPolynomial", { rate, coefficients });
  checkCount("expPolynomial", "coefficients", parameters.size - 1);
  return {
    kind: "expPolynomial",
    parameters,
    family: quasiPolynomial({ ...PLAIN, rate: 0, first: 1, count: parameters.size - 1 }),
  };
}

/** cos(frequency · d). Rank 2. */
export function cosine(frequency: TensorLike): DistanceFunction {
  return {
    kind: "cosine",
    parameters: parametersOf("cosine", { frequency }),
    family: quasiPolynomial({ ...PLAIN, frequency: 0, only: 0 }),
  };
}

function checkCount(caller: string, name: string, count: number): void {
  if (count < 1) throw new ShapeError(`${caller}: ${name} must have at least one element`);
}

/** factor · d^shift · p(d)^i / q(d)^j with p and q among the parameters. */
function rationalFamily(m: number, factor: number, shift: number, i: number, j: number): DistanceFamily {
  if (factor === 0) return ZERO;
  return {
    at: (parameters) => {
      const quotient = (d: number): { p: number; q: number } => {
        let p = 0;
        let q = 0;
        for (let k = m - 1; k >= 0; k--) p = p * d + parameters[k];
        for (let k = parameters.length - 1; k >= m; k--) q = q * d + parameters[k];
        return { p, q };
      };
      // Powers are slow, and the function itself needs none.
      const isPlain = factor === 1 && shift === 0 && i === 1 && j === 1;
      return {
        smooth: true,
        value: (d) => {
          const { p, q } = quotient(d);
          return isPlain ? p / q : factor * d ** shift * p ** i * q ** -j;
        },
      };
    },
    derivative: (k) =>
      k < m
        ? rationalFamily(m, factor * i, shift + k, i - 1, j)
        : rationalFamily(m, -factor * j, shift + k - m, i, j + 1),
  };
}

/** Σ numerator[k] dᵏ / Σ denominator[k] dᵏ. Throws ShapeError where one of them is empty. */
export function rational(options: {
  readonly numerator: Coefficients;
  readonly denominator: Coefficients;
}): DistanceFunction {
  const p = parametersOf("rational", { numerator: options.numerator });
  const q = parametersOf("rational", { denominator: options.denominator });
  checkCount("rational", "numerator", p.size);
  checkCount("rational", "denominator", q.size);
  return { kind: "rational", parameters: concat([p, q], 0), family: rationalFamily(p.size, 1, 0, 1, 1) };
}

/** d^shift exp(a d² + b d + c). */
const expQuadraticFamily = (shift: number): DistanceFamily => ({
  at: ([a, b, c]) => ({
    smooth: true,
    value: (d) => (shift === 0 ? 1 : d ** shift) * Math.exp((a * d + b) * d + c),
  }),
  derivative: (k) => expQuadraticFamily(shift + 2 - k),
});

/** exp(a d² + b d + c); `b` and `c` are 0 unless told. Throws ShapeError unless they are scalars. */
export function expQuadratic(options: {
  readonly a: TensorLike;
  readonly b?: TensorLike;
  readonly c?: TensorLike;
}): DistanceFunction {
  const { a, b = 0, c = 0 } = options;
  const parameters = parametersOf("expQuadratic", { a, b, c });
  if (parameters.size !== 3)
    throw new ShapeError(`expQuadratic: a, b and c must be scalars, got ${parameters.size} numbers`);
  return { kind: "expQuadratic", parameters, family: expQuadraticFamily(0) };
}

/** Any function of distances, without parameters. */
export function distanceFunction(f: DistanceFunction | ((distance: number) => number)): DistanceFunction {
  if (typeof f === "function")
    return {
      kind: "function",
      parameters: zeros([0]),
      family: { at: () => ({ value: f }), derivative: () => ZERO },
    };
  if (!(f?.parameters instanceof Tensor && typeof f.family?.at === "function"))
    throw new DomainError("treeIntegrator: f must be a distance function or a function of numbers");
  return f;
}
