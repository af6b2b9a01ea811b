"""How many processors a fit may use.

Belongs here: limiting the threads of numerical libraries.
Does not belong here: running several fits side by side.
"""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep linear algebra (BLAS, OpenMP) on one thread.

    The matrices of a fit are small: with a thread a core, a fit takes twice the processor time, and longer if anything else
    runs.
    """
    import scipy.linalg  # noqa: F401 - it brings a BLAS of its own, and only libraries that are loaded can be limited
    import sklearn.linear_model  # noqa: F401 - the same for OpenMP
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
