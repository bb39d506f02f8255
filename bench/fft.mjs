// Fourier transforms of float64 on one thread, through tensors: results in new memory, as NumPy's are. GFLOP/s counts
// the usual 5 n log2 n operations (half of them for real input).
import { polyadic, uniform } from "./library.mjs";
import { compare } from "./measure.mjs";

/** Shapes of complex transforms along the last axis, or all axes of three. */
const COMPLEX = [[2 ** 10], [2 ** 16], [2 ** 20], [1000000], [1000003], [1000, 1000], [128, 128, 128]];
const REQUIRED = { 1048576: { NumPy: 0.8 } };

const sizeOf = (shape) => shape.reduce((size, n) => size * n, 1);

export async function fft({ numpy }) {
  const rows = [];
  const measure = async (name, shape, isReal) => {
    const size = sizeOf(shape);
    const length = name.endsWith("n") ? size : shape.at(-1);
    const numbers = uniform(Float64Array, isReal ? size : 2 * size, -1, 1);
    const x = polyadic.fromTypedArray(numbers, shape, isReal ? "float64" : "complex128");
    const repeats = Math.max(1, Math.floor(2e5 / size));
    const flops = (isReal ? 2.5 : 5) * size * Math.log2(length);
    const candidates = {
      polyadic: () => {
        const start = performance.now();
        for (let i = 0; i < repeats; i++) polyadic[name](x);
        return (performance.now() - start) / repeats;
      },
    };
    if (numpy)
      candidates[numpy.name] = async () =>
        (await numpy.time(`fourier ${name} ${shape.join(",")} ${repeats}`)) / repeats;
    const show = (ms) => `${ms.toFixed(ms < 1 ? 4 : 1)} ms, ${(flops / ms / 1e6).toFixed(1)} GFLOP/s`;
    const options = { show, rounds: 11, required: isReal ? {} : REQUIRED[shape.join("x")] };
    rows.push(...(await compare(`${name} of ${shape.join(" x ")}`, candidates, options)));
  };
  for (const shape of COMPLEX) await measure(shape.length === 3 ? "fftn" : "fft", shape, false);
  for (const shape of [[2 ** 10], [2 ** 20]]) await measure("rfft", shape, true);
  return { rows };
}
