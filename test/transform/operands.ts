// Kinds of operands from which examples are made, and how they are drawn for a dtype.
import { type DType, dtypeInfo, type Nested, type Tensor, tensor } from "polyadic";

/** Numbers that are the same in every run. */
export function randomNumbers(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Numbers spread over (0, 1) in random order, none close to another: away from ties. */
function spread(count: number, random: () => number): number[] {
  const places = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [places[i], places[j]] = [places[j]!, places[i]!];
  }
  return places.map((place) => (place + 0.5 + 0.2 * (random() - 0.5)) / count);
}

export const isComplex = (dtype: DType): boolean => dtypeInfo(dtype).kind === "complex";

/** An operand of an example. `draw` makes one for a dtype from numbers in (0, 1), `count` of them. */
export interface Operand {
  readonly count: number;
  /** Followed by derivatives where its dtype allows; else it stays as it is, with a dtype of its own. */
  readonly moves: boolean;
  draw(dtype: DType, numbers: readonly number[], random: () => number): Tensor;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);

function nested(flat: readonly Nested[], shape: readonly number[]): Nested {
  if (shape.length === 0) return flat[0]!;
  const rest = shape.slice(1);
  const step = sizeOf(rest);
  return Array.from({ length: shape[0]! }, (_, i) => nested(flat.slice(i * step, (i + 1) * step), rest));
}

/** A tensor of a shape, which nested arrays cannot tell when it holds nothing. */
function shaped(flat: readonly Nested[], shape: readonly number[], dtype: DType): Tensor {
  return tensor(flat.length === 0 ? [] : nested(flat, [flat.length]), { dtype }).reshape(shape);
}

/**
 * Numbers in [low, high], of random sign if told. Complex ones lie in all quadrants with parts in [0.4, 1] and
 * [0.3, 0.7]: away from zeros, poles and branch cuts of the usual functions. Integers are about three times as large.
 */
export function values(shape: readonly number[], low = -2, high = 2, isSigned = false): Operand {
  return {
    count: sizeOf(shape),
    moves: true,
    draw: (dtype, numbers, random) => {
      const sign = (): number => (random() < 0.5 ? -1 : 1);
      const at = (u: number): number => (isSigned ? sign() : 1) * (low + (high - low) * u);
      const { kind } = dtypeInfo(dtype);
      const element = (u: number): Nested => {
        if (kind === "complex") return { re: sign() * (0.4 + 0.6 * u), im: sign() * (0.3 + 0.4 * random()) };
        if (kind === "bool") return u > 0.5;
        if (kind === "signed") return Math.round(3 * at(u));
        return kind === "unsigned" ? Math.abs(Math.round(3 * at(u))) : at(u);
      };
      return shaped(numbers.map(element), shape, dtype);
    },
  };
}

export const signed = (shape: readonly number[], low = 0.4, high = 2): Operand =>
  values(shape, low, high, true);

/** The same for complex dtypes, with real elements of their precision. */
export const realPart = (operand: Operand): Operand => ({
  ...operand,
  draw: (dtype, ...rest) =>
    operand.draw(dtype === "complex128" ? "float64" : dtype === "complex64" ? "float32" : dtype, ...rest),
});

/** The same numbers in every draw, followed by derivatives. */
export const given = (elements: Nested): Operand => ({
  count: 0,
  moves: true,
  draw: (dtype) => tensor(elements, { dtype }),
});

/** The same numbers in every draw, which no derivative follows. */
export const fixed = (elements: Nested): Operand => ({ ...given(elements), moves: false });

/** A number repeated (a view), which no derivative follows. */
export const constant = (value: number, shape: readonly number[]): Operand => ({
  count: 0,
  moves: false,
  draw: (dtype) => tensor(value, { dtype }).broadcastTo(shape),
});

/** Positions along an axis of the given length, also counted from the end; some may repeat. */
export const positions = (shape: readonly number[], length: number): Operand => ({
  count: 0,
  moves: false,
  draw: (_dtype, _numbers, random) =>
    shaped(
      Array.from({ length: sizeOf(shape) }, () => Math.floor(random() * 2 * length) - length),
      shape,
      "int32",
    ),
});

export const fixedPositions = (elements: Nested): Operand => ({
  count: 0,
  moves: false,
  draw: () => tensor(elements, { dtype: "int32" }),
});

export const mask = (shape: readonly number[]): Operand => ({
  count: 0,
  moves: false,
  draw: (_dtype, _numbers, random) =>
    shaped(
      Array.from({ length: sizeOf(shape) }, () => random() < 0.5),
      shape,
      "bool",
    ),
});

export interface Example {
  readonly params: unknown;
  readonly operands: readonly Operand[];
  /** Sets of operands in which the primitive is linear: where its transpose is checked. */
  readonly linear?: readonly (readonly number[])[];
  /** Dtypes for which the example is meant; all that the primitive declares unless told. */
  readonly suits?: (dtype: DType) => boolean;
  /** Parameters that give the same without rounding, for results narrower than the operands. */
  readonly exactParams?: unknown;
  /** What is compared instead of the results, where those are free to choose signs or phases. */
  readonly observe?: (outputs: readonly Tensor[]) => readonly Tensor[];
  /** How much more rounding than in a few operations there is. */
  readonly slack?: number;
}

/** Operands for one dtype; different for every seed. */
export function drawOperands({ operands }: Example, dtype: DType, seed: number): Tensor[] {
  const random = randomNumbers(seed);
  const numbers = spread(
    operands.reduce((count, operand) => count + operand.count, 0),
    random,
  );
  let next = 0;
  return operands.map((operand) => operand.draw(dtype, numbers.slice(next, (next += operand.count)), random));
}
