import { arange, concat, full, matmul, type Tensor, tree } from "polyadic";
import { explain, graphFlops, jit } from "polyadic/compiler";
import { type AttentionForm, deepTensorNetwork, polynomialAttention, secondOrder } from "polyadic/decompose";
import {
  dense,
  embedding,
  lambda,
  scaledDotProductAttention,
  sequential,
  softmaxCrossEntropy,
} from "polyadic/nn";
import { adam, cosineDecay } from "polyadic/optim";
import { foldIn, type Key, normal, randint, split } from "polyadic/random";
import { atLeast, atMost, between, study } from "polyadic/study";
import { fit } from "polyadic/train";
import { grad } from "polyadic/transform";

type Operands = readonly [Tensor, Tensor, Tensor];

const unit = (x: Tensor): Tensor => x.div(x.square().sum({ axis: -1, keepDims: true }).sqrt());

function operands(key: Key, n: number, d: number, e: number): Operands {
  const [q, k, v] = split(key, 3);
  return [unit(normal(q!, [n, d])), unit(normal(k!, [n, d])), normal(v!, [n, e])];
}

const largest = (x: Tensor): number => x.abs().max().item();

/** Largest difference of values and gradients between the parallel form and the other two, relative to their size. */
function disagreement(key: Key, n: number, apply: (x: Operands, form: AttentionForm) => Tensor): number {
  const x = operands(key, n, 8, 8);
  const [reference, ...others] = (["parallel", "chunk", "recurrent"] as const).map((form) => [
    apply(x, form),
    ...(grad((y: Operands) => apply(y, form).sin().sum())(x) as Operands),
  ]);
  return Math.max(
    ...others.flatMap((parts) =>
      parts.map((part, i) => largest(part.sub(reference![i]!)) / largest(reference![i]!)),
    ),
  );
}

/** Share of m stored pairs (unit keys of 16 features, codes of 32 signs) whose code is the nearest to what the key recalls. */
function recall(key: Key, m: number, degree: number): number {
  const trials = 8;
  const [keyKey, codeKey] = split(key, 2);
  const keys = unit(normal(keyKey!, [trials, m, 16]));
  const codes = randint(codeKey!, [trials, m, 32], 0, 2).astype("float64").mul(2).sub(1);
  const found = polynomialAttention(keys, keys, codes, {
    degree,
    causal: false,
    normalize: false,
    form: "chunk",
  });
  const nearest = matmul(found, codes.mT()).argmax({ axis: -1 });
  return nearest.equal(arange(m)).astype("float64").mean().item();
}

/** Shortest time of a call for each entry in milliseconds, round by round, compiled before: other work only adds to it. */
function timed(calls: readonly (() => unknown)[], rounds: number): number[] {
  for (const call of calls) call();
  const best = calls.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round++)
    calls.forEach((call, i) => {
      const start = performance.now();
      call();
      best[i] = Math.min(best[i]!, performance.now() - start);
    });
  return best;
}

/**
 * Copying with a lookup: 16 tokens that each hold a key and a value, then tokens with one of the keys, whose value is to be
 * said. Gives the share of right answers for unseen dictionaries after training.
 */
async function lookup(key: Key, degree: number, steps: number): Promise<number> {
  const [pairs, letters, dim] = [16, 32, 32];
  const blank = 2 * letters;
  const model = sequential(
    embedding({ count: blank + 1, dim }),
    lambda((x) => x.sum({ axis: 2 })),
    deepTensorNetwork({ layers: 2, dim, heads: 2, degree, normalize: false }),
    dense({ in: dim, out: blank }),
  );
  const draw = (from: Key, count: number): { input: Tensor; target: Tensor } => {
    const [keyKey, valueKey, askKey] = split(from, 3);
    // Distinct keys: the places of the largest of independent numbers.
    const order = normal(keyKey!, [count, letters]).neg();
    const ranks = order.expandDims(2).less(order.expandDims(1)).astype("int32").sum({ axis: 1 });
    const keys = ranks.at(":", `:${pairs}`);
    const values = randint(valueKey!, [count, pairs], letters, blank);
    const asked = randint(askKey!, [count, pairs], 0, pairs);
    const pick = (x: Tensor): Tensor =>
      asked.expandDims(2).equal(arange(pairs)).astype("int32").mul(x.expandDims(1)).sum({ axis: 2 });
    const token = (x: Tensor, y: Tensor): Tensor => concat([x.expandDims(2), y.expandDims(2)], 2);
    const queries = token(pick(keys), full([count, pairs], blank, "int32"));
    return {
      input: concat([token(keys, values), queries], 1).astype("int32"),
      target: pick(values).astype("int32"),
    };
  };
  type Params = ReturnType<typeof model.init>;
  const answers = (params: Params, input: Tensor): Tensor => model.apply(params, input).at(":", `${pairs}:`);
  const { params } = await fit({
    params: model.init(foldIn(key, 1)),
    loss: (p: Params, batch: { input: Tensor; target: Tensor }) =>
      softmaxCrossEntropy(answers(p, batch.input), batch.target),
    optimizer: adam({ learningRate: cosineDecay({ from: 3e-3, steps }) }),
    data: { length: 32 * steps, batch: (indices) => draw(foldIn(key, 2 + indices[0]!), indices.length) },
    batchSize: 32,
    steps,
    key: foldIn(key, 2),
  });
  const unseen = draw(foldIn(key, 1_000_000_000), 64);
  return answers(params, unseen.input)
    .argmax({ axis: -1 })
    .equal(unseen.target)
    .astype("float64")
    .mean()
    .item();
}

export default study({
  id: "deep-tensor-net",
  paper: { title: "Deep Tensor Network", year: 2023 },
  claim:
    "Attention with polynomial scores of degree p takes time linear in the length, in parallel, chunked and streaming forms that agree, and recalls what linear attention (p = 1) confuses.",
  baseline: "linear attention (p = 1) for recall; softmax attention for time",
  async run({ key, scale, report }) {
    const n = scale === "quick" ? 50 : 200;
    const forms = [2, 4].map((degree) => ({
      attention: `degree ${degree}`,
      difference: disagreement(foldIn(key, degree), n, (x, form) =>
        polynomialAttention(...x, { degree, form, chunk: 16 }),
      ),
    }));
    const second = {
      attention: "second order",
      difference: disagreement(foldIn(key, 9), n, (x, form) => secondOrder(...x, { form, chunk: 16 })),
    };
    report.table([...forms, second], "Forms against the parallel one, values and gradients");

    const recalled = [64, 128].map((m) => {
      const [first, square, fourth] = [1, 2, 4].map((degree) => recall(foldIn(key, m), m, degree));
      return { pairs: m, "p = 1": first!, "p = 2": square!, "p = 4": fourth! };
    });
    report.table(recalled, "Share of codes recalled");

    const [short, long] = scale === "quick" ? [512, 2048] : [2048, 16384];
    const kinds: Readonly<Record<string, (q: Tensor, k: Tensor, v: Tensor) => Tensor>> = {
      chunk: (q, k, v) => polynomialAttention(q, k, v, { form: "chunk" }),
      recurrent: (q, k, v) => polynomialAttention(q, k, v, { form: "recurrent" }),
      softmax: (q, k, v) => scaledDotProductAttention(q, k, v, { causal: true }),
    };
    const inputs = [short, long].map(
      (length) =>
        tree.map(
          (part: Tensor) => part.expandDims(0).expandDims(0).astype("float32"),
          operands(foldIn(key, 3), length!, 16, 16),
        ) as Operands,
    );
    const calls = Object.values(kinds).flatMap((f) => {
      const run = jit(f);
      return inputs.map((x) => () => run(...x));
    });
    const best = timed(calls, scale === "quick" ? 5 : 3);
    const costs = Object.entries(kinds).map(([kind, f], i) => {
      const [before, after] = inputs.map((x) => graphFlops(explain(f)(...x).traced)) as [number, number];
      return {
        attention: kind,
        [`ms at ${short}`]: best[2 * i]!,
        [`ms at ${long}`]: best[2 * i + 1]!,
        "growth of time": best[2 * i + 1]! / best[2 * i]!,
        "growth of operations": after / before,
      };
    });
    report.table(costs, "One pass");
    // Per factor of 4 in length, of operations: other work on the machine would decide about times.
    const growth = (kind: string): number => {
      const row = costs.find(({ attention }) => attention === kind)!;
      return (row["growth of operations"] as number) ** (Math.log(4) / Math.log(long! / short!));
    };

    const measured = {
      formsDiffer: Math.max(...forms.map(({ difference }) => difference), second.difference),
      recall64Linear: recalled[0]!["p = 1"],
      recall64Square: recalled[0]!["p = 2"],
      recall64Fourth: recalled[0]!["p = 4"],
      recall128Linear: recalled[1]!["p = 1"],
      recall128Square: recalled[1]!["p = 2"],
      recall128Fourth: recalled[1]!["p = 4"],
      growthOfChunks: growth("chunk"),
      growthOfRecurrence: growth("recurrent"),
    };
    if (scale === "quick") return measured;
    const steps = 1500;
    const learned = [];
    for (const degree of [1, 2]) learned.push(await lookup(foldIn(key, 40), degree, steps));
    report.table(
      [{ steps, "p = 1": learned[0]!, "p = 2": learned[1]! }],
      "Right answers after training two layers to look up 16 pairs",
    );
    return { ...measured, learnedLinear: learned[0]!, learnedSquare: learned[1]! };
  },
  expect: {
    formsDiffer: atMost(1e-10),
    recall64Linear: between(0.35, 0.55),
    recall64Square: atLeast(0.95),
    recall64Fourth: atLeast(0.99),
    recall128Linear: between(0.15, 0.3),
    recall128Square: atLeast(0.85),
    recall128Fourth: atLeast(0.99),
    growthOfChunks: atMost(5),
    growthOfRecurrence: atMost(5),
  },
});
