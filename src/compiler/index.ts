import "../ops/methods.ts";

export { jit } from "./jit.ts";
