import { cg, dcdm } from "polyadic/linalg";
import { conjugateDirectionNet, netDirection, trainDirectionNet } from "polyadic/operator";
import { linearDecay } from "polyadic/optim";
import { foldIn, type Key, normal, split } from "polyadic/random";
import { ic0, poisson } from "polyadic/sparse";
import { atLeast, atMost, growthExponent, study, timed } from "polyadic/study";
import type { Tensor } from "polyadic/tensor";

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export default study({
  id: "deep-conjugate-direction",
  paper: { title: "A Deep Conjugate Direction Method for Iteratively Solving Linear Systems", year: 2023 },
  claim:
    "A small network that proposes search directions solves Poisson systems to four digits in a number of steps that hardly depends on the grid, also on grids it was not trained on.",
  baseline: "conjugate gradients, plain and with incomplete Cholesky, on the same right-hand sides",
  async run({ key, scale, report }) {
    const quick = scale === "quick";
    const trained = quick ? 16 : 32;
    const sides = quick ? [8, 16, 24, 32] : [16, 32, 64, 128];
    const [trainKey, rightKey] = split(key, 2) as [Key, Key];
    const steps = quick ? 200 : 600;
    const net = conjugateDirectionNet({ dims: 2, channels: quick ? 8 : 16, levels: 2 });
    const start = performance.now();
    const { params, losses } = await trainDirectionNet(trainKey, poisson([trained, trained]), {
      ...{ net, grid: [trained, trained], steps, batch: 8, vectors: 100 },
      learningRate: linearDecay({ from: 5e-3, to: 1e-4, steps }),
    });
    report.note(
      `Trained for ${((performance.now() - start) / 1000).toFixed(1)} s; the loss fell from ${losses[0]!.toFixed(3)} to ${losses.at(-1)!.toFixed(3)}`,
    );
    const rows = sides.map((side) => {
      const grid = [side, side];
      const a = poisson(grid);
      const rights = [0, 1, 2, 3].map((i) => normal(foldIn(rightKey, 1000 * side + i), [side * side]));
      const direction = netDirection(net, params, grid);
      // Where 100 steps do not do, they are what is counted.
      const learned = (b: Tensor, rtol: number): number => dcdm(a, b, { direction, rtol }).iterations;
      const plain = (b: Tensor, rtol: number): number => cg(a, b, { rtol }).iterations;
      const preconditioner = ic0(a);
      const b = rights[0]!;
      learned(b, 1e-4);
      return {
        grid: `${side} × ${side}`,
        side,
        dcdm: mean(rights.map((right) => learned(right, 1e-4))),
        cg: mean(rights.map((right) => plain(right, 1e-4))),
        "cg, ic0": mean(rights.map((right) => cg(a, right, { rtol: 1e-4, preconditioner }).iterations)),
        "dcdm to 1e-6": mean(rights.map((right) => learned(right, 1e-6))),
        "cg to 1e-6": mean(rights.map((right) => plain(right, 1e-6))),
        "dcdm ms": timed(() => learned(b, 1e-4), 5).milliseconds,
        "cg ms": timed(() => plain(b, 1e-4), 5).milliseconds,
      };
    });
    report.table(
      rows.map(({ side: _, ...row }) => row),
      `Steps to 1e-4 (and 1e-6), trained on ${trained} × ${trained} alone`,
    );
    const at = (side: number): (typeof rows)[number] => rows.find((row) => row.side === side)!;
    const exponent = (costs: readonly number[]): number => growthExponent(sides, costs).exponent;
    const own = at(trained);
    const doubled = at(2 * trained);
    return {
      stepsOnTrainedGrid: own.dcdm,
      stepsToSixDigits: own["dcdm to 1e-6"],
      cgOverDcdm: own.cg / own.dcdm,
      stepsOnDoubledGrid: doubled.dcdm,
      largestOverTrained: at(sides.at(-1)!).dcdm / own.dcdm,
      growthDcdm: exponent(rows.map((row) => row.dcdm)),
      growthCg: exponent(rows.map((row) => row.cg)),
    };
  },
  expect: {
    stepsOnTrainedGrid: atMost(13),
    stepsToSixDigits: atMost(18),
    cgOverDcdm: atLeast(2.5),
    stepsOnDoubledGrid: atMost(16),
    largestOverTrained: atMost(2),
    growthDcdm: atMost(0.6),
    growthCg: atLeast(0.8),
  },
  expectAtFullScale: { stepsOnTrainedGrid: atMost(10) },
});
