// Which device computes. Native libraries are taken where the system has them, then WebAssembly, then plain loops;
// POLYADIC_DEVICE or `setDevice` choose otherwise.

import { DomainError, MissingPackageError } from "../tensor/errors.ts";
import type { Device } from "./device.ts";
import type { Missing } from "./native/library.ts";
import { nativeDevice, setNativeThreads } from "./native/native.ts";
import { scalarDevice } from "./scalar.ts";
import { setThreads as setPoolThreads } from "./wasm/threads/pool.ts";
import { wasmDevice } from "./wasm/wasm.ts";

/** The devices by name. */
export const DEVICES = ["native", "wasm", "scalar"] as const;
export type DeviceName = (typeof DEVICES)[number];

interface NodeProcess {
  readonly env?: Record<string, string | undefined>;
  emitWarning?(message: string): void;
}
const nodeProcess = (globalThis as { process?: NodeProcess }).process;

const isMissing = (found: Device | Missing): found is Missing => "reason" in found;

/** The device of that name, or why there is none. */
function find(name: DeviceName): Device | Missing {
  if (name === "scalar") return scalarDevice;
  const wasm = wasmDevice();
  if (name === "native") return nativeDevice(wasm ?? scalarDevice);
  return wasm ?? { reason: "this engine has no WebAssembly SIMD", isUsual: true };
}

function initialDevice(): Device {
  const asked = nodeProcess?.env?.["POLYADIC_DEVICE"];
  const isKnown = asked === undefined || DEVICES.includes(asked as DeviceName);
  if (!isKnown) warn(`POLYADIC_DEVICE: one of ${DEVICES.join(", ")} was expected, got ${asked}`);
  const first = asked !== undefined && isKnown ? DEVICES.indexOf(asked as DeviceName) : 0;
  for (const name of DEVICES.slice(first)) {
    const found = find(name);
    if (!isMissing(found)) return found;
    if (name === asked || !found.isUsual) warn(`there is no ${name} device: ${found.reason}`);
  }
  return scalarDevice;
}

const warn = (message: string): void => nodeProcess?.emitWarning?.(`polyadic: ${message}`);

/** The device on which primitives run. */
export let device: Device = initialDevice();

/**
 * Chooses the device for everything that follows: "native" (the system's OpenBLAS or MKL, through the package koffi),
 * "wasm" or "scalar" (plain loops). Results agree to rounding.
 *
 * @throws DomainError for another name; MissingPackageError when the device cannot be had here, saying why.
 */
export function setDevice(name: DeviceName): void {
  if (!DEVICES.includes(name))
    throw new DomainError(`setDevice: one of ${DEVICES.join(", ")} was expected, got ${name}`);
  const found = find(name);
  if (isMissing(found))
    throw new MissingPackageError(`setDevice: there is no ${name} device: ${found.reason}`);
  device = found;
}

/** Sets how many threads large kernels may use, those of the native library too; 1 stops the pool. */
export function setThreads(count: number): void {
  setPoolThreads(count);
  setNativeThreads(count);
}
