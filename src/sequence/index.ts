import "../ops/methods.ts";

export {
  type MaskedAttentionOptions,
  maskedAttention,
  type TopologicalMask,
  topologicalMask,
} from "./topologicalMask.ts";
