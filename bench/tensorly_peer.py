"""TensorLy's Tucker, tensor train and CP in plain NumPy: its steps (full SVDs of the unfoldings, explicit Khatri-Rao
products), written anew, so that the comparison does not need the package."""

import numpy as np


def unfold(x, mode):
    return np.reshape(np.moveaxis(x, mode, 0), (x.shape[mode], -1))


def left_vectors(matrix, rank):
    return np.linalg.svd(matrix, full_matrices=False)[0][:, :rank]


def multiply(x, factors, skip=None):
    """x times the transposed factors along every mode but one."""
    for mode, factor in enumerate(factors):
        if mode != skip:
            x = np.moveaxis(np.tensordot(factor, x, (0, mode)), 0, mode)
    return x


def tucker(x, rank, tol=1e-5, sweeps=100):
    """HOOI from the truncated HOSVD, until the error changes by less than `tol`."""
    factors = [left_vectors(unfold(x, mode), rank) for mode in range(x.ndim)]
    norm = np.linalg.norm(x)
    errors = []
    for _ in range(sweeps):
        for mode in range(x.ndim):
            factors[mode] = left_vectors(unfold(multiply(x, factors, mode), mode), rank)
        core = multiply(x, factors)
        errors.append(np.sqrt(abs(norm**2 - np.linalg.norm(core) ** 2)) / norm)
        if len(errors) > 1 and abs(errors[-2] - errors[-1]) < tol:
            break
    return core, factors


def tensor_train(x, rank):
    """TT-SVD with a full SVD at every step."""
    cores, left, rest = [], 1, x
    for n in x.shape[:-1]:
        u, s, v = np.linalg.svd(rest.reshape(left * n, -1), full_matrices=False)
        cores.append(u[:, :rank].reshape(left, n, -1))
        rest = s[:rank, None] * v[:rank]
        left = rest.shape[0]
    return [*cores, rest.reshape(left, x.shape[-1], 1)]


def khatri_rao(a, b):
    return (a[:, None, :] * b[None, :, :]).reshape(-1, a.shape[1])


def cp(x, rank, sweeps):
    """ALS from the left singular vectors of the unfoldings, the error after every sweep."""
    factors = [left_vectors(unfold(x, mode), rank) for mode in range(x.ndim)]
    norm = np.linalg.norm(x)
    for _ in range(sweeps):
        for mode in range(x.ndim):
            first, second = (factors[m] for m in range(x.ndim) if m != mode)
            mttkrp = unfold(x, mode) @ khatri_rao(first, second)
            gram = (first.T @ first) * (second.T @ second)
            factors[mode] = np.linalg.solve(gram.T, mttkrp.T).T
        whole = gram * (factors[-1].T @ factors[-1])
        error = np.sqrt(abs(norm**2 + whole.sum() - 2 * (mttkrp * factors[-1]).sum())) / norm
    return factors, error


def sparse_cp(indices, values, shape, rank, sweeps):
    """ALS of a sparse tensor by its entries: rows of the factors gathered, multiplied and added up by a sparse matrix."""
    from scipy.sparse import csr_array

    rng = np.random.default_rng(0)
    factors = [rng.standard_normal((n, rank)) for n in shape]
    count = len(values)
    sums = [csr_array((np.ones(count), (indices[:, k], np.arange(count))), (n, count)) for k, n in enumerate(shape)]
    norm = np.linalg.norm(values)
    for _ in range(sweeps):
        for mode in range(3):
            first, second = (m for m in range(3) if m != mode)
            a, b = factors[first], factors[second]
            mttkrp = sums[mode] @ (values[:, None] * a[indices[:, first]] * b[indices[:, second]])
            gram = (a.T @ a) * (b.T @ b)
            factors[mode] = np.linalg.solve(gram.T, mttkrp.T).T
        whole = gram * (factors[-1].T @ factors[-1])
        error = np.sqrt(abs(norm**2 + whole.sum() - 2 * (mttkrp * factors[-1]).sum())) / norm
    return factors, error
