import "../ops/methods.ts";

export { runCli } from "./program.ts";
export type { Output, Streams } from "./streams.ts";
