// The matrix that turns a convolution into a matrix product (im2col): a row for each element (c, k) of the kernel, a
// column for each window (n, p). It is |K| times as large as the images and therefore never made as a whole: blocks of
// it are written where the product is about to read them. Chellapilla, Puri & Simard, "High performance convolutional
// neural networks for document processing" (2006); block by block as in Chetlur et al., "cuDNN" (2014).

import type { FloatArray, ImplicitMatrix } from "../../device/device.ts";
import type { DenseConvolution } from "./dense.ts";

/** One of the two index sets, (channel, k) or (image, p), along one axis: how many, and how far apart in x. */
interface Walk {
  readonly counts: readonly [number, number, number];
  /** Elements of x from one to the next, along the spatial axes. */
  readonly steps: readonly [number, number, number];
  /** The same for the images or channels, in the storage of x. */
  readonly outerStep: number;
}

/** What the patches are read from. */
type Source = Pick<DenseConvolution, "type" | "axes" | "x" | "images" | "channels">;

/**
 * The patches of one group. Rows and columns follow one rule, so that lines may run along either: along the one with the
 * longer runs of neighbours unless told.
 */
export function patchMatrix(
  { type, axes, x, ...sizes }: Source,
  group: number,
  lines?: ImplicitMatrix["lines"],
): ImplicitMatrix {
  const three = (f: (axis: DenseConvolution["axes"][number]) => number): [number, number, number] => [
    f(axes[0]),
    f(axes[1]),
    f(axes[2]),
  ];
  const kernel: Walk = {
    counts: three((axis) => axis.kernel),
    steps: three((axis) => axis.dilation),
    outerStep: x.channelStep,
  };
  const windows: Walk = {
    counts: three((axis) => axis.windows),
    steps: three((axis) => axis.stride),
    outerStep: x.imageStep,
  };
  const byRows = lines
    ? lines === "rows"
    : longestRun(windows, sizes.images) >= longestRun(kernel, sizes.channels);
  const across = byRows ? kernel : windows;
  const along = byRows ? windows : kernel;
  const [length0, length1, length2] = three((axis) => axis.length);
  const [before0, before1, before2] = three((axis) => axis.before);
  const [step0, step1, step2] = three((axis) => axis.step);
  const [lines0, lines1, lines2] = across.counts;
  const [runs0, runs1, runs2] = along.counts;
  const [apart0, apart1, apart2] = along.steps;
  const width = type.startsWith("complex") ? 2 : 1;
  const data = x.data as FloatArray;
  const start = x.offset + group * x.groupStep;

  const write: ImplicitMatrix["write"] = (target, at, stride, line, lines, first, count) => {
    for (let l = line; l < line + lines; l++, at += stride) {
      const l2 = l % lines2;
      const l1 = Math.floor(l / lines2) % lines1;
      const l0 = Math.floor(l / (lines2 * lines1)) % lines0;
      const outer = Math.floor(l / (lines2 * lines1 * lines0));
      const i0 = l0 * across.steps[0] - before0;
      const i1 = l1 * across.steps[1] - before1;
      const i2 = l2 * across.steps[2] - before2;
      let r2 = first % runs2;
      let r1 = Math.floor(first / runs2) % runs1;
      let r0 = Math.floor(first / (runs2 * runs1)) % runs0;
      let place = start + outer * across.outerStep;
      place += Math.floor(first / (runs2 * runs1 * runs0)) * along.outerStep;
      let to = at;
      for (let left = count; left > 0; ) {
        const run = Math.min(left, runs2 - r2);
        const a0 = i0 + r0 * apart0;
        const a1 = i1 + r1 * apart1;
        const a2 = i2 + r2 * apart2;
        let begin = run;
        let end = run;
        if (a0 >= 0 && a0 < length0 && a1 >= 0 && a1 < length1) {
          begin = a2 >= 0 ? 0 : Math.min(run, Math.ceil(-a2 / apart2));
          end = a2 >= length2 ? begin : Math.max(begin, Math.min(run, Math.ceil((length2 - a2) / apart2)));
        }
        const from = place + a0 * step0 + a1 * step1 + (a2 + begin * apart2) * step2;
        zero(target, to, begin * width);
        copyRun(target, to + begin * width, data, from * width, apart2 * step2 * width, end - begin, width);
        zero(target, to + end * width, (run - end) * width);
        to += run * width;
        left -= run;
        r2 = 0;
        if (++r1 === runs1) {
          r1 = 0;
          if (++r0 === runs0) {
            r0 = 0;
            place += along.outerStep;
          }
        }
      }
    }
  };
  return { lines: byRows ? "rows" : "columns", write };
}

/** Neighbours that are written in one go; whole images count where nothing else differs. */
const longestRun = ({ counts }: Walk, outer: number): number => counts[2] * 1e6 + outer;

/** Runs longer than this are copied by the engine. */
const LONG_RUN = 48;

function zero(target: FloatArray, at: number, entries: number): void {
  for (let i = 0; i < entries; i++) target[at + i] = 0;
}

/** `count` elements that lie `step` entries apart in `data` become neighbours. */
function copyRun(
  target: FloatArray,
  to: number,
  data: FloatArray,
  from: number,
  step: number,
  count: number,
  width: number,
): void {
  if (step === width && count > LONG_RUN) target.set(data.subarray(from, from + count * width), to);
  else if (width === 1) for (let i = 0, p = from; i < count; i++, p += step) target[to + i] = data[p]!;
  else
    for (let i = 0, p = from; i < count; i++, p += step) {
      target[to + 2 * i] = data[p]!;
      target[to + 2 * i + 1] = data[p + 1]!;
    }
}
