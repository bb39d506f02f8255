// Property tests draw the same cases in every run; FC_SEED=1 npm test draws others.
import fc from "fast-check";
import { inject } from "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    seed: number;
  }
}

fc.configureGlobal({ seed: inject("seed") });
