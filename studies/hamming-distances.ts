import {
  approximateHammingDistances,
  countingThreeSum,
  type HammingMethod,
  type HammingWork,
  hammingDistances,
  hammingDistancesBounded,
  sumsetCounts,
} from "polyadic/fft";
import { type Key, randint, split } from "polyadic/random";
import { atMost, between, growthExponent, study, type Timed, timed } from "polyadic/study";

const symbols = (key: Key, n: number, alphabet: number): Uint32Array =>
  Uint32Array.from(randint(key, [n], 0, alphabet).data() as ArrayLike<number>);

interface Run extends Timed<Int32Array> {
  readonly work: HammingWork;
}

function run(text: Uint32Array, pattern: Uint32Array, method: HammingMethod, packing = true, times = 1): Run {
  let work: HammingWork | undefined;
  const onWork = (of: HammingWork): void => {
    work = of;
  };
  const measured = timed(() => hammingDistances(text, pattern, { method, packing, onWork }), times);
  return { ...measured, work: work! };
}

/** Comparisons, increments, and 5 N log₂ N for each complex transform. */
const operations = ({ comparisons, increments, transforms, transformLength }: HammingWork): number =>
  comparisons +
  increments +
  (transforms > 0 ? 5 * transforms * transformLength * Math.log2(transformLength) : 0);

const differ = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let count = Math.abs(a.length - b.length);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count++;
  return count;
};

export default study({
  id: "hamming-distances",
  paper: { title: "Faster Algorithms for Text-to-Pattern Hamming Distances", year: 2023 },
  claim:
    "Mismatches of a pattern of length m at every place of a text of length n are counted in O(n √m) instead of O(n m), exactly; approximately in time that grows with 1 / ε instead of m.",
  baseline: "the direct count, and one Fourier transform for every letter, in the same run",
  run({ key, scale, report }) {
    const isQuick = scale === "quick";
    const [sizesKey, plantedKey, sumKey, hashKey] = split(key, 4) as [Key, Key, Key, Key];
    const places = isQuick ? 8192 : 2 ** 17;
    const sizes = isQuick ? [64, 256, 1024, 4096] : [256, 1024, 4096, 16384];
    let wrong = 0;
    const rows = sizes.map((m, i) => {
      const alphabet = Math.sqrt(m);
      const [textKey, patternKey] = split(split(sizesKey, sizes.length)[i]!) as [Key, Key];
      const text = symbols(textKey, places + m - 1, alphabet);
      const pattern = symbols(patternKey, m, alphabet);
      const naive = run(text, pattern, "naive");
      const heavyLight = run(text, pattern, "heavy-light", true, 3);
      const letters = run(text, pattern, "fft", false, isQuick ? 3 : 1);
      const auto = run(text, pattern, "auto", true, 3);
      const others = isQuick ? [run(text, pattern, "hashed").value] : [];
      const k = Math.floor(Math.sqrt(m)) - 1;
      const bounded = hammingDistancesBounded(text, pattern, k);
      for (const { value } of [heavyLight, letters, auto]) wrong += differ(naive.value, value);
      for (const value of others) wrong += differ(naive.value, value);
      wrong += differ(
        naive.value.map((d) => Math.min(d, k + 1)),
        bounded,
      );
      return { m, alphabet, naive, heavyLight, letters, auto };
    });
    report.table(
      rows.map(({ m, alphabet, naive, heavyLight, letters, auto }) => ({
        m,
        alphabet,
        comparisons: naive.work.comparisons,
        "one FFT a letter": Math.round(operations(letters.work)),
        "heavy-light": Math.round(operations(heavyLight.work)),
        "naive / heavy-light, time": naive.milliseconds / heavyLight.milliseconds,
        "letters / heavy-light, time": letters.milliseconds / heavyLight.milliseconds,
        "naive / auto, time": naive.milliseconds / auto.milliseconds,
        "letters / auto, time": letters.milliseconds / auto.milliseconds,
      })),
      `Operations at ${places} places, alphabet √m`,
    );
    const growth = (of: (row: (typeof rows)[number]) => HammingWork): number =>
      growthExponent(
        sizes,
        rows.map((row) => operations(of(row))),
      ).exponent;

    // Skewed letters (frequency 1 / rank) need both parts.
    const m = isQuick ? 1024 : 2 ** 14;
    const n = isQuick ? 16384 : 2 ** 20;
    const skewed = (from: Key, count: number): Uint32Array =>
      symbols(from, count, 2 ** 20).map((x) => Math.floor(1000 ** (x / 2 ** 20)));
    const [textKey, patternKey] = split(plantedKey) as [Key, Key];
    const [text, pattern] = [skewed(textKey, n), skewed(patternKey, m)];
    const naive = run(text, pattern, "naive");
    const table = (["fft", "heavy-light", "auto"] as const).map((method) => {
      const found = run(text, pattern, method, method !== "fft");
      wrong += differ(naive.value, found.value);
      return {
        method: method === "fft" ? "one FFT a letter" : method,
        heavy: found.work.heavy,
        increments: found.work.increments,
        transforms: found.work.transforms,
        "naive / this, time": naive.milliseconds / found.milliseconds,
      };
    });
    report.table(table, `Letters of frequency 1 / rank, n = ${n}, m = ${m}`);

    const planted = symbols(textKey, 4096, 64);
    const needle = symbols(patternKey, 256, 64);
    planted.set(needle.subarray(0, 200), 1000);
    const exact = hammingDistances(planted, needle);
    const approximations = [0.4, 0.2, 0.1].map((epsilon, i) => {
      const own = split(hashKey, 3)[i]!;
      const under = approximateHammingDistances(own, planted, needle, { epsilon, method: "hashed" });
      const both = approximateHammingDistances(own, planted, needle, {
        epsilon,
        mode: "two-sided",
        method: "hashed",
        repetitions: 12,
      });
      return {
        epsilon,
        "largest loss, under": Math.max(...under.map((d, j) => 1 - d / exact[j]!)),
        "largest gain, under": Math.max(...under.map((d, j) => d / exact[j]! - 1)),
        "largest error, two-sided": Math.max(...both.map((d, j) => Math.abs(d / exact[j]! - 1))),
      };
    });
    report.table(approximations, "Relative errors of approximations, n = 4096, m = 256, 64 letters");

    const [a, b] = split(sumKey).map((own, i) => symbols(own, i === 0 ? 150 : 120, 20000)) as [
      Uint32Array,
      Uint32Array,
    ];
    const { sums, counts, rounds } = sumsetCounts(a, b);
    const solutions = countingThreeSum(a, b, sums);
    wrong += differ(counts, solutions);
    wrong += Math.abs(counts.reduce((total, c) => total + c, 0) - a.length * b.length);
    report.note(`Sums of 150 and 120 numbers below 20,000 were told apart by ${rounds} primes.`);
    report.note(
      "Sumsets by hashing are exact, and slower than one transform or counting pairs at every size that fits a machine: auto never takes them.",
    );
    return {
      wrongNumbers: wrong,
      incrementsOverBound: Math.max(
        ...rows.map(({ alphabet, heavyLight, m }) => (heavyLight.work.increments * alphabet) / (places * m)),
      ),
      growth: growth(({ heavyLight }) => heavyLight.work),
      growthOfDirectCount: growth(({ naive }) => naive.work),
      growthOfTransforms: growth(({ letters }) => letters.work),
      lossOverEpsilon: Math.max(...approximations.map((row) => row["largest loss, under"] / row.epsilon)),
      gain: Math.max(...approximations.map((row) => row["largest gain, under"])),
      twoSidedOverEpsilon: Math.max(
        ...approximations.map((row) => row["largest error, two-sided"] / row.epsilon),
      ),
      rounds,
    };
  },
  expect: {
    wrongNumbers: atMost(0),
    incrementsOverBound: atMost(1.2),
    growth: atMost(0.65),
    growthOfDirectCount: between(0.99, 1.01),
    lossOverEpsilon: atMost(1),
    gain: atMost(0),
    twoSidedOverEpsilon: atMost(0.5),
    rounds: atMost(6),
  },
});
