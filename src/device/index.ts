import "../ops/methods.ts";

export { DEVICES, type DeviceName, device, setDevice, setThreads } from "./current.ts";
export type { Device } from "./device.ts";
export { readyThreads, threads } from "./wasm/threads/pool.ts";
