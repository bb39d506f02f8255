import "../ops/methods.ts";

export type { Norm } from "./arguments.ts";
export { type ConvolveMode, type ConvolveOptions, fftConvolve, fftCorrelate } from "./convolve.ts";
export type { TrigonometricType } from "./cosine.ts";
export {
  type FftnOptions,
  type FftOptions,
  fft,
  fft2,
  fftn,
  hfft,
  ifft,
  ifft2,
  ifftn,
  ihfft,
  irfft,
  irfft2,
  irfftn,
  rfft,
  rfft2,
  rfftn,
} from "./fft.ts";
export {
  type FastLengthOptions,
  fftfreq,
  fftshift,
  ifftshift,
  nextFastLength,
  rfftfreq,
  type ShiftOptions,
} from "./frequencies.ts";
export { type ApproximateHammingOptions, approximateHammingDistances } from "./hamming/approximate.ts";
export { hammingDistancesBounded } from "./hamming/bounded.ts";
export {
  type HammingMethod,
  type HammingOptions,
  type HammingWork,
  hammingDistances,
} from "./hamming/exact.ts";
export { countingThreeSum, type SumsetCounts, sumsetCounts } from "./hamming/sumset.ts";
export type { Symbols } from "./hamming/symbols.ts";
export { type HartleyOptions, hartley, ihartley } from "./hartley.ts";
export { type NufftOptions, nufft1, nufft2, nufft3 } from "./nonuniform/nufft.ts";
export { intt, type NttConvolveOptions, type NttOptions, ntt, nttConvolve } from "./ntt.ts";
export {
  type SphericalGrid,
  type SphericalGridKind,
  type SphericalGridOptions,
  sphericalGrid,
} from "./spherical/grid.ts";
export {
  irsht,
  isht,
  rsht,
  type SphericalAnalysisOptions,
  type SphericalSynthesisOptions,
  sht,
} from "./spherical/sht.ts";
export {
  dct,
  dctn,
  dst,
  dstn,
  idct,
  idctn,
  idst,
  idstn,
  type TrigonometricManyOptions,
  type TrigonometricOptions,
} from "./trigonometric.ts";
export { iwalshHadamard, type WalshOptions, type WalshOrder, walshHadamard } from "./walsh.ts";
