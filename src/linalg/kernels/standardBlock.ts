// Schur factorization of a real 2 x 2 matrix in standard form: upper triangular, or with equal diagonal entries and
// off-diagonal ones of opposite sign (a pair of complex eigenvalues).
// Source: Bai and Demmel, "On swapping diagonal blocks in real Schur form" (1993), section 3.

/** The last block: entries a, b, c, d, then the eigenvalues (real and imaginary parts), then cosine and sine. */
export const standard: Float64Array = new Float64Array(10);

const EPS = 2 ** -52;
const sign = (x: number): number => (x < 0 || Object.is(x, -0) ? -1 : 1);

/** Fills `standard` for the matrix [a b; c d]: with G = [cos sin; −sin cos], G [a b; c d] Gᵀ is of standard form. */
export function standardise(a: number, b: number, c: number, d: number): void {
  let cos = 1;
  let sin = 0;
  if (c === 0) {
    // Upper triangular as it is.
  } else if (b === 0) {
    cos = 0;
    sin = 1;
    const held = d;
    d = a;
    a = held;
    b = -c;
    c = 0;
  } else if (a - d !== 0 || sign(b) === sign(c)) {
    const gap = a - d;
    const p = gap / 2;
    const most = Math.max(Math.abs(b), Math.abs(c));
    const least = Math.min(Math.abs(b), Math.abs(c)) * sign(b) * sign(c);
    const size = Math.max(Math.abs(p), most);
    let z = (p / size) * p + (most / size) * least;
    if (z >= 4 * EPS) {
      // Two real eigenvalues.
      z = p + sign(p) * Math.sqrt(size) * Math.sqrt(z);
      a = d + z;
      d -= (most / z) * least;
      const r = Math.hypot(c, z);
      cos = z / r;
      sin = c / r;
      b -= c;
      c = 0;
    } else {
      // Complex eigenvalues, or nearly equal real ones: equal diagonal entries.
      const sigma = b + c;
      const r = Math.hypot(sigma, gap);
      cos = Math.sqrt((1 + Math.abs(sigma) / r) / 2);
      sin = -(p / (r * cos)) * sign(sigma);
      const aa = a * cos + b * sin;
      const bb = -a * sin + b * cos;
      const cc = c * cos + d * sin;
      const dd = -c * sin + d * cos;
      a = aa * cos + cc * sin;
      b = bb * cos + dd * sin;
      c = -aa * sin + cc * cos;
      d = -bb * sin + dd * cos;
      const middle = (a + d) / 2;
      a = middle;
      d = middle;
      if (c !== 0) {
        if (b === 0) {
          b = -c;
          c = 0;
          const held = cos;
          cos = -sin;
          sin = held;
        } else if (sign(b) === sign(c)) {
          const rootB = Math.sqrt(Math.abs(b));
          const rootC = Math.sqrt(Math.abs(c));
          const half = sign(c) * rootB * rootC;
          const inverse = 1 / Math.sqrt(Math.abs(b + c));
          a = middle + half;
          d = middle - half;
          b -= c;
          c = 0;
          const held = cos * rootB * inverse - sin * rootC * inverse;
          sin = cos * rootC * inverse + sin * rootB * inverse;
          cos = held;
        }
      }
    }
  }
  const imaginary = c === 0 ? 0 : Math.sqrt(Math.abs(b)) * Math.sqrt(Math.abs(c));
  standard[0] = a;
  standard[1] = b;
  standard[2] = c;
  standard[3] = d;
  standard[4] = a;
  standard[5] = imaginary;
  standard[6] = d;
  standard[7] = -imaginary;
  standard[8] = cos;
  standard[9] = sin;
}
