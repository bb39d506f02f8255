// Products and systems of the small row-major matrices that a Kalman filter works with.

/** A `[n, m]` times B `[m, p]`. */
export function times(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  n: number,
  m: number,
  p: number,
): Float64Array {
  const out = new Float64Array(n * p);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < m; k++) {
      const factor = a[i * m + k]!;
      if (factor === 0) continue;
      for (let j = 0; j < p; j++) out[i * p + j]! += factor * b[k * p + j]!;
    }
  return out;
}

/** A `[n, m]` times Bᵀ, B `[p, m]`. */
export function timesTransposed(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  n: number,
  m: number,
  p: number,
): Float64Array {
  const out = new Float64Array(n * p);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < p; j++) {
      let sum = 0;
      for (let k = 0; k < m; k++) sum += a[i * m + k]! * b[j * m + k]!;
      out[i * p + j] = sum;
    }
  return out;
}

/** (P + Pᵀ)/2 in place. */
export function symmetrize(p: Float64Array, n: number): void {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const mean = (p[i * n + j]! + p[j * n + i]!) / 2;
      p[i * n + j] = mean;
      p[j * n + i] = mean;
    }
}

/** Solves A X = B for B `[n, columns]` in place, by elimination with partial pivoting; A `[n, n]` is destroyed. */
export function solveSquare(a: Float64Array, b: Float64Array, n: number, columns: number): void {
  for (let k = 0; k < n; k++) {
    let top = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]!) > Math.abs(a[top * n + k]!)) top = i;
    if (top !== k) {
      exchange(a, k * n, top * n, n);
      exchange(b, k * columns, top * columns, columns);
    }
    const pivot = a[k * n + k]!;
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k]! / pivot;
      if (factor === 0) continue;
      for (let j = k + 1; j < n; j++) a[i * n + j]! -= factor * a[k * n + j]!;
      for (let j = 0; j < columns; j++) b[i * columns + j]! -= factor * b[k * columns + j]!;
    }
  }
  for (let i = n - 1; i >= 0; i--)
    for (let j = 0; j < columns; j++) {
      let sum = b[i * columns + j]!;
      for (let k = i + 1; k < n; k++) sum -= a[i * n + k]! * b[k * columns + j]!;
      b[i * columns + j] = sum / a[i * n + i]!;
    }
}

function exchange(x: Float64Array, a: number, b: number, count: number): void {
  for (let j = 0; j < count; j++) {
    const held = x[a + j]!;
    x[a + j] = x[b + j]!;
    x[b + j] = held;
  }
}

/**
 * Solves A X = B for symmetric positive definite A, in place, by Cholesky. A covariance that rounding has made singular
 * gets a little more on its diagonal. A `[n, n]` is destroyed.
 */
export function solveDefinite(a: Float64Array, b: Float64Array, n: number, columns: number): void {
  for (let j = 0; j < n; j++) {
    const scale = a[j * n + j]!;
    let pivot = scale;
    for (let k = 0; k < j; k++) pivot -= a[j * n + k]! ** 2;
    const root = Math.sqrt(Math.max(pivot, scale * Number.EPSILON, Number.MIN_VALUE));
    a[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * n + k]! * a[j * n + k]!;
      a[i * n + j] = sum / root;
    }
  }
  for (let c = 0; c < columns; c++) {
    for (let i = 0; i < n; i++) {
      let sum = b[i * columns + c]!;
      for (let k = 0; k < i; k++) sum -= a[i * n + k]! * b[k * columns + c]!;
      b[i * columns + c] = sum / a[i * n + i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = b[i * columns + c]!;
      for (let k = i + 1; k < n; k++) sum -= a[k * n + i]! * b[k * columns + c]!;
      b[i * columns + c] = sum / a[i * n + i]!;
    }
  }
}
