// Reports as files.
import type { AutoResult } from "../decompose/types.ts";
import { writeFileAtomic } from "../io/files.ts";
import { astype } from "../ops/cast.ts";
import type { ChartSpec } from "../plot/chart.ts";
import { isComplex } from "../tensor/dtype.ts";
import { FileError, MissingPackageError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { renderHtml } from "./html.ts";
import { type PictureRow, pictureRows } from "./pictures.ts";
import type { Summary } from "./types.ts";

/** Throws FileError unless a report can be written under this name: for a check before long work. */
export function checkReportPath(path: string): void {
  if (!/\.(html?|json)$/i.test(path)) throw new FileError(`${path}: a report is written as .html or .json`);
}

/** The JSON report; what is not finite (the error of a candidate that was given up) becomes null. */
export const reportJson = (summary: Summary): string => `${JSON.stringify(summary, null, 2)}\n`;

/**
 * Writes a report as `.json` or `.html`, whole or not at all. Pictures need both tensors; sparse inputs have none.
 * Throws FileError.
 */
export async function writeReport(
  path: string,
  of: {
    readonly summary: Summary;
    readonly result: AutoResult;
    readonly tensors?: { readonly original: Tensor; readonly reconstruction: Tensor };
    readonly out?: string;
  },
): Promise<void> {
  checkReportPath(path);
  const { summary, result, tensors, out } = of;
  if (/\.json$/i.test(path)) {
    await writeFileAtomic(path, reportJson(summary));
    return;
  }
  const { pictures, note } = tensors ? await drawn(tensors, summary) : { pictures: [], note: undefined };
  const lines = tensors && lineChart(tensors.original, tensors.reconstruction);
  const page = await renderHtml({
    summary: note === undefined ? summary : { ...summary, notes: [...summary.notes, note] },
    decomposition: result.decomposition,
    pictures,
    ...(lines ? { lines } : {}),
    ...(out === undefined ? {} : { out }),
  });
  await writeFileAtomic(path, page);
}

/** The pictures, or why there are none. */
async function drawn(
  { original, reconstruction }: { original: Tensor; reconstruction: Tensor },
  { input }: Summary,
): Promise<{ pictures: PictureRow[]; note: string | undefined }> {
  try {
    return { pictures: await pictureRows(original, reconstruction, input.kind), note: undefined };
  } catch (error) {
    if (!(error instanceof MissingPackageError)) throw error;
    return { pictures: [], note: `the report has no pictures: ${error.message}` };
  }
}

/** Most points of a line in a report. */
const POINTS = 1000;

/** A vector and its reconstruction as lines. */
function lineChart(original: Tensor, reconstruction: Tensor): ChartSpec | undefined {
  if (original.ndim !== 1 || isComplex(original.dtype)) return undefined;
  const step = Math.ceil(original.size / POINTS);
  const points = (x: Tensor): [number, number][] => {
    const data = astype(x, "float64").data();
    return Array.from({ length: Math.ceil(x.size / step) }, (_, i) => [i * step, data[i * step]!]);
  };
  return {
    x: { label: step === 1 ? "position" : `position (one of every ${step} is shown)` },
    y: { label: "value" },
    series: [
      { name: "original", color: "#9aa4af", points: points(original) },
      { name: "reconstruction", color: "#0072b2", style: "dashed", points: points(reconstruction) },
    ],
  };
}
