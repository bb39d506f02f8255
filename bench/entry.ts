// What the benchmarks use of polyadic, bundled by library.mjs.

export { explain, jit } from "../src/compiler/index.ts";
export { cp, relativeError, tt, tucker } from "../src/decompose/index.ts";
export { readyThreads, setDevice, setThreads } from "../src/device/index.ts";
export { get, i32, lane, ModuleBuilder, op } from "../src/device/wasm/assembler.ts";
export { hasRelaxedSimd } from "../src/device/wasm/features.ts";
export { wasmDevice } from "../src/device/wasm/wasm.ts";
export { fft, fftn, rfft } from "../src/fft/index.ts";
export { add, concat, conv, exp, log, matmul, mean, mul, sin, sub, sum, tanh, tensor } from "../src/index.ts";
export {
  Circulant,
  cg,
  Dense,
  eig,
  eigh,
  Hadamard,
  Kronecker,
  qr,
  solve,
  svd,
  Toeplitz,
  tridiagonal,
} from "../src/linalg/index.ts";
export { scaledDotProductAttention, softmax } from "../src/nn/index.ts";
export { dop853, dopri5, solveOde, tsit5 } from "../src/ode/index.ts";
export { estimateAlong, laplacian, sampleDirections } from "../src/physics/index.ts";
export { key } from "../src/random/index.ts";
export { poisson, sparseCholesky, sparseLU } from "../src/sparse/index.ts";
export { fromTypedArray, tree } from "../src/tensor/index.ts";
export { jvp, valueAndGrad, vmap } from "../src/transform/index.ts";
