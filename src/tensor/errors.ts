/** Base class of every error that polyadic throws on purpose; anything else that escapes is a defect. */
export class PolyadicError extends Error {
  override name = "PolyadicError";
}

/** An argument has the wrong shape, rank, axis or index. */
export class ShapeError extends PolyadicError {
  override name = "ShapeError";
}

/** An argument has a dtype that the operation does not take. */
export class DTypeError extends PolyadicError {
  override name = "DTypeError";
}

/** An argument's values lie outside the domain of the operation: not finite, not symmetric, rank too large … */
export class DomainError extends PolyadicError {
  override name = "DomainError";
}

/**
 * An iteration that converges for all but freak input did not, or a reordering would have spoiled what it was to order,
 * so there is no result to give.
 */
export class ConvergenceError extends PolyadicError {
  override name = "ConvergenceError";
}

/** A file or folder is missing, unreadable, or not what its format promises; the message names it. */
export class FileError extends PolyadicError {
  override name = "FileError";
}

/** Two trees of tensors differ in structure; the message names the path. */
export class TreeError extends PolyadicError {
  override name = "TreeError";
}

/** Work was stopped by the caller's AbortSignal. */
export class AbortedError extends PolyadicError {
  override name = "AbortError";
}

/** An optional package that this call needs is not installed; the message says what to install. */
export class MissingPackageError extends PolyadicError {
  override name = "MissingPackageError";
}

/** A traced value was read, kept after its transform had ended, or met an operation that cannot be transformed. */
export class TracerError extends PolyadicError {
  override name = "TracerError";
}
