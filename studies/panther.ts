import { arange, einsum, type Tensor } from "polyadic";
import { nonnegativeTucker, panther } from "polyadic/decompose";
import { accuracy, softmaxRegression } from "polyadic/nn";
import { gamma, type Key, poisson, randint, split } from "polyadic/random";
import { atLeast, study } from "polyadic/study";

const GROUPS = 4;
const CLASSES = 3;

const PATHWAYS_A_GROUP = 8;
const VARIANTS_A_MODULE = 12;

const asNumber = (is: Tensor): Tensor => is.astype("float64");

interface Cohort {
  /** `[patients, pathways, variants]` */
  readonly counts: Tensor;
  readonly labels: Tensor;
}

/** Patients whose class shows in the activity of one group of pathways; group g acts on modules g and g + 1. */
function plant(key: Key, patients: number): Cohort {
  const [labelKey, restKey, classKey, pathwayKey, variantKey, countKey] = split(key, 6) as [
    Key,
    Key,
    Key,
    Key,
    Key,
    Key,
  ];
  const labels = randint(labelKey, [patients], 0, CLASSES);
  const places = arange(GROUPS);
  const isOwn = asNumber(labels.expandDims(1).equal(places));
  const activity = gamma(restKey, 1, { shape: [patients, GROUPS] })
    .mul(0.3)
    .add(
      gamma(classKey, 4, { shape: [patients, GROUPS] })
        .mul(0.15)
        .mul(isOwn),
    );
  const membersOf = (own: Key, each: number): Tensor => {
    const count = GROUPS * each;
    const group = arange(count).div(each).expandDims(1);
    const inside = asNumber(group.greaterEqual(places)).mul(asNumber(group.less(places.add(1))));
    return gamma(own, 4, { shape: [count, 1] })
      .mul(0.25)
      .mul(inside);
  };
  const gaps = places.sub(places.expandDims(1));
  const core = asNumber(gaps.equal(0)).add(
    asNumber(gaps.equal(1))
      .add(asNumber(gaps.equal(1 - GROUPS)))
      .mul(0.5),
  );
  const model = einsum(
    "ig,gm,pg,vm->ipv",
    activity,
    core,
    membersOf(pathwayKey, PATHWAYS_A_GROUP),
    membersOf(variantKey, VARIANTS_A_MODULE),
  );
  return { counts: poisson(countKey, model.mul(0.25).add(0.05)), labels };
}

/** Share of the weight of each group that its best planted group holds, averaged. */
function purity(memberships: Tensor): number {
  const [pathways, groups] = memberships.shape as [number, number];
  const weight = memberships.toArray() as number[][];
  let sum = 0;
  for (let g = 0; g < groups; g++) {
    const held = new Array<number>(GROUPS).fill(0);
    for (let p = 0; p < pathways; p++) held[Math.floor(p / PATHWAYS_A_GROUP)]! += weight[p]![g]!;
    sum += Math.max(...held) / held.reduce((a, b) => a + b, 0) / groups;
  }
  return sum;
}

const rows = (x: Tensor, first: number, last: number): Tensor => x.at(`${first}:${last}`);

export default study({
  id: "panther",
  paper: {
    title: "PANTHER: Pathway Augmented Nonnegative Tensor Factorization for Higher-Order Feature Learning",
    year: 2021,
  },
  claim:
    "Groups of pathways found by non-negative tensor factorisation classify patients significantly better than factorisations that ignore pathways.",
  baseline:
    "softmax on variant totals, on pathway totals, and on a non-negative factorisation of rank 4 of the variant totals",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const cases = split(key, quick ? 3 : 10).map((own, i) => {
      const [dataKey, fitKey] = split(own, 2) as [Key, Key];
      const train = quick ? 60 : 120;
      const all = plant(dataKey, train + 2 * train);
      const [x, labels] = [rows(all.counts, 0, train), rows(all.labels, 0, train)];
      const [newX, newLabels] = [rows(all.counts, train, 3 * train), rows(all.labels, train, 3 * train)];
      const fit = panther(fitKey, { x, labels }, { ranks: [GROUPS, GROUPS, GROUPS], maxIterations: 60 });
      const plain = (features: Tensor, fresh: Tensor): number =>
        accuracy(softmaxRegression(features, labels).scores(fresh), newLabels).item();
      const variants = (of: Tensor): Tensor => of.sum({ axis: 1 });
      const loadings = nonnegativeTucker(variants(x), { ranks: [GROUPS, GROUPS], key: fitKey }).factors[1]!;
      return {
        cohort: i,
        panther: fit.accuracy(newX, newLabels),
        variants: plain(variants(x), variants(newX)),
        pathways: plain(x.sum({ axis: 2 }), newX.sum({ axis: 2 })),
        factorised: plain(variants(x).matmul(loadings), variants(newX).matmul(loadings)),
        purity: purity(fit.memberships),
      };
    });
    report.table(cases, "Share of new patients whose class is found");
    const mean = (of: (row: (typeof cases)[number]) => number): number =>
      cases.reduce((sum, row) => sum + of(row), 0) / cases.length;
    const own = mean((row) => row.panther);
    const variants = mean((row) => row.variants);
    const best = Math.max(
      variants,
      mean((row) => row.pathways),
      mean((row) => row.factorised),
    );
    return {
      accuracy: own,
      gainOverBest: own - best,
      gainOverVariants: own - variants,
      purity: mean((row) => row.purity),
    };
  },
  expect: {
    gainOverBest: atLeast(-0.02),
    gainOverVariants: atLeast(0.1),
    purity: atLeast(0.7),
  },
});
