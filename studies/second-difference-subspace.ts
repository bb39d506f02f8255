import { concat, type Tensor, tensor, zeros } from "polyadic";
import {
  differenceSubspace,
  expm,
  fitLine,
  secondDifferenceSubspace,
  subspaceAcceleration,
  subspaceSeries,
  subspaceVelocity,
} from "polyadic/linalg";
import type { ChartSpec } from "polyadic/plot";
import { type Key, normal, orthogonal, split } from "polyadic/random";
import { atLeast, atMost, between, study } from "polyadic/study";

/** Three equally spaced points of a geodesic of Gr(3, 20). */
function geodesic(key: Key): readonly [Tensor, Tensor, Tensor] {
  const [speedKey, frameKey] = split(key) as [Key, Key];
  const speed = normal(speedKey, [17, 3]).mul(0.08);
  const generator = concat(
    [concat([zeros([3, 3]), speed.mT().neg()], 1), concat([speed, zeros([17, 17])], 1)],
    0,
  );
  const frame = orthogonal(frameKey, 20);
  const at = (t: number): Tensor => frame.matmul(expm(generator.mul(t))).at(":", ":3");
  return [at(-1), at(0), at(1)];
}

/** A line on a cone of half-angle π/4, turned by h. */
const onCone = (h: number): Tensor => tensor([[Math.cos(h)], [Math.sin(h)], [1]]).mul(Math.SQRT1_2);

const WINDOW = 64;
const LAG = 32;

interface Curve {
  /** Sample in the middle of the windows of the middle subspace. */
  readonly times: readonly number[];
  readonly first: readonly number[];
  readonly second: readonly number[];
}

/** First differences over LAG samples and second differences, of a signal `[N]` or `[N, channels]`. */
function curve(x: Tensor, rank: number, window: number, lag: number, stride: number): Curve {
  const { bases, starts } = subspaceSeries(x, { window, rank, stride });
  const step = lag / stride;
  return {
    times: starts.slice(step, starts.length - step).map((start) => start + window),
    first: subspaceVelocity(bases, { step })
      .slice(step)
      .map(({ magnitude }) => magnitude),
    second: subspaceAcceleration(bases, { step }).map(({ magnitude }) => magnitude),
  };
}

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1]!;
const peak = (list: readonly number[]): number => list.indexOf(Math.max(...list));
const contrast = (list: readonly number[]): number => Math.max(...list) / median(list);

/** Squared distances of second moments of the windows, the baseline that knows no subspaces. */
function covarianceDifferences(x: Tensor, stride: number): number[] {
  const data = x.data() as Float64Array;
  const moments: Tensor[] = [];
  for (let s = 0; s + 2 * WINDOW - 1 <= data.length; s += stride) {
    const rows = Array.from({ length: WINDOW }, (_, i) => Array.from(data.subarray(s + i, s + i + WINDOW)));
    const matrix = tensor(rows);
    moments.push(matrix.matmul(matrix.mT()).div(WINDOW));
  }
  const step = LAG / stride;
  return moments.slice(2 * step).map((next, i) =>
    moments[i]!.add(next)
      .div(2)
      .sub(moments[i + step]!)
      .square()
      .sum()
      .item(),
  );
}

/** Twelve points in space seen by an affine camera, `[frames, 24]`: they turn about a tilted axis by `speed` a frame. */
function turningPoints(key: Key, speeds: readonly number[]): Tensor {
  const [pointKey, noiseKey] = split(key) as [Key, Key];
  const points = normal(pointKey, [12, 3]);
  const frames: Tensor[] = [];
  let angle = 0;
  for (const speed of speeds) {
    angle += speed;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const about = tensor([
      [c, 0, s],
      [0, 1, 0],
      [-s, 0, c],
    ]);
    const tilted = tensor([
      [1, 0, 0],
      [0, Math.cos(0.4), -Math.sin(0.4)],
    ]).matmul(about);
    frames.push(points.matmul(tilted.mT()).reshape([1, 24]));
  }
  return concat(frames, 0).add(normal(noiseKey, [speeds.length, 24]).mul(0.002));
}

export default study({
  id: "second-difference-subspace",
  paper: { title: "Second-Order Difference Subspace", year: 2024 },
  claim:
    "The second-order difference subspace is the acceleration of a moving subspace: zero along a geodesic, of second order in the step, and a sharp sign of changes in shape sequences and signals.",
  baseline: "first-order difference subspaces; second differences of covariance matrices",
  run({ key, scale, report }) {
    const [geodesicKey, noiseKey, pointKey] = split(key, 3) as [Key, Key, Key];
    const [a, b, c] = geodesic(geodesicKey);
    const alongFirst = differenceSubspace(a, b).magnitude;
    const alongSecond = secondDifferenceSubspace(a, b, c).magnitude;

    const steps = [0.2, 0.1, 0.05];
    const angles = steps.map((h) =>
      secondDifferenceSubspace(onCone(-h), onCone(0), onCone(h)).angles.at(0).item(),
    );
    const expected = [0.010067, 0.0025042, 0.00062526];
    report.table(
      steps.map((h, i) => ({ step: h, angle: angles[i]!, "sin a cos a h² / 2": h ** 2 / 4 })),
      "A line on a cone",
    );

    const samples = scale === "quick" ? 1000 : 8000;
    const change = samples / 2;
    const stride = scale === "quick" ? 4 : 2;
    const phase = Array.from({ length: samples }, (_, i) =>
      i < change ? 0.05 * i : 0.05 * change + 0.08 * (i - change),
    );
    const signal = tensor(phase)
      .sin()
      .add(normal(noiseKey, [samples]).mul(0.02));
    const found = curve(signal, 2, WINDOW, LAG, stride);
    const moments = covarianceDifferences(signal, stride);
    report.table(
      [
        { measure: "second difference", ...place(found.second, found.times) },
        { measure: "first difference", ...place(found.first, found.times) },
        { measure: "covariance matrices", ...place(moments, found.times) },
      ],
      `A signal whose frequency changes at sample ${change}`,
    );
    report.plot(lines("Magnitude against time", found));

    const frames = scale === "quick" ? 160 : 600;
    const turns = Array.from({ length: frames }, () => 0.1);
    const stops = turns.map((speed, i) => (i < frames / 2 ? speed : 0));
    const [steady, stopped] = [turns, stops].map((speeds) =>
      curve(turningPoints(pointKey, speeds), 3, 8, 8, 1),
    );
    report.plot(lines("Points that turn without end", steady!));
    report.plot(lines(`Points that stop at frame ${frames / 2}`, stopped!));
    const largest = ({ times, second }: Curve, isLater: boolean): number =>
      Math.max(...second.filter((_, i) => times[i]! > frames / 2 - 16 === isLater));
    report.table(
      [
        { points: "turn without end", found: steady! },
        { points: `stop at frame ${frames / 2}`, found: stopped! },
      ].map(({ points, found }) => ({
        points,
        "largest before": largest(found, false),
        "largest from then on": largest(found, true),
      })),
      "Second differences of twelve points seen by an affine camera",
    );
    report.note("Points that stand still span one dimension of the three: the others are noise, and jump.");
    return {
      geodesicFirst: alongFirst,
      geodesicSecond: alongSecond,
      coneError: Math.max(...angles.map((angle, i) => Math.abs(angle / expected[i]! - 1))),
      coneOrder: fitLine(steps.map(Math.log), angles.map(Math.log)).slope,
      distanceOfPeak: Math.abs(found.times[peak(found.second)]! - change),
      contrast: contrast(found.second),
      contrastOfFirst: contrast(found.first),
      contrastOfCovariances: contrast(moments),
      stopAgainstTurning: Math.max(...stopped!.second) / Math.max(...steady!.second),
    };
  },
  expect: {
    geodesicFirst: atLeast(0.01),
    geodesicSecond: atMost(1e-12),
    coneError: atMost(1e-4),
    coneOrder: between(1.98, 2.02),
    distanceOfPeak: atMost(64),
    contrast: atLeast(100),
  },
});

const place = (
  list: readonly number[],
  times: readonly number[],
): { "peak at": number; peak: number; "peak / median": number } => ({
  "peak at": times[peak(list)]!,
  peak: Math.max(...list),
  "peak / median": contrast(list),
});

const lines = (title: string, { times, first, second }: Curve): ChartSpec => ({
  title,
  x: { label: "time" },
  y: { label: "magnitude", scale: "log", format: "power" },
  series: [
    { name: "first difference", points: times.map((t, i) => [t, first[i]!]), style: "dashed" },
    { name: "second difference", points: times.map((t, i) => [t, second[i]!]) },
  ],
});
