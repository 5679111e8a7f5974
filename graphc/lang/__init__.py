"""The language: inputs, parameters, constants, and functions with NumPy's names and signatures.

One file a family; each function is one typed line over its row in `ops`, or composed of others. Python and NumPy
numbers and arrays are accepted wherever an Expr is. `special` and `linalg` are namespaces of their own. A family is
imported when one of its functions is first asked for: `import graphc` takes hardly longer than NumPy's own.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..ir import Expr

if TYPE_CHECKING:
    from . import linalg, special
    from .activation import *
    from .contraction import *
    from .control import *
    from .cumulative import *
    from .declare import *
    from .elementwise import *
    from .indexing import *
    from .joining import *
    from .loss import *
    from .network import *
    from .reduction import *
    from .rounding import *
    from .shaping import *
    from .transcendental import *

NAMESPACES = ("linalg", "special")
# What each family offers: its __all__, which a test compares.
FAMILIES = {
    "activation":
        "celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu log_sigmoid log_softmax mish "
        "prelu rbf relu relu6 selu sigmoid silu softmax softmin softplus softshrink softsign swish tanhshrink "
        "threshold",
    "contraction":
        "cross dot einsum inner kron matmul matvec outer tensordot vdot vecdot vecmat",
    "control":
        "cond scan",
    "cumulative":
        "cumprod cumsum diff gradient trapezoid",
    "declare":
        "Expr const input inputs ones param params zeros",
    "elementwise":
        "abs absolute add divide equal exp greater greater_equal less less_equal log logical_and logical_not "
        "logical_or maximum minimum multiply negative not_equal power sign sqrt square stop_gradient subtract "
        "tanh where",
    "indexing":
        "argsort choose embedding interp one_hot scatter scatter_add searchsorted select sort take "
        "take_along_axis",
    "joining":
        "array_split column_stack diag diagflat diagonal dsplit dstack flip fliplr flipud hsplit hstack pad "
        "repeat roll rot90 split stack tile tril triu vsplit vstack",
    "loss":
        "binary_cross_entropy binary_cross_entropy_with_logits cosine_similarity cross_entropy hinge_loss "
        "huber_loss kl_div l1_loss l2_penalty mae_loss mse_loss nll_loss smooth_l1_loss",
    "network":
        "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d avg_pool1d avg_pool2d "
        "batch_norm conv1d conv2d conv_transpose1d conv_transpose2d dropout flatten global_avg_pool2d "
        "global_max_pool2d group_norm instance_norm layer_norm linear max_pool1d max_pool2d multi_head_attention "
        "rms_norm scaled_dot_product_attention",
    "reduction":
        "all amax amin any argmax argmin average count_nonzero logsumexp max mean median min nanmax nanmean "
        "nanmin nansum percentile prod ptp quantile std sum trace var",
    "rounding":
        "ceil clip divmod fix floor floor_divide fmax fmin fmod heaviside isfinite isinf isnan logical_xor mod "
        "nan_to_num remainder rint round signbit step trunc",
    "shaping":
        "arange astype atleast_1d atleast_2d atleast_3d broadcast_arrays broadcast_to concatenate expand_dims eye "
        "full full_like identity linspace matrix_transpose meshgrid moveaxis ones_like permute_dims ravel reshape "
        "squeeze swapaxes transpose tri zeros_like",
    "transcendental":
        "arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt cos cosh deg2rad degrees exp2 expm1 "
        "float_power hypot log10 log1p log2 logaddexp logaddexp2 positive rad2deg radians reciprocal sin sinc "
        "sinh tan",
}
_FAMILY = {name: family for family, names in FAMILIES.items() for name in names.split()}

__all__ = [*_FAMILY]  # noqa: PLE0604

# NumPy's methods are its functions of the same name, with the array first.
METHODS = ("all", "any", "argmax", "argmin", "argsort", "clip", "cumprod", "cumsum", "diagonal", "dot", "flatten",
           "prod", "ptp", "repeat", "round", "sort", "squeeze", "std", "swapaxes", "take", "trace", "var")  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _FAMILY:
        found = getattr(import_module(f".{_FAMILY[name]}", __name__), name)
    elif name in FAMILIES or name in NAMESPACES:
        found = import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_FAMILY, *FAMILIES, *NAMESPACES})


def _method(name: str) -> Callable[..., Expr]:
    def method(self: Expr, *args: Any, **options: Any) -> Expr:
        result: Expr = __getattr__(name)(self, *args, **options)
        return result

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"As `G.{name}`."
    return method


for _name in METHODS:
    setattr(Expr, _name, _method(_name))
