// What sampling spares: the Laplacian of a network in 1,000 dimensions from 16 random directions against that from all,
// both compiled. Work and memory follow the number of directions, so the limit is 62.5.
import { polyadic, uniform } from "./library.mjs";
import { compare } from "./measure.mjs";

const DIMENSIONS = 1000;
const SAMPLES = 16;
const ATLEAST = 15;
const SIZES = [DIMENSIONS, 32, 32, 32, 1];

export async function laplacian() {
  const { tensor, key, jit, estimateAlong, sampleDirections, laplacian: operator } = polyadic;
  const random = (...shape) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return tensor(uniform(Float64Array, count, -0.1, 0.1), { shape });
  };
  const layers = SIZES.slice(1).map((n, i) => [random(SIZES[i], n), random(n)]);
  const network = (x) =>
    layers.reduce((h, [w, b], i) => (i === 0 ? h : h.tanh()).matmul(w).add(b), x).squeeze();
  const op = operator();
  const x = random(DIMENSIONS);
  const evaluate = jit((directions, at) => estimateAlong(directions, network, at, op).estimate);
  const [few, all] = [SAMPLES, DIMENSIONS].map((samples) => sampleDirections(key(0), op, x, { samples }));
  const candidates = {
    polyadic: () => void evaluate(few, x),
    "all directions": () => void evaluate(all, x),
  };
  const show = (ms) => `${ms.toFixed(3)} ms`;
  const work = `Laplacian of an MLP ${SIZES.join("-")} from ${SAMPLES} directions, float64, compiled`;
  return { rows: await compare(work, candidates, { show, required: { all: ATLEAST }, rounds: 31 }) };
}
