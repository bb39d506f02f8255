import "../ops/methods.ts";

export { device } from "./current.ts";
export type { Device } from "./device.ts";
