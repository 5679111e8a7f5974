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
