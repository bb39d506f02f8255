// Convolutions of a small residual network, forward and gradient, on one thread: as many multiplications a second as
// the matrix product does is what there is to reach.
import { polyadic, uniform } from "./library.mjs";
import { compare } from "./measure.mjs";

const { conv, tensor, valueAndGrad, wasmDevice } = polyadic;

/** Shapes of x and w, and options. */
const WORK = [
  { name: "3x3, 64 to 64", x: [8, 64, 56, 56], w: [64, 64, 3, 3], padding: 1 },
  { name: "3x3, 128 to 256, stride 2", x: [8, 128, 28, 28], w: [256, 128, 3, 3], padding: 1, strides: 2 },
  { name: "1x1, 64 to 256", x: [8, 64, 56, 56], w: [256, 64, 1, 1], padding: 0 },
  { name: "7x7, 3 to 64, stride 2", x: [2, 3, 224, 224], w: [64, 3, 7, 7], padding: 3, strides: 2 },
  { name: "3x3 depthwise, 64", x: [8, 64, 56, 56], w: [64, 1, 3, 3], padding: 1, groups: 64 },
];

const count = (shape) => shape.reduce((a, b) => a * b, 1);

export async function convolution({ jaxJs, jax, torch }) {
  const rows = [];
  for (const { name, x: xShape, w: wShape, padding, strides = 1, groups = 1 } of WORK) {
    const x = tensor(uniform(Float32Array, count(xShape), -1, 1), { shape: xShape });
    const w = tensor(uniform(Float32Array, count(wShape), -1, 1), { shape: wShape });
    const options = { padding, strides, groups };
    const result = conv(x, w, options);
    const flops = (2 * result.size * w.size) / wShape[0];
    const rate = (work) => (ms) => `${(work / ms / 1e6).toFixed(1)} GFLOP/s`;
    const n = Math.round(Math.cbrt(flops / 2));
    const square = uniform(Float32Array, n * n, -1, 1);
    const view = { data: square, offset: 0, rowStride: n, columnStride: 1 };
    const out = { data: new Float32Array(n * n), offset: 0, rowStride: n };
    const product = () => wasmDevice().gemm("float32", n, n, n, view, view, out);
    const candidates = { polyadic: () => void conv(x, w, options), "matmul of as many products": product };
    if (jax) {
      const [a, b] = [x, w].map((t) => jaxJs.array(t.data()).reshape([...t.shape]));
      const pads = Array(2).fill([padding, padding]);
      const settings = { featureGroupCount: groups };
      candidates["jax-js"] = async () =>
        void (await jax.lax.convGeneralDilated(a.ref, b.ref, [strides, strides], pads, settings).data());
    }
    const request = [xShape.join(), wShape.join(), padding, strides, groups].join(" ");
    if (torch) candidates[torch.name] = () => torch.time(`conv ${request}`);
    rows.push(
      ...(await compare(`convolution ${name}, float32`, candidates, { show: rate(flops), rounds: 9 })),
    );
    // Both gradients: three convolutions of the same cost.
    const both = valueAndGrad((p) => conv(p.x, p.w, options).mul(result).sum());
    const gradient = {
      polyadic: () => void both({ x, w }),
      "matmul of as many products": () => [1, 2, 3].forEach(product),
    };
    if (torch) gradient[torch.name] = () => torch.time(`convgrad ${request}`);
    rows.push(
      ...(await compare(`value and gradients, ${name}`, gradient, { show: rate(3 * flops), rounds: 5 })),
    );
  }
  return { rows };
}
