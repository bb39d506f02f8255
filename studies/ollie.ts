import type { Tensor } from "polyadic";
import {
  bandExpression,
  type Candidate,
  convolutionExpression,
  type Derivation,
  type DeriveOptions,
  derive,
  type Expression,
  fuseExpressions,
  interpret,
  jit,
  type Kernel,
  modelCost,
  productExpression,
  transposedConvolutionExpression,
} from "polyadic/compiler";
import { foldIn, type Key, normal } from "polyadic/random";
import { atLeast, atMost, between, study } from "polyadic/study";

type Operands = Record<string, Tensor>;

/** Tensors that are known when a network is compiled. */
const WEIGHTS = ["W", "Wq", "Wk", "Wv"];

interface Case {
  readonly name: string;
  readonly expression: Expression;
  /** Shapes of the tensors that it reads. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** What must be found. */
  readonly form: string;
  readonly isFound: (kernels: readonly Kernel[]) => boolean;
  readonly options?: DeriveOptions;
  /** The direct lowering where that is not of this expression. */
  readonly direct?: readonly Expression[];
}

const kinds = (kernels: readonly Kernel[]): string => kernels.map(({ kind }) => kind).join(", ");

const extents = ({ scope }: Kernel): number[] => scope.sums.map(({ from, to }) => to - from);

/** Windows of 3 by 3, apart from the channels. */
const isThreeByThree = (kernel: Kernel, channels: number): boolean => {
  const list = extents(kernel).sort((a, b) => a - b);
  return kernel.kind === "conv2d" && list.join() === [3, 3, channels].join();
};

/** A machine whose library has a quick convolution for windows of 3 by 3, and none for others. */
const quickThreeByThree =
  (channels: number) =>
  (kernel: Kernel): number => {
    const isProduct = kernel.kind !== "elementwise" && kernel.kind !== "layout";
    return modelCost([kernel]) * (isThreeByThree(kernel, channels) ? 0.5 : isProduct ? 4 : 1);
  };

/** Sizes of the published operators, divided by `shrink` along the image, the sequence and the matrices. */
function cases(scale: number): Case[] {
  const image = 14 * scale;
  const small = 8 * scale;
  const length = 256 * scale;
  const side = 64 * scale;
  const names = ["Wq", "Wk", "Wv"];
  return [
    {
      name: "convolution 3x3",
      expression: convolutionExpression({ length: image, channels: 32, features: 32, window: 3 }),
      shapes: { A: [1, image, image, 32], K: [3, 3, 32, 32] },
      form: "one product [HW, C] x [C, RSF] and an addition of offsets",
      isFound: (kernels) => kinds(kernels) === "matmul, elementwise",
    },
    {
      name: "convolution 5x5",
      expression: convolutionExpression({ length: image, channels: 16, features: 16, window: 5 }),
      shapes: { A: [1, image, image, 16], K: [5, 5, 16, 16] },
      form: "four convolutions 3x3 in one, and an addition of offsets",
      isFound: (kernels) =>
        kinds(kernels) === "layout, conv2d, elementwise" && isThreeByThree(kernels[1]!, 16),
      options: {
        constants: ["K"],
        cost: quickThreeByThree(16),
        targets: ["matmul", "conv2d", "elementwise"],
      },
    },
    {
      name: "transposed convolution 4x4, stride 2",
      expression: transposedConvolutionExpression({ length: small, channels: 64, features: 32 }),
      shapes: { A: [1, small, small, 64], K: [4, 4, 32, 64] },
      form: "one product without zeros, and an addition of overlaps",
      isFound: (kernels) => kinds(kernels) === "matmul, elementwise",
    },
    {
      name: "band, dilation 4",
      expression: bandExpression({ batch: 4, length, width: 8, depth: 16, dilation: 4 }),
      shapes: { Q: [4, length, 16], K: [4, length, 16] },
      form: "a band without dilation on copies in another layout",
      isFound: (kernels) => kinds(kernels) === "layout, layout, g2bmm",
    },
    {
      name: "three products of one input",
      expression: fuseExpressions(names.map((w) => productExpression(side, side, side, w))),
      shapes: Object.fromEntries(["X", ...names].map((name) => [name, [side, side]])),
      form: "one product",
      isFound: (kernels) => kinds(kernels) === "layout, matmul",
      direct: names.map((w) => productExpression(side, side, side, w)),
    },
  ];
}

/** The largest difference, relative to the largest value. */
const relativeError = (value: Tensor, expected: Tensor): number =>
  value.astype("float64").sub(expected).abs().max().item() / expected.abs().max().item();

const total = (list: readonly Candidate[], of: (candidate: Candidate) => number): number =>
  list.reduce((sum, candidate) => sum + of(candidate), 0);

/** Seconds of one call, the median of several. */
function seconds(run: () => unknown): number {
  run();
  const times = Array.from({ length: 15 }, () => {
    const start = performance.now();
    run();
    return (performance.now() - start) / 1000;
  });
  return times.sort((a, b) => a - b)[7]!;
}

/** A run that gives all results of a case, compiled; weights are constants. */
function timeOf(list: readonly Candidate[], operands: Operands, constants: readonly string[]): number {
  const entries = Object.entries(operands);
  const weights = Object.fromEntries(entries.filter(([name]) => constants.includes(name)));
  const others = Object.fromEntries(entries.filter(([name]) => !constants.includes(name)));
  const run = jit((tensors: Operands) => list.map(({ program }) => program({ ...weights, ...tensors })));
  return seconds(() => run(others));
}

export default study({
  id: "ollie",
  paper: {
    title: "OLLIE: Derivation-based Tensor Program Optimizer",
    year: 2022,
    url: "https://arxiv.org/abs/2208.02025",
  },
  claim:
    "Rewriting tensor expressions by rules of derivation, instead of by fixed rules for operators, finds programs that are up to 2.73 times as fast (1.46 times in the mean, seven networks on an A100).",
  baseline:
    "direct lowering: convolution as a product over copied patches, transposed convolution over an image with zeros between its elements, a gathered band, three products",
  run({ key, scale, report }) {
    const rows = cases(scale === "full" ? 2 : 1).map((of, i) => {
      const constants = of.options?.constants ?? WEIGHTS;
      const found: Derivation = derive(of.expression, { maxStates: 4000, constants: WEIGHTS, ...of.options });
      const direct = of.direct
        ? of.direct.map((expression) => derive(expression, { maxDepth: 0, constants: WEIGHTS }).original)
        : [found.original];
      const wanted = found.candidates.find(({ kernels }) => of.isFound(kernels));
      const operands: Operands = Object.fromEntries(
        Object.entries(of.shapes).map(([name, shape], j) => [
          name,
          normal(foldIn(key as Key, 16 * i + j), shape, { dtype: "float32" }),
        ]),
      );
      // Full size by the interpreter takes minutes; there the direct lowering in float64 stands for it.
      const expected =
        scale === "full"
          ? found.original.program(
              Object.fromEntries(Object.entries(operands).map(([name, x]) => [name, x.astype("float64")])),
            )
          : interpret(of.expression, operands);
      const checked = wanted ? [...new Set([wanted, found.best])] : [found.best];
      const errors = checked.map(({ program }) => relativeError(jit(program)(operands), expected));
      const speedUp =
        scale === "full"
          ? timeOf(direct, operands, constants) / timeOf([wanted ?? found.best], operands, constants)
          : Number.NaN;
      return {
        name: of.name,
        form: of.form,
        isFound: wanted !== undefined,
        wanted: wanted ?? found.best,
        direct,
        found,
        speedUp,
        error: Math.max(...errors),
      };
    });
    report.table(
      rows.map(({ name, form, isFound }) => ({ operator: name, derived: form, found: isFound })),
      "What is derived",
    );
    report.table(
      rows.map(({ name, direct, wanted, found, error }) => ({
        operator: name,
        "Mflop, direct": total(direct, ({ flops }) => flops) / 1e6,
        "Mflop, derived": wanted.flops / 1e6,
        "kB moved, direct": total(direct, ({ elements }) => 4 * elements) / 1e3,
        "kB moved, derived": (4 * wanted.elements) / 1e3,
        "best / direct by the model": found.best.cost / total(direct, ({ cost }) => cost),
        states: found.states,
        "seen before": found.duplicates,
        error,
      })),
      "Cost of the derived form; states of the search",
    );
    if (scale === "full")
      report.table(
        rows.map(({ name, speedUp }) => ({ operator: name, "times as fast": speedUp })),
        "Measured on this machine",
      );
    const [three, , transposed] = rows as [(typeof rows)[number], unknown, (typeof rows)[number]];
    const states = rows.reduce((sum, { found }) => sum + found.states, 0);
    const duplicates = rows.reduce((sum, { found }) => sum + found.duplicates, 0);
    const speedUp = Math.exp(rows.reduce((sum, row) => sum + Math.log(row.speedUp), 0) / rows.length);
    return {
      maxRelativeError: Math.max(...rows.map(({ error }) => error)),
      derivedFound: rows.filter(({ isFound }) => isFound).length,
      transposedConvFlopRatio: total(transposed.direct, ({ flops }) => flops) / transposed.wanted.flops,
      conv3ExtraBytesRatio: three.wanted.elements / total(three.direct, ({ elements }) => elements),
      duplicatesShare: duplicates / states,
      neverSlower: rows.every(({ found, direct }) => found.best.cost <= total(direct, ({ cost }) => cost))
        ? 1
        : 0,
      ...(scale === "full" && { meanSpeedUp: speedUp, transposedSpeedUp: transposed.speedUp }),
    };
  },
  expect: {
    maxRelativeError: atMost(1e-4),
    derivedFound: atLeast(5),
    transposedConvFlopRatio: between(3.5, 4.5),
    duplicatesShare: atLeast(0.2),
    neverSlower: atLeast(1),
  },
});
