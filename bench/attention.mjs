// Attention over 2048 tokens, forward and backward: in tiles, as `scaledDotProductAttention` does it, against the matrix of
// all scores, both compiled. What matters beside the time is the memory.
import { polyadic, uniform } from "./library.mjs";
import { compare } from "./measure.mjs";

const [HEADS, LENGTH, WIDTH] = [4, 2048, 64];

export async function attention() {
  const { explain, jit, tensor, scaledDotProductAttention, softmax, valueAndGrad } = polyadic;
  const draw = () =>
    tensor(uniform(Float32Array, HEADS * LENGTH * WIDTH, -1, 1), { shape: [1, HEADS, LENGTH, WIDTH] });
  const [q, k, v] = [draw(), draw(), draw()];
  const tiled = (q, k, v) => scaledDotProductAttention(q, k, v);
  const whole = (q, k, v) =>
    softmax(q.matmul(k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(WIDTH)), { axis: -1 }).matmul(v);
  const gradientOf = (f) => valueAndGrad((q, k, v) => f(q, k, v).square().mean(), { argnums: [0, 1, 2] });
  const rows = [];
  const memory = {};
  for (const [name, wrap] of [
    ["forward", (f) => f],
    ["value and gradient", gradientOf],
  ]) {
    const candidates = {};
    for (const [label, f] of Object.entries({ polyadic: wrap(tiled), "all scores at once": wrap(whole) })) {
      const compiled = jit(f);
      candidates[label] = () => void compiled(q, k, v);
      memory[`${name}, ${label}`] = `${(explain(f)(q, k, v).arenaBytes / 1e6).toFixed(1)} MB`;
    }
    const work = `attention, ${HEADS} heads of ${WIDTH}, ${LENGTH} tokens, float32, ${name}`;
    rows.push(...(await compare(work, candidates, { show: (ms) => `${ms.toFixed(0)} ms`, rounds: 9 })));
  }
  return { rows, memory };
}
