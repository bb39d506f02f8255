// The compiled kernels of the matrix product, one set per element type, and the sizes of its blocks.

import type { MatrixType } from "../device.ts";
import { hasRelaxedSimd } from "./features.ts";
import { type GemmKernels, gemmModule } from "./gemm_kernels.ts";
import { sharedMemory } from "./memory.ts";
import type { SharedKernel } from "./threads/pool.ts";

/**
 * Rows of a tile and vectors across it: 8 accumulators, 4 vectors of b, 2 of a and a product fit into the 15 registers
 * that V8 gives out. A row of the tile is a cache line of c.
 */
export const TILE_ROWS: number = 2;
const TILE_VECTORS = 4;
/** Reals along k of a block: a panel of b then takes half of a first-level cache of 32 kB. */
export const KC: number = 256;
/** Reals along n of a block of b. */
export const NC: number = 1024;
/** Bytes of a block of c that waits in memory while the blocks along k are added. */
export const C_BYTES: number = 1 << 23;
/** Shifts the diagonal out of every block. */
export const NO_DIAGONAL: number = 1 << 30;

/** Products of a block below this count of multiplications are not worth a second thread. */
export const SMALLEST_PART: number = 1 << 20;

export interface Kernels extends GemmKernels {
  /** The block kernel, as other threads load it. */
  readonly shared: SharedKernel;
}

const kernels = new Map<MatrixType, Kernels>();

export function kernelsOf(type: MatrixType): Kernels {
  let found = kernels.get(type);
  if (!found) {
    const bytes = gemmModule({
      bytes: type === "float32" || type === "complex64" ? 4 : 8,
      width: type.startsWith("complex") ? 2 : 1,
      fused: hasRelaxedSimd(),
      tileRows: TILE_ROWS,
      tileVectors: TILE_VECTORS,
    });
    const imports = { env: { memory: sharedMemory() } };
    const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports)
      .exports as unknown as GemmKernels;
    const run = exports.block as SharedKernel["run"];
    found = { ...exports, shared: { bytes, name: "block", run } };
    kernels.set(type, found);
  }
  return found;
}

/** Forgets the compiled kernels, so that tests can change what the engine accepts. */
export function forgetGemmKernels(): void {
  kernels.clear();
}
