// polyadic complete: a table or tensor with gaps in, the same with its gaps filled out.
import { type Command, Option } from "commander";
import { unravel } from "../decompose/base/input.ts";
import { isSparse, sparseToDense } from "../decompose/base/sparse.ts";
import { funbat } from "../decompose/bayesian/funbat.ts";
import { complete } from "../decompose/completion/complete.ts";
import { neuralTensorCompletion } from "../decompose/neural/neuralCompletion.ts";
import { full } from "../decompose/operations.ts";
import { checkWritable, readTensor, writeTensor } from "../io/tensorFile.ts";
import { where } from "../ops/comparison.ts";
import { formatNumber, formatPercent } from "../plot/format.ts";
import { permutation } from "../random/distributions.ts";
import { foldIn, type Key, key } from "../random/key.ts";
import { progressBar } from "../report/progressBar.ts";
import { fromTypedArray } from "../tensor/create.ts";
import { isComplex } from "../tensor/dtype.ts";
import type { Progress } from "../tensor/progress.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { presentMask } from "./completion.ts";
import { parseCount, parseSeed } from "./options.ts";
import type { Streams } from "./streams.ts";
import { checkFolderOf, inWordsOf, UsageError } from "./usage.ts";

const METHODS = ["auto", "cp", "tucker", "funbat", "neural"] as const;
type Method = (typeof METHODS)[number];

interface Flags {
  readonly method: Method;
  readonly missing: "nan";
  readonly rank?: number;
  readonly var?: string;
  readonly coo?: true;
  readonly out?: string;
  readonly seed: number;
  readonly json?: true;
}

/** Filling more cells than this into a dense file is refused. */
const MOST_CELLS = 2 ** 27;
const HELD_OUT = 0.05;

/** Adds the command to the program. */
export function addComplete(program: Command, streams: Streams): void {
  program
    .command("complete")
    .description("fill the gaps of a table or tensor")
    .argument("<file>", ".npy .npz .safetensors .csv .tsv .parquet .tns; gaps are NaN, or entries not listed")
    .addOption(
      new Option(
        "--method <name>",
        "cp, tucker, funbat (axes are smooth coordinates), neural; auto takes the better of cp and tucker",
      )
        .choices(METHODS)
        .default("auto"),
    )
    .addOption(new Option("--missing <what>", "what a gap looks like").choices(["nan"]).default("nan"))
    .option(
      "--rank <r>",
      "components of each mode; chosen by held-out error unless told (funbat: 2)",
      parseCount,
    )
    .option("--var <name>", "array inside a .npz or .safetensors file")
    .option("--coo", "read a table as index, …, value; what it does not list is missing")
    .option("--out <file>", "write the filled tensor: .npy, .npz or .safetensors")
    .option("--seed <n>", "seed of everything random", parseSeed, 0)
    .option("--json", "print the report as JSON")
    .action(async (file: string, flags: Flags) => {
      if (flags.out !== undefined) {
        checkWritable(flags.out);
        await checkFolderOf(flags.out);
      }
      const loaded = await readTensor(file, {
        ...(flags.var === undefined ? {} : { variable: flags.var }),
        ...(flags.coo ? { coo: true } : {}),
      });
      const { x, mask, missing } = withMask(loaded.tensor, loaded.name);
      const bar = progressBar(streams.stderr);
      const started = performance.now();
      let found: Filled;
      try {
        found = inWordsOf(loaded.name, { ranks: "--rank" }, () =>
          fill(x, mask, flags, (progress) => bar.update(progress)),
        );
      } finally {
        bar.stop();
      }
      if (flags.out !== undefined) await writeTensor(flags.out, where(mask, x, found.model.astype(x.dtype)));
      const report = {
        file: loaded.name,
        shape: x.shape,
        present: x.size - missing,
        missing,
        method: found.method,
        ranks: found.ranks,
        heldOutError: found.heldOutError,
        seconds: (performance.now() - started) / 1000,
        ...(flags.out === undefined ? {} : { out: flags.out }),
      };
      if (flags.json) streams.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      else
        streams.stdout.write(
          [
            `${loaded.name}: ${x.shape.join(" × ")}, ${formatNumber(missing)} of ${formatNumber(x.size)} values missing`,
            `filled by ${found.method}${found.ranks.length > 0 ? ` of rank ${found.ranks.join(" ")}` : ""}; error on values held out: ${formatPercent(found.heldOutError)}`,
            flags.out === undefined ? "add --out filled.npy to write the result" : `wrote ${flags.out}`,
            "",
          ].join("\n"),
        );
    });
}

interface Gaps {
  readonly x: Tensor;
  readonly mask: Tensor;
  readonly missing: number;
}

function withMask(given: Awaited<ReturnType<typeof readTensor>>["tensor"], name: string): Gaps {
  let gaps: Gaps;
  if (isSparse(given)) {
    const size = sizeOf(given.shape);
    if (size > MOST_CELLS)
      throw new UsageError(`${name}: ${formatNumber(size)} cells are too many to fill in one file`);
    const present = new Uint8Array(size);
    const order = given.shape.length;
    for (let i = 0; i < given.values.length; i++) {
      let at = 0;
      for (let k = 0; k < order; k++) at = at * given.shape[k]! + given.indices[i * order + k]!;
      present[at] = 1;
    }
    const listed = present.reduce((sum, is) => sum + is, 0);
    gaps = {
      x: sparseToDense(given),
      mask: new Tensor(present, given.shape, "bool"),
      missing: size - listed,
    };
  } else {
    if (isComplex(given.dtype))
      throw new UsageError(`${name}: real numbers were expected, got ${given.dtype}`);
    gaps = { x: given.astype("float64"), ...presentMask(given) };
  }
  if (gaps.missing === 0)
    throw new UsageError(`${name}: nothing is missing (no NaN); use polyadic decompose`);
  if (gaps.missing === gaps.x.size) throw new UsageError(`${name}: every value is missing`);
  return gaps;
}

interface Filled {
  readonly model: Tensor;
  readonly method: string;
  readonly ranks: readonly number[];
  /** Relative error on cells that the fit did not see. */
  readonly heldOutError: number;
}

function fill(x: Tensor, mask: Tensor, flags: Flags, onProgress: (p: Progress) => void): Filled {
  const { method, rank, seed } = flags;
  if (method === "funbat" || method === "neural") return fillScattered(x, mask, flags, onProgress);
  if (method === "auto" && rank !== undefined)
    throw new UsageError("--rank belongs to a method: add --method cp or tucker");
  const ranks =
    rank === undefined ? undefined : method === "cp" ? [rank] : x.shape.map((n) => Math.min(n, rank));
  const found = complete(x, mask, { method, key: key(seed), onProgress, ...(ranks ? { ranks } : {}) });
  return {
    model: full(found.decomposition),
    method: found.method,
    ranks: found.ranks,
    heldOutError: found.heldOutError,
  };
}

/** Methods that learn from a list of cells: fitted once without some cells to measure, once with all. */
function fillScattered(x: Tensor, mask: Tensor, flags: Flags, onProgress: (p: Progress) => void): Filled {
  const { shape } = x;
  const present = Array.from(mask.data().keys()).filter((i) => mask.data()[i] !== 0);
  const values = x.data();
  const shuffled = permutation(foldIn(key(flags.seed), 1), present.length).data();
  const heldCount = Math.max(1, Math.round(HELD_OUT * present.length));
  const held = Array.from(shuffled.slice(0, heldCount), (i) => present[Number(i)]!);
  const rest = Array.from(shuffled.slice(heldCount), (i) => present[Number(i)]!);
  const own = key(flags.seed);
  const valuesOf = (cells: readonly number[]): Tensor =>
    fromTypedArray(
      Float64Array.from(cells, (i) => Number(values[i])),
      [cells.length],
      "float64",
    );
  const predictor = flags.method === "funbat" ? byFunbat : byNetwork;
  const ranks = flags.method === "funbat" ? shape.map(() => flags.rank ?? 2) : [];
  const trial = predictor(own, cellsOf(rest, shape), valuesOf(rest), shape, flags, (p) =>
    onProgress({ ...p, fraction: p.fraction / 2 }),
  );
  const truth = valuesOf(held);
  const wrong = trial(cellsOf(held, shape)).sub(truth).square().sum().item();
  const final = predictor(own, cellsOf(present, shape), valuesOf(present), shape, flags, (p) =>
    onProgress({ ...p, fraction: 0.5 + p.fraction / 2 }),
  );
  const all = Array.from({ length: x.size }, (_, i) => i);
  const total = truth.square().sum().item();
  return {
    model: final(cellsOf(all, shape)).reshape(shape),
    method: flags.method,
    ranks,
    heldOutError: Math.sqrt(total > 0 ? wrong / total : wrong),
  };
}

type Predictor = (
  key: Key,
  cells: Tensor,
  values: Tensor,
  shape: readonly number[],
  flags: Flags,
  onProgress: (p: Progress) => void,
) => (cells: Tensor) => Tensor;

/** Values are standardised, as the priors of the model expect. */
const byFunbat: Predictor = (own, cells, values, shape, { rank = 2 }, onProgress) => {
  const mean = values.mean().item();
  const spread = values.sub(mean).square().mean().sqrt().item() || 1;
  const fit = funbat(
    own,
    { coords: cells.astype("float64"), values: values.sub(mean).div(spread) },
    { ranks: shape.map(() => rank), onProgress },
  );
  return (at) => fit.predict(at.astype("float64")).mean.mul(spread).add(mean);
};

const byNetwork: Predictor = (own, indices, values, shape, _flags, onProgress) => {
  const fit = neuralTensorCompletion(
    own,
    { indices, values, shape },
    { embedding: 16, hidden: [128, 64], learningRate: 5e-3, batch: 256, keepCheckpoints: false, onProgress },
  );
  return fit.predict;
};

function cellsOf(positions: readonly number[], shape: readonly number[]): Tensor {
  const out = new Int32Array(positions.length * shape.length);
  positions.forEach((position, i) => {
    out.set(unravel(position, shape), i * shape.length);
  });
  return fromTypedArray(out, [positions.length, shape.length], "int32");
}
