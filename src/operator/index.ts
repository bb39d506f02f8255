import "../ops/methods.ts";

export {
  conjugateDirectionNet,
  type DirectionNetOptions,
  type DirectionNetParams,
} from "./conjugateDirectionNet.ts";
export {
  type DirectionTraining,
  netDirection,
  type TrainDirectionOptions,
  trainDirectionNet,
} from "./trainDirectionNet.ts";
