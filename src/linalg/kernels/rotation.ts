// Plane rotations whose sine and cosine are accurate over the whole range of numbers.

/** The last rotation: cosine, sine, length. One reused triple, so that the inner loops allocate nothing. */
export const givens: Float64Array = new Float64Array(3);

/** Finds c, s, r with c f + s g = r and c g − s f = 0, into `givens`. r >= 0 unless g is zero. */
export function rotation(f: number, g: number): void {
  if (g === 0) {
    givens[0] = 1;
    givens[1] = 0;
    givens[2] = f;
    return;
  }
  const size = Math.abs(f) + Math.abs(g);
  if (size > 1e-140 && size < 1e140) {
    const r = Math.sqrt(f * f + g * g);
    givens[0] = f / r;
    givens[1] = g / r;
    givens[2] = r;
    return;
  }
  // Squares would leave the range, and a subnormal length would spoil c² + s² = 1.
  const factor = size < 1 ? 2 ** 600 : 2 ** -600;
  const a = f * factor;
  const b = g * factor;
  const r = Math.hypot(a, b);
  givens[0] = a / r;
  givens[1] = b / r;
  givens[2] = r / factor;
}
