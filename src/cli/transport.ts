// polyadic transport: two weighted sets of points in, the entropic transport plan between them out.
import { type Command, InvalidArgumentError, Option } from "commander";
import { isSparse } from "../decompose/base/sparse.ts";
import { checkWritable, readTensor, writeTensor } from "../io/tensorFile.ts";
import type { ChartSpec } from "../plot/chart.ts";
import { formatNumber, formatSeconds } from "../plot/format.ts";
import { checkChartReportPath, writeChartReport } from "../report/chartPage.ts";
import { progressBar } from "../report/progressBar.ts";
import { ones } from "../tensor/create.ts";
import { isComplex } from "../tensor/dtype.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { pointCosts } from "../transport/pointCosts.ts";
import type { TransportResult } from "../transport/result.ts";
import { sinkhorn } from "../transport/sinkhorn.ts";
import { sinkhornNewtonSparse } from "../transport/sinkhornNewtonSparse.ts";
import { parseCount } from "./options.ts";
import type { Streams } from "./streams.ts";
import { checkFolderOf, inWordsOf, UsageError } from "./usage.ts";

interface Flags {
  readonly cost?: string;
  readonly metric: "squared" | "euclidean";
  readonly eta?: number;
  readonly method: "newton" | "sinkhorn";
  readonly tol: number;
  readonly iterations?: number;
  readonly out?: string;
  readonly report?: string;
  readonly json?: true;
}

/** η times the largest cost unless told: plans are then sharp, and computed in a moment. */
const SHARPNESS = 200;

function parsePositive(text: string): number {
  const value = Number(text.trim() || Number.NaN);
  if (!(value > 0 && Number.isFinite(value)))
    throw new InvalidArgumentError(`got "${text}", expected a positive number.`);
  return value;
}

/** Adds the command to the program. */
export function addTransport(program: Command, streams: Streams): void {
  program
    .command("transport")
    .description("the plan that carries one set of weights or points to another at least cost")
    .argument("<a>", "weights [n], or points [n, d] of equal weight; see polyadic decompose for file types")
    .argument("<b>", "weights [m], or points [m, d]")
    .option("--cost <file>", "matrix of costs [n, m]; for points the metric is used unless told")
    .addOption(
      new Option("--metric <name>", "cost between points: squared or plain Euclidean distance")
        .choices(["squared", "euclidean"])
        .default("squared"),
    )
    .option(
      "--eta <number>",
      `inverse temperature, the plan sharper the larger (default: ${SHARPNESS} over the largest cost)`,
      parsePositive,
    )
    .addOption(
      new Option("--method <name>", "Sinkhorn with sparse Newton steps, or alone")
        .choices(["newton", "sinkhorn"])
        .default("newton"),
    )
    .option("--tol <error>", "largest sum of errors of the weights that are met", parsePositive, 1e-9)
    .option("--iterations <n>", "most Newton steps (200) or Sinkhorn iterations (10,000)", parseCount)
    .option("--out <file>", "write the plan [n, m]: .npy, .npz or .safetensors")
    .option("--report <file>", "write how it converged: .html, .svg or .json")
    .option("--json", "print the report as JSON")
    .action(async (a: string, b: string, flags: Flags) => {
      if (flags.out !== undefined) {
        checkWritable(flags.out);
        await checkFolderOf(flags.out);
      }
      if (flags.report !== undefined) {
        checkChartReportPath(flags.report);
        await checkFolderOf(flags.report);
      }
      await transport(a, b, flags, streams);
    });
}

async function transport(a: string, b: string, flags: Flags, { stdout, stderr }: Streams): Promise<void> {
  const problem = await readProblem(a, b, flags);
  const eta = flags.eta ?? SHARPNESS / (problem.cost.abs().max().item() || 1);
  const bar = progressBar(stderr);
  const started = performance.now();
  const common = {
    eta,
    tolerance: flags.tol,
    dropZeros: true,
    onProgress: (progress: { fraction: number; stage: string }) => bar.update(progress),
  };
  let found: TransportResult;
  try {
    const names = {
      a,
      b,
      cost: flags.cost ?? `the costs from ${a} to ${b}`,
      eta: "--eta",
      tolerance: "--tol",
    };
    found = inWordsOf(`${a} and ${b}`, names, () =>
      flags.method === "sinkhorn"
        ? sinkhorn(problem.a, problem.b, problem.cost, { ...common, iterations: flags.iterations ?? 10000 })
        : sinkhornNewtonSparse(problem.a, problem.b, problem.cost, {
            ...common,
            newton: flags.iterations ?? 200,
          }),
    );
  } finally {
    bar.stop();
  }
  const seconds = (performance.now() - started) / 1000;
  if (flags.out !== undefined) await writeTensor(flags.out, found.plan());
  const { cost, value, converged, sinkhornIterations, newtonIterations, cgIterations, errors } = found;
  const summary = {
    a,
    b,
    shape: problem.cost.shape,
    eta,
    cost,
    value,
    error: errors.at(-1) ?? null,
    converged,
    sinkhornIterations,
    newtonIterations,
    cgIterations,
    seconds,
    notes: problem.notes,
    ...(flags.out === undefined ? {} : { out: flags.out }),
  };
  if (flags.report !== undefined)
    await writeChartReport(flags.report, {
      kicker: "polyadic transport",
      title: `${a} to ${b}`,
      facts: [
        ["plan", problem.cost.shape.join(" × ")],
        ["cost", formatNumber(cost)],
        ["with entropy", formatNumber(value)],
        ["eta", formatNumber(eta)],
        ["error of the weights", formatNumber(errors.at(-1) ?? 0)],
        ["converged", converged ? "yes" : "no"],
        ["Sinkhorn iterations", String(sinkhornIterations)],
        ["Newton steps", String(newtonIterations)],
        ["inner steps", String(cgIterations)],
        ["time", formatSeconds(seconds)],
        ...problem.notes.map((note): [string, string] => ["note", note]),
      ],
      charts: [convergence(found)],
      summary,
    });
  if (flags.json) {
    stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
    return;
  }
  const lines = [
    `${problem.cost.shape.join(" × ")} plan at eta ${formatNumber(eta)}`,
    `  cost   ${formatNumber(cost)}`,
    `  error  ${formatNumber(errors.at(-1) ?? 0)} after ${sinkhornIterations} Sinkhorn iterations and ${newtonIterations} Newton steps`,
    ...(converged ? [] : ["  not converged: allow more --iterations, or lower --eta"]),
    ...problem.notes.map((note) => `  ${note}`),
    ...[flags.out, flags.report].filter((path) => path !== undefined).map((path) => `wrote ${path}`),
    ...(flags.out === undefined ? ["add --out plan.npy to write the plan"] : []),
  ];
  stdout.write(`${lines.join("\n")}\n`);
}

interface Inputs {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly cost: Tensor;
  readonly notes: readonly string[];
}

async function readProblem(aPath: string, bPath: string, { cost: costPath, metric }: Flags): Promise<Inputs> {
  const [a, b] = [await readReal(aPath), await readReal(bPath)];
  const notes: string[] = [];
  const isWeights = (x: Tensor): boolean => x.ndim === 1 || (costPath !== undefined && x.shape[1] === 1);
  const weights = (x: Tensor, path: string): Tensor => {
    if (!isWeights(x)) return ones([x.shape[0]!]).div(x.shape[0]!);
    const sum = x.sum().item();
    if (!(sum > 0)) throw new UsageError(`${path}: weights must have a positive sum, got ${sum}`);
    if (Math.abs(sum - 1) > 1e-9)
      notes.push(`weights of ${path} were divided by their sum ${formatNumber(sum)}`);
    return x.reshape([x.size]).div(sum);
  };
  if (costPath !== undefined) {
    const cost = await readReal(costPath);
    return { a: weights(a, aPath), b: weights(b, bPath), cost, notes };
  }
  for (const [x, path] of [
    [a, aPath],
    [b, bPath],
  ] as const)
    if (x.ndim !== 2)
      throw new UsageError(
        `${path}: holds weights ${formatShape(x.shape)}: add --cost with a matrix of costs, or give points [n, d]`,
      );
  const cost = inWordsOf(`${aPath} and ${bPath}`, {}, () =>
    pointCosts(a, b, { metric: metric === "squared" ? "sqeuclidean" : "euclidean" }),
  );
  return { a: weights(a, aPath), b: weights(b, bPath), cost, notes };
}

async function readReal(path: string): Promise<Tensor> {
  const { tensor } = await readTensor(path);
  if (isSparse(tensor)) throw new UsageError(`${path}: an array was expected, got a list of entries`);
  if (sizeOf(tensor.shape) === 0) throw new UsageError(`${path}: the array holds no elements`);
  if (isComplex(tensor.dtype))
    throw new UsageError(`${path}: real numbers were expected, got ${tensor.dtype}`);
  if (tensor.ndim !== 1 && tensor.ndim !== 2)
    throw new UsageError(`${path}: one or two axes were expected, got shape ${formatShape(tensor.shape)}`);
  return tensor.astype("float64");
}

/** Points of a line in a report. */
const POINTS = 1000;

function convergence({ errors, sinkhornIterations, newtonIterations }: TransportResult): ChartSpec {
  const step = Math.ceil(errors.length / POINTS);
  const points = errors
    .map((error, i): [number, number] => [i + 1, error])
    .filter((_, i) => i % step === 0 || i === errors.length - 1);
  const warmup =
    sinkhornIterations < errors.length && newtonIterations > 0 ? errors.length - newtonIterations : 0;
  return {
    title: "Error of the weights",
    x: { label: "iteration", format: "count" },
    y: { label: "error", scale: "log", format: "power" },
    series: [{ name: "error", points }],
    ...(warmup > 0 ? { rules: [{ axis: "x" as const, at: warmup, label: "Newton steps" }] } : {}),
  };
}
