/** Attaches the operations to tensors as methods; every public door loads it, so that no order of imports matters. */
import "../../ops/methods.ts";

export {
  type AttributedGraph,
  type BlockModelOptions,
  stochasticBlockModel,
} from "./blockModel.ts";
export { convectionDiffusion } from "./convectionDiffusion.ts";
export { darcy } from "./darcy.ts";
export { type HardStream, type HardStreamKind, type HardStreamOptions, hardStream } from "./hardStream.ts";
export { lowRankMatrix } from "./lowRank.ts";
export { type RandomTreeOptions, randomTree } from "./randomTree.ts";
