// Groups of pathways (or any sets of features) that tell classes of patients apart: a non-negative Tucker model of patient
// × pathway × variant, and a classifier of the few groups found. Source: Luo, Mao, "PANTHER: pathway augmented
// nonnegative tensor factorization for higher-order feature learning" (2021); the update rules are ours.

import { softmaxRegression } from "../../nn/models/softmaxRegression.ts";
import { matmul } from "../../ops/contract.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { checkCount } from "../../tensor/check.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkRanks } from "../base/input.ts";
import { checkColumn } from "../base/observations.ts";
import { isSparse, type SparseTensor } from "../base/sparse.ts";
import { type NonnegativeTuckerResult, nonnegativeTucker } from "../tucker/nonnegative.ts";
import { type Association, anovaF, chi2, classesOf } from "./association.ts";
import { type Cohort, cohortOf, columnsOf } from "./cohort.ts";

export interface SelectPathwaysOptions {
  /** Pathways to keep. */
  readonly top: number;
  /** "anova" unless told. */
  readonly test?: "anova" | "chi2";
}

export interface SelectedPathways extends Association {
  /** The pathways kept, the one most associated with the labels first. */
  readonly indices: readonly number[];
}

/**
 * Tests how the total of each pathway over its variants goes with the patients' labels. Use training patients only. Throws
 * ShapeError for a tensor that is not `[patients, pathways, variants]`; DomainError as `anovaF`, and for `top` outside 1 …
 * pathways.
 */
export function selectPathways(
  tensor: Tensor,
  labels: Tensor,
  options: SelectPathwaysOptions,
): SelectedPathways {
  if (tensor.ndim !== 3)
    throw new ShapeError(
      `selectPathways: tensor: shape [patients, pathways, variants] was expected, got ${formatShape(tensor.shape)}`,
    );
  return select(tensor.sum({ axis: 2 }), labels, options, "selectPathways");
}

function select(
  totals: Tensor,
  labels: Tensor,
  { top, test = "anova" }: SelectPathwaysOptions,
  what: string,
): SelectedPathways {
  const count = totals.shape[1]!;
  if (!(Number.isInteger(top) && top >= 1 && top <= count))
    throw new DomainError(`${what}: top: an integer from 1 to ${count} was expected, got ${top}`);
  if (test !== "anova" && test !== "chi2")
    throw new DomainError(`${what}: test: "anova" or "chi2" was expected, got ${String(test)}`);
  const found = test === "anova" ? anovaF(totals, labels) : chi2(totals, labels);
  const strength = found.statistics.data();
  const indices = Array.from({ length: count }, (_, i) => i).sort((a, b) => strength[b]! - strength[a]!);
  return { ...found, indices: indices.slice(0, top) };
}

export interface PantherData {
  /**
   * `[patients, variants]` with `membership`, or `[patients, pathways, variants]` without; none negative. Of sparse ones, entries
   * that are missing count as zeros, and nothing of the size of patients × pathways × variants is formed.
   */
  readonly x: Tensor | SparseTensor;
  /** `[pathways, variants]`: 1 where the variant belongs to the pathway (or a weight). */
  readonly membership?: Tensor;
  /** `[patients]`: integers. */
  readonly labels: Tensor;
}

export interface PantherOptions extends IterationOptions {
  /** Groups of patients, pathways and variants. */
  readonly ranks: readonly [number, number, number];
  /** Pathways kept by the test, all unless told. */
  readonly top?: number;
  readonly test?: "anova" | "chi2";
  readonly bySize?: boolean;
  readonly l1?: number;
  /** Weight of the penalty on pathways that belong to several groups, 0 unless told. */
  readonly exclusivity?: number;
  /** Further patients in the form of x (sparse if it is), without labels, that the factorisation may see. None unless told. */
  readonly transductive?: Tensor | SparseTensor;
  /** Inverse strength of the classifier's penalty, 1 unless told. */
  readonly classifier?: { readonly c?: number };
  /** Sweeps, 100 unless told. */
  readonly maxIterations?: number;
  /** Starts, of which the best fit is kept; 3 unless told. */
  readonly restarts?: number;
}

/** One group of pathways. */
export interface PathwayGroup {
  /** Pathways by falling weight in the group, at most ten. */
  readonly pathways: readonly { readonly pathway: number; readonly weight: number }[];
  /** Modules of variants by falling share of what the core gives the group. */
  readonly modules: readonly { readonly module: number; readonly share: number }[];
}

export interface Panther {
  readonly groups: readonly PathwayGroup[];
  /** Weight of each pathway in each group, `[pathways, r_2]`; zeros for pathways that were not kept. */
  readonly memberships: Tensor;
  /** What each patient has of each group, `[patients, r_2]`. */
  readonly scores: Tensor;
  readonly selected: readonly number[];
  /** Pathways without any variant, which were left out. */
  readonly dropped: readonly number[];
  readonly model: NonnegativeTuckerResult;
  /** The label of each patient of x, `[m, variants]` or `[m, pathways, variants]` as those fitted. */
  predict(x: Tensor | SparseTensor): Tensor;
  /** Share of right labels. */
  accuracy(x: Tensor | SparseTensor, labels: Tensor): number;
}

/**
 * Selects pathways by their association with the labels, factors patient × pathway × variant without negative numbers, and
 * fits a softmax classifier to what each patient has of each group of pathways; new patients need no new factorisation.
 * O(sweeps · patients · pathways · variants · Σ ranks), or O(sweeps · entries · Σ of products of two ranks) where x is sparse, or the
 * tensor made with `membership` has less than a tenth of its entries.
 *
 * @throws ShapeError for arrays that do not fit together; DomainError for entries that are negative or not finite, labels
 * of one class, fewer patients than classes, ranks over the dimensions, options out of range; AbortedError.
 */
export function panther(key: Key, data: PantherData, options: PantherOptions): Panther {
  const { x, labels } = data;
  const cohort = cohortOf(x, data.membership);
  const patients = x.shape[0]!;
  const { names, classOf } = classesOf(labels, patients, "panther");
  if (patients <= names.length)
    throw new DomainError(
      `panther: more patients than the ${names.length} classes were expected, got ${patients}`,
    );
  const { ranks, test = "anova", restarts = 3, maxIterations = 100, l1 = 0, exclusivity = 0 } = options;
  checkCount("panther: restarts", restarts);
  checkCount("panther: maxIterations", maxIterations);
  if (!(exclusivity >= 0))
    throw new DomainError(`panther: exclusivity: a number of at least 0 was expected, got ${exclusivity}`);
  const { present, sizes, dropped } = presentPathways(cohort, x);
  const scale = options.bySize ? present.map((p) => 1 / sizes[p]!) : present.map(() => 1);
  const weights = fromTypedArray(Float64Array.from(scale), [scale.length], "float64");
  const totals = columnsOf(cohort.totals(x), present).mul(weights);
  const top = options.top ?? present.length;
  const kept = select(totals, labels, { top, test }, "panther").indices;
  const selected = kept.map((i) => present[i]!);
  const factors = columnsOf(weights.reshape([1, -1]), kept);
  if (options.transductive && isSparse(options.transductive, "panther: transductive") !== isSparse(x))
    throw new DTypeError("panther: transductive: sparse or not as x is was expected");
  const seen = [x, ...(options.transductive ? [options.transductive] : [])];
  const tensor = cohort.tensor(seen, selected, factors);
  checkRanks(ranks, tensor.shape, "panther: ranks");
  let model: NonnegativeTuckerResult | null = null;
  for (let start = 0; start < restarts; start++) {
    checkAborted(options.signal, "panther");
    const fit = nonnegativeTucker(tensor, {
      ranks,
      method: "mu",
      l1,
      maxIterations,
      tol: 1e-6,
      key: foldIn(key, start),
      ...(exclusivity > 0 ? { orthogonal: { mode: 1, weight: exclusivity } } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    if (!model || fit.error < model.error) model = fit;
    options.onProgress?.({ fraction: (start + 1) / restarts, stage: `start ${start + 1}` });
  }
  const found = model!;
  // Σ_{p,v} T[i, p, v] U[p, g]: no new factorisation for new patients.
  const projection = factors.reshape([-1, 1]).mul(found.factors[1]!);
  const scoresOf = (rows: Tensor | SparseTensor): Tensor =>
    matmul(columnsOf(cohort.totals(rows), selected), projection);
  const scores = scoresOf(x);
  const { c = 1 } = options.classifier ?? {};
  const target = fromTypedArray(classOf, [patients], "int32");
  const classifier = softmaxRegression(scores, target, { c, classes: names.length });
  const predict = (rows: Tensor | SparseTensor): Tensor => {
    const classes = classifier.predict(scoresOf(rows)).data();
    return fromTypedArray(
      Int32Array.from(classes, (i) => names[Number(i)]!),
      [classes.length],
      "int32",
    );
  };
  return {
    groups: groupsOf(found, selected),
    memberships: spread(found.factors[1]!, selected, sizes.length),
    scores,
    selected,
    dropped,
    model: found,
    predict,
    accuracy: (rows, truth) => {
      const given = predict(rows);
      checkColumn(truth, given.size, "panther: accuracy: labels");
      return given.equal(truth).astype("float64").mean().item();
    },
  };
}

function presentPathways(
  cohort: Cohort,
  x: Tensor | SparseTensor,
): { present: number[]; dropped: number[]; sizes: ArrayLike<number> } {
  const sums = cohort.totals(x).sum({ axis: 0 });
  const sizes = cohort.sizes ?? Float64Array.from({ length: sums.size }, () => x.shape[2]!);
  const counted = cohort.sizes ?? (sums.data() as ArrayLike<number>);
  const all = Array.from({ length: sizes.length }, (_, p) => p);
  const present = all.filter((p) => counted[p]! > 0);
  if (present.length === 0) throw new DomainError("panther: no pathway has a variant");
  return { present, dropped: all.filter((p) => !(counted[p]! > 0)), sizes };
}

const SHOWN = 10;

function groupsOf(model: NonnegativeTuckerResult, pathways: readonly number[]): PathwayGroup[] {
  const u = model.factors[1]!;
  const [count, groups] = u.shape as [number, number];
  const weights = u.data();
  const shares = model.core.sum({ axis: 0 });
  const modules = shares.shape[1]!;
  const core = shares.data();
  return Array.from({ length: groups }, (_, g) => {
    const own = Array.from({ length: modules }, (_, m) => core[g * modules + m]!);
    const total = own.reduce((sum, share) => sum + share, 0) || 1;
    return {
      pathways: Array.from({ length: count }, (_, p) => ({
        pathway: pathways[p]!,
        weight: weights[p * groups + g]!,
      }))
        .sort((a, b) => b.weight - a.weight)
        .slice(0, SHOWN),
      modules: own
        .map((share, module) => ({ module, share: share / total }))
        .sort((a, b) => b.share - a.share),
    };
  });
}

function spread(u: Tensor, rows: readonly number[], count: number): Tensor {
  const width = u.shape[1]!;
  const out = new Float64Array(count * width);
  const data = u.data() as Float64Array;
  rows.forEach((row, i) => {
    out.set(data.subarray(i * width, (i + 1) * width), row * width);
  });
  return fromTypedArray(out, [count, width], "float64");
}
