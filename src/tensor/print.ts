import { isComplexNumber } from "./complex.ts";
import { isFloat } from "./dtype.ts";
import { readElement, type Scalar } from "./element.ts";
import type { StridedView } from "./gather.ts";
import { formatShape, sizeOf } from "./shape.ts";

export interface PrintOptions {
  /** Significant digits of fractional numbers; 5 unless told. */
  readonly precision?: number;
  /** Above this many elements the middle of each axis is left out; 500 unless told. */
  readonly threshold?: number;
  /** Elements kept at both ends of an axis that is cut; 3 unless told. */
  readonly edge?: number;
}

/**
 * A tensor as text: a head line with dtype and shape, then the elements in aligned columns, with `…` where an axis
 * was cut.
 */
export function formatTensor(view: StridedView, options: PrintOptions = {}): string {
  const { precision = 5, threshold = 500, edge = 3 } = options;
  const { shape, dtype } = view;
  const size = sizeOf(shape);
  const cut = size > threshold;
  const head = `${dtype} ${formatShape(shape)}`;
  if (size === 0) return `${head} (empty)`;

  /** Positions of an axis to print; -1 stands for the gap. */
  const positions = (axis: number): number[] => {
    const length = shape[axis]!;
    const all = Array.from({ length: cut && length > 2 * edge + 1 ? 2 * edge + 1 : length }, (_, i) => i);
    if (all.length === length) return all;
    return all.map((i) => (i < edge ? i : i === edge ? -1 : length - 2 * edge - 1 + i));
  };

  const values: Scalar[] = [];
  const collect = (axis: number, at: number): void => {
    if (axis === shape.length) {
      values.push(readElement(view.storage, dtype, at));
      return;
    }
    for (const i of positions(axis)) if (i >= 0) collect(axis + 1, at + i * view.strides[axis]!);
  };
  collect(0, view.offset);

  const texts = formatAligned(values, isFloat(dtype), precision);
  if (shape.length === 0) return `${head} ${texts[0]!.trim()}`;

  let next = 0;
  const render = (axis: number, indent: string): string => {
    const places = positions(axis);
    if (axis === shape.length - 1) return `[${places.map((i) => (i < 0 ? "…" : texts[next++]!)).join(" ")}]`;
    const separator = `${"\n".repeat(shape.length - 1 - axis)}${indent} `;
    return `[${places.map((i) => (i < 0 ? "…" : render(axis + 1, `${indent} `))).join(separator)}]`;
  };
  return `${head}\n${render(0, "")}`;
}

/** All values with the same number of decimals (or all in scientific notation), padded to one width. */
function formatAligned(values: readonly Scalar[], fractional: boolean, precision: number): string[] {
  const isPair = values.some(isComplexNumber);
  let texts: string[];
  if (isPair) {
    const pairs = values as readonly { re: number; im: number }[];
    const format = numberFormat(
      pairs.flatMap(({ re, im }) => [re, im]),
      precision,
    );
    texts = pairs.map(
      ({ re, im }) => `${format(re)}${im < 0 || Object.is(im, -0) ? "-" : "+"}${format(Math.abs(im))}i`,
    );
  } else if (fractional)
    texts = (values as readonly number[]).map(numberFormat(values as readonly number[], precision));
  else texts = values.map(String);
  const width = Math.max(...texts.map((text) => text.length));
  return texts.map((text) => text.padStart(width));
}

/** One format for a whole tensor: as few decimals as show `precision` digits of the largest value. */
function numberFormat(values: readonly number[], precision: number): (x: number) => string {
  const finite = values.filter(Number.isFinite);
  const magnitudes = finite.map(Math.abs).filter((x) => x > 0);
  const largest = Math.max(0, ...magnitudes);
  const smallest = magnitudes.length ? Math.min(...magnitudes) : 0;
  const special = (x: number): string => (Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf");
  if (finite.every(Number.isInteger) && largest < 1e15)
    return (x) => (Number.isFinite(x) ? x.toFixed(0) : special(x));
  if (largest >= 10 ** (precision + 3) || (smallest > 0 && largest < 1e-3))
    return (x) => (Number.isFinite(x) ? x.toExponential(precision - 1) : special(x));
  const decimals = Math.max(0, precision - 1 - Math.max(0, Math.floor(Math.log10(largest || 1))));
  // Trailing zeros that no value needs are dropped, as NumPy does.
  const needed = Math.max(
    0,
    ...finite.map((x) => x.toFixed(decimals).replace(/0+$/, "").split(".")[1]?.length ?? 0),
  );
  return (x) => (Number.isFinite(x) ? x.toFixed(needed) : special(x));
}
