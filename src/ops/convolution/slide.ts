// Convolution as a sum of shifted images, without patches (a direct convolution: Zhang, Franchetti & Low, "High
// performance zero-memory overhead direct convolutions", ICML 2018), for groups that have few features: an image is laid
// out once with its padding, and each element of the kernel adds a multiple of it. With strides, windows of one residue
// class of positions follow each other without gaps, so the image is laid out by residue classes ("phases").

import { device } from "../../device/current.ts";
import type { FloatArray, FloatType } from "../../device/device.ts";
import type { DenseConvolution, SpatialAxis } from "./dense.ts";
import { patchMatrix } from "./patches.ts";

/** What all groups and images of a convolution share. */
export interface Slides {
  /** The axes of an image laid out by phases: what is a window there is a place, and a kernel element a phase. */
  readonly laidOut: DenseConvolution["axes"];
  /** Phases of a channel, and places of a phase. */
  readonly phases: number;
  readonly places: number;
  readonly starts: Int32Array;
  readonly rows: Int32Array;
}

/** Entries of an image laid out, of the kernel and of the result: together they fit into the scratch of the device. */
const MOST_ENTRIES = 1 << 20;

/** A matrix product with fewer rows spends most of its time on the patches. */
const FEW_FEATURES = 3;
/** Above this many features, the matrix product has the better tiles: 64 features slide 1.2 times as fast, 128 no more. */
const MOST_FEATURES = 64;
/** Weights that stay in the second cache, where every piece of the image meets all of them. */
const MOST_WEIGHTS = 1 << 16;
/** The part of the places in an image that must be windows: sums at the others are thrown away. A judgement, not a sweep. */
const LEAST_WINDOWS = 0.6;

/** Positions that the windows of an axis reach, by phases. */
function layOut({ length, windows, kernel, stride, dilation, before, step }: SpatialAxis): SpatialAxis {
  const reach = (windows - 1) * stride + (kernel - 1) * dilation + 1;
  // Where only one element of the kernel meets each window, other phases are met by none.
  const phases = kernel === 1 ? 1 : Math.min(stride, reach);
  return { length, windows: Math.ceil(reach / stride), kernel: phases, stride, dilation: 1, before, step };
}

const product = (axes: DenseConvolution["axes"], count: (axis: SpatialAxis) => number): number =>
  axes.reduce((result, axis) => result * count(axis), 1);

/**
 * How to slide over the images of a convolution; null where a matrix product over patches is faster, unless it is `small`,
 * for complex numbers, and where images are too large.
 */
export function slidesOf(task: DenseConvolution, isSmall: boolean): Slides | null {
  const { type, axes, channels, features } = task;
  if (type.startsWith("complex")) return null;
  const laidOut = axes.map(layOut) as unknown as DenseConvolution["axes"];
  const phases = product(laidOut, ({ kernel }) => kernel);
  const places = product(laidOut, ({ windows }) => windows);
  const terms = channels * product(axes, ({ kernel }) => kernel);
  if (channels * phases * places + terms + features * (terms + places) > MOST_ENTRIES) return null;
  const pays =
    features < FEW_FEATURES ||
    (features <= MOST_FEATURES &&
      features * terms <= MOST_WEIGHTS &&
      product(axes, ({ windows }) => windows) >= LEAST_WINDOWS * places);
  if (!pays && !isSmall) return null;
  const starts = termStarts(axes, laidOut, channels, phases, places);
  const rows = new Int32Array(axes[0].windows * axes[1].windows);
  for (let p0 = 0, r = 0; p0 < axes[0].windows; p0++)
    for (let p1 = 0; p1 < axes[1].windows; p1++)
      rows[r++] = (p0 * laidOut[1].windows + p1) * laidOut[2].windows;
  return { laidOut, phases, places, starts, rows };
}

/** Where the windows of an axis meet element k of the kernel: at its phase, from this place on. */
function meetings({ kernel, dilation, stride }: SpatialAxis): { phase: Int32Array; place: Int32Array } {
  const phase = Int32Array.from({ length: kernel }, (_, k) => (k * dilation) % stride);
  const place = Int32Array.from({ length: kernel }, (_, k) => Math.floor((k * dilation) / stride));
  return { phase, place };
}

/** Where each element (c, k) of the kernel meets the first window. */
function termStarts(
  axes: DenseConvolution["axes"],
  laidOut: DenseConvolution["axes"],
  channels: number,
  phases: number,
  places: number,
): Int32Array {
  const [at0, at1, at2] = axes.map(meetings) as [
    ReturnType<typeof meetings>,
    ReturnType<typeof meetings>,
    ReturnType<typeof meetings>,
  ];
  const [, phases1, phases2] = laidOut.map(({ kernel }) => kernel) as [number, number, number];
  const [, places1, places2] = laidOut.map(({ windows }) => windows) as [number, number, number];
  const starts = new Int32Array(channels * at0.phase.length * at1.phase.length * at2.phase.length);
  let next = 0;
  for (let c = 0; c < channels; c++)
    for (let k0 = 0; k0 < at0.phase.length; k0++)
      for (let k1 = 0; k1 < at1.phase.length; k1++) {
        const phase = c * phases + (at0.phase[k0]! * phases1 + at1.phase[k1]!) * phases2;
        const place = (at0.place[k0]! * places1 + at1.place[k1]!) * places2;
        for (let k2 = 0; k2 < at2.phase.length; k2++)
          starts[next++] = (phase + at2.phase[k2]!) * places + place + at2.place[k2]!;
      }
  return starts;
}

/** Computes one group of the result. */
export function slideOver(task: DenseConvolution, group: number, slides: Slides): void {
  const { type, axes, groups, images, channels, features } = task;
  const { laidOut, phases, places, starts, rows } = slides;
  const plane = product(axes, ({ windows }) => windows);
  const lines = patchMatrix({ ...task, axes: laidOut }, group, "rows");
  const count = channels * phases;
  for (let n = 0; n < images; n++)
    device.slide(
      type as FloatType,
      {
        size: count * places,
        write: (target, at) => lines.write(target, at, places, 0, count, n * places, places),
        starts,
        weights: task.w as FloatArray,
        weightsAt: group * features * starts.length,
        features,
        rows,
        count: axes[2].windows,
      },
      task.out as FloatArray,
      (n * groups + group) * features * plane,
      plane,
    );
}
