import type { Tensor } from "polyadic";
import { multiViewCluster, nestedModel, unfoldingSpectrum } from "polyadic/decompose";
import { foldIn } from "polyadic/random";
import { atLeast, atMost, study } from "polyadic/study";

/** Squared cosine between scores and the true labels. */
const alignment = (scores: Tensor, labels: Tensor): number =>
  scores.reshape([-1]).mul(labels).sum().item() ** 2 / labels.size;

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

export default study({
  id: "nested-mt",
  paper: {
    title: "Performance Gaps in Multi-view Clustering under the Nested Matrix-Tensor Model",
    year: 2024,
  },
  claim:
    "Random matrix theory predicts how well stacked noisy views can be clustered: unfolding has a phase transition at signals of n^(1/4), and the tensor method beats it by a gap that is known in advance.",
  baseline: "unfolding against tensor, both against the predicted limits",
  run({ key, scale, report }) {
    const n = scale === "quick" ? 100 : 150;
    const repeats = 4;
    const nT = 3 * n;
    const cells = [1.5, 3].flatMap((betaM) => [0.3, 0.6, 1, 2].map((rho) => ({ betaM, rho })));
    const rows = cells.map(({ betaM, rho }, cell) => {
      const params = { n1: n, n2: n, n3: n, betaM, betaT: Math.sqrt((rho * n ** 1.5) / nT) };
      const theory = nestedModel.predict(params);
      const runs = Array.from({ length: repeats }, (_, i) => {
        const draw = foldIn(foldIn(key, cell), i);
        const { tensor, labels } = nestedModel.sample(foldIn(draw, 0), params);
        const run = (method: "unfold" | "tensor"): { found: number; estimate: number } => {
          const { scores, alignmentEstimate } = multiViewCluster(foldIn(draw, 1), tensor, { method });
          return { found: alignment(scores, labels), estimate: alignmentEstimate };
        };
        return { unfold: run("unfold"), tensor: run("tensor") };
      });
      return {
        betaM,
        rho,
        unfolding: mean(runs.map(({ unfold }) => unfold.found)),
        predicted: theory.unfolding.alignment,
        tensor: mean(runs.map(({ tensor }) => tensor.found)),
        ceiling: theory.tensor.alignment,
        "estimate, unfolding": mean(runs.map(({ unfold }) => unfold.estimate)),
        "estimate, tensor": mean(runs.map(({ tensor }) => tensor.estimate)),
      };
    });
    report.table(rows, `Squared alignment with the true classes, ${n} features, samples and views`);
    const params = { n1: n, n2: n, n3: n, betaM: 3, betaT: Math.sqrt((2 * n ** 1.5) / nT) };
    const { eigenvalues } = unfoldingSpectrum(nestedModel.sample(foldIn(key, 99), params).tensor, 1, params);
    const { outlier } = nestedModel.predict(params).unfolding;
    report.note(
      `largest eigenvalue at betaM = 3, rho = 2: ${eigenvalues.at(-1)!.toFixed(3)}, predicted ${outlier.toFixed(3)}`,
    );
    const above = rows.filter(({ rho }) => rho >= 1);
    const weak = rows.find(({ rho, betaM }) => rho === 0.3 && betaM === 1.5)!;
    return {
      theoryError: Math.max(...above.map((row) => Math.abs(row.unfolding - row.predicted))),
      weakUnfolding: weak.unfolding,
      weakGap: weak.tensor - weak.unfolding,
      leastAdvantage: Math.min(...rows.map((row) => row.tensor - row.unfolding)),
      ceilingError: Math.max(
        ...rows.filter(({ rho }) => rho >= 0.6).map((row) => Math.abs(row.tensor - row.ceiling)),
      ),
      outlierError: Math.abs(eigenvalues.at(-1)! / outlier - 1),
    };
  },
  expect: {
    theoryError: atMost(0.12),
    weakUnfolding: atMost(0.25),
    weakGap: atLeast(0.25),
    leastAdvantage: atLeast(-0.03),
    ceilingError: atMost(0.1),
  },
});
