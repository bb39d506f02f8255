// Attention in tiles against softmax(Q Kᵀ) V written out, against PyTorch, and what it promises.

import {
  arange,
  DomainError,
  DTypeError,
  exp,
  matmul,
  ShapeError,
  type Tensor,
  take,
  tensor,
  tree,
} from "polyadic";
import { explain, jit } from "polyadic/compiler";
import {
  type AttentionOptions,
  alibiSlopes,
  type MultiHeadParams,
  multiHeadAttention,
  rotate,
  scaledDotProductAttention,
  sinusoidalPositions,
} from "polyadic/nn";
import { key, normal, permutation, split } from "polyadic/random";
import { grad, hvp, jvp, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";
import { numbers, reference } from "./reference.ts";

interface Operands {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
}

/** q `[2, 4, n, d]`, k and v `[2, 2, m, …]`. */
function operands(n: number, m: number, d = 6, e = 5): Operands {
  const [k0, k1, k2] = split(key(n * 100 + m), 3) as [Tensor, Tensor, Tensor];
  return { q: normal(k0, [2, 4, n, d]), k: normal(k1, [2, 2, m, d]), v: normal(k2, [2, 2, m, e]) };
}

/** All scores at once. */
function plain({ q, k, v }: Operands, options: AttentionOptions = {}): Tensor {
  const [n, d] = q.shape.slice(-2) as [number, number];
  const m = k.shape.at(-2)!;
  const heads = q.shape[1]!;
  const owner = tensor(Array.from({ length: heads }, (_, i) => Math.floor((i * k.shape[1]!) / heads))).astype(
    "int32",
  );
  const [keys, values] = [take(k, owner, 1), take(v, owner, 1)];
  const { causal = false, offset = causal ? m - n : 0, scale = 1 / Math.sqrt(d) } = options;
  const distance = arange(offset, offset + n, 1)
    .expandDims(1)
    .sub(arange(0, m, 1));
  let s = matmul(q, keys.mT()).mul(scale);
  if (options.slopes) s = s.sub(distance.abs().mul(options.slopes.reshape([heads, 1, 1])));
  if (causal) s = distance.greaterEqual(0).where(s, -1e30);
  if (options.keyMask) s = options.keyMask.reshape([-1, 1, 1, m]).where(s, -1e30);
  const e = exp(s.sub(s.max({ axis: -1, keepDims: true })));
  return matmul(e.div(e.sum({ axis: -1, keepDims: true })), values);
}

const slopes = tensor([...alibiSlopes(4)]);
const keyMask = (m: number): Tensor =>
  arange(0, 2 * m, 1)
    .reshape([2, m])
    .mul(0.7)
    .sin()
    .greater(-0.6);

describe("tiles give what all scores at once give", () => {
  const cases: readonly [string, number, number, AttentionOptions][] = [
    ["one tile", 5, 7, {}],
    ["tiles that fit", 8, 12, { tile: [4, 3] }],
    ["tiles that do not fit", 7, 11, { tile: [3, 4] }],
    ["causal", 9, 9, { causal: true, tile: [2, 4] }],
    ["causal, fewer queries", 5, 11, { causal: true, tile: [2, 3] }],
    ["causal, with an offset", 5, 7, { causal: true, offset: 4, tile: [2, 3] }],
    ["keys of some length", 5, 10, { keyMask: keyMask(10), tile: [2, 4] }],
    ["ALiBi", 6, 6, { slopes, tile: [4, 4] }],
    ["everything", 7, 9, { slopes, keyMask: keyMask(9), causal: true, scale: 0.2, tile: [3, 2] }],
  ];
  test.each(cases)("%s", (_name, n, m, options) => {
    const all = operands(n, m);
    const tiled = ({ q, k, v }: Operands): Tensor => scaledDotProductAttention(q, k, v, options);
    const expected = plain(all, options);
    near(tiled(all), expected, 1e-12);
    near(jit(tiled)(all), expected, 1e-12);
    const weights = normal(key(7), expected.shape);
    const weighed =
      (f: (p: Operands) => Tensor) =>
      (p: Operands): Tensor =>
        f(p).mul(weights).sum();
    const wanted = grad(weighed((p) => plain(p, options)))(all);
    const got = grad(weighed(tiled))(all);
    const compiled = jit(grad(weighed(tiled)))(all);
    for (const name of ["q", "k", "v"] as const) {
      near(got[name], wanted[name], 1e-11);
      near(compiled[name], wanted[name], 1e-11);
    }
    const direction = operands(n, m + 0);
    near(
      jvp(tiled, [all], [direction]).tangent,
      jvp((p: Operands) => plain(p, options), [all], [direction]).tangent,
      1e-11,
    );
  });

  test("second derivatives and vmap", () => {
    const all = operands(5, 6);
    const options = { causal: true, tile: [2, 4] } as const;
    const loss =
      (f: (p: Operands) => Tensor) =>
      (p: Operands): Tensor =>
        f(p).square().sum();
    const tiled = ({ q, k, v }: Operands): Tensor => scaledDotProductAttention(q, k, v, options);
    const direction = tree.map((x) => x.mul(0.3).sin(), all);
    const got = hvp(loss(tiled), all, direction).product;
    const wanted = hvp(
      loss((p) => plain(p, options)),
      all,
      direction,
    ).product;
    for (const name of ["q", "k", "v"] as const) near(got[name], wanted[name], 1e-10);
    near(
      vmap((q: Tensor, k: Tensor, v: Tensor) => tiled({ q, k, v }))(all.q, all.k, all.v),
      tiled(all),
      1e-12,
    );
    const each = vmap((p: Operands) => grad(loss(tiled))(p).k)(all);
    near(each, grad(loss(tiled))(all).k, 1e-11);
  });

  test("a query that sees no key gets zeros, and so do its derivatives", () => {
    const all = operands(3, 4);
    const hidden = keyMask(4).where(false, false);
    for (const tile of [[3, 4] as const, [2, 2] as const]) {
      const f = ({ q, k, v }: Operands): Tensor =>
        scaledDotProductAttention(q, k, v, { keyMask: hidden, tile });
      expect(f(all).abs().max().item()).toBe(0);
      for (const g of tree.leaves(grad((p: Operands) => f(p).sum())(all)))
        expect(g.abs().max().item()).toBe(0);
    }
  });

  test("scores of any size", () => {
    const { q, k, v } = operands(4, 6);
    const y = scaledDotProductAttention(q.mul(1e4), k.mul(1e4), v, { tile: [2, 2] });
    near(y, plain({ q: q.mul(1e4), k: k.mul(1e4), v }), 1e-9);
  });

  test("narrow floats", () => {
    const { q, k, v } = tree.map((x) => x.astype("bfloat16"), operands(5, 7));
    const wide = tree.map((x) => x.astype("float64"), { q, k, v });
    const y = scaledDotProductAttention(q, k, v, { tile: [2, 3] });
    expect(y.dtype).toBe("bfloat16");
    near(y.astype("float64"), plain(wide), 0.01);
  });
});

describe("memory", () => {
  const long = (n: number): Operands => {
    const x = tensor(0).astype("float32").broadcastTo([1, 2, n, 16]);
    return { q: x, k: x, v: x };
  };
  const forward = ({ q, k, v }: Operands): Tensor => scaledDotProductAttention(q, k, v, { causal: true });
  const backward = grad((p: Operands) => forward(p).sum());

  test.each([
    ["forward", forward],
    ["backward", backward],
  ])("%s grows linearly with the number of tokens", (_name, f) => {
    const arena = (n: number): number => explain(f as (p: Operands) => unknown)(long(n)).arenaBytes;
    const [short, twice] = [arena(2048), arena(4096)];
    expect(twice / short).toBeLessThan(2.1);
    // All scores of both heads would take 2 · 4096² · 4 bytes.
    expect(twice).toBeLessThan((2 * 4096 ** 2 * 4) / 10);
  });

  test("no array of a compiled gradient has queries times keys", () => {
    const { graph } = explain(backward)(long(2048));
    for (const { outputs } of graph.equations)
      for (const { shape } of outputs) expect(shape.filter((n) => n >= 2048).length).toBeLessThan(2);
  });
});

describe("positions", () => {
  test("products of rotated vectors depend on differences of positions", () => {
    const q = normal(key(0), [1, 8]);
    const k = normal(key(1), [1, 8]);
    const product = (i: number, j: number): Tensor =>
      rotate(q, tensor([i]))
        .mul(rotate(k, tensor([j])))
        .sum();
    near(product(7, 3), product(104, 100), 1e-10);
    near(product(0, 0), q.mul(k).sum(), 1e-12);
    expect(Math.abs(product(7, 3).sub(product(7, 4)).item())).toBeGreaterThan(1e-3);
    // Features 1 and 5 turn together, by base^(-2 / 8) a position.
    const turned = rotate(tensor([[0, 1, 0, 0, 0, 0, 0, 0]]), tensor([2]));
    near(turned.at(0, "1::4"), tensor([Math.cos(0.2), Math.sin(0.2)]), 1e-12);
  });

  test("slopes", () => {
    expect(alibiSlopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => 2 ** -i));
    expect(alibiSlopes(3)).toEqual([2 ** -4, 2 ** -8, 2 ** -2]);
  });

  test("sines and cosines", () => {
    const table = sinusoidalPositions(10, 4);
    near(
      table.at(3),
      tensor([Math.sin(3), Math.cos(3), Math.sin(0.03), Math.cos(0.03)]).astype("float32"),
      1e-6,
    );
  });
});

describe("multi-head attention", () => {
  const { params: torch, ...given } = reference.attention;
  const weight = numbers(torch.in_proj_weight);
  const bias = numbers(torch.in_proj_bias);
  const part = (i: number): { weight: Tensor; bias: Tensor } => ({
    weight: weight.at(`${8 * i}:${8 * i + 8}`).mT(),
    bias: bias.at(`${8 * i}:${8 * i + 8}`),
  });
  const params: MultiHeadParams = {
    query: part(0),
    key: part(1),
    value: part(2),
    out: { weight: numbers(torch["out_proj.weight"]).mT(), bias: numbers(torch["out_proj.bias"]) },
  };
  const options = { dim: 8, heads: 2, dtype: "float64" } as const;
  const x = numbers(given.x);

  test("as PyTorch has it", () => {
    near(multiHeadAttention(options).apply(params, x), numbers(given.self), 1e-9);
    near(multiHeadAttention({ ...options, causal: true }).apply(params, x), numbers(given.causal), 1e-9);
    const cross = { x, context: numbers(given.context), keyMask: numbers(given.keyMask) };
    near(multiHeadAttention(options).apply(params, cross), numbers(given.cross), 1e-9);
  });

  test("permuting tokens permutes results", () => {
    const order = permutation(key(3), 5);
    const layer = multiHeadAttention(options);
    near(layer.apply(params, take(x, order, 1)), take(layer.apply(params, x), order, 1), 1e-10);
  });

  test.each([{ rotary: true }, { alibi: true }, { kvHeads: 1, heads: 4 }])(
    "causal: later tokens do not leak, and a cache gives the same: %j",
    (extra) => {
      const layer = multiHeadAttention({ ...options, causal: true, ...extra });
      const own = layer.init(key(4));
      const y = layer.apply(own, x);
      const changed = layer.apply(own, x.set([":", "3:"], 9));
      near(changed.at(":", ":3"), y.at(":", ":3"), 1e-12);
      expect(changed.sub(y).at(":", "3:").abs().min().item()).toBeGreaterThan(0);
      let cache = layer.cache(2, 6);
      const step = jit(layer.step);
      const parts = [x.at(":", ":2"), x.at(":", "2:3"), x.at(":", "3:4"), x.at(":", "4:5")].map((tokens) => {
        const next = step(own, cache, tokens);
        cache = next.cache;
        return next.y;
      });
      near(parts[0]!, y.at(":", ":2"), 1e-10);
      near(parts[3]!, y.at(":", "4:"), 1e-10);
      expect(cache.length.item()).toBe(5);
      expect(() => layer.step(own, cache, x)).toThrow(/at most 1 more/);
    },
  );

  test("rotary attention does not see where a sequence begins", () => {
    const layer = multiHeadAttention({ ...options, rotary: true });
    const own = layer.init(key(4));
    const mask = tensor([[false, false, true, true, true]]);
    const padded = layer.apply(own, { x: x.at("0:1"), keyMask: mask });
    near(padded.at(":", "2:"), layer.apply(own, x.at("0:1", "2:")), 1e-10);
  });
});

describe("bad input", () => {
  const { q, k, v } = operands(4, 5);
  test.each<[string, () => unknown, new (message: string) => Error, RegExp]>([
    ["keys of other width", () => scaledDotProductAttention(q, v, v), ShapeError, /k: shape/],
    ["values", () => scaledDotProductAttention(q, k, v.at(":", ":", ":2")), ShapeError, /v: shape/],
    ["dtypes", () => scaledDotProductAttention(q, k.astype("float32"), v), DTypeError, /k: float64/],
    ["groups", () => scaledDotProductAttention(q.at(":", ":3"), k, v), ShapeError, /number of heads/],
    ["mask", () => scaledDotProductAttention(q, k, v, { keyMask: tensor([true]) }), ShapeError, /keyMask/],
    ["mask dtype", () => scaledDotProductAttention(q, k, v, { keyMask: tensor([1]) }), DTypeError, /keyMask/],
    ["tile", () => scaledDotProductAttention(q, k, v, { tile: [0, 1] }), DomainError, /tile/],
    ["scale", () => scaledDotProductAttention(q, k, v, { scale: Number.NaN }), DomainError, /scale/],
    ["heads", () => multiHeadAttention({ dim: 8, heads: 3 }), DomainError, /heads/],
    ["kvHeads", () => multiHeadAttention({ dim: 8, heads: 4, kvHeads: 3 }), DomainError, /kvHeads/],
    ["rotary", () => multiHeadAttention({ dim: 9, heads: 3, rotary: true }), DomainError, /headDim/],
    ["odd rotation", () => rotate(normal(key(0), [2, 3]), tensor([0, 1])), ShapeError, /rotate: x/],
  ])("%s", (_name, act, kind, message) => {
    expect(act).toThrow(kind);
    expect(act).toThrow(message);
  });
});
