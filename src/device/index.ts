import "../ops/methods.ts";

export { device } from "./current.ts";
export type { Device } from "./device.ts";
export { readyThreads, setThreads, threads } from "./wasm/threads/pool.ts";
