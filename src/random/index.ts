import "../ops/methods.ts";

export * from "./distributions.ts";
export { foldIn, type Key, key, split } from "./key.ts";
