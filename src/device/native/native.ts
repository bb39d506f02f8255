// The native device: matrix products and factorizations by the system's BLAS and LAPACK; the rest by the device below.

import type { Device } from "../device.ts";
import { nativeGemm } from "./blas.ts";
import { nativeLapack } from "./lapack.ts";
import { type Library, type Missing, openLibrary } from "./library.ts";

let found: Library | Missing | undefined;

/** The device on top of `below`, or why there is none. The library is looked for once. */
export function nativeDevice(below: Device): Device | Missing {
  found ??= openLibrary();
  if ("reason" in found) return found;
  const gemm = nativeGemm(found, below.gemm);
  return {
    ...below,
    name: "native",
    gemm,
    gemmBatch: (type, m, n, k, products) => {
      for (const { a, b, target } of products) gemm(type, m, n, k, a, b, target);
    },
    lapack: nativeLapack(found),
  };
}

/** How many threads the library may use, where it can be told. */
export function setNativeThreads(count: number): void {
  if (!found || "reason" in found || !found.isOpenBlas) return;
  found.declare("void openblas_set_num_threads(int)")(count);
}
