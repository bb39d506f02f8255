import { concat, eye, full, type Tensor, zeros } from "polyadic";
import {
  Kronecker,
  lstsq,
  qr,
  type SketchKind,
  sketchedLstsq,
  solveTriangular,
  svdvals,
} from "polyadic/linalg";
import { foldIn, type Key, normal, split } from "polyadic/random";
import { atLeast, atMost, growthExponent, study, timed } from "polyadic/study";

interface Problem {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly exact: Tensor;
  /** ‖A x* − b‖ ‖A⁺‖ / √d: the unit in which the guarantee speaks. */
  readonly unit: number;
}

/** A = [I; 0], and a residual of eight heavy entries beside it: the answer is 0. */
function hardProblem(n: number, d: number): Problem {
  return {
    a: concat([eye(d), zeros([n - d, d])]),
    b: concat([zeros([d]), full([8], Math.sqrt(1 / 8)), zeros([n - d - 8])]),
    exact: zeros([d]),
    unit: 1 / Math.sqrt(d),
  };
}

function gaussianProblem(key: Key, n: number, d: number): Problem {
  const [left, right] = split(key) as [Key, Key];
  const a = normal(left, [n, d]);
  const b = normal(right, [n]);
  const { x, residual } = lstsq(a, b);
  return { a, b, exact: x, unit: residual.item() / (svdvals(a).at(-1).item() * Math.sqrt(d)) };
}

/** The largest error of a coordinate in each of several trials, in units of the guarantee. */
const errors = (key: Key, { a, b, exact, unit }: Problem, kind: SketchKind, rows: number, trials: number) =>
  Array.from(
    { length: trials },
    (_, i) => sketchedLstsq(foldIn(key, i), a, b, { kind, rows }).x.sub(exact).abs().max().item() / unit,
  );

const median = (values: readonly number[]): number =>
  [...values].sort((p, q) => p - q)[Math.floor(values.length / 2)]!;

/** Least squares as a dense QR factorization gives it. */
function denseSolve(a: Tensor, b: Tensor): Tensor {
  const { q, r } = qr(a);
  return solveTriangular(r, q.transpose().matmul(b), { lower: false });
}

export default study({
  id: "linf-sketch-regression",
  paper: { title: "A Nearly-Optimal Bound for Fast Regression with ℓ∞ Guarantee", year: 2023 },
  claim:
    "A dense sketch of nearly d rows makes every coordinate of a least-squares answer accurate; sketches with few nonzeros a column cannot.",
  baseline: "CountSketch and OSNAP of the same size; least squares by QR of the whole matrix",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const [n, d, m] = [2048, 16, 512];
    const [hardKey, easyKey, dataKey, scalingKey, timeKey, tensorKey] = split(key, 6) as Key[];
    const hard = hardProblem(n, d);
    const easy = gaussianProblem(dataKey!, n, d);
    const kinds: readonly SketchKind[] = ["srht", "gaussian", "countsketch", "osnap"];
    const rows = kinds.map((kind) => {
      const trials = kind === "gaussian" && quick ? 10 : 40;
      const onHard = errors(hardKey!, hard, kind, m, trials);
      const onEasy = errors(easyKey!, easy, kind, m, trials);
      return {
        sketch: kind,
        trials,
        "hard, median": median(onHard),
        "hard, largest": Math.max(...onHard),
        "Gaussian, median": median(onEasy),
        "Gaussian, largest": Math.max(...onEasy),
      };
    });
    report.table(rows, "Largest error of a coordinate times √d / (‖residual‖ ‖A⁺‖)");
    const largest = (kind: SketchKind): number => rows.find((row) => row.sketch === kind)!["hard, largest"];

    const sizes = [128, 256, 512, 1024];
    const constants = sizes.map(
      (size) => median(errors(foldIn(scalingKey!, size), hard, "srht", size, 60)) * Math.sqrt(size),
    );
    report.table(
      sizes.map((size, i) => ({ rows: size, "median · √rows": constants[i]! })),
      "The error falls like 1/√m",
    );

    const columns = quick ? 16 : 64;
    const sketchSize = quick ? 256 : 4096;
    const lengths = quick ? [1024, 2048, 4096, 8192] : [8192, 16384, 32768, 65536];
    const times = lengths.map((length) => {
      const { a, b } = gaussianProblem(foldIn(timeKey!, length), length, columns);
      const sketched = timed(() => sketchedLstsq(key, a, b, { rows: sketchSize }), 5);
      const dense = timed(() => denseSolve(a, b), 5);
      return { n: length, sketched: sketched.milliseconds, dense: dense.milliseconds };
    });
    const growth = (way: "sketched" | "dense"): number =>
      growthExponent(
        lengths,
        times.map((row) => row[way]),
      ).exponent;
    report.table(
      [
        ...times.map((row) => ({ ...row, ratio: row.dense / row.sketched })),
        { n: "exponent", sketched: growth("sketched"), dense: growth("dense"), ratio: "" },
      ],
      `Milliseconds for ${columns} columns and ${sketchSize} rows of the sketch`,
    );

    if (!quick) {
      // The sketch costs O(n d log n), QR O(n d²): the more columns, the better.
      const wide = [32, 64, 128, 256].map((width) => {
        const a = normal(foldIn(timeKey!, width), [32768, width]);
        const b = normal(foldIn(timeKey!, width + 1), [32768]);
        const sketched = timed(() => sketchedLstsq(key, a, b, { rows: 8 * width }), 3).milliseconds;
        const dense = timed(() => denseSolve(a, b), 3).milliseconds;
        return { columns: width, sketched, dense, ratio: dense / sketched };
      });
      report.table(wide, "Milliseconds for 32,768 rows and 8 rows of the sketch a column");
    }

    const side = quick ? 32 : 256;
    const [first, second, third] = split(tensorKey!, 3) as [Key, Key, Key];
    const product = new Kronecker([normal(first, [side, 4]), normal(second, [side, 4])]);
    const b = normal(third, [side * side]);
    const tensorRows = quick ? 512 : 2048;
    const truth = sketchedLstsq(key, product, b, { kind: "tensor-srht", rows: tensorRows, refine: 60 });
    const estimate = sketchedLstsq(key, product, b, { kind: "tensor-srht", rows: tensorRows });
    const tensorError = estimate.x.sub(truth.x).abs().max().item();
    report.note(
      `Kronecker product of two matrices of ${side} rows, never formed: largest error ${tensorError.toExponential(1)}, bound ${estimate.bound.toExponential(1)}`,
    );
    return {
      srhtLargest: largest("srht"),
      gaussianLargest: largest("gaussian"),
      countsketchLargest: largest("countsketch"),
      osnapLargest: largest("osnap"),
      scalingSpread: Math.max(...constants) / Math.min(...constants),
      tensorErrorOverBound: tensorError / estimate.bound,
      speedAgainstQr: times.at(-1)!.dense / times.at(-1)!.sketched,
    };
  },
  expect: {
    srhtLargest: atMost(0.85),
    countsketchLargest: atLeast(1.2),
    scalingSpread: atMost(1.2),
    tensorErrorOverBound: atMost(1),
  },
});
