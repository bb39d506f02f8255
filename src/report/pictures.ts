// Pictures of an input beside its reconstruction and their difference, as PNG data that an HTML page can hold.
import { encodeImage } from "../io/images.ts";
import { loadSharp } from "../io/sharp.ts";
import type { SourceKind } from "../io/tensorFile.ts";
import { astype } from "../ops/cast.ts";
import { viridis } from "../plot/colormap.ts";
import { isComplex } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import { axisNames } from "./summary.ts";

/** One row of pictures. */
export interface PictureRow {
  readonly caption: string;
  /** Data addresses of PNG pictures of equal size. */
  readonly original: string;
  readonly reconstruction: string;
  readonly difference: string;
  /** Pixels are shown as squares: the picture was enlarged. */
  readonly enlarged: boolean;
}

/** Differences are shown this many times larger than they are. */
export const AMPLIFICATION = 4;

/** Longest side of a picture in a report, in pixels; longer ones are reduced. */
const LONGEST = 640;
/** Sides of heat maps are enlarged to at least this. */
const SHORTEST = 240;

const magnitudes = (x: Tensor): Float64Array => {
  if (!isComplex(x.dtype)) return astype(x, "float64").data() as Float64Array;
  const data = x.data();
  return Float64Array.from({ length: x.size }, (_, i) => Math.hypot(data[2 * i]!, data[2 * i + 1]!));
};

/** A part of both tensors that fits one picture: row-major values `[height, width, channels]`. */
interface Page {
  readonly caption: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Offset of a row, column and channel, and their steps. */
  readonly start: number;
  readonly steps: readonly [row: number, column: number, channel: number];
}

/**
 * Rows of pictures for the report: the picture itself, a few frames of a stack, or a heat map of a middle slice. None
 * for vectors. Throws MissingPackageError without sharp.
 */
export async function pictureRows(
  original: Tensor,
  reconstruction: Tensor,
  kind: SourceKind,
): Promise<PictureRow[]> {
  if (original.ndim < 2 || original.size === 0) return [];
  const before = magnitudes(original);
  const after = magnitudes(reconstruction);
  const real = kind === "image" || kind === "images";
  const deep = original.dtype === "int32" ? 1 / 257 : 1;
  const rows: PictureRow[] = [];
  for (const page of real ? framePages(original.shape, kind) : [slicePage(original.shape, kind)]) {
    const a = cut(before, page);
    const b = cut(after, page);
    const [shownA, shownB, difference] = real
      ? [bytes(a, deep), bytes(b, deep), bytes(differences(a, b, deep * AMPLIFICATION))]
      : heat(a, b, page, kind === "table");
    const enlarged = !real && Math.min(page.height, page.width) < SHORTEST;
    const png = (data: Uint8Array): Promise<string> =>
      encode(data, page.height, page.width, real ? page.channels : 3, !real);
    rows.push({
      caption: page.caption,
      original: await png(shownA),
      reconstruction: await png(shownB),
      difference: await png(difference),
      enlarged,
    });
  }
  return rows;
}

/** The first, the middle and the last frame of a stack; the one of a picture. */
function framePages(shape: readonly number[], kind: SourceKind): Page[] {
  const [height, width, depth = 1] = (kind === "images" ? shape.slice(1) : shape) as [
    number,
    number,
    number?,
  ];
  // Alpha beside grey has no picture of its own: the grey is shown; of more channels than four, the first three.
  const channels = depth === 2 ? 1 : depth > 4 ? 3 : depth;
  const count = kind === "images" ? shape[0]! : 1;
  const shown = [...new Set([0, Math.floor(count / 2), count - 1])];
  return shown.map((frame) => ({
    caption: kind === "images" ? `frame ${frame + 1} of ${count}` : "",
    height,
    width,
    channels,
    start: frame * height * width * depth,
    steps: [width * depth, depth, 1],
  }));
}

/** The two longest axes, the others at their middle. */
function slicePage(shape: readonly number[], kind: SourceKind): Page {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const [first, second] = [...shape.keys()]
    .sort((a, b) => shape[b]! - shape[a]! || a - b)
    .slice(0, 2)
    .sort((a, b) => a - b) as [number, number];
  const names = axisNames(kind, shape.length);
  const fixed = [...shape.keys()].filter((axis) => axis !== first && axis !== second);
  const start = fixed.reduce((sum, axis) => sum + Math.floor(shape[axis]! / 2) * strides[axis]!, 0);
  const at = fixed.map((axis) => `${names[axis]} = ${Math.floor(shape[axis]! / 2)}`).join(", ");
  return {
    caption: `${names[first]} down, ${names[second]} across${at ? `, at ${at}` : ""}`,
    height: shape[first]!,
    width: shape[second]!,
    channels: 1,
    start,
    steps: [strides[first]!, strides[second]!, 0],
  };
}

function cut(data: Float64Array, page: Page): Float64Array {
  const { height, width, channels, start, steps } = page;
  const out = new Float64Array(height * width * channels);
  let next = 0;
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++)
      for (let c = 0; c < channels; c++)
        out[next++] = data[start + i * steps[0] + j * steps[1] + c * steps[2]]!;
  return out;
}

const bytes = (values: Float64Array, factor = 1): Uint8Array =>
  new Uint8Array(Uint8ClampedArray.from(values, (value) => value * factor).buffer);

const differences = (a: Float64Array, b: Float64Array, factor: number): Float64Array =>
  a.map((value, i) => Math.abs(value - b[i]!) * factor);

/**
 * Heat maps on the original's range: of the whole slice, or column by column for tables, whose columns differ in
 * kind.
 */
function heat(
  a: Float64Array,
  b: Float64Array,
  page: Page,
  byColumn: boolean,
): [Uint8Array, Uint8Array, Uint8Array] {
  const groups = byColumn ? page.width : 1;
  const low = new Float64Array(groups).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(groups).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < a.length; i++) {
    const group = i % groups;
    if (a[i]! < low[group]!) low[group] = a[i]!;
    if (a[i]! > high[group]!) high[group] = a[i]!;
  }
  const range = (i: number): number => high[i % groups]! - low[i % groups]! || 1;
  const scaled = (values: Float64Array): Uint8Array =>
    viridis(values.map((value, i) => (value - low[i % groups]!) / range(i)));
  const gaps = differences(a, b, AMPLIFICATION).map((value, i) => value / range(i));
  return [scaled(a), scaled(b), viridis(gaps)];
}

async function encode(
  data: Uint8Array,
  height: number,
  width: number,
  channels: number,
  stretch: boolean,
): Promise<string> {
  const shape = channels === 1 ? [height, width] : [height, width, channels];
  const png = await encodeImage(new Tensor(data, shape, "uint8"));
  const reduce = Math.min(1, LONGEST / Math.max(height, width));
  const side = (length: number): number => {
    const reduced = Math.max(1, Math.round(length * reduce));
    return stretch ? Math.min(LONGEST, Math.max(SHORTEST, reduced)) : reduced;
  };
  const [newHeight, newWidth] = [side(height), side(width)];
  if (newHeight === height && newWidth === width) return dataAddress(png);
  const sharp = await loadSharp();
  // What shrinks is averaged; what grows keeps its squares.
  const smaller = await sharp(png)
    .resize(Math.min(newWidth, width), Math.min(newHeight, height), { fit: "fill" })
    .png()
    .toBuffer();
  const shown = sharp(smaller).resize(newWidth, newHeight, { fit: "fill", kernel: "nearest" });
  return dataAddress(await shown.png().toBuffer());
}

const dataAddress = (png: Uint8Array): string =>
  `data:image/png;base64,${Buffer.from(png).toString("base64")}`;

/**
 * Peak signal-to-noise ratio in decibels, 10 log10(peak² / mean squared error), of a picture and its reconstruction;
 * the peak is 255, or 65535 for 16 bits a channel. Null for what is no picture. O(size).
 */
export function peakSignalToNoise(original: Tensor, reconstruction: Tensor, kind: SourceKind): number | null {
  if (kind !== "image" && kind !== "images") return null;
  const a = magnitudes(original);
  const b = magnitudes(reconstruction);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  const peak = original.dtype === "uint8" ? 255 : 65535;
  return 10 * Math.log10((peak * peak * a.length) / sum);
}
