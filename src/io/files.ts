// Bytes from and to the file system: reads whose errors a person understands, and writes that appear whole or not at
// all.
import { randomBytes } from "node:crypto";
import { unlinkSync } from "node:fs";
import { type FileHandle, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileError } from "../tensor/errors.ts";

/** What the operating system calls its errors, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of the path is not a folder",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EISDIR: "is a folder, a file was expected",
  EMFILE: "too many open files",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
  EDQUOT: "the disk quota is exceeded",
};

/** Any error of a file operation as a FileError that names the path; a FileError passes as it is. */
export function fileError(path: string, error: unknown): FileError {
  if (error instanceof FileError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new FileError(`${path}: ${reason}`, { cause: error });
}

/** The largest piece that one read or write moves: Node takes less than 2 GiB a call. */
const PIECE = 2 ** 30;

/** A file open for reading; `read` gives exactly the asked bytes or throws. */
export interface ByteSource {
  readonly path: string;
  readonly size: number;
  read(start: number, count: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Opens a file, hands it to `use`, closes it. Throws FileError when it is missing, unreadable or a folder. */
export async function withFile<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const info = await handle.stat();
    if (info.isDirectory()) throw new FileError(`${path}: ${REASONS.EISDIR}`);
    const file = handle;
    const { size } = info;
    return await use({ path, size, read: (start, count) => readExactly(file, path, start, count) });
  } catch (error) {
    // Errors of the operating system get words; those of the format pass through.
    throw error instanceof Error && "syscall" in error ? fileError(path, error) : error;
  } finally {
    await handle?.close();
  }
}

async function readExactly(
  file: FileHandle,
  path: string,
  start: number,
  count: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(count);
  } catch {
    throw new FileError(`${path}: ${count} bytes do not fit in memory`);
  }
  let filled = 0;
  while (filled < count) {
    const { bytesRead } = await file.read(bytes, filled, Math.min(PIECE, count - filled), start + filled);
    if (bytesRead === 0)
      throw new FileError(
        `${path}: the file ends after ${start + filled} bytes, ${start + count} were expected`,
      );
    filled += bytesRead;
  }
  return bytes;
}

/** A whole file, in memory of its own. Throws FileError. */
export function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return withFile(path, ({ size, read }) => read(0, size));
}

/** Unfinished temporary files of this process, removed when it ends before they are renamed. */
const unfinished = new Set<string>();
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function removeUnfinished(): void {
  for (const path of unfinished) {
    try {
      unlinkSync(path);
    } catch {
      // Already gone, or about to be renamed: nothing half-written can be left under the final name.
    }
  }
}

function onSignal(signal: NodeJS.Signals): void {
  removeUnfinished();
  // A listener keeps Node from ending on the signal; when it is the only one, the signal is raised again.
  if (process.listenerCount(signal) === 1) {
    process.off(signal, onSignal);
    process.kill(process.pid, signal);
  }
}

function watch(path: string): void {
  if (unfinished.size === 0) {
    for (const signal of SIGNALS) process.on(signal, onSignal);
    process.on("exit", removeUnfinished);
  }
  unfinished.add(path);
}

function unwatch(path: string): void {
  unfinished.delete(path);
  if (unfinished.size > 0) return;
  for (const signal of SIGNALS) process.off(signal, onSignal);
  process.off("exit", removeUnfinished);
}

/** Pieces of a file, in order; text is written as UTF-8. */
export type Chunks = Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string> | Uint8Array | string;

/**
 * Writes a file that appears whole or not at all: under a temporary name in the same folder, flushed to the disk, then
 * renamed. The temporary file is removed on an error and on SIGINT, SIGTERM and SIGHUP; a process that is killed
 * outright leaves it, and never a half-written target. A link is followed; a device or pipe is written to directly.
 * Throws FileError.
 */
export async function writeFileAtomic(path: string, chunks: Chunks): Promise<void> {
  const pieces = typeof chunks === "string" || chunks instanceof Uint8Array ? [chunks] : chunks;
  const { target, special } = await resolveTarget(path);
  const name = `.${basename(target)}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  const temporary = special ? target : join(dirname(target), name);
  let handle: FileHandle | undefined;
  if (!special) watch(temporary);
  try {
    handle = await open(temporary, special ? "w" : "wx");
    for await (const piece of pieces)
      await writeAll(handle, typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
    if (!special) await handle.sync();
    await handle.close();
    handle = undefined;
    if (!special) await rename(temporary, target);
  } catch (error) {
    await handle?.close().catch(() => undefined);
    if (!special) await unlink(temporary).catch(() => undefined);
    throw error instanceof Error && "syscall" in error ? fileError(path, error) : error;
  } finally {
    if (!special) unwatch(temporary);
  }
}

async function resolveTarget(path: string): Promise<{ target: string; special: boolean }> {
  try {
    const target = await realpath(path);
    const info = await stat(target);
    if (info.isDirectory()) throw new FileError(`${path}: ${REASONS.EISDIR}`);
    return { target, special: !info.isFile() };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return { target: path, special: false };
    throw fileError(path, error);
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(PIECE, bytes.byteLength - done));
    done += bytesWritten;
  }
}
