// The page must be what its project says: with the wrong headers every test would pass all the same.
import { inject } from "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** Whether the page is cross-origin isolated, so that memory can be shared. */
    isolated: boolean;
  }
}

if (globalThis.crossOriginIsolated !== inject("isolated"))
  throw new Error(`the page is ${inject("isolated") ? "not " : ""}cross-origin isolated`);
