import { ShapeError, type Tensor, tensor, zeros } from "polyadic";
import { jit } from "polyadic/compiler";
import { treeDistances } from "polyadic/linalg";
import { randomTree } from "polyadic/linalg/problems";
import { key, normal } from "polyadic/random";
import { maskedAttention, topologicalMask } from "polyadic/sequence";
import { grad } from "polyadic/transform";
import { expect, test } from "vitest";

const n = 50;
const tree = randomTree(key(0), n);
const d = treeDistances(tree);
const [q, k, v] = [1, 2, 3].map((seed) => normal(key(seed), [n, seed === 3 ? 4 : 3]));
const features = (x: Tensor): Tensor => x.square().add(0.1);
const mask = topologicalMask(tree);

const fast = (params: Tensor): Tensor => maskedAttention(mask(params), q, k, v, { features });
const slow = (params: Tensor): Tensor => {
  const weights = d.mul(params.at(0)).add(params.at(1)).mul(d).add(params.at(2)).exp();
  const scores = features(q).matmul(features(k).transpose()).mul(weights);
  return scores.matmul(v).div(scores.sum({ axis: 1, keepDims: true }));
};
const params = tensor([-0.3, 0.2, 0.1]);

test("attention with a mask of distances equals the dense one, with its gradients, under jit", () => {
  expect(fast(params).sub(slow(params)).abs().max().item()).toBeLessThan(1e-12);
  const loss = (f: (p: Tensor) => Tensor) => (p: Tensor) => f(p).square().sum();
  const [a, b] = [grad(loss(fast))(params) as Tensor, grad(loss(slow))(params) as Tensor];
  expect(a.sub(b).abs().max().item()).toBeLessThan(1e-10);
  expect(a.abs().max().item()).toBeGreaterThan(0.01);
  const compiled = jit(grad(loss(fast)))(params) as Tensor;
  expect(compiled.sub(b).abs().max().item()).toBeLessThan(1e-10);
  const plain = maskedAttention(topologicalMask(tree, params), q, k, v);
  expect(plain.shape).toEqual([n, 4]);
});

test("refuses bad input", () => {
  expect(() => mask(zeros([2]))).toThrow(ShapeError);
  expect(() => maskedAttention(mask(params), zeros([3, 2]), k, v)).toThrow(/query/);
  expect(() => maskedAttention(mask(params), zeros([n, 2]), k, v)).toThrow(/features/);
});
