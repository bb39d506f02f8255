/** Attaches the operations to tensors as methods; every public door loads it, so that no order of imports matters. */
import "../../ops/methods.ts";

export { lowRankMatrix } from "./lowRank.ts";
export { type RandomTreeOptions, randomTree } from "./randomTree.ts";
