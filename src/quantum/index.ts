import "../ops/methods.ts";

export {
  type Ansatz,
  type Antn,
  type AntnOptions,
  type AntnParams,
  type AntnSymmetries,
  antn,
} from "./antn.ts";
export { type DmrgOptions, type DmrgResult, dmrg } from "./dmrg.ts";
export { type GroundState, groundState } from "./groundState.ts";
export {
  allConfigurations,
  type Connections,
  heisenbergJ1J2,
  LocalHamiltonian,
  type LocalTerm,
} from "./hamiltonian.ts";
export { type Lattice, lattice } from "./lattice.ts";
export type { ReconfigurationOptions } from "./reconfiguration.ts";
export {
  type LearnStateResult,
  learnState,
  localEnergies,
  type StateTrainingOptions,
  stateVector,
  type VmcOptions,
  type VmcResult,
  vmc,
} from "./train.ts";
