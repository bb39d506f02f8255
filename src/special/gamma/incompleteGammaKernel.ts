// The regularized incomplete gamma functions P(a, x) and Q(a, x): power series left of the transition at x = a, the
// continued fraction right of it (DLMF 8.7.1, 8.9.2), and near it for large a Temme's uniform expansion (DLMF 8.12,
// Temme 1979), of which the coefficients of cₖ(η) follow from its recurrence. The one that is smaller is computed.

import { erfc } from "../../device/special.ts";
import { EPSILON, log1pmx, polynomial, TINY } from "../numeric.ts";
import { lgamma, reciprocalGamma1pm1, rgamma, scaledGamma } from "./gammaKernel.ts";

/** Taylor coefficients of cₖ(η), k = 0 … 8 */
const TEMME: readonly (readonly number[])[] = [
  [
    -0.3333333333333333, 0.08333333333333333, -0.014814814814814815, 0.0011574074074074073,
    0.0003527336860670194, -0.0001787551440329218, 3.919263178522438e-5, -2.185448510679992e-6,
    -1.85406221071516e-6, 8.296711340953087e-7, -1.7665952736826078e-7, 6.707853543401498e-9,
    1.0261809784240309e-8, -4.382036018453353e-9, 9.14769958223679e-10, -2.5514193994946248e-11,
    -5.830772132550426e-11, 2.4361948020667415e-11, -5.0276692801141755e-12, 1.1004392031956135e-13,
    3.371763262400985e-13, -1.392388722418162e-13, 2.8534893807047445e-14, -5.139111834242572e-16,
    -1.9752288294349442e-15, 8.099521156704561e-16,
  ],
  [
    -0.001851851851851852, -0.003472222222222222, 0.0026455026455026454, -0.0009902263374485596,
    0.00020576131687242798, -4.018775720164609e-7, -1.8098550334489977e-5, 7.64916091608111e-6,
    -1.6120900894563446e-6, 4.647127802807434e-9, 1.378633446915721e-7, -5.752545603517705e-8,
    1.1951628599778148e-8, -1.7543241719747647e-11, -1.0091543710600413e-9, 4.162792991842583e-10,
    -8.56390702649298e-11, 6.067215101604758e-14, 7.1624989648114856e-12, -2.933186643771437e-12,
    5.996696365683689e-13, -2.1671786527323313e-16,
  ],
  [
    0.004133597883597883, -0.0026813271604938273, 0.0007716049382716049, 2.0093878600823047e-6,
    -0.0001073665322636516, 5.2923448829120125e-5, -1.2760635188618728e-5, 3.423578734096138e-8,
    1.3721957309062934e-6, -6.298992138380055e-7, 1.4280614206064242e-7, -2.0477098421990866e-10,
    -1.409252991086752e-8, 6.228974084922022e-9, -1.3670488396617114e-9, 9.428356159014678e-13,
    1.2872252400089318e-10, -5.5645956134363323e-11, 1.197593554636698e-11, -4.1689782251838634e-15,
  ],
  [
    0.0006494341563786008, 0.00022947209362139917, -0.0004691894943952557, 0.00026772063206283885,
    -7.561801671883977e-5, -2.396505113867297e-7, 1.1082654115347302e-5, -5.6749528269915965e-6,
    1.4230900732435883e-6, -2.7861080291528143e-11, -1.6958404091930278e-7, 8.099464905388083e-8,
    -1.9111168485973655e-8, 2.3928620439808118e-12, 2.0620131815488797e-9, -9.460496661855133e-10,
    2.1541049775774907e-10,
  ],
  [
    -0.0008618882909167117, 0.0007840392217200666, -0.0002990724803031902, -1.4638452578843418e-6,
    6.641498215465122e-5, -3.968365047179435e-5, 1.1375726970678419e-5, 2.507497226237533e-10,
    -1.6954149536558305e-6, 8.907507532205309e-7, -2.292934834000805e-7, 2.956794137544049e-11,
    2.8865829742708783e-8, -1.4189739437803219e-8,
  ],
  [
    -0.00033679855336635813, -6.972813758365857e-5, 0.0002772753244959392, -0.00019932570516188847,
    6.797780477937208e-5, 1.419062920643967e-7, -1.3594048189768693e-5, 8.018470256334202e-6,
    -2.291481176508095e-6, -3.252473551298454e-10, 3.4652846491085265e-7, -1.8447187191171344e-7,
  ],
  [
    0.0005313079364639922, -0.0005921664373536939, 0.0002708782096718045, 7.902353232660328e-7,
    -8.153969367561969e-5, 5.61168275310625e-5, -1.8329116582843375e-5, -3.0796134506033047e-9,
    3.465155368803609e-6, -2.0291327396058603e-6,
  ],
  [
    0.00034436760689237765, 5.171790908260592e-5, -0.00033493161081142234, 0.0002812695154763237,
    -0.00010976582244684731, -1.2741009095484485e-7, 2.7744451511563645e-5, -1.8263488805711332e-5,
  ],
  [
    -0.0006526239185953094, 0.0008394987206720873, -0.000438297098541721, -6.969091458420552e-7,
    0.00016644846642067547, -0.00012783517679769218,
  ],
];
/** From here on Temme's expansion has full accuracy with the terms above. */
const UNIFORM_FROM = 60;

/** x^a e^(-x) / Γ(a + 1), without cancellation of large logarithms. */
export function gammaDensity(a: number, x: number): number {
  if (x === 0) return a === 0 ? 1 : 0;
  if (a < 8) {
    const value = x ** a * Math.exp(-x) * rgamma(a + 1);
    if (value > 1e-290 && value < 1e290) return value;
    return Math.exp(a * Math.log(x) - x - lgamma(a + 1));
  }
  const mu = (x - a) / a;
  const exponent = mu < -0.6 ? a * (Math.log(x / a) - mu) : a * log1pmx(mu);
  return Math.exp(exponent) / (Math.sqrt(2 * Math.PI * a) * scaledGamma(a));
}

/** P by Σ x^n / ((a + 1) … (a + n)). */
function series(a: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 100000; n++) {
    term *= x / (a + n);
    sum += term;
    if (term < 0.1 * EPSILON * sum) break;
  }
  return gammaDensity(a, x) * sum;
}

/** Q by Legendre's continued fraction, with Lentz's algorithm. */
function fraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 100000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = an * d + b;
    if (Math.abs(d) < TINY) d = TINY;
    c = b + an / c;
    if (Math.abs(c) < TINY) c = TINY;
    d = 1 / d;
    const factor = d * c;
    h *= factor;
    if (Math.abs(factor - 1) < EPSILON) break;
  }
  return gammaDensity(a, x) * a * h;
}

/** Q for small a and x: 1 - x^a / Γ(1 + a) · Σ a (-x)^n / ((a + n) n!), with the leading 1 cancelled by hand. */
function smallUpper(a: number, x: number): number {
  const power = a * Math.log(x);
  const whole = -Math.expm1(power + Math.log1p(reciprocalGamma1pm1(a)));
  let term = 1;
  let sum = 0;
  for (let n = 1; n < 200; n++) {
    term *= -x / n;
    const next = term / (a + n);
    sum += next;
    if (Math.abs(next) < 0.1 * EPSILON * Math.abs(sum)) break;
  }
  return whole - Math.exp(power) * (1 + reciprocalGamma1pm1(a)) * a * sum;
}

/** Temme's expansion; for the upper function if told. */
function uniform(a: number, x: number, isUpper: boolean): number {
  const mu = (x - a) / a;
  const half = -log1pmx(mu);
  const eta = Math.sign(mu) * Math.sqrt(2 * half);
  let sum = 0;
  let power = 1;
  for (const coefficients of TEMME) {
    sum += polynomial(eta, coefficients) * power;
    power /= a;
  }
  const correction = (Math.exp(-a * half) * sum) / Math.sqrt(2 * Math.PI * a);
  const argument = eta * Math.sqrt(a / 2);
  return isUpper ? 0.5 * erfc(argument) + correction : 0.5 * erfc(-argument) - correction;
}

const isUniform = (a: number, x: number): boolean => a > UNIFORM_FROM && Math.abs(x - a) < 0.3 * a;
const isOutside = (a: number, x: number): boolean => !(a >= 0 && x >= 0);

/** P(a, x) = γ(a, x) / Γ(a): NaN for negative arguments, 1 for a = 0 < x. */
export function lowerGamma(a: number, x: number): number {
  if (isOutside(a, x)) return Number.NaN;
  if (a === 0) return x > 0 ? 1 : Number.NaN;
  if (x === 0) return 0;
  if (a === Number.POSITIVE_INFINITY) return x === Number.POSITIVE_INFINITY ? Number.NaN : 0;
  if (x === Number.POSITIVE_INFINITY) return 1;
  if (isUniform(a, x)) return uniform(a, x, false);
  if (x <= 1 || x <= a) return series(a, x);
  return 1 - upperGamma(a, x);
}

/** Q(a, x) = 1 - P(a, x). */
export function upperGamma(a: number, x: number): number {
  if (isOutside(a, x)) return Number.NaN;
  if (a === 0) return x > 0 ? 0 : Number.NaN;
  if (x === 0) return 1;
  if (a === Number.POSITIVE_INFINITY) return x === Number.POSITIVE_INFINITY ? Number.NaN : 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  if (isUniform(a, x)) return uniform(a, x, true);
  if (x > Math.max(1, a)) return fraction(a, x);
  if (x <= 1.1 && a <= 0.5) return smallUpper(a, x);
  return 1 - series(a, x);
}

/** The derivative of P in x: x^(a-1) e^(-x) / Γ(a). */
export function gammaSlope(a: number, x: number): number {
  if (x === 0) return a > 1 ? 0 : a === 1 ? 1 : Number.POSITIVE_INFINITY;
  return (a * gammaDensity(a, x)) / x;
}
