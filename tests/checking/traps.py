"""Pairs that break graders: right answers in a form that is often refused, wrong ones that sampling lets pass.

Each row: what is tried, the function, the variable, the answer, whether it is right. Right means: equal to the
derivative wherever that exists; on a kink of the function itself any value is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Trap(NamedTuple):
    """One answer to one question; `shapes` are those of the names that are not scalars."""

    name: str
    question: str
    wrt: str
    answer: str
    right: bool
    shapes: Mapping[str, tuple[int | str, ...]] = MappingProxyType({})


LOSS = "-(y*log(sigmoid(z)) + (1-y)*log(1-sigmoid(z)))"
UNIT = "w3*relu(w1*x1 + w1*x2 + b)"
HUBER = "where(abs(r) <= 1, r^2/2, abs(r) - 1/2)"
SUM3 = "log(exp(a) + exp(b) + exp(c))"
INTEGERS = "*".join(f"(x^2-{i * i})" for i in range(1, 12))
TAYLOR = " + ".join(f"(-1)^{k}*x^{2 * k}/factorial({2 * k})" for k in range(20))

FORMS = {
    "sigmoid(z)": ("z", (
        "sigma(z)(1-sigma(z))", "e^{-z}/(1+e^{-z})^2", "sigma(z) - sigma(z)^2", "1/(2 + e^z + e^-z)",
        "1/(4cosh(z/2)^2)", "sigma'(z)", r"\sigma(z)\left(1-\sigma(z)\right)",
        r"\frac{e^{z}}{\left(e^{z}+1\right)^{2}}",
        "(1 - tanh(z/2)^2)/4", "e^(-log(2 + e^z + e^-z))")),
    "relu(z)": ("z", (
        "1[z>0]", "H(z)", "relu(z)/z", "(1 + sign(z))/2", "max(0,z)/z", "(1 + |z|/z)/2", "1[z>=0]", "1 - 1[z<0]",
        r"\begin{cases} 1 & z > 0 \\ 0 & \text{otherwise} \end{cases}", "max(0, sign(z))", "1[z^3 > 0]",
        "1[e^z > 1]", "Heaviside(2z)")),
    "tan(x)": ("x", ("sec(x)^2", "1 + tan(x)^2", "1/cos(x)^2", "2/(1 + cos(2x))", "tan(x)(tan(x) + cot(x))",
                     "(sin(x)^2 + cos(x)^2)/cos(x)^2")),
    "log(abs(x))": ("x", ("1/x", "x/x^2", "sign(x)/|x|", "x^-1", "x/|x|^2", "abs(x)^-1*sign(x)")),
    "x*log(x) - x": ("x", ("ln x", "ln(x^2)/2", "-ln(1/x)", "ln(7x) - ln 7", "2ln(sqrt(x))", "ln|x|")),
    "sqrt(x)": ("x", ("x^(-1/2)/2", "1/(2√x)", "sqrt(x)/(2x)", "e^{-ln(x)/2}/2", "0.5*x^(-0.5)", "1/sqrt(4x)")),
    SUM3: ("a", ("e^a/(e^a+e^b+e^c)", "1/(1 + e^{b-a} + e^{c-a})", "e^(a - ln(e^a+e^b+e^c))",
                 "1 - (e^b+e^c)/(e^a+e^b+e^c)", "sigma(a - ln(e^b+e^c))")),
    HUBER: ("r", ("max(-1, min(1, r))", "clip(r, -1, 1)", "r*1[|r|<1] + sign(r)*1[|r|>=1]", "(|r+1| - |r-1|)/2",
                  "r/max(1, |r|)")),
    "abs(x)": ("x", ("sign(x)", "x/|x|", "|x|/x", "1[x>0] - 1[x<0]", "2H(x) - 1", "x/sqrt(x^2)",
                     "sign(x) + 5*1[x=0]", "sign(x^3)")),
    "max(x, y)": ("x", ("1[x>y]", "H(x-y)", "(1 + sign(x-y))/2", "1[x>=y]", "1 - 1[y>x]", "1[e^x > e^y]")),
    "tanh(x)": ("x", ("1 - tanh(x)^2", "4/(e^x+e^-x)^2", "sech(x)^2", "(1-tanh(x))(1+tanh(x))",
                      "4e^{2x}/(e^{2x}+1)^2", "4sigma(2x)sigma(-2x)")),
    "softplus(x)": ("x", ("sigmoid(x)", "e^x/(1+e^x)", "1 - sigma(-x)", "(1 + tanh(x/2))/2")),
    "sin(x)^2": ("x", ("sin(2x)", "2sin(x)cos(x)", "-cos(2x + pi/2)", "2tan(x)/(1+tan(x)^2)")),
    "atan(x)": ("x", ("1/(1+x^2)", "cos(arctan(x))^2")),
    "asin(x)": ("x", ("1/sqrt(1-x^2)", "sqrt(1-x^2)/(1-x^2)", "(1-x^2)^(-1/2)", "1/cos(arcsin(x))")),
    "x^x": ("x", ("x^x(1 + ln x)", "e^{x ln x}(ln x + 1)", "x^x*ln(e*x)")),
    "2^x": ("x", ("2^x ln 2", "ln(2)e^(x ln 2)", "4^(x/2)*ln(4)/2")),
    "silu(z)": ("z", ("sigma(z)(1 + z(1-sigma(z)))", "(1 + e^{-z} + z e^{-z})/(1+e^{-z})^2")),
    "elu(z)": ("z", ("e^{min(0,z)}", "where(z>0, 1, e^z)", "min(1, e^z)")),
    "leaky_relu(z)": ("z", ("1/100 + 0.99*1[z>0]", "max(0.01, sign(z))", "where(z<0, 0.01, 1)")),
    UNIT: ("w1", ("w3*(x1+x2)*1[w1*x1+w1*x2+b>0]", "w3*(x1+x2)*H(w1(x1+x2)+b)",
                  "(w3 x1 + w3 x2)(1 + sign(b + w1(x2+x1)))/2", r"w_3 (x_1+x_2)\mathbb{1}_{w_1(x_1+x_2)+b>0}",
                  "w3*(x1+x2)*relu(w1x1+w1x2+b)/(w1x1+w1x2+b)")),
    LOSS: ("z", ("sigma(z) - y", "(1-y)sigma(z) - y(1-sigma(z))", "1/(1+e^-z) - y")),
    "cos(x)^4 - sin(x)^4": ("x", ("-2sin(2x)", "-4sin(x)cos(x)")),
    "sqrt(6)*x": ("x", ("sqrt(2)*sqrt(3)", "6/sqrt(6)", "e^{ln(6)/2}")),
    "3*x": ("x", ("e^{ln 3}", "sqrt(9)", "x/x + 2", "floor(x+3) - floor(x)")),
    "x^3/3": ("x", ("|x|^2", "x^2*(sin(x)^2+cos(x)^2)", "x^4/x^2", "max(x,-x)^2")),
    "log(x + sqrt(x^2+1))": ("x", ("1/sqrt(1+x^2)", "1/cosh(asinh(x))")),
    "cbrt(x)": ("x", ("1/(3cbrt(x)^2)", "cbrt(x)/(3x)")),
    "erf(x)": ("x", ("2e^(-x^2)/sqrt(pi)", "2/√π/e^(x^2)")),
    "sin(3*pi*x)": ("x", ("3pi*cos(3pi*x)", "3π sin(3π x + π/2)")),
    "6^(1/3)*x": ("x", ("6^(1/3)", "cbrt(6)", "cbrt(2)cbrt(3)")),
    "gelu(z)": ("z", ("Phi(z) + z*e^(-z^2/2)/sqrt(2pi)", "(1 + erf(z/√2))/2 + z*e^(-z^2/2)/√(2π)")),
    "sinh(x)": ("x", ("cosh(x)", "(e^x + e^-x)/2", "sqrt(1 + sinh(x)^2)")),
}

NEAR = {
    "x^2": ("x", {
        "only for negative x": "2|x|", "a root of a square": "2sqrt(x^2)", "only past 100": "2x + 1[|x|>100]",
        "only past 1000": "2x*1[x<1000]", "only past 500": "2x + relu(x-500)", "a factor 1 + 1e-9": "2.000000002x",
        "a tiny term": "2x + 1e-12", "a tinier term": "2x + 1e-30", "a factor 1 + 1e-35": "2x*(1 + 1e-35)",
        "a bump at 0": "2x + e^(-1000x^2)", "a bump at 3": "2x + e^(-1000(x-3)^2)",
        "a narrow bump": "2x + e^(-10^6*(x-sqrt(2))^2)", "a hat between 50 and 51": "2x + relu(x-50)*relu(51-x)",
        "a hat": "2x + relu(1/100 - |x-23.7|)", "a window": "2x + 1[(x-17.123)^2 < 1/10000]",
        "a point": "2x + 1[x=3]", "no difference at integers": f"2x + x*{INTEGERS}/10^25",
        "no difference at integers, bounded": "2x + 10^-25*sin(pi*x)", "whole numbers": "2floor(x)",
        "rounding": "floor(2x + 1/2)", "fast and small": "2x + 10^-20*cos(10^6*x)", "far below 0": "2x*1[x > -40]",
        "undefined below 0": "2sqrt(x)^2"}),
    "sigmoid(z)": ("z", {
        "only below -10": "sigma(z)(1-sigma(z))*1[z>-10]", "only above 30": "sigma(z)(1-sigma(z)) + 1[z>30]",
        "a normal density": "e^(-z^2/4)/4", "at the output": "sigma(sigma(z))(1-sigma(sigma(z)))",
        "clipped": "max(1e-12, sigma(z)(1-sigma(z)))"}),
    "relu(x)*relu(y)": ("x", {
        "in one cell of four": "1[x>0]*relu(y) + 1[x<0]*1[y<0]",
        "far out in one cell": "relu(y)*(1[x>0] + 1[x<-5]*1[y>7])",
        "without the mask": "relu(y)", "the wrong mask": "1[x<0]*relu(y)", "of one variable": "1[x>0]*y"}),
    "max(max(x, y), z)": ("x", {
        "one comparison": "1[x>y]", "in a rare cell": "1[x>y]*1[x>z] + 1[z>100]*1[y>50]*1[x<0]",
        "a smooth maximum": "e^(99x)/(e^(99x)+e^(99y)+e^(99z))"}),
    "log(abs(x))": ("x", {"only for negative x": "1/|x|", "undefined below 0": "1/e^(ln x)"}),
    "x*log(abs(x)) - x": ("x", {"undefined below 0": "ln x"}),
    "abs(x)": ("x", {"steep": "tanh(10^6*x)", "nearly": "x/sqrt(x^2 + 10^-20)", "no sign": "1"}),
    "exp(x)": ("x", {"a power": "(1 + x/9999)^9999", "e in fifteen digits": "2.718281828459045^x",
                     "a power rule": "x*e^(x-1)"}),
    "pi*x": ("x", {"fifteen digits": "3.14159265358979", "forty digits": "3.141592653589793238462643383279502884197",
                   "a fraction": "355/113", "a famous near miss": "ln(640320^3 + 744)/sqrt(163)"}),
    "sin(x)": ("x", {"a Taylor series": TAYLOR, "in degrees": "pi/180*cos(x)", "a shift of a hair": "cos(x + 1e-15)"}),
    "x^4/4": ("x", {"only for negative x": "|x|^3"}),
    "(x-1)^2/2": ("x", {"only below 1": "sqrt((x-1)^2)"}),
    "x*y": ("x", {"the other variable": "x", "a mean": "(x+y)/2", "where both agree": "max(x,y)"}),
    "x": ("x", {"whole numbers of thousands": "floor(x/1000) + 1", "not at integers": "ceil(x) - floor(x)",
                "a fraction below": "1 - 1[x<-64]/10^9"}),
    UNIT: ("w1", {"one path": "w3*x1*1[w1x1+w1x2+b>0]", "without the mask": "w3(x1+x2)",
                  "the mask of one input": "w3(x1+x2)*1[w1*x1+b>0]",
                  "the mask doubled": "w3(x1+x2)*1[w1*x1+b>0]*1[w1x2>0]"}),
    "sqrt(x)": ("x", {"a factor": "1/(4√x)", "near 1": "1/(1+x)"}),
    HUBER: ("r", {"one side": "min(1, r)", "no clip": "r", "clipped at 100": "clip(r, -100, 100)"}),
    "x^(1/3)": ("x", {"for the other sign only": "x^(-2/3)/3*1[x<1000]"}),
}

SCALARS = [*(Trap(f"{question}: {answer}", question, wrt, answer, True)
             for question, (wrt, answers) in FORMS.items() for answer in answers),
           *(Trap(f"{question}: {name}", question, wrt, answer, False)
             for question, (wrt, answers) in NEAR.items() for name, answer in answers.items())]

ARRAY_FORMS = {
    "sum((W@x - y)^2)": ({"W": (3, 2), "x": (2,), "y": (3,)}, "W", (
        "2*outer(W@x - y, x)", "2(W x - y) x^T", r"2\left(W x - y\right) x^{\top}",
        "2*W@outer(x, x) - 2*outer(y, x)"), {
        "a factor": "(W x - y) x^T", "a sign": "2(y - W x) x^T", "by x": "2*W^T(W x - y)",
        "only for small x": "2(W x - y) x^T * 1[sum(x^2) < 10^6]"}),
    "x@A@x": ({"A": (3, 3), "x": (3,)}, "x", ("(A + A.T)@x", "A x + A^T x", "x^T A + A x", "(A^T + A) x"), {
        "symmetric only": "2*A@x", "symmetric only, turned": "2*A.T@x", "one of two paths": "A@x"}),
    "logsumexp(z)": ({"z": (4,)}, "z", ("softmax(z)", "exp(z)/sum(exp(z))", r"\frac{e^{z}}{\sum_{j} e^{z_j}}",
                                        "exp(z - logsumexp(z))"), {
        "one too many": "exp(z)/(1 + sum(exp(z)))", "the diagonal of its own": "softmax(z)*(1 - softmax(z))",
        "nearly": "softmax(z) + 10^-30", "shifted": "softmax(z - max(z))*1[max(z) < 50]"}),
    "-sum(y*log(softmax(z)))": ({"y": (4,), "z": (4,)}, "z", ("softmax(z)*sum(y) - y", "softmax(z) - y"), {
        "only for a sum of two": "2softmax(z) - y", "the other way": "y - softmax(z)"}),  # targets add up to 1
    "sqrt(sum(x^2))": ({"x": (3,)}, "x", ("x/norm(x)", "x/‖x‖", r"\frac{x}{\lVert x\rVert}", "x/sqrt(x@x)"), {
        "a square": "x/norm(x)^2", "no norm": "x", "signs": "sign(x)"}),
    "sum(abs(x))": ({"x": (3,)}, "x", ("sign(x)", "x/|x|", "1[x>0] - 1[x<0]"), {
        "no sign": "ones(3)", "a direction": "x/norm(x)"}),
    "sum((X@w - y)^2)/5": ({"X": (5, 2), "w": (2,), "y": (5,)}, "w", (
        "2/5*X.T@(X@w - y)", "2X^T(X w - y)/5", "0.4*(X^T X w - X^T y)"), {
        "no mean": "2*X.T@(X@w - y)", "the mean over the other size": "X.T@(X@w - y)"}),
    "sum(relu(W@x + b))": ({"W": (3, 2), "x": (2,), "b": (3,)}, "W", ("outer(1[W@x + b > 0], x)",
                                                                     "outer(H(W x + b), x)"), {
        "without the mask": "outer(ones(3), x)", "the output for the mask": "outer(relu(W@x + b), x)"}),
    "sum(x^2)": ({"x": (3,)}, "x", ("2x", "x + x", "2*I@x"), {
        "in a far cell": "2*x + 1[max(x) > 100]*x", "one entry far below": "2*x*1[x[0] > -50]",
        "tiny": "2*x + cumsum(x)/10^20", "only for positive x": "2*abs(x)", "all alike": "2*sum(x)*ones(3)"}),
    "log(det(A))": ({"A": (3, 3)}, "A", ("inv(A).T", "inv(A^T)", "adj(A).T/det(A)"), {"no inverse": "A^T/det(A)"}),
}

ARRAYS = [*(Trap(f"{question}: {answer}", question, wrt, answer, True, shapes)
            for question, (shapes, wrt, answers, _) in ARRAY_FORMS.items() for answer in answers),
          *(Trap(f"{question}: {name}", question, wrt, answer, False, shapes)
            for question, (shapes, wrt, _, wrong) in ARRAY_FORMS.items() for name, answer in wrong.items())]
