import { device } from "../../device/current.ts";
import type { FloatArray } from "../../device/device.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** √Σ|x|² of a float or complex tensor as a number; safe against overflow and underflow. O(size). */
export function frobenius(x: Tensor): number {
  const data = x.data() as FloatArray;
  const direct = device.reduce("sumSquares", data, 0, data.length);
  if (direct > 1e-200 && direct < 1e30) return Math.sqrt(direct);
  // Squares may have left the range: scale by the largest entry first.
  let largest = 0;
  for (let i = 0; i < data.length; i++) largest = Math.max(largest, Math.abs(data[i]!));
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let total = 0;
  for (let i = 0; i < data.length; i++) total += (data[i]! / largest) ** 2;
  return largest * Math.sqrt(total);
}
