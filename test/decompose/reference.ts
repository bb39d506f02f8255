// Reference values that test/reference/decompose.py computed, as tensors.

import { readFileSync } from "node:fs";
import { type DType, type Tensor, tensor } from "polyadic/tensor";

/** Complex numbers as pairs of entries. */
export interface Packed {
  readonly shape: readonly number[];
  readonly complex: boolean;
  readonly data: readonly number[];
}

export interface Products {
  readonly x: Packed;
  readonly factors: readonly Packed[];
  readonly matrix: Packed;
  readonly unfold: readonly Packed[];
  readonly khatriRao: Packed;
  readonly kronecker: Packed;
  readonly modeProduct: Packed;
  readonly mttkrp: readonly Packed[];
  readonly cpFull: Packed;
}

export interface Alternating {
  readonly x: Packed;
  readonly start: readonly Packed[];
  readonly errors: readonly number[];
}

export interface Reference {
  readonly real: Products;
  readonly complex: Products;
  readonly truncations: {
    readonly x: Packed;
    readonly norm: number;
    readonly ranks: readonly number[];
    readonly spectra: readonly (readonly number[])[];
    readonly hosvd: number;
    readonly sthosvd: number;
    readonly hooi: number;
    readonly tt: number;
  };
  readonly als: { readonly real: Alternating; readonly complex: Alternating };
}

export const reference: Reference = JSON.parse(
  readFileSync(new URL("../reference/decompose.json", import.meta.url), "utf8"),
) as Reference;

export const unpack = (
  { shape, complex, data }: Packed,
  dtype: DType = complex ? "complex128" : "float64",
): Tensor =>
  tensor(Float64Array.from(data), { shape, dtype: complex ? "complex128" : "float64" }).astype(dtype);
