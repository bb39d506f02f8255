// Debye's polynomials uₖ(t), in which the uniform expansions of Bessel functions of large order are written (DLMF 10.41.9).

/** u₀ … u₁₂, each as coefficients of ascending powers of t. */
export const DEBYE: readonly (readonly number[])[] = debyePolynomials(13);

/** uₖ₊₁ = ½ t² (1 - t²) uₖ' + ⅛ ∫₀ᵗ (1 - 5s²) uₖ ds */
function debyePolynomials(count: number): number[][] {
  const all = [[1]];
  for (let k = 1; k < count; k++) {
    const u = all[k - 1]!;
    const next = new Array<number>(u.length + 3).fill(0);
    u.forEach((c, i) => {
      next[i + 1]! += c * (i / 2 + 1 / (8 * (i + 1)));
      next[i + 3]! -= c * (i / 2 + 5 / (8 * (i + 3)));
    });
    all.push(next);
  }
  return all;
}
