import { fromTypedArray, type Tensor } from "polyadic";
import { gcrodr, gmres, type Preconditioner, type RelatedSystem, solveMany } from "polyadic/linalg";
import { convectionDiffusion, darcy } from "polyadic/linalg/problems";
import { foldIn, type Key, uniform } from "polyadic/random";
import { ilu0, type SparseMatrix } from "polyadic/sparse";
import { atLeast, atMost, growthExponent, study, timed } from "polyadic/study";
import { ones } from "polyadic/tensor";

interface Instances {
  readonly systems: readonly RelatedSystem[];
  /** What the systems are sorted by. */
  readonly params: readonly Tensor[];
}

type Kind = "none" | "jacobi" | "ilu0";

const preconditionerOf = (kind: Kind, a: SparseMatrix): Preconditioner | undefined => {
  if (kind === "none") return undefined;
  if (kind === "ilu0") return ilu0(a);
  const inverse = ones([a.shape[0]]).div(a.diagonal());
  return (r) => r.mul(inverse);
};

const systemOf = (a: SparseMatrix, kind: Kind): RelatedSystem => {
  const preconditioner = preconditionerOf(kind, a);
  return { a, b: ones([a.shape[0]]), ...(preconditioner && { preconditioner }) };
};

interface DarcyInstances extends Instances {
  /** a itself, at the centres of the cells. */
  readonly fields: readonly Tensor[];
}

/** Flow with a = exp(3 p₁ sin 2πx sin 2πy + 3 p₂ cos 3πx) at the centres of the cells, p uniform in [−1, 1]². */
function darcyInstances(key: Key, side: number, count: number, kind: Kind): DarcyInstances {
  const draws = uniform(key, [count, 2], { low: -1, high: 1 }).toArray() as number[][];
  const fields = draws.map(([p1, p2]) => {
    const field = new Float64Array(side * side);
    for (let i = 0; i < field.length; i++) {
      const x = (Math.floor(i / side) + 0.5) / side;
      const y = ((i % side) + 0.5) / side;
      const wave = Math.sin(2 * Math.PI * x) * Math.sin(2 * Math.PI * y);
      field[i] = Math.exp(3 * p1! * wave + 3 * p2! * Math.cos(3 * Math.PI * x));
    }
    return fromTypedArray(field, [side, side], "float64");
  });
  const params = draws.map((p) => fromTypedArray(Float64Array.from(p), [2], "float64"));
  return { params, fields, systems: fields.map((a) => systemOf(darcy(a), kind)) };
}

/** A wind of speed 30 in a random direction. */
function windInstances(key: Key, side: number, count: number): Instances {
  const angles = uniform(key, [count], { high: 2 * Math.PI }).toArray() as number[];
  const winds = angles.map((angle) => [30 * Math.cos(angle), 30 * Math.sin(angle)] as const);
  return {
    params: winds.map((wind) => fromTypedArray(Float64Array.from(wind), [2], "float64")),
    systems: winds.map((wind) => systemOf(convectionDiffusion([side, side], wind), "jacobi")),
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** From instance 0 always on to the farthest one that is left. */
function farthestOrder(params: readonly Tensor[]): number[] {
  const distance = (i: number, j: number): number => params[i]!.sub(params[j]!).square().sum().item();
  const left = new Set(params.keys());
  const order = [0];
  left.delete(0);
  while (left.size > 0) {
    const from = order.at(-1)!;
    const next = [...left].reduce((best, i) => (distance(from, i) > distance(from, best) ? i : best));
    order.push(next);
    left.delete(next);
  }
  return order;
}

interface Sizes {
  readonly restart: number;
  readonly deflate: number;
}

const alone = ({ systems }: Instances, { restart }: Sizes): number =>
  mean(
    systems.map(
      ({ a, b, preconditioner }) =>
        gmres(a, b, { restart, ...(preconditioner && { preconditioner }) }).products,
    ),
  );

const deflated = ({ systems }: Instances, sizes: Sizes): number =>
  mean(
    systems.map(
      ({ a, b, preconditioner }) =>
        gcrodr(a, b, { ...sizes, ...(preconditioner && { preconditioner }) }).products,
    ),
  );

const recycled = (
  { systems, params }: Instances,
  sizes: Sizes,
  options: { sort?: boolean | readonly number[]; adaptive?: boolean } = {},
): number => mean(solveMany(systems, { params, ...sizes, adaptive: false, ...options }).products);

export default study({
  id: "skr-recycling",
  paper: {
    title: "Accelerating Data Generation for Neural Operators via Krylov Subspace Recycling",
    year: 2024,
  },
  claim:
    "Sorted systems that hand a subspace from one solve to the next need less than half the products of GMRES (the paper: up to 13.9 times less time).",
  baseline: "restarted GMRES and GCRO-DR on each system alone; recycling unsorted and in the worst order",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const sizes = quick ? { restart: 30, deflate: 10 } : { restart: 40, deflate: 20 };
    // Without a preconditioner GMRES takes thousands of steps: a smaller grid.
    const cases: readonly { kind: Kind; side: number; count: number }[] = quick
      ? [{ kind: "jacobi", side: 24, count: 40 }]
      : [
          { kind: "none", side: 24, count: 100 },
          { kind: "jacobi", side: 64, count: 60 },
          { kind: "ilu0", side: 64, count: 60 },
        ];
    const rows = cases.map(({ kind, side, count }, i) => {
      const instances = darcyInstances(foldIn(foldIn(key, 0), i), side, count, kind);
      const single = timed(() => alone(instances, sizes));
      const sorted = timed(() => recycled(instances, sizes));
      return {
        preconditioner: kind,
        grid: `${side} × ${side}`,
        systems: count,
        gmres: single.value,
        "GCRO-DR alone": deflated(instances, sizes),
        unsorted: recycled(instances, sizes, { sort: false }),
        sorted: sorted.value,
        "sorted by a": recycled({ systems: instances.systems, params: instances.fields }, sizes),
        "worst order": recycled(instances, sizes, { sort: farthestOrder(instances.params) }),
        "time ratio": single.milliseconds / sorted.milliseconds,
      };
    });
    report.table(rows, "Products per Darcy system");

    const wind = windInstances(foldIn(key, 1), quick ? 24 : 32, quick ? 16 : 60);
    const windAlone = deflated(wind, sizes);
    const windSorted = recycled(wind, sizes);
    const windAdaptive = solveMany(wind.systems, { params: wind.params, ...sizes });
    report.table(
      [
        {
          "GCRO-DR alone": windAlone,
          sorted: windSorted,
          "sorted, with detection": mean(windAdaptive.products),
          "given up after": windAdaptive.droppedAfter ?? "never",
        },
      ],
      "Products per system where convection dominates",
    );

    const sides = quick ? [8, 12, 18, 27] : [16, 24, 36, 54];
    const growth = sides.map((n) => {
      const instances = darcyInstances(foldIn(key, 2), n, quick ? 8 : 12, "jacobi");
      return { side: n, gmres: alone(instances, sizes), sorted: recycled(instances, sizes) };
    });
    report.table(growth, "Products per system by the side of the grid, Jacobi");
    const exponent = (costs: readonly number[]): number => growthExponent(sides, costs).exponent;

    // Incomplete factors leave GMRES little to do; without a preconditioner no order helps much.
    const jacobi = rows.find(({ preconditioner }) => preconditioner === "jacobi")!;
    return {
      gmresOverSorted: Math.min(
        ...rows
          .filter(({ preconditioner }) => preconditioner !== "ilu0")
          .map((row) => row.gmres / row.sorted),
      ),
      unsortedOverSorted: jacobi.unsorted / jacobi.sorted,
      worstOrderOverSorted: jacobi["worst order"] / jacobi.sorted,
      windSortedOverAlone: windSorted / windAlone,
      windDetectedOverAlone: mean(windAdaptive.products) / windAlone,
      growthGmres: exponent(growth.map((row) => row.gmres)),
      growthSorted: exponent(growth.map((row) => row.sorted)),
    };
  },
  expect: {
    gmresOverSorted: atLeast(1.9),
    unsortedOverSorted: atLeast(1.12),
    worstOrderOverSorted: atLeast(1.2),
    windSortedOverAlone: atLeast(1.05),
    windDetectedOverAlone: atMost(1.1),
    growthGmres: atLeast(1.3),
    growthSorted: atMost(1.15),
  },
  expectAtFullScale: { gmresOverSorted: atLeast(2) },
});
