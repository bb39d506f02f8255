// What sliding windows have in common, whether their elements are multiplied by a kernel or only compared: options per
// spatial axis, padding, and the number of windows.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";

/** One number for all spatial axes, or one for each. */
export type PerAxis = number | readonly number[];

/**
 * Zeros around the spatial axes: none ("valid"), as many as give ⌈length / stride⌉ windows ("same"; an odd one goes to
 * the end), the same number on all sides, or a number or a pair [before, after] for each axis.
 */
export type Padding = "valid" | "same" | number | readonly (number | readonly [number, number])[];

export type Pads = readonly (readonly [number, number])[];

/** How a convolution slides, one entry for each spatial axis. */
export interface ConvParams {
  readonly strides: readonly number[];
  /** Zeros before and after; negative ones leave elements out. */
  readonly padding: Pads;
  /** Distance between the elements of x, with zeros between them. */
  readonly inputDilation: readonly number[];
  /** Distance between the elements that a window takes. */
  readonly dilation: readonly number[];
}

/** The length of `n` elements with `step - 1` others between neighbours. */
export const dilated = (n: number, step: number): number => (n === 0 ? 0 : (n - 1) * step + 1);

/** How many windows of (dilated) length `window` fit into `length` elements, one every `stride`. */
export const windowCount = (length: number, window: number, stride: number): number =>
  length < window ? 0 : Math.floor((length - window) / stride) + 1;

/** An option as one integer per spatial axis. Throws ShapeError for a wrong count, DomainError below `least`. */
export function perAxis(
  value: PerAxis | undefined,
  axes: number,
  what: string,
  fallback: PerAxis = 1,
  least = 1,
): readonly number[] {
  const given = value ?? fallback;
  const list = typeof given === "number" ? new Array<number>(axes).fill(given) : given;
  if (!Array.isArray(list) || list.length !== axes)
    throw new ShapeError(
      `${what}: one number, or one for each of ${axes} spatial axes was expected, got ${show(given)}`,
    );
  for (const n of list)
    if (!(Number.isSafeInteger(n) && n >= least))
      throw new DomainError(`${what}: integers >= ${least} were expected, got ${show(given)}`);
  return list;
}

/**
 * Padding as a pair per spatial axis. Throws ShapeError for a wrong count, DomainError for anything but integers;
 * negative ones, which leave elements out, where `mayCrop`.
 */
export function padsOf(
  padding: Padding | undefined,
  { lengths, window, strides, dilation }: Windows,
  what: string,
  mayCrop = false,
): Pads {
  const axes = lengths.length;
  if (padding === undefined || padding === "valid") return lengths.map(() => [0, 0] as const);
  if (padding === "same")
    return lengths.map((length, i) => {
      const last = (Math.ceil(length / strides[i]!) - 1) * strides[i]!;
      const total = Math.max(0, last + dilated(window[i]!, dilation[i]!) - length);
      return [Math.floor(total / 2), Math.ceil(total / 2)] as const;
    });
  const list: readonly unknown[] = typeof padding === "number" ? lengths.map(() => padding) : padding;
  if (!Array.isArray(list) || list.length !== axes)
    throw new ShapeError(
      `${what}: "valid", "same", a number, or a number or pair for each of ${axes} spatial axes was expected, got ${show(padding)}`,
    );
  return list.map((pair: unknown) => {
    const [before, after] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : [pair, pair];
    for (const n of [before, after])
      if (!(typeof n === "number" && Number.isSafeInteger(n) && (mayCrop || n >= 0)))
        throw new DomainError(
          `${what}: ${mayCrop ? "integers" : "integers >= 0"} were expected, got ${show(padding)}`,
        );
    return [before as number, after as number] as const;
  });
}

/** Windows of `window` elements, `dilation` apart, one every `strides`, over axes of `lengths`. */
export interface Windows {
  readonly lengths: Shape;
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
}

/** The number of windows per spatial axis. */
export const countWindows = ({ lengths, window, strides, dilation }: Windows, pads: Pads): number[] =>
  lengths.map((length, i) =>
    windowCount(pads[i]![0] + length + pads[i]![1], dilated(window[i]!, dilation[i]!), strides[i]!),
  );

/** The spatial lengths of `[N, C, ...spatial]`, one to three. Throws ShapeError for another number of axes. */
export function spatialLengths(shape: Shape, what: string): Shape {
  if (shape.length < 3 || shape.length > 5)
    throw new ShapeError(
      `${what}: shape [N, C, ...spatial] with 1 to 3 spatial axes was expected, got ${formatShape(shape)}`,
    );
  return shape.slice(2);
}

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);
