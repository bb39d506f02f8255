// Conjugate gradients in plain steps, to count them.
import type { SparseMatrix } from "polyadic/sparse";
import { type Tensor, zeros } from "polyadic/tensor";

const dot = (x: Tensor, y: Tensor): number => x.mul(y).sum().item();

/** The number of steps until the residual is `tol` times b, and the solution. */
export function conjugateGradients(
  a: SparseMatrix,
  b: Tensor,
  precondition: (r: Tensor) => Tensor = (r) => r,
  tol = 1e-8,
): { readonly x: Tensor; readonly steps: number } {
  let x = zeros(b.shape);
  let r = b;
  let z = precondition(r);
  let p = z;
  let rz = dot(r, z);
  const target = tol * Math.sqrt(dot(b, b));
  let steps = 0;
  while (Math.sqrt(dot(r, r)) > target && steps < 5000) {
    const q = a.matmul(p);
    const alpha = rz / dot(p, q);
    x = x.add(p.mul(alpha));
    r = r.sub(q.mul(alpha));
    z = precondition(r);
    const next = dot(r, z);
    p = z.add(p.mul(next / rz));
    rz = next;
    steps++;
  }
  return { x, steps };
}
