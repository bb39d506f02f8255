import { withAnyLength } from "../bluestein.ts";
import type { Device } from "../device.ts";
import { binary, unary } from "./elementwise.ts";
import { hasSimd } from "./features.ts";
import { fftSmoothWasm } from "./fft/fft.ts";
import { gemm, gemmBatch, gemmImplicit } from "./gemm.ts";
import { holdColumns } from "./held.ts";
import { axpy, dot, reduce } from "./reductions.ts";
import { slide } from "./sliding.ts";

/** The device of generated WebAssembly SIMD kernels, or undefined where the engine has no SIMD. */
export function wasmDevice(): Device | undefined {
  if (!hasSimd()) return undefined;
  return {
    name: "wasm",
    unary,
    binary,
    reduce,
    dot,
    axpy,
    gemm,
    gemmBatch,
    gemmImplicit,
    slide,
    holdColumns,
    fft: withAnyLength(fftSmoothWasm),
  };
}
