// The linear memory that all kernels work in. Nothing lives in it between calls: every call lays out its own buffers
// from address 0, so one memory of bounded size serves everything. Above that are the tables of Fourier transforms, and
// then the arenas of compiled programs, one on top of the other where they call each other.

const PAGE = 65536;
/** Readable bytes past the end of every layout: kernels may load whole vectors at the edge of a buffer. */
const SLACK = 4096;

/** Pages that a shared memory may grow to: what 32-bit addresses reach, or less where that is refused. */
const SHARED_PAGES = [65536, 16384];

let memory: WebAssembly.Memory | undefined;
/** Pages of the limit when the memory is shared between threads, else 0. */
let limit = 0;
let u8View: Uint8Array = new Uint8Array(0);
let f32View: Float32Array = new Float32Array(0);
let f64View: Float64Array = new Float64Array(0);

/** The memory to hand to a module at instantiation. */
export function sharedMemory(): WebAssembly.Memory {
  if (!memory) {
    memory = makeMemory();
    refresh(memory);
  }
  return memory;
}

function makeMemory(): WebAssembly.Memory {
  const isAllowed = typeof SharedArrayBuffer === "function" && globalThis.crossOriginIsolated !== false;
  for (const maximum of isAllowed ? SHARED_PAGES : []) {
    try {
      const shared = new WebAssembly.Memory({ initial: 4, maximum, shared: true });
      limit = maximum;
      return shared;
    } catch {
      // Tried again with a lower limit, then without sharing.
    }
  }
  return new WebAssembly.Memory({ initial: 4 });
}

/** Whether threads can share the memory; makes it when there is none. */
export const sharesMemory = (): boolean => memoryLimit() > 0;

/** The limit in pages that a module must import the memory with; 0 for one that is not shared. */
export function memoryLimit(): number {
  sharedMemory();
  return limit;
}

function refresh({ buffer }: WebAssembly.Memory): void {
  u8View = new Uint8Array(buffer);
  f32View = new Float32Array(buffer);
  f64View = new Float64Array(buffer);
}

/** Makes `bytes` bytes usable. Views taken before are stale afterwards. */
export function reserve(bytes: number): void {
  const current = sharedMemory();
  const missing = bytes + SLACK - current.buffer.byteLength;
  if (missing > 0) {
    current.grow(Math.ceil(missing / PAGE));
    refresh(current);
  }
}

/** The memory as numbers of 4 or 8 bytes. */
export function memoryView(bytes: 4 | 8): Float32Array | Float64Array {
  return bytes === 4 ? f32View : f64View;
}

/** The memory as bytes. */
export const memoryView8 = (): Uint8Array => u8View;

/** `bytes` rounded up to whole cache lines; they may be more than 32 bits count. */
export const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** More than any kernel lays out from address 0. Pages that are never touched take no memory. */
export const SCRATCH: number = 32 << 20;
/** Where tables that outlive calls lie (the roots of Fourier transforms), and how many bytes they may take. */
export const TABLES_AT: number = SCRATCH;
export const TABLES_BYTES: number = 16 << 20;
let top = TABLES_AT + TABLES_BYTES;

/** Where the last arena must end: kernels compare addresses as signed numbers of 32 bits. */
const ARENAS_END = 2 ** 31 - SLACK;

/** Whether an arena of `bytes` bytes can be had on top of the others. Makes the memory grow for it. */
export function hasRoom(bytes: number): boolean {
  const end = top + align(bytes);
  if (end > ARENAS_END) return false;
  try {
    reserve(end);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The address of a new arena of `bytes` bytes on top of the others; `leaveArena` with the same number gives it back. */
export function enterArena(bytes: number): number {
  const base = top;
  reserve(base + align(bytes));
  top = base + align(bytes);
  return base;
}

export function leaveArena(bytes: number): void {
  top -= align(bytes);
}
