// A result such as `decompose` gives, put together from single decompositions, for tests of what is made of results.
import { frobenius } from "../../src/decompose/base/frobenius.ts";
import { tensorsOf } from "../../src/decompose/operations.ts";
import { ttSvd } from "../../src/decompose/train/tt.ts";
import { sthosvd } from "../../src/decompose/tucker/sthosvd.ts";
import type {
  AutoResult,
  Candidate,
  Curve,
  Decomposition,
  Format,
  Spectrum,
} from "../../src/decompose/types.ts";
import { svdvals } from "../../src/linalg/spectral/svd.ts";
import { einsum } from "../../src/ops/einsum.ts";
import { moveAxis } from "../../src/ops/movement.ts";
import { max } from "../../src/ops/reduce.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

const LETTERS = "abcdefgh";
const RANKS = "ijklmnop";

/** The dense tensor of a Tucker decomposition or a tensor train of up to 8 modes. */
export function dense(d: Decomposition): Tensor {
  if (d.kind === "tucker") {
    const n = d.factors.length;
    const terms = d.factors.map((_, k) => LETTERS[k]! + RANKS[k]!);
    return einsum(`${RANKS.slice(0, n)},${terms.join(",")}->${LETTERS.slice(0, n)}`, d.core, ...d.factors);
  }
  if (d.kind !== "tt") throw new Error(`no dense tensor of ${d.kind} here`);
  const terms = d.cores.map((_, k) => RANKS[k]! + LETTERS[k]! + (RANKS[k + 1] ?? "z"));
  return einsum(`${terms.join(",")}->${LETTERS.slice(0, d.cores.length)}`, ...d.cores);
}

const SIZES = [0.2, 0.1, 0.05, 0.02, 0.01];

/** Tucker and train of a float64 tensor at a tolerance; the smaller one is chosen. */
export function exampleResult(x: Tensor, tolerance: number): AutoResult & { reconstruction: Tensor } {
  const attempts: { format: Format; d: Decomposition; ranks: number[]; numbers: number; error: number }[] =
    [];
  const curves: Curve[] = [];
  for (const format of ["tucker", "tt"] as const) {
    const at = (rtol: number): (typeof attempts)[number] => {
      const d = format === "tucker" ? sthosvd(x, { rtol }) : ttSvd(x, { rtol });
      const ranks = d.kind === "tucker" ? d.core.shape : d.cores.slice(1).map((core) => core.shape[0]!);
      const numbers = Object.values(tensorsOf(d)).reduce((sum, part) => sum + part.size, 0);
      return { format, d, ranks: [...ranks], numbers, error: d.error };
    };
    attempts.push(at(tolerance));
    curves.push({
      format,
      points: SIZES.map((size) => {
        const { error, numbers } = at(size);
        return { tolerance: size, error, bytes: numbers * 8 };
      }),
    });
  }
  attempts.sort((a, b) => a.numbers - b.numbers);
  const candidates: Candidate[] = attempts.map(({ format, ranks, numbers, error }, i) => ({
    format,
    detail: format === "tt" ? "axes in the order 0, 1, 2" : "",
    ranks,
    parameters: numbers,
    bytes: numbers * 8 + 400,
    error,
    seconds: 0.2,
    status: i === 0 ? "chosen" : "valid",
    reason: i === 0 ? "" : "takes more bytes than the choice",
  }));
  candidates.push({
    format: "cp",
    detail: "",
    ranks: [64],
    parameters: 64 * x.shape.reduce((a, b) => a + b, 1),
    bytes: 64 * 8 * x.shape.reduce((a, b) => a + b, 1),
    error: Number.NaN,
    seconds: 1.4,
    status: "rejected",
    reason: "given up at rank 64: cannot become smaller than the choice",
  });
  candidates.push({
    format: "ring",
    detail: "",
    ranks: [],
    parameters: Number.NaN,
    bytes: Number.NaN,
    error: Number.NaN,
    seconds: 0,
    status: "rejected",
    reason: "out of time",
  });
  const spectra: Spectrum[] = x.shape.map((length, mode) => {
    const matrix = moveAxis(x, mode, 0).reshape([length, -1]);
    const values = svdvals(matrix).data() as Float64Array;
    const limit = (tolerance * frobenius(x)) ** 2 / x.ndim;
    let kept = values.length;
    for (let tail = 0; kept > 1 && tail + values[kept - 1]! ** 2 <= limit; kept--)
      tail += values[kept - 1]! ** 2;
    return { modes: [mode], values, kept };
  });
  const chosen = attempts[0]!;
  const reconstruction = dense(chosen.d);
  return {
    decomposition: chosen.d,
    chosen: candidates[0]!,
    candidates,
    tolerance,
    error: chosen.error,
    maxAbsoluteError: max(reconstruction.sub(x).abs()).item(),
    spectra,
    curves,
    notes: ["uint8 values were computed with as float64"],
    seconds: 1.9,
    reconstruction,
  };
}
