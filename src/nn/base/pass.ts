// How an evaluation reaches the parts of a composition: every part gets a key of its own.

import type { LinearSite, Pass } from "../../optim/model.ts";
import { type Key, split } from "../../random/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** The pass for each of `count` parts. */
export function splitPass(pass: Pass | undefined, count: number): readonly (Pass | undefined)[] {
  if (!pass?.key) return new Array<Pass | undefined>(count).fill(pass);
  return split(pass.key, count).map((key: Key): Pass => ({ ...pass, key }));
}

/** What a linear map goes on with: its result, or what the pass's tap makes of it. */
export const tapped = (pass: Pass | undefined, site: LinearSite): Tensor =>
  pass?.tap ? pass.tap(site) : site.result;
