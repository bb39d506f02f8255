// Blocks and language models: what tokens see, caches, and learning.

import { DomainError, type Tensor, tensor, tree } from "polyadic";
import { explain, jit } from "polyadic/compiler";
import { countParameters, decoder, softmaxCrossEntropy, transformerBlock } from "polyadic/nn";
import { adam } from "polyadic/optim";
import { key, normal, randint } from "polyadic/random";
import { grad } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

const options = { vocabulary: 11, dim: 16, depth: 2, heads: 4, context: 12, dtype: "float64" } as const;
const tokens = randint(key(1), [2, 9], 0, 11);

describe.each([
  { positions: "learned" },
  { positions: "rotary", kvHeads: 2, norm: "rms", activation: "swiglu", bias: false, tied: false },
  { positions: "alibi" },
] as const)("%j", (extra) => {
  const model = decoder({ ...options, ...extra });
  const params = model.init(key(0));
  const logits = model.apply(params, tokens);

  test("later tokens do not leak", () => {
    expect(logits.shape).toEqual([2, 9, 11]);
    const other = model.apply(params, tokens.set([":", "5:"], 3));
    near(other.at(":", ":5"), logits.at(":", ":5"), 1e-12);
  });

  test("steps with caches give what the whole gives", () => {
    const first = model.step(params, model.cache(2), tokens.at(":", ":4"));
    const second = model.step(params, first.cache, tokens.at(":", "4:"));
    near(first.y, logits.at(":", ":4"), 1e-9);
    near(second.y, logits.at(":", "4:"), 1e-9);
  });

  test("the best tokens one after another", () => {
    const text = model.generate(params, tokens.at(":", ":3"), { count: 3, key: key(2), temperature: 0 });
    expect(text.shape).toEqual([2, 6]);
    for (let t = 3; t < 6; t++) {
      const best = model
        .apply(params, text.at(":", `:${t}`))
        .at(":", -1)
        .argmax({ axis: -1 });
      near(text.at(":", t), best, 0);
    }
    const drawn = model.generate(params, tokens.at(":", ":3"), { count: 3, key: key(2), topK: 1 });
    near(drawn, text, 0);
  });
});

test("a small model learns to count", () => {
  const model = decoder({ vocabulary: 6, dim: 16, depth: 1, heads: 2, context: 8 });
  const start = randint(key(3), [16, 1], 0, 6);
  const text = start.add(tensor([0, 1, 2, 3, 4, 5, 6, 7]).astype("int32"));
  const sequence = text.sub(text.greaterEqual(6).where(6, 0).astype("int32"));
  const wrapped = sequence.sub(sequence.greaterEqual(6).where(6, 0).astype("int32"));
  const loss = (params: ReturnType<typeof model.init>): Tensor =>
    softmaxCrossEntropy(model.apply(params, wrapped.at(":", ":-1")), wrapped.at(":", "1:"));
  const optimizer = adam<ReturnType<typeof model.init>>({ learningRate: 0.02 });
  let params = model.init(key(4));
  const before = loss(params).item();
  const step = jit((p: typeof params, state: ReturnType<typeof optimizer.init>) =>
    optimizer.step({ params: p, state, loss, batch: undefined }),
  );
  let state = optimizer.init(params);
  for (let i = 0; i < 60; i++) ({ params, state } = step(params, state));
  expect(before).toBeGreaterThan(1.7);
  expect(loss(params).item()).toBeLessThan(0.1);
  const counted = model.generate(params, tensor([[2]]).astype("int32"), {
    count: 5,
    key: key(0),
    temperature: 0,
  });
  expect(counted.toArray()).toEqual([[2, 3, 4, 5, 0, 1]]);
});

test("dropout in training needs a key, and differs by key", () => {
  const block = transformerBlock({ dim: 8, heads: 2, dropout: 0.5 });
  const params = block.init(key(0));
  const x = normal(key(1), [1, 4, 8], { dtype: "float32" });
  const run = (seed: number): Tensor => block.apply(params, x, { training: true, key: key(seed) });
  expect(run(1).sub(run(2)).abs().max().item()).toBeGreaterThan(0);
  near(run(1), run(1), 0);
  expect(() => block.apply(params, x, { training: true })).toThrow(DomainError);
  expect(block.apply(params, x).shape).toEqual([1, 4, 8]);
});

test("a gradient of a whole model takes memory linear in tokens", () => {
  const model = decoder({ vocabulary: 4, dim: 16, depth: 1, heads: 4, context: 4096 });
  const params = model.init(key(0));
  const arena = (n: number): number =>
    explain(grad((p: typeof params) => model.apply(p, randint(key(0), [1, n], 0, 4)).sum()))(params)
      .arenaBytes;
  expect(arena(4096) / arena(2048)).toBeLessThan(2.1);
});

test("parameters are counted as in the formula", () => {
  const model = decoder({ vocabulary: 50, dim: 8, depth: 3, heads: 2, context: 4, positions: "learned" });
  // Four maps of attention, two dense layers, two norms; embeddings and the last norm.
  const block = 4 * (64 + 8) + (8 * 32 + 32) + (32 * 8 + 8) + 4 * 8;
  expect(countParameters(model.init(key(0)))).toBe(3 * block + 50 * 8 + 4 * 8 + 2 * 8);
  expect(tree.leaves(model.init(key(0))).every((x) => x.dtype === "float32")).toBe(true);
});

test("bad input", () => {
  const model = decoder(options);
  const params = model.init(key(0));
  expect(() => model.apply(params, randint(key(0), [1, 13], 0, 4))).toThrow(/context/);
  expect(() => model.apply(params, tensor([1]).astype("int32"))).toThrow(/tokens/);
  expect(() => model.generate(params, tokens, { count: 9, key: key(0) })).toThrow(/context/);
  expect(() => decoder({ ...options, depth: 0 })).toThrow(/depth/);
});
