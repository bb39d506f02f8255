import { type Tensor, tensor } from "polyadic";
import { minimumSpanningTree, randomSpanningTree } from "polyadic/graph";
import {
  cosine,
  type DistanceFunction,
  eigvalsh,
  exponential,
  polynomial,
  rational,
  type Tree,
  treeDistances,
  treeIntegrator,
} from "polyadic/linalg";
import { type RandomTreeOptions, randomTree } from "polyadic/linalg/problems";
import { foldIn, type Key, normal, uniform } from "polyadic/random";
import { maskedAttention, topologicalMask } from "polyadic/sequence";
import { coo, type SparseMatrix } from "polyadic/sparse";
import { atLeast, atMost, growthExponent, study, timed } from "polyadic/study";
import { valueAndGrad } from "polyadic/transform";

type Scalar = (d: number) => number;

/** All distances, f of them, the product. */
function bruteForce(tree: Tree, f: Scalar, x: Tensor): Tensor {
  const d = treeDistances(tree);
  const values = d.data();
  for (let i = 0; i < values.length; i++) values[i] = f(Number(values[i]));
  return d.matmul(x);
}

const difference = (found: Tensor, truth: Tensor): number =>
  found.sub(truth).abs().max().item() / truth.abs().max().item();

const CASES: readonly {
  readonly name: string;
  readonly f: DistanceFunction | Scalar;
  readonly exact: Scalar;
  readonly tree?: RandomTreeOptions;
}[] = [
  { name: "exponential", f: exponential({ rate: 0.5 }), exact: (d) => Math.exp(-0.5 * d) },
  {
    name: "polynomial, degree 3",
    f: polynomial([1, -0.5, 0.2, 0.03]),
    exact: (d) => 1 + d * (-0.5 + d * (0.2 + 0.03 * d)),
  },
  { name: "cosine", f: cosine(1.5), exact: (d) => Math.cos(1.5 * d) },
  {
    name: "rational",
    f: rational({ numerator: [1], denominator: [1, 0.5, 0.25] }),
    exact: (d) => 1 / (1 + d * (0.5 + 0.25 * d)),
  },
  {
    name: "any, lengths 1",
    f: (d) => Math.sqrt(d) / (1 + Math.sin(d) ** 2),
    exact: (d) => Math.sqrt(d) / (1 + Math.sin(d) ** 2),
    tree: { weights: "unit" },
  },
];

/** A graph with two communities, or none, of equal density, and a path that connects it. */
function community(key: Key, n: number, isSplit: boolean): SparseMatrix {
  const draws = uniform(key, [n, n]).data();
  const lengths = uniform(foldIn(key, 1), [n, n]).data();
  const [rows, columns, values]: number[][] = [[], [], []];
  for (let i = 0; i < n; i++)
    for (let j = i + 1; j < n; j++) {
      const isSame = 2 * i < n === 2 * j < n;
      const share = isSplit ? (isSame ? 0.28 : 0.02) : 0.15;
      if (j !== i + 1 && !(draws[i * n + j] < share)) continue;
      rows.push(i);
      columns.push(j);
      values.push(0.5 + Number(lengths[i * n + j]) / 2);
    }
  return coo(rows, columns, values, [n, n]);
}

/** Accuracy of the nearest mean of features, trained on every other one. */
function accuracy(features: readonly (readonly number[])[], labels: readonly number[]): number {
  const means = [0, 1].map((label) => {
    const own = features.filter((_, i) => labels[i] === label && i % 4 < 2);
    return own[0].map((_, k) => own.reduce((sum, x) => sum + x[k], 0) / own.length);
  });
  const tested = features.map((x, i) => ({ x, i })).filter(({ i }) => i % 4 >= 2);
  const right = tested.filter(({ x, i }) => {
    const [a, b] = means.map((mean) => Math.hypot(...mean.map((m, k) => m - x[k])));
    return (a <= b ? 0 : 1) === labels[i];
  });
  return right.length / tested.length;
}

/** A grid of patches, connected to their neighbours. */
function patches(side: number): SparseMatrix {
  const edges: [number, number][] = [];
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++) {
      if (i + 1 < side) edges.push([i * side + j, (i + 1) * side + j]);
      if (j + 1 < side) edges.push([i * side + j, i * side + j + 1]);
    }
  return coo(
    edges.map(([a]) => a),
    edges.map(([, b]) => b),
    edges.map(() => 1),
    [side * side, side * side],
  );
}

export default study({
  id: "tree-field-integrator",
  paper: {
    title: "Fast Tree-Field Integrators: From Low Displacement Rank to Topological Transformers",
    year: 2024,
    url: "https://arxiv.org/abs/2406.15881",
  },
  claim:
    "Products with f(distance) over a tree are exact and 5.7 to 13 times faster than all pairs on graphs of thousands of nodes; as masks of attention they cost three parameters a layer.",
  baseline: "all distances by the row of the parent, f of them, and the dense product",
  run({ key, scale, report }) {
    const n = 2000;
    const x = normal(foldIn(key, 1), [n, 4]);
    const rows = CASES.map(({ name, f, exact, tree: options }) => {
      const tree = randomTree(foldIn(key, 2), n, options);
      const brute = timed(() => bruteForce(tree, exact, x));
      const fast = timed(() => treeIntegrator(tree, f).apply(x), 3);
      return {
        function: name,
        difference: difference(fast.value, brute.value),
        pairsOverOperations: n ** 2 / treeIntegrator(tree, f).cost(),
        bruteMs: brute.milliseconds,
        fastMs: fast.milliseconds,
        ratio: brute.milliseconds / fast.milliseconds,
      };
    });
    report.table(rows, "Random recursive trees of 2000 nodes, 4 columns, set-up included");
    const sizes = [500, 1000, 2000, 4000];
    const costs = sizes.map((m) =>
      treeIntegrator(randomTree(foldIn(key, m), m), exponential({ rate: 0.5 })).cost(),
    );
    const measured = {
      difference: Math.max(...rows.map((row) => row.difference)),
      pairsOverOperations: rows[0].pairsOverOperations,
      costExponent: growthExponent(sizes, costs).exponent,
    };
    if (scale === "quick") return measured;
    const forms = (["recursive", "path", "star"] as const).map((kind) => {
      const tree = randomTree(foldIn(key, 3), 10_000, { kind });
      const wide = normal(foldIn(key, 4), [10_000, 4]);
      const f = exponential({ rate: 0.5 });
      const brute = timed(() => bruteForce(tree, (d) => Math.exp(-0.5 * d), wide));
      const setUp = timed(() => treeIntegrator(tree, f), 3);
      const product = timed(() => setUp.value.apply(wide), 3);
      return {
        tree: kind,
        difference: difference(product.value, brute.value),
        bruteMs: brute.milliseconds,
        setUpMs: setUp.milliseconds,
        productMs: product.milliseconds,
        ratio: brute.milliseconds / (setUp.milliseconds + product.milliseconds),
      };
    });
    report.table(forms, "10000 nodes, exponential");
    const many = [1000, 2000, 4000, 8000];
    const growth = many.map((m) => {
      const tree = randomTree(foldIn(key, 5), m);
      const wide = normal(foldIn(key, 6), [m, 4]);
      const run = (f: DistanceFunction | Scalar) =>
        timed(() => treeIntegrator(tree, f).apply(wide), 3).milliseconds;
      return {
        nodes: m,
        exponential: run(CASES[0].f),
        rational: run(CASES[3].f),
        brute: timed(() => bruteForce(tree, CASES[0].exact, wide)).milliseconds,
      };
    });
    report.table(growth, "Milliseconds, set-up included");
    const power = (column: "exponential" | "rational" | "brute"): string =>
      growthExponent(
        many,
        growth.map((row) => row[column]),
      ).exponent.toFixed(2);
    report.note(
      `Time grows like the power ${power("exponential")} (exponential) and ${power("rational")} (rational) of the nodes, by all pairs like ${power("brute")}.`,
    );
    const labels = Array.from({ length: 120 }, (_, i) => i % 2);
    const trees = labels.map((label, i) =>
      minimumSpanningTree(community(foldIn(key, 1000 + i), 60, label === 1)),
    );
    const spectrum = (matrix: Tensor): number[] => {
      const values = Array.from(eigvalsh(matrix).data(), Number);
      return [...values.slice(-6), ...values.slice(0, 6)];
    };
    const f = exponential({ rate: 0.3 });
    const fast = accuracy(
      trees.map((tree) => spectrum(treeIntegrator(tree, f).toDense())),
      labels,
    );
    const dense = accuracy(
      trees.map((tree) => spectrum(treeDistances(tree).mul(-0.3).exp())),
      labels,
    );
    report.note(
      `Graphs with two communities or none, told apart by eigenvalues over their spanning trees: accuracy ${fast.toFixed(3)}, by all pairs ${dense.toFixed(3)}.`,
    );
    // Values travel along a tree over 8 × 8 patches by a rule that a mask of three numbers can learn.
    const tree = randomSpanningTree(foldIn(key, 7), patches(8));
    const mask = topologicalMask(tree);
    const [q, k, v] = [8, 9, 10].map((i) => normal(foldIn(key, i), [64, 4]));
    const teacher = maskedAttention(mask(tensor([-0.2, -0.5, 0])), q, k, v);
    const loss = (params: Tensor): Tensor =>
      maskedAttention(mask(params), q, k, v).sub(teacher).square().mean();
    let params = tensor([0, 0, 0]);
    const start = loss(params).item();
    let end = start;
    const slope = valueAndGrad(loss);
    for (let step = 0, rate = 0.05; step < 400; step++) {
      const { value, grad: gradient } = slope(params);
      if (value.item() > end) rate /= 2;
      end = Math.min(end, value.item());
      params = params.sub(gradient.mul(rate));
    }
    report.note(
      `Three parameters of a mask over 8 × 8 patches: squared error ${start.toExponential(2)} without, ${end.toExponential(2)} with it.`,
    );
    return measured;
  },
  expect: {
    difference: atMost(1e-10),
    pairsOverOperations: atLeast(20),
    costExponent: atMost(1.3),
  },
});
