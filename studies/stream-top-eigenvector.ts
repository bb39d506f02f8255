import type { Tensor } from "polyadic";
import {
  eigh,
  fitLine,
  oja,
  type StreamFold,
  streamTopEigenvector,
  type TopEigenvector,
} from "polyadic/linalg";
import { type HardStreamKind, hardStream } from "polyadic/linalg/problems";
import { foldIn, type Key, split } from "polyadic/random";
import { atLeast, atMost, growthExponent, study, timed } from "polyadic/study";

interface Stream {
  readonly rows: Tensor;
  readonly top: Tensor;
}

/** A stream with its exact leading vector. */
function stream(key: Key, kind: HardStreamKind, n: number, d: number, gap: number, heavyRows = 3): Stream {
  const { rows } = hardStream(key, kind, { n, d, gap, heavyRows });
  return { rows, top: eigh(rows.transpose().matmul(rows)).vectors.at(":", -1) };
}

const RATES = [1, 3, 10];

/** One pass in blocks of 500 rows. */
function pass<S>(key: Key, { rows }: Stream, fold: StreamFold<S>): TopEigenvector {
  const [n] = rows.shape as [number];
  let state = fold.init(key);
  for (let start = 0; start < n; start += 500) state = fold.push(state, rows.at(`${start}:${start + 500}`));
  return fold.finish(state);
}

const agreement = ({ vector }: TopEigenvector, { top }: Stream): number => vector.mul(top).sum().item() ** 2;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

export default study({
  id: "stream-top-eigenvector",
  paper: { title: "Approximating the Top Eigenvector in Random Order Streams", year: 2024 },
  claim:
    "One pass over rows in random order finds the leading vector in O(h d) memory when λ₁/λ₂ is a constant, h heavy rows included.",
  baseline: "Oja's rule at three rates; the same block power method without storage of heavy rows",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const [n, d, gap] = [5000, 50, 4];
    const tries = quick ? 10 : 20;
    const [spreadKey, heavyKey, trapKey, sweepKey, timeKey] = split(key, 5) as Key[];
    const heavyShare = 1 / Math.log(d);
    const methods: readonly [string, StreamFold<unknown>][] = [
      ["block power, heavy rows", streamTopEigenvector({ dimension: d, rows: n }) as StreamFold<unknown>],
      ["the same, n unknown", streamTopEigenvector({ dimension: d }) as StreamFold<unknown>],
      [
        "without heavy rows",
        streamTopEigenvector({
          dimension: d,
          rows: n,
          heavy: Number.POSITIVE_INFINITY,
        }) as StreamFold<unknown>,
      ],
      ...RATES.map((rate): [string, StreamFold<unknown>] => [
        `Oja, rate ${rate}`,
        oja({ dimension: d, rate }) as StreamFold<unknown>,
      ]),
    ];
    let stored = 0;
    const measure = (from: Key, kind: HardStreamKind): Map<string, number[]> => {
      const values = new Map<string, number[]>(methods.map(([name]) => [name, []]));
      for (let i = 0; i < tries; i++) {
        const [dataKey, startKey] = split(foldIn(from, i)) as [Key, Key];
        const data = stream(dataKey, kind, n, d, gap);
        for (const [name, fold] of methods) {
          const result = pass(startKey, data, fold);
          values.get(name)!.push(agreement(result, data));
          stored = Math.max(stored, result.storedFloats / d - 2);
        }
      }
      return values;
    };
    const spread = measure(spreadKey!, "spread");
    const heavy = measure(heavyKey!, "heavy");
    const trap = measure(trapKey!, "oja-trap");
    report.table(
      methods.map(([method]) => ({
        method,
        "spread, median": median(spread.get(method)!),
        "spread, least": Math.min(...spread.get(method)!),
        "heavy, median": median(heavy.get(method)!),
        "heavy, least": Math.min(...heavy.get(method)!),
        "trap, median": median(trap.get(method)!),
      })),
      `Squared correlation with the exact vector, ${n} rows of length ${d}, R = ${gap}, ${tries} streams`,
    );
    const bestOja = Math.max(...RATES.map((rate) => median(heavy.get(`Oja, rate ${rate}`)!)));

    const lengths = quick ? [2000, 4000, 8000, 16000] : [12500, 25000, 50000, 100000];
    const times = lengths.map((length) => {
      const { rows } = hardStream(foldIn(timeKey!, length), "spread", { n: length, d, gap });
      const fold = streamTopEigenvector({ dimension: d, rows: length });
      const streamed = timed(() => pass(key, { rows, top: rows }, fold), 3);
      const dense = timed(() => eigh(rows.transpose().matmul(rows)).values.at(-1).item(), 3);
      return {
        n: length,
        "one pass, ms": streamed.milliseconds,
        "Gram matrix, ms": dense.milliseconds,
        "numbers stored": streamed.value.storedFloats,
      };
    });
    const exponent = growthExponent(
      lengths,
      times.map((row) => row["one pass, ms"]),
    ).exponent;
    report.table(
      times,
      `Growth: one pass is O(n d) (exponent ${exponent.toFixed(2)}), its memory does not grow`,
    );

    let slope = Number.NaN;
    if (!quick) {
      const gaps = [2, 4, 8, 16];
      const share = 1 / Math.log(200);
      const cases = [
        [0, share],
        [1, share],
        [5, share],
        [20, share],
        [20, share ** 2],
      ] as const;
      const rows = cases.map(([h, threshold]) => {
        const errors = gaps.map((R) => {
          const values = Array.from({ length: 3 }, (_, i) => {
            const [dataKey, startKey] = split(foldIn(foldIn(sweepKey!, 100 * h + R), i)) as [Key, Key];
            const data = stream(dataKey, h === 0 ? "spread" : "heavy", 1e5, 200, R, h);
            const fold = streamTopEigenvector({ dimension: 200, rows: 1e5, heavy: threshold });
            const found = pass(startKey, data, fold);
            return Math.max(0, 1 - agreement(found, data));
          });
          return median(values);
        });
        const line = h === 0 ? fitLine(gaps.map(Math.log), errors.map(Math.log)).slope : Number.NaN;
        if (h === 0) slope = line;
        return {
          "heavy rows": h,
          threshold,
          ...Object.fromEntries(gaps.map((R, i) => [`R = ${R}`, errors[i]!])),
        };
      });
      report.table(
        rows,
        `1 − squared correlation, 100,000 rows of length 200 (slope for spread ${slope.toFixed(2)})`,
      );
    }
    return {
      spreadLeast: Math.min(...spread.get("block power, heavy rows")!),
      heavyLeast: Math.min(...heavy.get("block power, heavy rows")!),
      trapLeast: Math.min(...trap.get("block power, heavy rows")!),
      unknownLengthLeast: Math.min(
        ...spread.get("the same, n unknown")!,
        ...heavy.get("the same, n unknown")!,
      ),
      heavyBestOja: bestOja,
      heavyWithoutStorage: median(heavy.get("without heavy rows")!),
      storedOverBound: stored / (d / heavyShare + 1),
      ...(quick ? {} : { slope }),
    };
  },
  expect: {
    spreadLeast: atLeast(0.9),
    heavyLeast: atLeast(0.97),
    heavyBestOja: atMost(0.7),
    heavyWithoutStorage: atMost(0.2),
    storedOverBound: atMost(1),
  },
  expectAtFullScale: { slope: atMost(-0.7) },
});
