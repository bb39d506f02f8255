// Numerical checks of the rules of one primitive at one example: each rule against an independent way to its result.
import { type DType, dtypeInfo, machineEpsilon, type Tensor } from "polyadic";
import { stack } from "polyadic/ops";
import { jit } from "../../src/compiler/jit.ts";
import { bind } from "../../src/ops/bind.ts";
import {
  type Abstract,
  JET_FROM_JVP,
  type Primitive,
  type Series,
  type Tangent,
} from "../../src/ops/primitive.ts";
import { jvpFlat } from "../../src/transform/traces/forward.ts";
import { jetFlat } from "../../src/transform/traces/taylor.ts";
import { displaced, numbersOf, pairing, polynomialWeights, randomLike, subsets, widen } from "./numbers.ts";
import { drawOperands, type Example, randomNumbers } from "./operands.ts";

/** One primitive at one example for one dtype. */
export interface Subject {
  readonly primitive: Primitive<unknown>;
  readonly example: Example;
  readonly dtype: DType;
}

const ORDER = 4;

const isFractional = (dtype: DType): boolean => ["float", "complex"].includes(dtypeInfo(dtype).kind);

/** Dtypes that derivatives are computed in: the 8-bit floats only store. */
export const hasDerivative = (dtype: DType): boolean => isFractional(dtype) && !dtype.startsWith("float8");

/** Operands that tangents come for. */
export const movingOperands = (example: Example, inputs: readonly Tensor[]): number[] =>
  inputs.flatMap((x, i) => (example.operands[i]!.moves && isFractional(x.dtype) ? [i] : []));

/** The relative rounding of a result. */
function rounding(...tensors: readonly Abstract[]): number {
  const fractional = tensors.filter(({ dtype }) => isFractional(dtype));
  return Math.max(2 ** -52, ...fractional.map(({ dtype }) => machineEpsilon(dtype)));
}

const isExact = (epsilon: number): boolean => epsilon === 2 ** -52;

export function describe({ primitive, example, dtype }: Subject): string {
  return `${primitive.name} ${dtype} ${JSON.stringify(example.params) ?? ""}`;
}

/** The largest absolute value; 0 for none and for NaN. */
export function largest(...lists: readonly Float64Array[]): number {
  let top = 0;
  for (const list of lists) for (const x of list) if (Math.abs(x) > top) top = Math.abs(x);
  return top;
}

/** Throws unless all numbers agree to `tolerance` times the scale. NaN agrees with NaN. */
export function expectClose(
  actual: Float64Array,
  expected: Float64Array,
  tolerance: number,
  scale: number,
  what: string,
): void {
  if (actual.length !== expected.length)
    throw new Error(`${what}: ${expected.length} numbers were expected, got ${actual.length}`);
  for (let i = 0; i < actual.length; i++) {
    const a = actual[i]!;
    const b = expected[i]!;
    if (Object.is(a, b) || a === b) continue;
    if (!(Math.abs(a - b) <= tolerance * scale))
      throw new Error(`${what}: number ${i} should be ${b}, is ${a} (tolerance ${tolerance * scale})`);
  }
}

function expectLike(actual: Abstract, expected: Abstract, what: string): void {
  if (actual.dtype !== expected.dtype || `${actual.shape}` !== `${expected.shape}`)
    throw new Error(
      `${what}: ${expected.dtype} [${expected.shape}] was expected, got ${actual.dtype} [${actual.shape}]`,
    );
}

/** The numbers of a tangent or coefficient, which must be like the value it belongs to; null is zero. */
export function numbersLike(tangent: Tangent | undefined, value: Tensor, what: string): Float64Array {
  if (tangent === undefined) throw new Error(`${what}: no result`);
  if (tangent === null) return numbersOf(value).fill(0);
  expectLike(tangent, value, what);
  return numbersOf(tangent);
}

export type FlatFunction = (inputs: readonly Tensor[]) => readonly Tensor[];

/** The primitive as a function of its operands: its results, or what is observed of them. */
export function functionOf({ primitive, example }: Subject, params: unknown = example.params): FlatFunction {
  const { observe } = example;
  const f: FlatFunction = (inputs) => bind(primitive, inputs, params);
  return observe ? (inputs) => observe(f(inputs)) : f;
}

/** Random directions for the chosen operands. */
export const directions = (
  inputs: readonly Tensor[],
  chosen: readonly number[],
  random: () => number,
): Tangent[] => inputs.map((x, i) => (chosen.includes(i) ? randomLike(x, random) : null));

/** Tangents by the rule itself, or through what is observed of the results. */
function pushForward(
  subject: Subject,
  inputs: readonly Tensor[],
  tangents: readonly Tangent[],
  params: unknown,
  what: string,
): Float64Array[] {
  const { primitive, example } = subject;
  if (example.observe)
    return jvpFlat(functionOf(subject, params), inputs, tangents).map(({ primal, tangent }) =>
      numbersLike(tangent, primal, `${what}, jvp`),
    );
  if (typeof primitive.jvp !== "function") throw new Error(`${what}: no jvp rule of its own`);
  const outputs = bind(primitive, inputs, params);
  const results = primitive.jvp({ inputs, tangents, outputs, params, self: primitive });
  return outputs.map((output, i) => numbersLike(results[i], output, `${what}, jvp`));
}

/** Derivatives along tangents by central differences of sixth order. */
function differences(
  f: FlatFunction,
  inputs: readonly Tensor[],
  tangents: readonly Tangent[],
): Float64Array[] {
  const h = 2e-3;
  const at = (factor: number): Float64Array[] =>
    f(
      inputs.map((x, i) =>
        tangents[i] ? displaced(x, [{ factor: factor * h, direction: tangents[i]! }]) : x,
      ),
    ).map(numbersOf);
  const weights = [45, -9, 1];
  const sides = weights.map((_, k) => [at(k + 1), at(-k - 1)] as const);
  return sides[0]![0].map((sample, output) =>
    sample.map((_, i) =>
      sides.reduce(
        (sum, [right, left], k) => sum + (weights[k]! * (right[output]![i]! - left[output]![i]!)) / (60 * h),
        0,
      ),
    ),
  );
}

/** jvp: by differences in full precision, else by the rule in full precision at the same point. */
export function checkJvp(subject: Subject): void {
  const { example, dtype } = subject;
  const { params, exactParams = params, slack = 1 } = example;
  const inputs = drawOperands(example, dtype, 1);
  const random = randomNumbers(2);
  const moving = movingOperands(example, inputs);
  const f = functionOf(subject);
  const epsilon = rounding(...moving.map((i) => inputs[i]!), ...f(inputs));
  for (const chosen of subsets(moving)) {
    const what = `${describe(subject)}, tangents of ${chosen}`;
    const tangents = directions(inputs, chosen, random);
    const actual = pushForward(subject, inputs, tangents, params, what);
    const wide = (): Float64Array[] =>
      pushForward(
        subject,
        inputs.map(widen),
        tangents.map((t) => t && widen(t)),
        exactParams,
        what,
      );
    const expected = isExact(epsilon) ? differences(f, inputs, tangents) : wide();
    actual.forEach((numbers, i) => {
      const scale = Math.max(1, largest(expected[i]!));
      expectClose(
        numbers,
        expected[i]!,
        isExact(epsilon) ? 1e-8 : 16 * slack * epsilon,
        scale,
        `${what}, jvp`,
      );
    });
  }
}

/** transpose: Re Σ c · Jv = Re Σ (Jᵀc) · v, where v moves the open operands only. */
export function checkTranspose(subject: Subject): void {
  const { primitive, example, dtype } = subject;
  const { params, slack = 1 } = example;
  if (!primitive.transpose) return;
  const inputs = drawOperands(example, dtype, 3);
  const random = randomNumbers(4);
  const outputs = bind(primitive, inputs, params);
  const epsilon = rounding(...inputs, ...outputs);
  for (const open of example.linear ?? []) {
    const what = `${describe(subject)}, transpose in ${open}`;
    const tangents = directions(inputs, open, random);
    const cotangents = outputs.map((output) => randomLike(output, random));
    if (typeof primitive.jvp !== "function") throw new Error(`${what}: no jvp rule of its own`);
    const pushed = primitive.jvp({ inputs, tangents, outputs, params, self: primitive });
    const pulled = primitive.transpose({
      cotangents,
      inputs: inputs.map((x, i) => (open.includes(i) ? { shape: x.shape, dtype: x.dtype } : x)),
      params,
      self: primitive,
    });
    let left = 0;
    let right = 0;
    let size = 1;
    outputs.forEach((_, i) => {
      const product = pairing(cotangents[i]!, pushed[i]!);
      left += product.value;
      size += product.size;
    });
    inputs.forEach((x, i) => {
      const result = pulled[i] ?? null;
      if (!open.includes(i)) {
        if (result !== null) throw new Error(`${what}: a cotangent of operand ${i}, which is known`);
        return;
      }
      if (result === null) throw new Error(`${what}: no cotangent of operand ${i}`);
      expectLike(result, x, what);
      const product = pairing(result, tangents[i]!);
      right += product.value;
      size += product.size;
    });
    expectClose(Float64Array.of(right), Float64Array.of(left), 16 * slack * epsilon, size, what);
  }
}

/** batch: the slices of the result are the results for the slices, whichever operands are batched. */
/** Compiled and not compiled give the same values. */
export function checkCompiled(subject: Subject): void {
  const { example, dtype } = subject;
  const { observe, slack = 1, params } = example;
  const operands = drawOperands(example, dtype, 5);
  const compiled = jit((...inputs: Tensor[]) => bind(subject.primitive, inputs, params));
  const outputs = compiled(...operands);
  const results = observe ? observe(outputs) : outputs;
  const what = `${describe(subject)}, compiled`;
  functionOf(subject)(operands).forEach((expected, i) => {
    const result = results[i]!;
    expectLike(result, { shape: expected.shape, dtype: expected.dtype }, what);
    const numbers = numbersOf(expected);
    expectClose(numbersOf(result), numbers, 8 * slack * rounding(expected), largest(numbers), what);
  });
}

export function checkBatch(subject: Subject): void {
  const { primitive, example, dtype } = subject;
  const { params, observe, slack = 1 } = example;
  const size = 3;
  const f = functionOf(subject);
  const draws = Array.from({ length: size }, (_, i) => drawOperands(example, dtype, 5 + i));
  for (const chosen of subsets(example.operands.map((_, i) => i))) {
    const what = `${describe(subject)}, batch of ${chosen}`;
    const batched = example.operands.map((_, i) => chosen.includes(i));
    const inputs = batched.map((isBatched, i) =>
      isBatched ? stack(draws.map((draw) => draw[i]!)) : draws[0]![i]!,
    );
    const outputs = primitive.batch({ inputs, batched, size, params, self: primitive });
    const results = observe ? observe(outputs) : outputs;
    draws.forEach((_, k) => {
      f(batched.map((isBatched, i) => draws[isBatched ? k : 0]![i]!)).forEach((expected, i) => {
        const result = results[i]!;
        expectLike(result, { shape: [size, ...expected.shape], dtype: expected.dtype }, what);
        const numbers = numbersOf(expected);
        const slice = numbersOf(result).subarray(k * numbers.length, (k + 1) * numbers.length);
        const tolerance = 8 * slack * rounding(expected);
        expectClose(slice, numbers, tolerance, largest(numbers), `${what}, slice ${k}`);
      });
    });
  }
}

/** The curves' scale of time, on which the polynomial is fitted to points in [-1, 1]. */
const PACE = 0.04;
const POINTS = Array.from({ length: 15 }, (_, j) => Math.cos((Math.PI * (2 * j + 1)) / 30));
const WEIGHTS = polynomialWeights(POINTS, ORDER);

/** Taylor coefficients of the results along curves, by a polynomial through samples. */
function fitted(
  f: FlatFunction,
  curves: readonly Series[],
): { coefficients: Float64Array[][]; size: number } {
  const place = ([head, ...rest]: Series, t: number): Tensor =>
    rest.every((c) => c === null)
      ? head
      : displaced(
          head,
          rest.map((direction, k) => ({ factor: (PACE * t) ** (k + 1), direction })),
        );
  const samples = POINTS.map((t) => f(curves.map((curve) => place(curve, t))).map(numbersOf));
  const coefficients = samples[0]!.map((first, output) =>
    WEIGHTS.map((weights, k) =>
      first.map(
        (_, i) => weights.reduce((sum, weight, j) => sum + weight * samples[j]![output]![i]!, 0) / PACE ** k,
      ),
    ),
  );
  return { coefficients, size: largest(...samples.flat()) };
}

/** Taylor coefficients by the rule itself, or through what is observed of the results. */
function taylor(
  subject: Subject,
  series: readonly Series[],
  params: unknown,
  what: string,
): Float64Array[][] {
  const { primitive, example } = subject;
  const f = functionOf(subject, params);
  const outputs = f(series.map(([head]) => head));
  const results =
    primitive.jet === JET_FROM_JVP || example.observe
      ? jetFlat(f, series, ORDER)
      : primitive.jet({ series, outputs, order: ORDER, params, self: primitive });
  return outputs.map((output, i) => {
    const curve: readonly Tangent[] = results[i]!;
    if (curve.length !== ORDER + 1) throw new Error(`${what}: ${curve.length} coefficients`);
    return curve.map((coefficient, k) => numbersLike(coefficient, output, `${what}, coefficient ${k}`));
  });
}

/** Which coefficients of the curves are there, order by order: all, or zeros (null) in between. */
const PATTERNS = [
  [1, 1, 1, 1],
  [0, 1, 0, 1],
  [1, 0, 0, 0],
];

/** jet: by a polynomial fit in full precision, else by the rule in full precision at the same point. */
export function checkJet(subject: Subject): void {
  const { example, dtype } = subject;
  const { params, exactParams = params, slack = 1 } = example;
  const inputs = drawOperands(example, dtype, 8);
  const random = randomNumbers(9);
  const moving = movingOperands(example, inputs);
  const f = functionOf(subject);
  const epsilon = rounding(...moving.map((i) => inputs[i]!), ...f(inputs));
  for (const chosen of subsets(moving))
    for (const pattern of PATTERNS) {
      const what = `${describe(subject)}, jet along ${chosen} with coefficients ${pattern}`;
      const steps = pattern.map((isThere) => directions(inputs, isThere ? chosen : [], random));
      const series = inputs.map((x, i): Series => [x, ...steps.map((step) => step[i]!)]);
      const actual = taylor(subject, series, params, what);
      if (isExact(epsilon)) {
        const { coefficients, size } = fitted(f, series);
        // The fit magnifies rounding: what rounds much more than a few operations fits less well.
        const tolerance = 1e-6 * Math.max(1, slack / 10);
        actual.forEach((curve, i) => {
          curve.forEach((numbers, k) => {
            const expected = coefficients[i]![k]!;
            expectClose(
              numbers,
              expected,
              tolerance,
              Math.max(1, size, largest(expected)),
              `${what}, order ${k}`,
            );
          });
        });
      } else {
        const wide = series.map((curve) => curve.map((c) => c && widen(c)) as unknown as Series);
        const expected = taylor(subject, wide, exactParams, what);
        const scale = Math.max(1, ...expected.map((curve) => largest(...curve)));
        actual.forEach((curve, i) => {
          curve.forEach((numbers, k) => {
            expectClose(numbers, expected[i]![k]!, 16 * slack * epsilon, scale, `${what}, order ${k}`);
          });
        });
      }
    }
}
