/** A complex number as it appears in nested arrays and as a scalar argument. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

export const complex = (re: number, im = 0): Complex => ({ re, im });

export const isComplexNumber = (value: unknown): value is Complex =>
  typeof value === "object" && value !== null && "re" in value && "im" in value;
