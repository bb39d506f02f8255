import type { Device } from "./device.ts";
import { scalarDevice } from "./scalar.ts";
import { wasmDevice } from "./wasm/wasm.ts";

/** The device on which primitives run: WebAssembly where the engine has SIMD, else plain loops. */
export const device: Device = wasmDevice() ?? scalarDevice;
