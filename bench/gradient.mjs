// What reverse mode costs, eagerly: the gradient of an MLP's loss against the loss alone. Three times the products of
// the forward pass are needed for all of them, one less for the first layer, whose input has no gradient.
import { polyadic, uniform } from "./library.mjs";
import { compare } from "./measure.mjs";

const LIMIT = 4;
const SIZES = [784, 512, 512, 10];
const BATCH = 128;

/** Mean cross entropy of a network with tanh between its layers, written the same way for every library. */
const loss = ({ matmul, tanh, exp, log, add, sub, mul, sum, mean }, layers, x, labels) => {
  let h = x;
  layers.forEach(([w, b], i) => {
    h = add(matmul(h, w), b);
    if (i < layers.length - 1) h = tanh(h);
  });
  return mean(sub(log(sum(exp(h))), sum(mul(h, labels))));
};

export async function gradient() {
  const { tensor, valueAndGrad, matmul, tanh, exp, log, add, sub, mul, sum, mean } = polyadic;
  const ops = { matmul, tanh, exp, log, add, sub, mul, mean, sum: (x) => sum(x, { axis: 1 }) };
  const random = (...shape) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return tensor(uniform(Float32Array, count, -0.05, 0.05), { shape });
  };
  const layers = SIZES.slice(1).map((n, i) => [random(SIZES[i], n), random(n)]);
  const x = random(BATCH, SIZES[0]);
  const labels = tensor(
    Float32Array.from({ length: BATCH * 10 }, (_, i) => Number(i % 10 === Math.floor(i / 10) % 10)),
    { shape: [BATCH, 10] },
  );
  const f = (params) => loss(ops, params, x, labels);
  const both = valueAndGrad(f);
  const candidates = { polyadic: () => void both(layers), "forward pass": () => void f(layers) };
  const show = (ms) => `${ms.toFixed(2)} ms`;
  const work = `value and gradient, MLP ${SIZES.join("-")}, batch ${BATCH}, float32, eager (cost at most ${LIMIT} forward passes)`;
  return { rows: await compare(work, candidates, { show, required: { forward: 1 / LIMIT }, rounds: 31 }) };
}
