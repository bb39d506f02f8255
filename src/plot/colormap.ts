// Numbers as colours, for pictures of arrays that are not pictures.

/** Stops of the viridis scale (public domain, by S. van der Walt and N. Smith): perceptually even, dark to light. */
const VIRIDIS: readonly (readonly [number, number, number])[] = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 73, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
];

/** RGB bytes `[3 n]` of values `[n]`, 0 dark and 1 light, clipped; NaN is grey. */
export function viridis(values: Float64Array): Uint8Array {
  const out = new Uint8Array(3 * values.length);
  const top = VIRIDIS.length - 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) {
      out.fill(160, 3 * i, 3 * i + 3);
      continue;
    }
    const place = Math.min(1, Math.max(0, value)) * top;
    const low = Math.min(top - 1, Math.floor(place));
    const part = place - low;
    for (let c = 0; c < 3; c++)
      out[3 * i + c] = Math.round(VIRIDIS[low]![c]! * (1 - part) + VIRIDIS[low + 1]![c]! * part);
  }
  return out;
}
