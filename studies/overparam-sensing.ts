import { estimateRate, gaussianSensing, type MatrixSensingOptions, matrixSensing } from "polyadic/decompose";
import { lowRankMatrix } from "polyadic/linalg/problems";
import { split } from "polyadic/random";
import { atLeast, atMost, between, study, timed } from "polyadic/study";

type Settings = Pick<MatrixSensingOptions, "rank" | "parameterization"> & Partial<MatrixSensingOptions>;

export default study({
  id: "overparam-sensing",
  paper: {
    title: "How Over-Parameterization Slows Down Gradient Descent in Matrix Sensing",
    year: 2024,
  },
  claim:
    "A symmetric factor wider than the rank makes the loss fall like 1/T² at best; factors of different sizes bring back an exponential rate, and one change of basis frees it from the size of the start.",
  baseline: "gradient descent on a symmetric factor that is too wide, and on one of the exact rank",
  run({ key, scale, report }) {
    const n = 30;
    const rank = 8;
    const [truthKey, startKey, opKey] = split(key, 3);
    const { matrix } = lowRankMatrix(truthKey!, [n, n], [1, 1], { symmetric: true });
    const run = (name: string, settings: Settings) => {
      const { value, milliseconds } = timed(() =>
        matrixSensing(startKey!, "identity", matrix, { shape: [n, n], learningRate: 0.25, ...settings }),
      );
      const losses = value.losses.map((loss) => 2 * loss);
      return { name, losses, last: losses.at(-1)!, milliseconds };
    };
    const asymmetric = (size: number, rest: Partial<MatrixSensingOptions> = {}) =>
      run(`asymmetric from ${size}${rest.accelerate ? ", one step" : ""}`, {
        rank,
        parameterization: "asymmetric",
        scale: size,
        iterations: 2000,
        ...rest,
      });
    const symmetric = run("symmetric, too wide", { rank, parameterization: "symmetric", iterations: 2000 });
    const exact = run("symmetric, exact rank", { rank: 2, parameterization: "symmetric", iterations: 2000 });
    const large = asymmetric(0.5);
    const small = asymmetric(0.2);
    const fixed = [0.5, 0.2].map((size) => asymmetric(size, { accelerate: "one-step", iterations: 400 }));
    const runs = [symmetric, exact, large, small, ...fixed];
    report.table(
      runs.map(({ name, losses, last, milliseconds }) => ({
        method: name,
        at100: losses[100]!,
        at400: losses[400]!,
        last,
        microsecondsAStep: (1000 * milliseconds) / (losses.length - 1),
      })),
      "‖X − M‖² by steps",
    );
    report.plot({
      title: "Squared error",
      x: { label: "step" },
      y: { label: "‖X − M‖²", scale: "log" },
      series: runs.map(({ name, losses }) => ({
        name,
        points: losses.flatMap((loss, t): [number, number][] =>
          t % 10 === 0 && loss > 0 ? [[t, loss]] : [],
        ),
      })),
    });
    const rateOf = (losses: readonly number[]): number =>
      estimateRate(losses, { model: "exponential", from: 200 }).rate;
    const measured = {
      slope: -estimateRate(symmetric.losses, { model: "power", from: 500 }).rate,
      symmetricAt2000: symmetric.last,
      exactRankAt100: exact.losses[100]!,
      asymmetricAt2000: large.last,
      smallStartAt2000: small.last,
      rate: rateOf(large.losses),
      rateRatio: rateOf(large.losses) / rateOf(small.losses),
      oneStepAt400: Math.max(...fixed.map(({ last }) => last)),
    };
    if (scale === "quick") return measured;
    const widths = [2, 3, 4, 6, 8, 12, 16, 20].map((width) => {
      const settings = { rank: width, iterations: 2000 };
      const flat = run("", { ...settings, parameterization: "symmetric" });
      const two = asymmetric(0.5, settings);
      return { width, symmetric: flat.last, asymmetric: two.last };
    });
    report.table(widths, "‖X − M‖² after 2,000 steps, by width of the factors (rank 2)");
    const sensed = [
      { size: 20, m: 1200, width: 6, iterations: 1500, from: 400 },
      { size: 50, m: 2000, width: 8, iterations: 800, from: 300 },
    ].map(({ size, m, width, iterations, from }) => {
      const truth = lowRankMatrix(truthKey!, [size, size], [1, 1], { symmetric: true }).matrix;
      const op = gaussianSensing(opKey!, { m, shape: [size, size] });
      const y = op.apply(truth.ravel());
      const go = (settings: Settings) =>
        matrixSensing(startKey!, op, y, {
          shape: [size, size],
          learningRate: 0.25,
          iterations,
          ...settings,
        }).losses.map((loss) => 2 * loss);
      const flat = go({ rank: width, parameterization: "symmetric" });
      const two = go({ rank: width, parameterization: "asymmetric" });
      const one = go({ rank: width, parameterization: "asymmetric", accelerate: "one-step" });
      return {
        n: size,
        m,
        width,
        slope: -estimateRate(flat, { model: "power", from }).rate,
        symmetric: flat.at(-1)!,
        asymmetric: two.at(-1)!,
        oneStep: one.at(-1)!,
      };
    });
    report.table(sensed, "‖A(X − M)‖² after the last step, normal measurements");
    return { ...measured, sensingSlope: sensed[0]!.slope };
  },
  expect: {
    slope: between(-2.1, -1.3),
    symmetricAt2000: atLeast(1e-7),
    asymmetricAt2000: atMost(1e-12),
    rateRatio: atLeast(1.5),
    oneStepAt400: atMost(1e-15),
  },
});
