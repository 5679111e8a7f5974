"""NumPy sources of the special functions: what emitted code calls, so each needs NumPy alone.

They compute in float64 and give float32 for float32. The coefficients are ours: each function was divided by what
makes it vanish or grow (the factor named beside its polynomial), interpolated with 50 digits at Chebyshev points, cut
where a term is below 2e-17, and written in powers of the variable. `tests/ops/test_elementwise.py` measures the errors.
"""

from __future__ import annotations

POLYNOMIAL = '''\
def polynomial(x, coefficients):
    """Horner's rule, the highest power first."""
    y = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        y *= x
        y += c
    return y
'''

GAUSSIAN = '''\
def gaussian(x, h):
    """exp(-h*x*x) for |x| <= 40: the square of x to 16 binary places is exact, and the rest is small."""
    near = np.rint(65536 * x) / 65536
    return np.exp(-h * near * near) * np.exp(-h * (x - near) * (x + near))
'''

ERFCX_POSITIVE = '''\
def erfcx_positive(x):
    """exp(x*x) * erfc(x) for x >= 0: (1 + 2x) times it is a smooth function of t = (x - 4)/(x + 4)."""
    smooth = (
        -2.659599690242689e-10, 9.311744978232572e-10, 3.1695881915648173e-09, -1.234686604382353e-08,
        -2.05606492756992e-08, 1.0633855618594884e-07, 7.746992727017941e-08, -8.210939042560568e-07,
        2.919733377963012e-07, 5.706604414895734e-06, -1.1221287012353486e-05, -2.4397746422436416e-05,
        0.0001506214900124047, -0.00019925714661091188, -0.0007577732613730956, 0.005031970067657489,
        -0.016197734059799265, 0.03716751552655567, -0.06633036581218697, 0.0937328349990944, -0.10103906603630056,
        0.06809705425466908, 0.015379652102619604, -0.1396211168405623, 1.2329951186255526,
    )
    return 0.5 * polynomial(1 - 8 / (x + 4), smooth) / (0.5 + x)
'''

ERF_NEAR = '''\
def erf_near(x):
    """erf(x) for |x| <= 1: x times a polynomial in x*x."""
    over_x = (
        5.958930743134941e-11, -1.1373902296430911e-09, 1.4660051998394848e-08, -1.6350354461959655e-07,
        1.6461004480962034e-06, -1.4925595519506043e-05, 0.00012055331122299266, -0.0008548326981129666,
        0.005223977624823223, -0.026866170645077334, 0.11283791670954882, -0.3761263890318375, 1.1283791670955126,
    )
    return x * polynomial(x * x, over_x)
'''

ERF = '''\
def erf(x):
    """2/sqrt(pi) times the integral of exp(-t*t) from 0 to x."""
    dtype = np.result_type(np.asarray(x), np.float32)
    x = np.asarray(x, np.float64)
    a = np.minimum(np.abs(x), 7)
    far = 1 - gaussian(a, 1) * erfcx_positive(a)
    return np.where(a < 1, erf_near(np.clip(x, -1, 1)), np.copysign(far, x)).astype(dtype)
'''

ERFC = '''\
def erfc(x):
    """1 - erf(x), without cancellation in its tail, down to where it underflows at x = 27.2."""
    dtype = np.result_type(np.asarray(x), np.float32)
    x = np.asarray(x, np.float64)
    a = np.minimum(np.abs(x), 28)
    far = gaussian(a, 1) * erfcx_positive(a)
    near = 1 - erf_near(np.clip(x, -1, 1))
    return np.where(x < -1, 2 - far, np.where(x < 0.5, near, far)).astype(dtype)
'''

ERFCX = '''\
def erfcx(x):
    """exp(x*x) * erfc(x), which falls like 1/(x*sqrt(pi)); inf where exp(x*x) overflows, below -26.6."""
    dtype = np.result_type(np.asarray(x), np.float32)
    x = np.asarray(x, np.float64)
    y = erfcx_positive(np.abs(x))
    with np.errstate(over="ignore"):
        return np.where(x < 0, 2 * gaussian(np.minimum(np.abs(x), 30), -1) - y, y).astype(dtype)
'''

NDTR = '''\
def ndtr(x):
    """The normal distribution function, with all its digits in the left tail."""
    dtype = np.result_type(np.asarray(x), np.float32)
    x = np.asarray(x, np.float64)
    a = np.minimum(np.abs(x), 40)
    tail = 0.5 * gaussian(a, 0.5) * erfcx_positive(a * 0.7071067811865476)
    near = 0.5 + 0.5 * erf_near(np.clip(x * 0.7071067811865476, -1, 1))
    return np.where(a <= 1, near, np.where(x < 0, tail, 1 - tail)).astype(dtype)
'''

LOG_NDTR = '''\
def log_ndtr(x):
    """log(ndtr(x)), finite far to the left, where it is near -x*x/2."""
    dtype = np.result_type(np.asarray(x), np.float32)
    x = np.asarray(x, np.float64)
    with np.errstate(over="ignore", under="ignore"):
        far = np.log(0.5 * erfcx_positive(np.maximum(-x, 1) * 0.7071067811865476)) - 0.5 * x * x
        near = np.log(ndtr(np.clip(x, -2, 0)))
        return np.where(x < -1, far, np.where(x < 0, near, np.log1p(-ndtr(-np.maximum(x, 0))))).astype(dtype)
'''

NORM_PDF = '''\
def norm_pdf(x):
    """exp(-x*x/2) / sqrt(2*pi), the normal density."""
    dtype = np.result_type(np.asarray(x), np.float32)
    x = np.minimum(np.abs(np.asarray(x, np.float64)), 40)
    return (0.3989422804014327 * gaussian(x, 0.5)).astype(dtype)
'''

GAMMALN = '''\
def gammaln(x):
    """log|gamma(x)|: by steps to [1.25, 2.5] below 8, by Stirling's series beyond, by reflection for x <= 0.

    About 2 it is w times a polynomial in w = x - 2; about 1 the step is log(x), x as it is: both zeros are exact.
    """
    dtype = np.result_type(np.asarray(x), np.float32)
    x = np.asarray(x, np.float64)
    over_w = (
        7.767995531515572e-08, 5.564946624135521e-08, 8.556735792548359e-09, -1.9749894982341136e-07,
        2.0318432763065067e-07, -4.004493447453622e-07, 9.694875578594738e-07, -2.052460771703936e-06,
        4.369381517450087e-06, -9.437368213415565e-06, 2.0508294352251213e-05, -4.492644115491575e-05,
        9.945738986942496e-05, -0.00022315474678427373, 0.0005096695328016837, -0.0011927539120793326,
        0.002890510330457061, -0.007385551028667655, 0.020580808427789105, -0.06735230105319814, 0.3224670334241132,
        0.42278433509846713,
    )
    stirling = (  # x times the remainder, in 1/x**2 for x >= 8
        0.005067585376254391, -0.0018904619118929264, 0.0008414714760941705, -0.0005952365958109722,
        0.0007936507897939822, -0.0027777777777740443, 0.08333333333333333,
    )
    with np.errstate(all="ignore"):
        a = np.where(x <= 0, 1 - x, x)
        z = np.where(a < 8, a, 2)
        steps = np.where(z < 0.5, z * (z + 1), np.where(z < 1.25, z, 1))
        w = np.where(z < 0.5, z, np.where(z < 1.25, z - 1, z - 2))
        for _ in range(6):
            high = w > 0.5
            steps = np.where(high, steps * (w + 1), steps)
            w = np.where(high, w - 1, w)
        near = w * polynomial(w, over_w) + np.where(z < 1.25, -1, 1) * np.log(steps)
        b = np.where(a < 8, 8, a)
        far = (b - 0.5) * (np.log(b) - 1) + (0.4189385332046727 + polynomial(1 / (b * b), stirling) / b)
        y = np.where(a < 8, near, far)
        reflected = np.log(np.pi / np.abs(np.sin(np.pi * (x - np.rint(x))))) - y
        return np.where(np.isinf(x), np.inf, np.where(x <= 0, reflected, y)).astype(dtype)
'''

DIGAMMA = '''\
def digamma(x):
    """gamma'(x) / gamma(x): by steps to [1, 2] below 8, by its asymptotic series beyond, by reflection for x <= 0.

    On [1, 2] it is x minus its zero, held in two parts, times a polynomial in x - 1.5.
    """
    dtype = np.result_type(np.asarray(x), np.float32)
    x = np.asarray(x, np.float64)
    over_root = (
        -8.401289563760489e-05, 0.00012241591000024265, -5.76048865255672e-05, 9.158816882117e-05,
        -0.00022008418201681154, 0.00032689316473621455, -0.00045917430083105225, 0.0006899428514219089,
        -0.0010424375640517788, 0.0015635739915515125, -0.0023446244638506528, 0.0035180792717028125,
        -0.005280020264450306, 0.007927024136843637, -0.011908215022954471, 0.01790724819228875,
        -0.026975796849870903, 0.040760833944741226, -0.06192213327154086, 0.09498872445282817, -0.14840492305391872,
        0.24054248424078736, -0.42362742128146047, 0.9510558760318328,
    )
    asymptotic = (  # x**2 times the remainder, in 1/x**2 for x >= 8
        -0.06364857526115877, 0.020699259230308006, -0.007571712041586477, 0.004166645005361361,
        -0.003968253912624483, 0.00833333333327954, -0.08333333333333333,
    )
    with np.errstate(all="ignore"):
        a = np.where(x <= 0, 1 - x, x)
        z = np.where(a < 8, a, 1.5)
        steps = np.where(z < 1, -1 / z, 0)
        z = np.where(z < 1, z + 1, z)
        for _ in range(6):
            high = z > 2
            z = np.where(high, z - 1, z)
            steps = np.where(high, steps + 1 / z, steps)
        near = steps + ((z - 1.4616321449683622) - 9.549995429965697e-17) * polynomial(z - 1.5, over_root)
        b = np.where(a < 8, 8, a)
        far = np.log(b) - (0.5 - polynomial(1 / (b * b), asymptotic) / b) / b
        y = np.where(a < 8, near, far)
        r = x - np.rint(x)
        reflected = np.where((r == 0) & (x < 0), np.nan, y - np.pi / np.tan(np.pi * r))
        return np.where(x <= 0, reflected, y).astype(dtype)
'''

POLYGAMMA = '''\
def polygamma(n, x):
    """Derivative n >= 1 of digamma, (-1)**(n+1) * n! * sum over k of 1/(x + k)**(n + 1).

    The first terms as they are, the rest by Euler and Maclaurin; x <= 0 by the derivatives of the cotangent.
    """
    dtype = np.result_type(np.asarray(x), np.float32)
    n, x = int(n), np.asarray(x, np.float64)
    bernoulli = (  # b_2j / (2j)!
        0.08333333333333333, -0.001388888888888889, 3.306878306878307e-05, -8.267195767195768e-07,
        2.08767569878681e-08, -5.284190138687493e-10, 1.3382536530684679e-11, -3.3896802963225827e-13,
    )
    with np.errstate(all="ignore"):
        a = np.where(x <= 0, 1 - x, x)
        count = np.maximum(np.ceil(n + 10 - a), 0)
        b = a + count
        rising, total = n + 1.0, 1 / n + 0.5 / b
        for j, number in enumerate(bernoulli, start=1):
            total = total + number * rising / b ** (2 * j)
            rising = rising * (n + 2 * j) * (n + 2 * j + 1)
        total = total / b**n
        for k in reversed(range(n + 10)):
            total = total + np.where(k < count, (a + k) ** -(n + 1.0), 0)
        y = (-1) ** (n + 1) * np.prod(np.arange(1.0, n + 1)) * total
        c = 1 / np.tan(np.pi * (x - np.rint(x)))
        powers = [0.0, 1.0]  # of c, in the polynomial that is derivative number 0
        for _ in range(n):
            slope = [k * p for k, p in enumerate(powers)][1:] + [0.0, 0.0]
            powers = [-p - (slope[k - 2] if k > 1 else 0) for k, p in enumerate(slope)]
        reflected = (-1) ** n * y - np.pi ** (n + 1) * polynomial(c, powers[::-1])
        return np.where(x <= 0, reflected, y).astype(dtype)
'''

XLOGY = '''\
def xlogy(x, y):
    """x * log(y), and 0 where x is 0, whatever number y is."""
    zero = np.equal(x, 0) & ~np.isnan(y)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(zero, 0, x * np.log(np.where(zero, np.ones_like(y), y)))
'''

XLOG1PY = '''\
def xlog1py(x, y):
    """x * log(1 + y), and 0 where x is 0, whatever number y is."""
    zero = np.equal(x, 0) & ~np.isnan(y)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(zero, 0, x * np.log1p(np.where(zero, np.zeros_like(y), y)))
'''

ENTR = '''\
def entr(x):
    """-x * log(x), 0 at 0 and -inf below."""
    y = -x * np.log(np.where(np.greater(x, 0), x, np.ones_like(x)))
    return np.where(np.less(x, 0), -np.inf, y).astype(y.dtype)
'''

REL_ENTR = '''\
def rel_entr(p, q):
    """p * log(p/q), 0 where p is 0 and q >= 0, inf outside of p, q >= 0; by log1p where p is near q."""
    both = np.greater(p, 0) & np.greater(q, 0)
    a, b = np.where(both, p, np.ones_like(p)), np.where(both, q, np.ones_like(q))
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        d, ratio = (a - b) / b, a / b
        apart = np.where(np.isfinite(ratio) & (ratio > 1e-30), np.log(ratio), np.log(a) - np.log(b))
        y = a * np.where(np.abs(d) < 0.5, np.log1p(np.where(np.abs(d) < 0.5, d, 0)), apart)
        edge = np.where(np.equal(p, 0) & np.greater_equal(q, 0), 0, np.where(np.isnan(p) | np.isnan(q), np.nan, np.inf))
        return np.where(both, y, edge.astype(y.dtype))
'''

LOGIT = '''\
def logit(p):
    """log(p / (1 - p)): by log1p about 1/2, where it vanishes."""
    p = np.asarray(p, np.result_type(np.asarray(p), np.float32))
    near = np.abs(p - 0.5) < 0.25
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = np.log1p((2 * p - 1) / (1 - np.where(near, p, 0)) * near)
        return np.where(near, middle, np.log(p / (1 - p)))
'''

TANHSHRINK = '''\
def tanhshrink(x):
    """x - tanh(x), without cancellation: for |x| < 1 it is x**3 times a polynomial in x*x."""
    dtype = np.result_type(np.asarray(x), np.float32)
    x = np.asarray(x, np.float64)
    over_cube = (
        -2.5337464676442192e-08, 2.646799002355106e-07, -1.3838266622019637e-06, 4.997110098163127e-06,
        -1.4618582389045467e-05, 3.840115700161152e-05, -9.647042891876923e-05, 0.00023896070481646393,
        -0.0005899805461782063, 0.0014558249951002516, -0.0035921267296768044, 0.008863235410032672,
        -0.021869488529485427, 0.05396825396805858, -0.13333333333333106, 0.3333333333333333,
    )
    near = np.clip(x, -1, 1)
    square = near * near
    return np.where(np.abs(x) < 1, near * (square * polynomial(square, over_cube)), x - np.tanh(x)).astype(dtype)
'''

ERFCX_SLOPE = '''\
def erfcx_slope(x):
    """2*x*erfcx(x) - 2/sqrt(pi), the derivative of erfcx: for x >= 0, where that cancels, by (1 + 2x)**2 times it."""
    dtype = np.result_type(np.asarray(x), np.float32)
    x = np.asarray(x, np.float64)
    smooth = (
        -2.951559818527882e-09, -7.1455632395992e-09, 3.7502532777275646e-08, 8.468790672897519e-08,
        -2.923459321037645e-07, -5.519709758803899e-07, 2.0335824683726846e-06, 2.4369616690437563e-06,
        -1.41205444421147e-05, -2.6479139806832756e-06, 9.24621801760735e-05, -0.00010988099644782601,
        -0.00043559831267592783, 0.0016301631353940645, -0.0008079042589977459, -0.009610374829375427,
        0.03868258655779485, -0.08347331695894591, 0.11191140025322692, -0.06307663069161257, -0.11476931207103987,
        0.39872495184845963, -0.651609627556496, 0.6688570875433886, -0.31354690508852445, -0.3487517301221602,
        2.623063993696738,
    )
    a = np.maximum(x, 0)
    right = -0.25 * polynomial(1 - 8 / (a + 4), smooth) / (0.5 + a) / (0.5 + a)
    with np.errstate(over="ignore"):
        left = 2 * x * erfcx(np.minimum(x, 0)) - 1.1283791670955126
        return np.where(x < 0, left, right).astype(dtype)
'''
