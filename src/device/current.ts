import type { Device } from "./device.ts";
import { scalarDevice } from "./scalar.ts";

/** The device on which primitives run. */
export const device: Device = scalarDevice;
